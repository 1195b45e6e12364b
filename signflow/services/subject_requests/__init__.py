"""What data subjects ask, from receipt to decision (GDPR 12, 15-22)."""
