"""Side-by-side measurements against peers, never tests. Each prints a table and writes benchmarks/out/<name>.json."""
