"""Erasure of a person's data: planned, approved, carried out, proven, and done again after a restore."""
