"""What data subjects ask, from receipt to answer (GDPR 12, 15-22)."""
