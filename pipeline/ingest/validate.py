"""What a canonical frame must satisfy: the one check that rows of every format pass, done on whole columns.

Rows that fail leave with a reason and their raw bytes; nothing is repaired, except that "" and blank text become null.
Each check has a cheap form that clears a whole column at once (a maximum, the distinct values, the smallest byte), and
looks at rows only where that fails: good data costs a few passes over memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.ingest.currencies import KNOWN
from pipeline.ingest.reader import MAX_RAW_BYTES, REJECTED_SCHEMA
from pipeline.ingest.summary import Summary, summarise
from typologies.base.errors import BrokenInvariant
from typologies.base.events import ENUM_COLUMNS, FRAME_SCHEMA

RawRows = Callable[[npt.NDArray[np.intp]], Sequence[bytes]]
"""Row indices of the frame (0-based) in, the untouched bytes of these records out. Asked for rejected rows only."""

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Bounds of `event_time` and `received_at`, both allowed. What is far ahead within them is the engine's `max_ahead`."""

MAX_MAJOR_UNITS = 10**15
"""A thousand times a trillion: above the yearly output of any country in its own dollars. More is a broken field."""

MAX_EXPONENT = 18
"""Wei, the finest unit in use. 10^(15 + 18) < 2^126, so that every accepted amount leaves room to add up."""

MAX_ID_BYTES = 512
MAX_TEXT_BYTES = 65_536

FREE_TEXT = frozenset({"memo", "debtor_name", "creditor_name"})
"""Columns that people typed: line breaks and blanks are theirs to keep. NUL is allowed nowhere."""

_STRINGS = [name for name, kind in FRAME_SCHEMA.items() if kind == pl.String]
_MONEY = (("amount", "exponent", "currency"), ("counter_amount", "counter_exponent", "counter_currency"))
_FEW_VALUED = (*ENUM_COLUMNS, "currency", "counter_currency", "debtor_country", "creditor_country")
_NUMBERS = ("amount", "exponent", "counter_amount", "counter_exponent")
_TIMES = ("event_time", "received_at", "business_date")
_ASSET_SHAPE = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"
_FIRST_DAY = -719_162  # 0001-01-01
_LAST_DAY = 2_932_896  # 9999-12-31
_SHOWN = 60
_UNPRINTABLE = r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]"


def validate(
    frame: pl.DataFrame, raw: RawRows | pl.Series | None = None, reasons: pl.Series | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split canonical rows into those that can be used and those that cannot.

    Parameters
    ----------
    frame
        n rows with columns of `FRAME_SCHEMA` in their types; missing columns are added as null. `origin` and
        `position` say where a row stands.
    raw
        Bytes of the records: a function (see `RawRows`), a Binary or String series (n,), or None (kept as empty).
    reasons
        String series (n,): why a reader could not make sense of a row, null where it could. Such rows are rejected
        with that reason, whatever else is wrong with them.

    Returns
    -------
    events
        Frame with exactly the columns of `FRAME_SCHEMA`, in its order; the order of rows is kept.
    rejected
        Frame with the columns of `REJECTED_SCHEMA`; together the two have n rows.

    Raises
    ------
    BrokenInvariant
        A column has another type than `FRAME_SCHEMA` says, or is not in it: a fault of the reader, not of the file.
    """
    frame = conform(frame)
    if not frame.height:
        return frame, pl.DataFrame(schema=REJECTED_SCHEMA)
    summary = summarise(frame, strings=_STRINGS, few_valued=_FEW_VALUED, ranged=(*_NUMBERS, *_TIMES))
    if blanks := _blanks(summary):
        # Text of nothing but blanks is unknown, and unknown is null: a blank id would join all strangers into one.
        frame = frame.with_columns(blanks)
        summary = summary.after_blanks(frame)
    found: list[pl.Expr] = []
    if reasons is not None and reasons.null_count() < len(reasons):
        found.append(pl.lit(reasons))
    found += _checks(summary)
    verdict = frame.select(pl.coalesce(found).alias("reason"))["reason"] if found else None
    if verdict is None or verdict.null_count() == frame.height:
        return frame, pl.DataFrame(schema=REJECTED_SCHEMA)
    bad = verdict.is_not_null()
    rows = bad.arg_true().to_numpy().astype(np.intp)
    places = frame.select("origin", "position")[rows]
    return frame.filter(~bad), rejected_rows(places["origin"], places["position"], verdict[rows], _raw(raw, rows))


def conform(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with all columns of `FRAME_SCHEMA` in its order; absent ones are null.

    Raises
    ------
    BrokenInvariant
        An unknown column, or a column of another type.
    """
    for name, found in frame.schema.items():
        expected = FRAME_SCHEMA.get(name)
        if expected is None or found != expected:
            raise BrokenInvariant(f"canonical frame: column {name} must be {expected or 'absent'}; found {found}")
    absent = [pl.lit(None, dtype=kind).alias(name) for name, kind in FRAME_SCHEMA.items() if name not in frame.columns]
    return frame.with_columns(absent).select(list(FRAME_SCHEMA))


def rejected_rows(
    origin: str | pl.Series,
    position: pl.Series | Sequence[int | None],
    reason: pl.Series | Sequence[str],
    raw: Sequence[bytes],
) -> pl.DataFrame:
    """Return a frame of rejected records; `raw` is cut to `MAX_RAW_BYTES` each."""
    return pl.DataFrame(
        {
            "source": origin if isinstance(origin, pl.Series) else [origin] * len(raw),
            "position": position,
            "reason": reason,
            "raw": [bytes(record[:MAX_RAW_BYTES]) for record in raw],
        },
        schema=REJECTED_SCHEMA,
    )


def printable(text: pl.Expr) -> pl.Expr:
    """Return text fit for a message: short, without escape sequences or reversed writing."""
    return text.cast(pl.String).str.slice(0, _SHOWN).str.replace_all(_UNPRINTABLE, "?")


def _raw(raw: RawRows | pl.Series | None, rows: npt.NDArray[np.intp]) -> list[bytes]:
    if raw is None:
        return [b""] * len(rows)
    if isinstance(raw, pl.Series):
        return [value or b"" for value in raw[rows].cast(pl.Binary).to_list()]
    return list(raw(rows))


def _blanks(summary: Summary) -> list[pl.Expr]:
    return [
        pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name)).alias(name)
        for name, text in summary.texts.items()
        if text.shortest == 0 or (text.least <= 0x20 and name not in FREE_TEXT)
    ]


