"""Signflow: agreements signed and promises about personal data kept, inside ERPNext."""

__version__ = "0.1.0"
