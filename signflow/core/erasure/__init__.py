"""What a data subject asks for, in rules: by when it is answered, and what may go. Pure."""