def _checks(summary: Summary) -> list[pl.Expr]:
    """Return reason expressions (null where the row passes) of those checks that some row may fail."""
    found = _required(summary)
    for name, enum in ENUM_COLUMNS.items():
        found += _members(summary, name, [member.name.lower() for member in enum])
    for amount, exponent, currency in _MONEY:
        found += _money(summary, amount, exponent, currency)
    for name in _TIMES:
        found += _range(summary, name)
    for name in ("debtor_country", "creditor_country"):
        found += _country(summary, name)
    for name in summary.texts:
        if name not in ENUM_COLUMNS and name != "origin":
            found += _text(summary, name)
    return found + _retractions(summary)


def _fails(bad: pl.Expr, required: str, column: str | None = None) -> pl.Expr:
    if column is None:
        return pl.when(bad).then(pl.lit(required))
    return pl.when(bad).then(pl.format(required + "; found {}", printable(pl.col(column)).fill_null("nothing")))


def _required(summary: Summary) -> list[pl.Expr]:
    # A retraction that names the key it takes out needs no money of its own.
    unnamed = pl.col("retracts_key").is_null()
    found = []
    for name in ("source", "event_time", "kind", "amount", "exponent", "currency"):
        if summary.nulls[name]:
            missing = pl.col(name).is_null()
            money = name in _MONEY[0]
            found.append(_fails(missing & unnamed if money else missing, f"{name} is required; found nothing"))
    if summary.nulls["debtor_account"] and summary.nulls["creditor_account"]:
        neither = pl.col("debtor_account").is_null() & pl.col("creditor_account").is_null()
        found.append(_fails(neither, "debtor_account or creditor_account is required; found neither"))
    return found


def _members(summary: Summary, name: str, known: list[str]) -> list[pl.Expr]:
    if set(summary.values[name]) <= set(known):
        return []
    return [_fails(~pl.col(name).is_in(known), f"{name} must be one of {', '.join(known)}", name)]


def _country(summary: Summary, name: str) -> list[pl.Expr]:
    if all(len(code) == 2 and code.isascii() and code.isalpha() and code.isupper() for code in summary.values[name]):
        return []
    return [_fails(~pl.col(name).str.contains("^[A-Z]{2}$"), f"{name} must be two capital letters (ISO 3166)", name)]


