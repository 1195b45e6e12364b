"""Requests of data subjects, and erasure: the clock, what becomes of each record and of each value. Pure."""
