"""The accounts file, and account keys.

Read on its own it gives `account_profile` facts {"holders", "institution"}. Lying beside a Trans file
(`HI-Small_Trans.csv` and `HI-Small_accounts.csv`, compressed or not) it gives the party ids and names of both sides of
every row: the entity is what joins accounts of one owner, account ids do not (`8000E43B1` and `8000E43B0` of bank 225
are two accounts).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from pipeline.ingest.delimited import DelimitedFile, TextRows
from pipeline.ingest.reader import ReadBatch, ReadOptions
from pipeline.ingest.tabular.batches import first_reason, side_batch, side_rejects
from pipeline.ingest.tabular.files import named
from pipeline.ingest.tabular.owners import Owners
from pipeline.ingest.tabular.text_values import only
from typologies.base.facts import Fact

COLUMNS = ("bank_name", "bank", "account", "entity", "entity_name")
_HEADER = ("bank name", "bank id", "account number", "entity id", "entity name")

_ROWS_AT_ONCE = 131_072

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
"""The file gives no dates: what it says holds, and is known, from before any event."""


def is_account_header(header: Sequence[str]) -> bool:
    """Return whether lower-case column names are those of the accounts file."""
    return tuple(header) == _HEADER


def account_keys(bank: pl.Series, account: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Return (n,) account keys, (n,) bank ids without leading zeros, and (n,) whether a row has none.

    A bank id is digits, an account id capital hexadecimal digits. Anything else (`8036095.0`, `inf`) is what a
    spreadsheet made of an id: it cannot be undone and is not accepted.
    """
    usable = only(bank, "0-9") & only(account, "0-9A-F")
    bare = pl.col("bank").str.strip_chars_start("0")
    made = (
        pl.DataFrame({"bank": bank, "account": account, "usable": usable})
        .with_columns(bank=pl.when(bare == "").then(pl.lit("0")).otherwise(bare))
        .with_columns(key=pl.when("usable").then(pl.concat_str("bank", "account", separator="/")))
    )
    return made["key"], made["bank"], ~usable


def owners_beside(path: Path, options: ReadOptions) -> Owners | None:
    """Return the holders for a Trans file: from the file the user named, else from the one beside it, if any.

    Raises
    ------
    UnusableInput
        The accounts file cannot be read.
    """
    chosen = options.extra.get("amlworld_accounts")
    if chosen is not None:
        return None if chosen == "none" else _load(Path(chosen))
    prefix, marker, _ = path.name.partition("_Trans")
    if not marker:
        return None
    pattern = re.compile(re.escape(prefix) + r"_accounts\.csv(\.gz|\.zst)?", re.IGNORECASE)
    beside = sorted(other for other in path.parent.iterdir() if pattern.fullmatch(other.name))
    return _load(beside[0]) if beside else None


def _load(path: Path) -> Owners:
    tables = (_parse(rows)[0] for rows in DelimitedFile(path).rows(_ROWS_AT_ONCE))
    return Owners.of(path.name, (table.rename({"entity": "party", "entity_name": "name"}) for table in tables))


def account_batches(path: Path, options: ReadOptions) -> Iterator[ReadBatch]:
    """Yield the rows of an accounts file as facts."""
    for rows in DelimitedFile(path).rows(options.batch_rows):
        table, reasons = _parse(rows)
        facts = [
            Fact("account_profile", account, ALWAYS, ALWAYS, {"holders": (entity,), "institution": bank})
            for account, bank, entity in table.select("account", "bank", "entity").iter_rows()
        ]
        rejected = side_rejects(path.name, rows, reasons)
        yield side_batch(rejected, rows.text.height + rows.rejected.height, facts=facts)


def _parse(rows: TextRows) -> tuple[pl.DataFrame, pl.Series]:
    """Return the usable rows, and (n,) why the others are not."""
    text = named(rows, COLUMNS)
    keys, banks, unusable = account_keys(text["bank"], text["account"])
    reasons = first_reason(
        text.height,
        [
            (
                unusable,
                "Bank ID must be digits and Account Number capital hexadecimal digits",
                (text["bank"], text["account"]),
            ),
            (text["entity"].is_null(), "Entity ID is required", (text["entity"],)),
        ],
    )
    table = pl.DataFrame({"account": keys, "bank": banks, "entity": text["entity"], "entity_name": text["entity_name"]})
    return table.filter(reasons.is_null()), reasons
