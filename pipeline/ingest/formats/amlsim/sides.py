"""What lies beside the transfers: accounts as facts, alerts and marks as labels."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from pipeline.ingest.delimited import DelimitedFile
from pipeline.ingest.formats.amlsim.layouts import (
    ALERT_ACCOUNTS,
    ALERT_TRANSACTIONS,
    ALERTS,
    NODES,
    OLDER_ACCOUNTS,
    SAR_ACCOUNTS,
    Layout,
)
from pipeline.ingest.formats.amlsim.steps import Settings
from pipeline.ingest.formats.amlsim.transfers import alert_group
from pipeline.ingest.reader import ReadBatch, ReadOptions
from pipeline.ingest.tabular.batches import first_reason, side_batch, side_rejects
from pipeline.ingest.tabular.files import named, names_of
from pipeline.ingest.tabular.labels import labels, truth
from pipeline.ingest.tabular.owners import Owners
from pipeline.ingest.times import parse_iso
from typologies.base.facts import Fact, FactValue

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
FAR = datetime(2200, 1, 1, tzinfo=UTC)
"""Beyond it a date means "never": the simulator closes accounts that stay open 1,000,000 days after the base date."""

_ROWS_AT_ONCE = 131_072


def label_batches(path: Path, layout: Layout, options: ReadOptions) -> Iterator[ReadBatch]:
    """Yield the rows of a file of alerts or marks as labels."""
    file = DelimitedFile(path)
    names = names_of(path, file.header, layout.required)
    key = _KEYS[layout.name]
    for rows in file.rows(options.batch_rows):
        text = named(rows, names)
        reasons = first_reason(text.height, [(text[key].is_null(), f"{key} is required", (text[key],))])
        found = _labels(layout, text).filter(reasons.is_null())
        yield side_batch(side_rejects(path.name, rows, reasons), text.height + rows.rejected.height, labels=found)


_KEYS = {
    ALERT_TRANSACTIONS.name: "tran_id",
    ALERT_ACCOUNTS.name: "acct_id",
    SAR_ACCOUNTS.name: "account_id",
    ALERTS.name: "account_id",
    NODES.name: "nodeid",
}


def _labels(layout: Layout, text: pl.DataFrame) -> pl.DataFrame:
    n = text.height
    if layout is NODES:
        return labels(n, {"account": text["nodeid"], "is_illicit": truth(text["isfraud"])})
    if layout is ALERTS:
        return labels(
            n,
            {
                "account": text["account_id"],
                "label": text["check_name"],
                "is_illicit": truth(text["escalated_to_case_investigation"]),
                "group": text["alert_key"],
            },
        )
    mark = next((name for name in ("is_sar", "is_fraud", "is_subject") if name in text.columns), None)
    target = "event_id" if layout is ALERT_TRANSACTIONS else "account"
    return labels(
        n,
        {
            target: text[_KEYS[layout.name]],
            "label": text["alert_type"],
            "is_illicit": truth(text[mark]) if mark else None,
            "group": alert_group(text["alert_id"]),
        },
    )


def account_batches(path: Path, layout: Layout, options: ReadOptions) -> Iterator[ReadBatch]:
    """Yield the rows of an accounts file as `account_profile` facts, and their marks as labels on accounts.

    An account that closes gets a second version at that day: nobody knows on the first day when it will end.
    """
    settings = Settings.of(options)
    file = DelimitedFile(path)
    names = names_of(path, file.header, layout.required)
    for rows in file.rows(options.batch_rows):
        text = named(rows, names)
        older = layout is OLDER_ACCOUNTS
        account = text["account_id" if older else "acct_id"]
        reasons = first_reason(text.height, [(account.is_null(), f"{account.name} is required", (account,))])
        usable = text.filter(reasons.is_null())
        facts = list(_older_facts(usable, settings) if older else _facts(usable, settings))
        yield side_batch(
            side_rejects(path.name, rows, reasons),
            text.height + rows.rejected.height,
            facts=facts,
            labels=_marks(usable, account.name),
        )


def _marks(text: pl.DataFrame, account: str) -> pl.DataFrame | None:
    # `prior_sar_count` is no history: the simulator fills it from the same mark as `is_sar`.
    marks = [name for name in ("isfraud", "suspicious", "prior_sar_count") if name in text.columns]
    if not marks:
        return None
    marked = [truth(text[name]) for name in marks]
    illicit = pl.select(pl.any_horizontal(marked)).to_series()
    return labels(text.height, {"account": text[account], "is_illicit": illicit})


def _facts(text: pl.DataFrame, settings: Settings) -> Iterator[Fact]:
    opened = parse_iso(text["open_dt"], settings.zone)
    closed = parse_iso(text["close_dt"], settings.zone)
    taken = {"institution": "bank_id", "branch": "branch_id", "currency": "acct_rptng_crncy"}
    columns = {name: text[column].to_list() for name, column in taken.items() if column in text.columns}
    for i, account in enumerate(text["acct_id"].to_list()):
        values = {name: column[i] for name, column in columns.items()}
        yield from _versions(account, values, opened[i], closed[i])


def _older_facts(text: pl.DataFrame, settings: Settings) -> Iterator[Fact]:
    opened = settings.times(text["start"])
    closed = settings.times(text["end"])
    for i, (account, customer) in enumerate(text.select("account_id", "primary_customer_id").iter_rows()):
        yield from _versions(account, {"holders": None if customer is None else (customer,)}, opened[i], closed[i])


def _versions(
    account: str, values: dict[str, FactValue], opened: datetime | None, closed: datetime | None
) -> Iterator[Fact]:
    known = {name: value for name, value in values.items() if value is not None}
    if opened is not None:
        known["opened_on"] = _day(opened)
    yield Fact("account_profile", account, ALWAYS, ALWAYS, known)
    if closed is not None and closed < FAR:
        last = known | {"closed_on": _day(closed), "status": "closed"}
        yield Fact("account_profile", account, closed, closed, last)


def _day(time: datetime) -> str:
    day: date = time.date()
    return day.isoformat()


def holders_beside(path: Path) -> Owners | None:
    """Return the holders from an `accounts.csv` of the older layout beside `path`, if there is one."""
    for name in ("accounts.csv", "accounts.csv.gz", "accounts.csv.zst"):
        beside = path.with_name(name)
        if beside.is_file():
            file = DelimitedFile(beside)
            if set(OLDER_ACCOUNTS.required) <= {column.lower() for column in file.header}:
                names = names_of(beside, file.header, OLDER_ACCOUNTS.required)
                texts = (named(rows, names) for rows in file.rows(_ROWS_AT_ONCE))
                return Owners.of(name, (_holders(text) for text in texts))
            file.close()
    return None


def _holders(text: pl.DataFrame) -> pl.DataFrame:
    return text.select(
        pl.col("account_id").alias("account"),
        pl.col("primary_customer_id").alias("party"),
        pl.lit(None, dtype=pl.String).alias("name"),
    ).drop_nulls("account")
