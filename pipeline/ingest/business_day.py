"""The business day on which cash counts, where the institution did not say.

31 CFR 1010.313(b): deposits made at night or over a weekend or holiday count as if received on the next business day.
31 CFR 1010.100(d): a bank's business day is the one on which it routinely posts to the customer's account.
"""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

DEFAULT_CUT_OFF = time(18, 0)
"""Local time from which a deposit counts on the next business day. Judgement: banks state their own, mostly between
14:00 at a counter and 20:00 at a machine."""

FIRST_YEAR, LAST_YEAR = 1999, 2098
"""Years for which the holidays of the Federal Reserve Banks are known; outside them a business day is unknown."""


def fill_business_dates(frame: pl.DataFrame, zone: ZoneInfo, cut_off: time = DEFAULT_CUT_OFF) -> pl.DataFrame:
    """Return `frame` with `business_date` filled in cash rows that lack it; all else stays as it is.

    Parameters
    ----------
    frame
        Columns of `FRAME_SCHEMA`.
    zone
        Where the institution keeps its day: a deposit in another zone than its branch's would be a day off.
    cut_off
        Local time from which the next business day counts.
    """
    lacks = (frame["kind"] == "cash").fill_null(False) & frame["business_date"].is_null()
    rows = lacks.arg_true()
    if not len(rows):
        return frame
    dates = business_dates(frame["event_time"].gather(rows), zone, cut_off)
    return frame.with_columns(frame["business_date"].scatter(rows, dates))


def business_dates(moments: pl.Series, zone: ZoneInfo, cut_off: time = DEFAULT_CUT_OFF) -> pl.Series:
    """Return (n,) Date: the business day of each of (n,) aware `moments`, in US rules.

    The local day itself before the cut-off, else the day after; then the first day that is neither a weekend nor a
    holiday of the Federal Reserve Banks (a holiday on a Saturday does not move to Friday, one on a Sunday moves to
    Monday). Null where the moment is null or outside `FIRST_YEAR` to `LAST_YEAR`.
    """
    local = moments.dt.convert_time_zone(zone.key)
    day = pl.select(
        pl.when(local.dt.time() >= cut_off).then(local.dt.date().dt.offset_by("1d")).otherwise(local.dt.date())
    ).to_series()
    is_known = day.dt.year().is_between(FIRST_YEAR, LAST_YEAR).fill_null(False)
    days = day.filter(is_known)
    if days.is_empty():
        return pl.Series(moments.name, [None] * len(moments), pl.Date)
    years = days.dt.year().to_numpy()
    holidays = _bank_holidays(range(int(years.min()), int(years.max()) + 2))
    counted = pl.Series(np.busday_offset(days.to_numpy(), 0, roll="forward", holidays=holidays), dtype=pl.Date)
    unknown = pl.Series(moments.name, [None], pl.Date).new_from_index(0, len(moments))
    return unknown.scatter(is_known.arg_true(), counted)


def _bank_holidays(years: range) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    # The package knows some 200 calendars: only cash without a business day pays for loading it.
    import holidays

    days = holidays.financial_holidays("XFED", years=years)
    return np.array(sorted(days), dtype="datetime64[D]")
