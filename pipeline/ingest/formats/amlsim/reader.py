"""The reader of all AMLSim files; which one it is, its header says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.formats.amlsim.layouts import CASH_TX, EDGES, TRANSACTIONS, TX, layout_of
from pipeline.ingest.formats.amlsim.sides import account_batches, holders_beside, label_batches
from pipeline.ingest.formats.amlsim.steps import Settings
from pipeline.ingest.formats.amlsim.transfers import transfer_batches
from pipeline.ingest.open import head as first_bytes
from pipeline.ingest.reader import ReadBatch, Reader, ReadOptions
from pipeline.ingest.tabular.batches import with_notes
from pipeline.ingest.tabular.files import header_of


class AmlsimReader:
    """Transfers give events, alerts and marks give labels, accounts give facts.

    Options
    -------
    amlsim_base_date
        Day of step 0, YYYY-MM-DD. Default 2017-01-01.
    amlsim_currency
        ISO 4217 code of all amounts. Default USD.
    """

    name = "amlsim"
    default_source = "amlsim"

    def recognises(self, path: Path, head: bytes) -> float:
        """Return 1.0 for the headers of these files, else 0.0."""
        return 1.0 if layout_of(header_of(head)) else 0.0

    def read(self, path: Path, options: ReadOptions) -> Iterator[ReadBatch]:
        """Yield batches in file order.

        Raises
        ------
        UnusableInput
            None of the files, or an option without meaning.
        """
        header = header_of(first_bytes(path))
        layout = layout_of(header)
        if layout is None:
            found = ", ".join(header[:12])[:200] or "no header"
            raise UnusableInput(f"{path.name}: expected the header of an AMLSim file; found {found}")
        if layout.content == "labels":
            note = f"{path.name}: labels, apart from events"
            yield from with_notes(label_batches(path, layout, options), [note])
        elif layout.content == "accounts":
            yield from with_notes(account_batches(path, layout, options), [])
        elif layout.content == "unused":
            note = f"{path.name}: parties that the simulator made up, one for each account; nothing in it is used"
            yield from with_notes([], [note])
        else:
            settings = Settings.of(options)
            source = options.source or self.default_source
            owners = holders_beside(path) if layout in {TX, CASH_TX} else None
            notes = [f"{path.name}: amounts are taken as {settings.currency}"]
            if layout is not TRANSACTIONS:
                day = settings.base_date.isoformat()
                notes.append(f"{path.name}: step 0 is {day}, a step is a day, days begin in {settings.zone.key}")
            if owners is not None:
                notes.append(f"{path.name}: holders of accounts come from {owners.origin}")
            if layout is EDGES:
                notes.append(f"{path.name}: edges have no type; they are payments on the rail `other`")
            yield from with_notes(transfer_batches(path, layout, options, source, owners), notes)


READERS: tuple[Reader, ...] = (AmlsimReader(),)
