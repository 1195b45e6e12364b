"""Whole functions that replace functions of the fork; see `devbench.fixes`. Never imported, only read."""
