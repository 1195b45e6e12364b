"""Erasure of a person's data: what becomes of each record (planner) and of each value (masking). Pure."""
