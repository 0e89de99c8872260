"""Transfers of the three layouts, to canonical columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from pipeline.ingest.delimited import DelimitedFile
from pipeline.ingest.formats.amlsim.layouts import CASH_TX, EDGES, TRANSACTIONS, TX, Layout
from pipeline.ingest.formats.amlsim.steps import MAX_STEP, Settings
from pipeline.ingest.reader import ReadBatch, ReadOptions
from pipeline.ingest.tabular.batches import Check, Column, event_batch
from pipeline.ingest.tabular.files import named, names_of
from pipeline.ingest.tabular.labels import Given, labels, truth
from pipeline.ingest.tabular.owners import Owners
from pipeline.ingest.tabular.text_values import Words, minor_units
from pipeline.ingest.times import parse_iso

EXPONENT = 2

CASH_IN = "CASH-IN"
CASH_OUT = "CASH-OUT"

TYPES = {
    "WIRE": ("payment", "wire"),
    "CHECK": ("payment", "cheque"),
    "TRANSFER": ("payment", "other"),
    "CREDIT": ("payment", "other"),
    "DEBIT": ("payment", "other"),
    "DEPOSIT": ("payment", "other"),
    "PAYMENT": ("payment", "other"),
    CASH_IN: ("cash", "cash"),
    CASH_OUT: ("cash", "cash"),
}
"""Type to kind and rail."""

_TYPE = Words(tuple(TYPES))
_KINDS = tuple(kind for kind, _ in TYPES.values())
_RAILS = tuple(rail for _, rail in TYPES.values())

Parsed = tuple[dict[str, Column], list[Check]]


def transfer_batches(
    path: Path, layout: Layout, options: ReadOptions, source: str, owners: Owners | None
) -> Iterator[ReadBatch]:
    """Yield the transfers of one file."""
    settings = Settings.of(options)
    parse = _PARSERS[layout.name]
    file = DelimitedFile(path)
    names = names_of(path, file.header, layout.required)
    for rows in file.rows(options.batch_rows):
        text = named(rows, names)
        columns, checks = parse(text, settings)
        if owners is not None:
            debtor, creditor = columns["debtor_account"], columns["creditor_account"]
            if isinstance(debtor, pl.Series) and isinstance(creditor, pl.Series):
                columns |= owners.sides(debtor, creditor)
        found = _labels(text) if layout is TRANSACTIONS else None
        yield event_batch(path.name, rows, {"source": source, **columns}, checks, found)


def _transactions(text: pl.DataFrame, settings: Settings) -> Parsed:
    times = parse_iso(text["tran_timestamp"], settings.zone)
    columns, checks = _typed(text["tx_type"], text["orig_acct"], text["bene_acct"])
    money, amount = _money(text["base_amt"], settings)
    timed: Check = (
        times.is_null(),
        f"tran_timestamp must be an ISO 8601 time that exists in {settings.zone.key}",
        (text["tran_timestamp"],),
    )
    numbered: Check = (text["tran_id"].is_null(), "tran_id is required", (text["tran_id"],))
    columns |= {"event_id": text["tran_id"], "event_time": times, **money}
    return columns, [numbered, timed, *checks, amount]


def _tx(text: pl.DataFrame, settings: Settings) -> Parsed:
    return _older(text, "counter_party_account_num", "start", settings)


def _cash_tx(text: pl.DataFrame, settings: Settings) -> Parsed:
    return _older(text, "branch_id", "run_date", settings)


def _older(text: pl.DataFrame, other: str, step: str, settings: Settings) -> Parsed:
    times = settings.times(text[step])
    columns, checks = _typed(text["txn_source_type_code"], text["account_id"], text[other])
    money, amount = _money(text["txn_amount_orig"], settings)
    columns |= {"event_id": text["txn_id"], "event_time": times, **money}
    return columns, [
        (text["txn_id"].is_null(), "TXN_ID is required", (text["txn_id"],)),
        _stepped(times, step.upper(), text[step]),
        # A row for several transfers hides the very thing that is looked for: how a sum is made up.
        (text["tx_count"] != "1", "tx_count must be 1, one row for one transfer", (text["tx_count"],)),
        *checks,
        amount,
    ]


def _edges(text: pl.DataFrame, settings: Settings) -> Parsed:
    times = settings.times(text["time"])
    money, amount = _money(text["value"], settings)
    columns: dict[str, Column] = {
        "kind": "payment",
        "rail": "other",
        "debtor_account": text["sourcenodeid"],
        "creditor_account": text["targetnodeid"],
        "event_time": times,
        **money,
    }
    return columns, [
        _stepped(times, "time", text["time"]),
        (text["sourcenodeid"].is_null(), "sourceNodeId is required", (text["sourcenodeid"],)),
        (text["targetnodeid"].is_null(), "targetNodeId is required", (text["targetnodeid"],)),
        amount,
    ]


def _typed(types: pl.Series, origin: pl.Series, target: pl.Series) -> Parsed:
    """Return kind, rail and sides: money moves from `origin` to `target`; at a branch one of them is the branch."""
    place = _TYPE.find(types)
    made = pl.DataFrame({"type": types, "origin": origin, "target": target}).select(
        # CASH-IN goes from the account to the branch in the file's words, and into the account in ours.
        pl.when(pl.col("type") == CASH_OUT)
        .then("target")
        .when(pl.col("type") != CASH_IN)
        .then("origin")
        .alias("debtor_account"),
        pl.when(pl.col("type") == CASH_IN)
        .then("origin")
        .when(pl.col("type") != CASH_OUT)
        .then("target")
        .alias("creditor_account"),
        pl.when(pl.col("type") == CASH_OUT)
        .then("origin")
        .when(pl.col("type") == CASH_IN)
        .then("target")
        .alias("branch"),
    )
    columns: dict[str, Column] = {
        "kind": Words.column(place, _KINDS, pl.String()),
        "rail": Words.column(place, _RAILS, pl.String()),
        **{name: made[name] for name in made.columns},
    }
    return columns, [
        (place.is_null(), f"{types.name} must be one of {_TYPE}", (types,)),
        (origin.is_null(), f"{origin.name} is required", (origin,)),
        (target.is_null(), f"{target.name} is required", (target,)),
    ]


def _money(text: pl.Series, settings: Settings) -> tuple[dict[str, Column], Check]:
    amount = minor_units(text, EXPONENT)
    columns: dict[str, Column] = {"amount": amount, "exponent": EXPONENT, "currency": settings.currency}
    return columns, (amount.is_null(), f"{text.name} must be a number with at most two decimals", (text,))


def _stepped(times: pl.Series, name: str, steps: pl.Series) -> Check:
    return times.is_null(), f"{name} must be a step from 0 to {MAX_STEP:,}", (steps,)


def _labels(text: pl.DataFrame) -> pl.DataFrame:
    given: dict[str, Given] = {"event_id": text["tran_id"]}
    for name in ("is_sar", "is_fraud"):
        if name in text.columns:
            given["is_illicit"] = truth(text[name])
    if "alert_id" in text.columns:
        given["group"] = alert_group(text["alert_id"])
    return labels(text.height, given)


def alert_group(alert: pl.Series) -> pl.Series:
    """Return (n,) alert ids; -1, which means none, as null."""
    return pl.select(pl.when(alert != "-1").then(alert)).to_series()


_PARSERS: dict[str, Callable[[pl.DataFrame, Settings], Parsed]] = {
    TRANSACTIONS.name: _transactions,
    TX.name: _tx,
    CASH_TX.name: _cash_tx,
    EDGES.name: _edges,
}
