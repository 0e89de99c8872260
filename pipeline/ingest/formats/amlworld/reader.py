"""The reader of the three files of a set; which one it is, its first line says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.ingest.delimited import DelimitedFile
from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.formats.amlworld.accounts import account_batches, is_account_header, owners_beside
from pipeline.ingest.formats.amlworld.patterns import BEGIN, pattern_batches
from pipeline.ingest.formats.amlworld.rows import COLUMNS, parse
from pipeline.ingest.known_files import note_if_known
from pipeline.ingest.open import head as first_bytes
from pipeline.ingest.reader import ReadBatch, Reader, ReadOptions
from pipeline.ingest.tabular.batches import event_batch, with_notes
from pipeline.ingest.tabular.files import header_of, named
from pipeline.ingest.tabular.labels import labels, truth
from pipeline.ingest.tabular.owners import Owners

_MIDDLES = (
    ("from bank", "account", "to bank", "account"),
    ("from bank", "account", "to bank", "account.1"),
    ("from bank", "from account", "to bank", "to account"),
)
_REST = (
    "amount received",
    "receiving currency",
    "amount paid",
    "payment currency",
    "payment format",
    "is laundering",
)
TRANS_HEADERS = tuple(("timestamp", *middle, *_REST) for middle in _MIDDLES)


class AmlworldReader:
    """Trans gives events and labels, Patterns gives labels, accounts gives facts.

    Labels of Trans stand on (`origin`, `position`). Those of Patterns stand on the content of the row
    (`labels.CONTENT_KEYS`): the file repeats rows of Trans without saying where they stand there.

    Options
    -------
    amlworld_accounts
        Accounts file that gives the holders of accounts in a Trans file, or `none`. Default: the one beside it.
    known_files
        See `pipeline.ingest.known_files`.
    """

    name = "amlworld"
    default_source = "amlworld"

    def recognises(self, path: Path, head: bytes) -> float:
        """Return 1.0 for the headers of Trans and accounts and for the first line of Patterns, else 0.0."""
        return 1.0 if _role(head) else 0.0

    def read(self, path: Path, options: ReadOptions) -> Iterator[ReadBatch]:
        """Yield batches in file order.

        Raises
        ------
        UnusableInput
            None of the three files, or a known file with other content than published.
        """
        first = first_bytes(path)
        role = _role(first)
        if role is None:
            found = ", ".join(header_of(first)[:12])[:200]
            raise UnusableInput(
                f"{path.name}: expected the header of an AMLworld Trans or accounts file, or '{BEGIN} - ...' of a "
                f"Patterns file; found {found or 'none of them'}"
            )
        notes = note_if_known(path, options)
        source = options.source or self.default_source
        if role == "patterns":
            batches = pattern_batches(path, options)
        elif role == "accounts":
            batches = account_batches(path, options)
        else:
            batches = self._trans(path, options, source)
        yield from with_notes(batches, notes)

    @staticmethod
    def _trans(path: Path, options: ReadOptions, source: str) -> Iterator[ReadBatch]:
        owners = owners_beside(path, options)
        notes = [
            f"{path.name}: bank ids are compared without leading zeros",
            f"{path.name}: times have no zone; read as {options.timezone.key}",
            f"{path.name}: labels stand apart from events, on (origin, position)",
        ]
        if owners is not None:
            notes.append(f"{path.name}: holders of accounts come from {owners.origin}")
        yield from with_notes(_trans_batches(path, options, source, owners), notes)


def _trans_batches(path: Path, options: ReadOptions, source: str, owners: Owners | None) -> Iterator[ReadBatch]:
    for rows in DelimitedFile(path).rows(options.batch_rows):
        text = named(rows, COLUMNS)
        parsed = parse(text, options.timezone)
        columns = {"source": source, **parsed.columns}
        if owners is not None:
            columns |= owners.sides(parsed.debtor, parsed.creditor)
        found = labels(
            text.height, {"origin": path.name, "position": rows.position, "is_illicit": truth(text["laundering"])}
        )
        yield event_batch(path.name, rows, columns, parsed.checks, found)


def _role(first: bytes) -> str | None:
    if first.removeprefix(b"\xef\xbb\xbf").startswith(BEGIN.encode()):
        return "patterns"
    header = tuple(name.lower() for name in header_of(first))
    if header in TRANS_HEADERS:
        return "trans"
    return "accounts" if is_account_header(header) else None


READERS: tuple[Reader, ...] = (AmlworldReader(),)
