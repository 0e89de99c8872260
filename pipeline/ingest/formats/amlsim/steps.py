"""Options of the format, and times counted in steps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import polars as pl

from pipeline.ingest.currencies import ISO_4217
from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.reader import ReadOptions
from pipeline.ingest.times import NAIVE_TIME, to_utc

MAX_STEP = 1_000_000
"""The simulator's own "for ever": 2,738 years of one-day steps."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the files do not say."""

    base_date: date
    currency: str
    zone: ZoneInfo

    @classmethod
    def of(cls, options: ReadOptions) -> Settings:
        """Read the options `amlsim_base_date` (2017-01-01) and `amlsim_currency` (USD).

        Raises
        ------
        UnusableInput
            No date, or no ISO 4217 code.
        """
        day = options.extra.get("amlsim_base_date", "2017-01-01")
        currency = options.extra.get("amlsim_currency", "USD")
        if currency not in ISO_4217:
            raise UnusableInput(f"option amlsim_currency must be an ISO 4217 code; found {currency[:20]}")
        try:
            base_date = date.fromisoformat(day)
        except ValueError as error:
            raise UnusableInput(f"option amlsim_base_date must be YYYY-MM-DD; found {day[:20]}") from error
        return cls(base_date, currency, options.timezone)

    def times(self, steps: pl.Series) -> pl.Series:
        """Return (n,) midnights, in UTC, of (n,) steps written as text; null where one is no step."""
        days = steps.cast(pl.Int64, strict=False)
        days = pl.select(pl.when(days.is_between(0, MAX_STEP)).then(days)).to_series()
        base = datetime(self.base_date.year, self.base_date.month, self.base_date.day, tzinfo=UTC)
        microseconds = days * 86_400_000_000 + int(base.timestamp()) * 1_000_000
        return to_utc(microseconds.cast(NAIVE_TIME), self.zone)
