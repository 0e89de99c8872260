"""Times as they come in files, turned into aware UTC microseconds on whole columns.

Text is read by a stated format or as ISO 8601. The common case, one fixed layout down the column, is read from its
digits at memory speed; everything else goes through the general parser. What cannot be read is null in the answer.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

UTC_TIME = pl.Datetime("us", "UTC")
NAIVE_TIME = pl.Datetime("us")

# Years 1 to 9999: outside, the calendar functions of the library below stop the process instead of answering.
_FIRST = -62_135_596_800_000_000
_LAST = 253_402_300_799_999_999
_DAY = 86_400_000_000
_PER_MICROSECOND = {"ms": (1_000, 1), "us": (1, 1), "ns": (1, 1_000)}

# Date, time of day to minutes or better, optional zone; the seconds and the zone decide how it is parsed.
_ISO = (
    r"^(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ](?P<minute>[0-9]{2}:[0-9]{2})"
    r"(?P<second>:[0-9]{2})?(?P<fraction>[.,][0-9]{1,9})?(?P<zone>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?$"
)
_DIGITS_AT = np.array([0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18])
_SIGNS = ((4, b"-"), (7, b"-"), (13, b":"), (16, b":"))


def parse_iso(text: pl.Series, zone: ZoneInfo) -> pl.Series:
    """Return ISO 8601 times with a date and a time of day as UTC.

    Parameters
    ----------
    text
        (n,) strings such as `2024-01-31T23:59:59.123456Z`, `2024-01-31 23:59+0100`, `2024-01-31T23:59:59`. A date
        alone is no time.
    zone
        Zone of those without one. Of a time that happens twice when clocks go back, the earlier is taken; one that
        never happens when clocks go forward is null.

    Returns
    -------
    (n,) times in UTC, null where the text is none or null. Finer digits than microseconds are cut off, and a
    leap second is the first of the next minute.
    """
    fixed = _fixed_layout(text, zone)
    if fixed is not None:
        return fixed
    parts = text.str.extract_groups(_ISO).struct.unnest()
    whole = parts.select(
        pl.concat_str(
            "day",
            pl.lit("T"),
            "minute",
            pl.col("second").fill_null(":00"),
            pl.col("fraction").str.replace(",", ".", literal=True).fill_null(""),
        ).alias("time"),
        pl.col("zone").str.replace(r"^[Zz]$", "+00").alias("zone"),
    )
    naive = whole["time"].str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
    local = to_utc(pl.select(pl.when(whole["zone"].is_null()).then(naive)).to_series(), zone)
    aware = (naive.to_physical() - _offset(whole["zone"])).cast(NAIVE_TIME).dt.replace_time_zone("UTC")
    return pl.select(pl.coalesce(within_calendar(aware), local).alias(text.name)).to_series()


def parse_format(text: pl.Series, layout: str, zone: ZoneInfo) -> pl.Series:
    """Return times written in one strftime layout as UTC; null where the text is none.

    A layout with `%z` carries its zone, one without is in `zone`; one without a time of day means midnight there.
    """
    if "%z" in layout:
        aware = text.str.to_datetime(layout.replace("%z", "%#z"), time_unit="us", time_zone="UTC", strict=False)
        return within_calendar(aware)
    if any(code in layout for code in ("%H", "%I", "%T", "%R", "%r", "%X", "%c", "%s")):
        return to_utc(text.str.to_datetime(layout, time_unit="us", strict=False), zone)
    return to_utc(text.str.to_date(layout, strict=False).cast(NAIVE_TIME), zone)


def to_utc(times: pl.Series, zone: ZoneInfo) -> pl.Series:
    """Return a Datetime column of any unit, with or without zone, as UTC microseconds.

    Times without a zone are in `zone` (see `parse_iso` for the hours around a change of clocks). Times outside the
    years 1 to 9999 are null.
    """
    kind = times.dtype
    if not isinstance(kind, pl.Datetime):
        raise TypeError(f"expected a Datetime column; found {kind}")
    ticks = times.to_physical()
    up, down = _PER_MICROSECOND[kind.time_unit]
    first = max(_FIRST * down // up + _DAY, -(2**63))
    last = min(_LAST * down // up - _DAY, 2**63 - 1)
    inside = ticks.is_between(first, last)
    ticks = pl.select(pl.when(inside).then(ticks * up // down)).to_series()
    plain = ticks.cast(NAIVE_TIME).alias(times.name)
    if kind.time_zone is not None or zone.key == "UTC":
        return plain.dt.replace_time_zone("UTC")
    local = plain.dt.replace_time_zone(zone.key, ambiguous="earliest", non_existent="null")
    return local.dt.convert_time_zone("UTC")


def within_calendar(times: pl.Series) -> pl.Series:
    """Return UTC times with those outside the years 1 to 9999 made null."""
    inside = times.to_physical().is_between(_FIRST, _LAST)
    return times if inside.all() else pl.select(pl.when(inside).then(times).alias(times.name)).to_series()


def _offset(zone: pl.Series) -> pl.Series:
    """Return offsets such as `+01`, `-0530`, `+05:45` in microseconds east of UTC."""
    digits = zone.str.replace(":", "", literal=True).str.pad_end(5, "0")
    hours = digits.str.slice(1, 2).cast(pl.Int64, strict=False)
    minutes = digits.str.slice(3, 2).cast(pl.Int64, strict=False)
    valid = (hours < 24) & (minutes < 60)
    sign = pl.when(digits.str.starts_with("-")).then(-1).otherwise(1)
    return pl.select(pl.when(valid).then(sign * (hours * 60 + minutes) * 60_000_000)).to_series()


def _fixed_layout(text: pl.Series, zone: ZoneInfo) -> pl.Series | None:
    """Read `YYYY-MM-DD?HH:MM:SS[.f{1,6}][Z]` where all values have one layout; None where they do not."""
    known = text.drop_nulls()
    lengths = known.str.len_bytes()
    length = lengths.min()
    if not len(known) or not isinstance(length, int) or length != lengths.max() or not 19 <= length <= 27:
        return None
    # The oldest layout of Arrow holds the strings end to end.
    packed = known.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    first = int(np.frombuffer(packed.buffers()[1], np.int64, 1, packed.offset * 8)[0])
    octets = np.frombuffer(packed.buffers()[2], np.uint8, len(known) * length, first).reshape(-1, length)
    has_zone = bool(octets[0, -1] == ord("Z"))
    decimals = length - 19 - has_zone
    if decimals == 1 or decimals > 7:
        return None
    for place, sign in _SIGNS:
        if not (octets[:, place] == sign[0]).all():
            return None
    if not np.isin(octets[:, 10], (ord("T"), ord(" "))).all():
        return None
    if decimals and not (octets[:, 19] == ord(".")).all():
        return None
    if has_zone and not (octets[:, -1] == ord("Z")).all():
        return None
    digits_at = np.concatenate([_DIGITS_AT, np.arange(20, 19 + decimals)])
    digits = octets[:, digits_at] - np.uint8(ord("0"))
    if (digits > 9).any():
        return None
    values, valid = _microseconds(digits.astype(np.int32))
    ticks = pl.Series(text.name, values)
    if not valid.all():
        ticks = pl.select(pl.when(pl.Series(valid)).then(ticks).alias(text.name)).to_series()
    if len(known) < len(text):
        ticks = pl.Series(text.name, [None], pl.Int64).extend(ticks)[_places(text)]
    naive = ticks.cast(NAIVE_TIME)
    return naive.dt.replace_time_zone("UTC") if has_zone else to_utc(naive, zone)


def _places(text: pl.Series) -> npt.NDArray[np.int64]:
    """Return for each value its running number among the known ones from 1, and 0 for null."""
    known = text.is_not_null().to_numpy()
    return np.where(known, np.cumsum(known), 0)


def _microseconds(digit: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return microseconds since 1970 of (n, 14 or more) digits YYYYMMDDHHMMSSf, and which of them are times."""
    year = digit[:, 0] * 1000 + digit[:, 1] * 100 + digit[:, 2] * 10 + digit[:, 3]
    month, day, hour, minute, second = (digit[:, place] * 10 + digit[:, place + 1] for place in range(4, 14, 2))
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    lengths = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int32)
    longest = lengths[np.minimum(month, 12)] + (leap & (month == 2))
    valid = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= longest)
    valid &= (hour < 24) & (minute < 60) & (second <= 60)
    # Days from the civil calendar with years that begin in March (Howard Hinnant, chrono-Compatible Low-Level Date
    # Algorithms): February's odd length then stands at the end.
    shifted = year - (month <= 2)
    era = shifted // 400
    of_era = shifted - era * 400
    of_year = (153 * (month + np.where(month > 2, -3, 9)) + 2) // 5 + day - 1
    days = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    seconds = days.astype(np.int64) * 86_400 + (hour * 3600 + minute * 60 + second)
    micros = np.zeros(len(digit), np.int64)
    for place in range(14, digit.shape[1]):
        micros += digit[:, place].astype(np.int64) * 10 ** (19 - place)
    return seconds * 1_000_000 + micros, valid
