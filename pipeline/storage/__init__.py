"""The alert store: one DuckDB file that analysts query (design.md §6), written by one process at a time.

`store` writes, `queries` reads, `compare` sets two files side by side, `recompute` runs the query behind every figure.
"""
