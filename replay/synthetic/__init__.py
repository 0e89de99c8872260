"""A small seeded world for the demo (`world`), dirt for it (`dirt`), and load for benchmarks (`volume`).

Everything here is written from the scenario tables of the typology reference. No module knows a detector or its
parameters: ranges of amounts and times are the generator's own.
"""
