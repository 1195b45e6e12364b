"""Paper forms: what their printed words mean, and Word files."""
