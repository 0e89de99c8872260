"""Reporting lines that come with the typology: data with citations, no logic. Context rows go before them.

South-west border orders name ZIP areas in California and Texas (first order), then whole counties (second and third).
A ZIP area has the code of its branch's place ("US-TX-78040"); a county has the code "US-TX-WEBB-COUNTY", which the
`place` row of a branch may list under `areas`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple


class Row(NamedTuple):
    """Fields of `lines.Line`, in its order."""

    institution: str
    place: str
    instrument: str
    cents: int
    includes_line: bool
    first: date
    after: date | None
    source: str


BEFORE_ANY_DATA = date(1970, 1, 1)

ORDER_1_ZIPS = {
    # 90 FR 12106 (14 Mar 2025): Imperial, San Diego; Cameron, El Paso, Hidalgo, Maverick, Webb
    "CA": "92231 92249 92281 92283 91910 92101 92113 92117 92126 92154 92173",
    "TX": (
        "78520 78521 79901 79902 79903 79905 79907 79935 78503 78557 78572 78577 78596 78852 "
        "78040 78041 78043 78045 78046"
    ),
}

ORDER_2_COUNTIES = {
    "AZ": "SANTA-CRUZ YUMA",
    "TX": "CAMERON EL-PASO HIDALGO MAVERICK WEBB",
}

ORDER_3_COUNTIES = {
    "AZ": "MARICOPA PIMA SANTA-CRUZ YUMA",
    "NM": "BERNALILLO DONA-ANA SAN-JUAN",
    "TX": "CAMERON EL-PASO HIDALGO MAVERICK WEBB",
}

ORDERS = (
    # line, whether the line itself is reported, first day, day after the last, source
    (200_00, False, date(2025, 4, 14), date(2025, 9, 10), "geographic order, 90 FR 12106"),
    (1_000_00, True, date(2025, 9, 10), date(2026, 3, 7), "geographic order of 8 Sep 2025"),
    (1_000_00, True, date(2026, 3, 7), date(2026, 9, 3), "geographic order of 10 Mar 2026, in force from 7 Mar 2026"),
)
"""31 USC 5326. The second covers USD 1,000 to 10,000, the third "USD 1,000 or more" (its line: to be re-checked
against the official text before it is relied on). What holds after 2 September 2026 has not been checked."""


def _national() -> Iterator[Row]:
    for institution in ("bank", "credit_union", "msb", "exchange"):
        yield Row(institution, "US", "cash", 10_000_00, False, BEFORE_ANY_DATA, None, "31 CFR 1010.311")
        yield Row(
            institution,
            "US",
            "funds_transfer",
            3_000_00,
            True,
            date(1996, 5, 28),
            None,
            "31 CFR 1010.410(e)-(f) and 1020.410(a), recordkeeping and travel rule",
        )
        yield Row(
            institution,
            "US",
            "monetary_instrument",
            3_000_00,
            True,
            BEFORE_ANY_DATA,
            None,
            "31 CFR 1010.415, log of sales",
        )
    yield Row("casino", "US", "cash", 10_000_00, False, BEFORE_ANY_DATA, None, "31 CFR 1021.311")
    yield Row("msb", "US", "suspicious_activity", 2_000_00, True, date(2002, 1, 1), None, "31 CFR 1022.320")


def _orders() -> Iterator[Row]:
    zips = [f"US-{state}-{code}" for state, codes in ORDER_1_ZIPS.items() for code in codes.split()]
    counties: list[list[str]] = [
        [],
        _counties(ORDER_2_COUNTIES),
        _counties(ORDER_3_COUNTIES),
    ]
    for (cents, includes, first, after, source), named in zip(ORDERS, counties, strict=True):
        for place in (*zips, *named):
            yield Row("msb", place, "cash", cents, includes, first, after, source)


def _counties(states: dict[str, str]) -> list[str]:
    return [f"US-{state}-{name}-COUNTY" for state, names in states.items() for name in names.split()]


def _by_key() -> dict[tuple[str, str, str], tuple[Row, ...]]:
    table: dict[tuple[str, str, str], list[Row]] = {}
    for row in (*_national(), *_orders()):
        table.setdefault(row[:3], []).append(row)
    return {key: tuple(rows) for key, rows in table.items()}


SHIPPED: dict[tuple[str, str, str], tuple[Row, ...]] = _by_key()
"""(institution type, place, instrument) to its rows, in order of their first day."""
