"""Payments that the run already reads from pacs.008 files, so that statements do not count them again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from hashlib import blake2b
from pathlib import Path

from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.formats.camt.entry import Money, Movement
from pipeline.ingest.formats.iso20022.output import Output
from pipeline.ingest.formats.pacs008 import Pacs008Reader, References, read_transfers
from pipeline.ingest.open import head
from pipeline.ingest.reader import ReadOptions


class KnownPayments:
    """References of all transfers in some pacs.008 files, as 64-bit hashes."""

    def __init__(self, path: Path, options: ReadOptions) -> None:
        """Read the references.

        Raises
        ------
        UnusableInput
            `path` does not exist, or has no pacs.008 file in it.
        """
        self._keys: set[int] = set()
        files = sorted(found for found in path.rglob("*") if found.is_file()) if path.is_dir() else [path]
        reader = Pacs008Reader()
        used = [file for file in files if reader.recognises(file, head(file))]
        if not used:
            raise UnusableInput(f"option camt_known_payments: expected pacs.008 files; found none in {path}")
        for file in used:
            # What is wrong in these files is said where they are read as input.
            unused = Output(file.name, reader.default_source, options)
            for references in read_transfers(file, options, unused):
                if references is not None:
                    self._keys.update(_of_transfer(references))
                for _ in unused.full():
                    pass
        self.files = len(used)

    def knows(self, movement: Movement) -> bool:
        """Return whether a movement is one of these payments."""
        return any(key in self._keys for key in _of_movement(movement))


def _of_transfer(references: References) -> Iterator[int]:
    for amount in references.amounts:
        if references.uetr:
            yield _hash("uetr", references.uetr.lower(), amount)
        if references.end_to_end and references.settled_on:
            yield _hash("e2e", references.end_to_end, amount, references.settled_on)


def _of_movement(movement: Movement) -> Iterator[int]:
    for amount in movement.amounts:
        for kind, value in movement.references:
            if kind == "uetr":
                yield _hash("uetr", value.lower(), amount)
            elif kind == "e2e":
                yield _hash("e2e", value, amount, movement.row["business_date"])


def _hash(kind: str, value: str, amount: Money, day: date | None = None) -> int:
    text = "\0".join((kind, value, *map(str, amount), str(day)))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