def _money(summary: Summary, amount: str, exponent: str, currency: str) -> list[pl.Expr]:
    found = []
    nulls = {summary.nulls[name] for name in (amount, exponent, currency)}
    if amount != "amount" and nulls not in ({0}, {summary.rows}):
        absent = [pl.col(name).is_null() for name in (amount, exponent, currency)]
        uneven = pl.any_horizontal(absent) & ~pl.all_horizontal(absent)
        found.append(_fails(uneven, f"{amount}, {exponent} and {currency} belong together; found only some"))
    if amount in summary.ranges and exponent in summary.ranges:
        found += _size(summary, amount, exponent)
    unknown = [code for code in summary.values[currency] if code not in KNOWN]
    if unknown:
        on_chain = pl.col("chain").is_not_null() | pl.col("asset").is_not_null()
        bad = pl.col(currency).is_in(unknown) & ~(on_chain & pl.col(currency).str.contains(_ASSET_SHAPE))
        required = f"{currency} must be an ISO 4217 code, or an asset code on a row with chain or asset"
        found.append(_fails(bad, required, currency))
    return found


def _size(summary: Summary, amount: str, exponent: str) -> list[pl.Expr]:
    found = []
    least, most = summary.ranges[amount]
    coarsest, finest = summary.ranges[exponent]
    if coarsest < 0 or finest > MAX_EXPONENT:
        inside = pl.col(exponent).is_between(0, MAX_EXPONENT)
        found.append(_fails(~inside, f"{exponent} must be 0 to {MAX_EXPONENT}", exponent))
    if least <= 0:
        found.append(_fails(pl.col(amount) <= 0, f"{amount} must be greater than 0", amount))
    if most > MAX_MAJOR_UNITS * 10 ** max(coarsest, 0):
        for decimals in range(max(coarsest, 0), min(finest, MAX_EXPONENT) + 1):
            limit = MAX_MAJOR_UNITS * 10**decimals
            above = (pl.col(exponent) == decimals) & (pl.col(amount) > pl.lit(limit, dtype=pl.Int128))
            required = f"{amount} must be at most {MAX_MAJOR_UNITS:,} major units ({limit} at exponent {decimals})"
            found.append(_fails(above, required, amount))
    return found


def _range(summary: Summary, name: str) -> list[pl.Expr]:
    if name not in summary.ranges:
        return []
    is_date = FRAME_SCHEMA[name] == pl.Date
    earliest, latest = (EARLIEST.date(), LATEST.date()) if is_date else (EARLIEST, LATEST)
    first, last = summary.ranges[name]
    # Days or microseconds since 1970: Python's own dates end in the year 9999, those of a file do not.
    unit = 1 if is_date else 86_400_000_000
    if first >= 0 and last <= (LATEST - EARLIEST).days * unit:
        return []
    bad = ~pl.col(name).is_between(earliest, latest)
    # Outside the years 1 to 9999 a time has no text: asked for one, the library stops the process.
    ticks = pl.col(name).to_physical()
    printed = pl.when(ticks.is_between(_FIRST_DAY * unit, _LAST_DAY * unit)).then(pl.col(name)).cast(pl.String)
    found = pl.coalesce(printed, pl.format("a time {} units from 1970", ticks))
    required = f"{name} must lie between {earliest:%Y-%m-%d} and {latest:%Y-%m-%d}; found {{}}"
    return [pl.when(bad).then(pl.format(required, found))]


def _text(summary: Summary, name: str) -> list[pl.Expr]:
    text = summary.texts[name]
    found: list[pl.Expr] = []
    limit = MAX_TEXT_BYTES if name in FREE_TEXT else MAX_ID_BYTES
    if text.longest > limit:
        length = pl.col(name).str.len_bytes()
        found.append(
            pl.when(length > limit).then(pl.format(f"{name} must be at most {limit} bytes; found {{}}", length))
        )
    if name in FREE_TEXT:
        if text.least == 0:
            found.append(_fails(pl.col(name).str.contains(r"\x00"), f"{name} must be text; found a NUL byte"))
    elif text.least < 0x20 or text.has_delete:
        bad = pl.col(name).str.contains(r"[\x00-\x1f\x7f]")
        found.append(_fails(bad, f"{name} must not hold control characters; found one"))
    return found


def _retractions(summary: Summary) -> list[pl.Expr]:
    retraction = pl.col("kind") == "retraction"
    named = pl.col("retracts_key").is_not_null()
    found = []
    if "retracts_key" in summary.texts:
        found.append(_fails(named & ~retraction, "retracts_key belongs to rows of kind retraction", "kind"))
    if "retraction" in summary.values["kind"]:
        nameless = retraction & ~named & pl.col("event_id").is_null()
        found.append(_fails(nameless, "a retraction needs retracts_key, or the event_id it takes out; found neither"))
    return found
