"""What persons ask of us under the data protection regulation (GDPR 15 to 22), from receipt to answer."""
