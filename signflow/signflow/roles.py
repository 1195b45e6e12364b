"""Names of our roles, as they are stored."""

OFFICER = "Data Protection Officer"
