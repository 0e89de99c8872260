"""The engine and the contract that a typology fulfils: one idea a file. Start at README.md in this folder."""
