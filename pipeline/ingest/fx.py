"""US dollars at the fixing valid at event time, exact: integers in, integers out, half-even on the last cent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.fx_exact import MAX_CENTS, Rates
from pipeline.ingest.fx_rates import (
    SEGMENT_SCHEMA,
    OwnRate,
    Segments,
    overlay,
    own_segments,
    package_segments,
    read_own_rates,
    seconds,
)

_TIME_BITS = 41
_TIME_OFFSET = 2**39
"""A segment is found by (currency number << bits) + (seconds + offset): times from year -15452 to 19391."""

_MISSING = -1


@dataclass(frozen=True, slots=True)
class Rate:
    """The rate of a currency at a time: US dollars for one unit, exact, and where it comes from (None: USD itself)."""

    usd_per_unit: Fraction
    source: str | None


class FxTable:
    """Rates of all currencies over time.

    Parameters
    ----------
    segments
        Currency to its dated rates, see `fx_rates`.
    """

    def __init__(self, segments: Segments) -> None:
        self._segments = segments
        currencies = sorted(segments)
        self._currencies = pl.Enum(currencies)
        table = pl.concat([pl.DataFrame(schema=SEGMENT_SCHEMA), *(segments[currency] for currency in currencies)])
        numbers = np.repeat(np.arange(len(currencies)), [segments[currency].height for currency in currencies])
        base = (numbers.astype(np.int64) << _TIME_BITS) + _TIME_OFFSET
        self._keys = base + table["valid_from"].to_numpy()
        self._ends = base + table["valid_until"].to_numpy()
        # US dollars are one more rate, behind the last: 100 cents a unit, at any time.
        self._dollar = table.height
        dollar = pl.DataFrame([(0, 0, 100, 1, None)], schema=SEGMENT_SCHEMA, orient="row")
        self._table = pl.concat([table, dollar])
        self._rates = Rates(self._table)

    @classmethod
    def from_package(cls) -> Self:
        """ECB history since 1999 and official pegs, offline."""
        return cls(package_segments())

    def with_rates_file(self, path: Path) -> FxTable:
        """Return a table in which the rates of a CSV file come first (`fx_rates.read_own_rates`).

        Raises
        ------
        UnusableInput
            The file is no table of rates; the message names file, line and value.
        """
        rates = read_own_rates(path)
        try:
            return self.with_rates(rates)
        except UnusableInput as error:
            raise UnusableInput(f"{path.name}: {error}") from error

    def with_rates(self, rates: Iterable[OwnRate]) -> FxTable:
        """Return a table in which `rates` come first wherever they hold; what was added later counts."""
        return FxTable(overlay(self._segments, own_segments(list(rates))))

    def rate_at(self, currency: str, moment: datetime) -> Rate | None:
        """Return the rate of one `currency` at an aware `moment`, None if there is none."""
        index = self._locate(pl.Series([currency]), pl.Series([seconds(moment)]))[0]
        if index == _MISSING:
            return None
        _, _, numerator, denominator, source = self._table.row(int(index))
        return Rate(Fraction(numerator, denominator * 100), source)

    def apply(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return `frame` with `amount_usd` (US cents) and `fx_source` filled from amount, exponent, currency and time.

        Both are null where there is no rate: unknown currency, no fixing in the `fx_rates.MAX_AGE` before the event, or
        an amount of more than `MAX_CENTS`. `fx_source` is null for USD as well, whose value is its own amount.

        Parameters
        ----------
        frame
            Columns of `FRAME_SCHEMA`, in any order of rows.
        """
        amount, exponent = frame["amount"], frame["exponent"]
        is_dollar = (frame["currency"] == "USD").fill_null(False)
        if is_dollar.all() and (exponent == 2).fill_null(False).all() and amount.is_between(0, MAX_CENTS).all():
            # The bulk of most feeds: cents already.
            return frame.with_columns(amount.cast(pl.Int64).alias("amount_usd"), fx_source=pl.lit(None, pl.String))
        second = frame["event_time"].dt.epoch("us") // 1_000_000
        index = self._locate(frame["currency"], second)
        cents = self._rates.cents(amount, exponent, index)
        found = pl.Series(index, dtype=pl.Int64)
        source = self._table["source"].gather(found.set((found == _MISSING) | cents.is_null(), None))
        return frame.with_columns(cents.alias("amount_usd"), source.alias("fx_source"))

    def _locate(self, currency: pl.Series, second: pl.Series) -> npt.NDArray[np.int64]:
        """Return (n,) the row of `_table` that holds for each event, `_MISSING` where none does."""
        numbers = currency.cast(self._currencies, strict=False).to_physical().cast(pl.Int64)
        wanted = (numbers * (1 << _TIME_BITS) + second + _TIME_OFFSET).fill_null(_MISSING).to_numpy()
        # The last segment that starts before; 0 stands in for none, and then the end or the start tells.
        index = np.maximum(np.searchsorted(self._keys, wanted, side="right") - 1, 0)
        holds = (self._keys[index] <= wanted) & (wanted < self._ends[index])
        is_dollar = (currency == "USD").fill_null(False).to_numpy()
        return np.where(is_dollar, self._dollar, np.where(holds, index, _MISSING))
