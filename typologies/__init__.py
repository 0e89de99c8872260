"""Typologies: the pure core. No Kafka, no Faust, no DuckDB, no wall clock, no sockets, no unseeded randomness.

`base` holds the engine and the contract; every other folder is one typology with everything about it.
"""
