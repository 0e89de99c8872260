"""Figures: a number, the events it comes from, and the SQL that computes it again from the alert store.

A detector never writes a number into a reason by hand. It calls one of these functions, which compute the number in
Python and carry the query that must give the same number; a test executes every query of every alert. A query reads
the relation `cited`: the events named by this figure, with the columns of the public view `events`, plus `mark` (the
set an event was given in) and `side` (credit or debit, as the subject saw it).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from typologies.base.errors import ContractError
from typologies.base.events import Side
from typologies.base.money import usd
from typologies.base.window import DaySum, Event

SIDE_COLUMNS = {
    "account": ("creditor_account", "debtor_account"),
    "party": ("creditor", "debtor"),
    "agent": ("creditor_agent", "debtor_agent"),
    "counterparty_account": ("debtor_account", "creditor_account"),
    "counterparty": ("coalesce(debtor, debtor_account)", "coalesce(creditor, creditor_account)"),
    "counterparty_agent": ("debtor_agent", "creditor_agent"),
    "counterparty_country": ("debtor_country", "creditor_country"),
    "counterparty_class": ("debtor_class", "creditor_class"),
    "on_behalf_of": ("coalesce(on_behalf_of, creditor)", "coalesce(on_behalf_of, debtor)"),
    "currency": (
        "CASE WHEN counter_amount_minor IS NULL THEN currency ELSE coalesce(counter_currency, '') END",
        "currency",
    ),
}
"""Attributes of `Event` that depend on the side, as SQL for credit and debit."""

PLAIN_COLUMNS = frozenset(
    {"branch", "place", "channel", "rail", "kind", "purpose", "conductor", "merchant_category", "cardholder"}
    | {"business_date", "ctr_conductor", "ultimate_debtor", "ultimate_creditor", "event_key"}
)
"""Attributes of `Event` that are columns of `events` as they are."""


def column_sql(name: str) -> str:
    """Return the SQL over `cited` for an attribute of `Event`."""
    if name in SIDE_COLUMNS:
        credit, debit = SIDE_COLUMNS[name]
        return f"CASE WHEN side = 'credit' THEN {credit} ELSE {debit} END"
    if name in PLAIN_COLUMNS:
        return name
    known = ", ".join(sorted({*SIDE_COLUMNS, *PLAIN_COLUMNS}))
    raise ContractError(f"no figure over the attribute {name!r}; there are: {known}")


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a reason.

    Attributes
    ----------
    value
        Exact; money in whole units, shares in percent, spans in hours.
    unit
        "USD", "events", "percent", "hours", ...
    sql
        Query over `cited` that returns one row with the value; None if it does not come from events alone (a declared
        income, a figure with day sums), then `source` says where it comes from.
    marks
        Named sets of events the figure is computed from.
    source
        Where a value without a query comes from.
    """

    value: Decimal
    unit: str
    sql: str | None
    marks: Mapping[str, tuple[Event, ...]] = field(default_factory=dict)
    source: str = ""


def _sums_note(sums: Sequence[DaySum]) -> str:
    return f"includes {len(sums)} day sums of a subject above the row cap" if sums else ""


def count(events: Iterable[Event], sums: Sequence[DaySum] = ()) -> Figure:
    """Return the number of events (of the day sums too, if given)."""
    cited = tuple(events)
    value = len(cited) + sum(s.n_events for s in sums)
    return Figure(
        Decimal(value), "events", None if sums else "SELECT count(*) FROM cited", {"all": cited}, _sums_note(sums)
    )


def total_usd(events: Iterable[Event], sums: Sequence[DaySum] = ()) -> Figure:
    """Return the sum of the known USD values, in dollars. Events without a rate add nothing: say so in the reason."""
    cited = tuple(events)
    cents = sum(e.amount_usd_cents or 0 for e in cited) + sum(s.amount_usd_cents for s in sums)
    query = None if sums else "SELECT coalesce(sum(amount_usd), 0) FROM cited"
    return Figure(usd(cents), "USD", query, {"all": cited}, _sums_note(sums))


def largest_usd(events: Iterable[Event]) -> Figure:
    """Return the largest known USD value, in dollars; 0 without any."""
    cited = tuple(events)
    cents = max((e.amount_usd_cents or 0 for e in cited), default=0)
    return Figure(usd(cents), "USD", "SELECT coalesce(max(amount_usd), 0) FROM cited", {"all": cited})


def distinct(events: Iterable[Event], attribute: str, unit: str) -> Figure:
    """Return how many different known values an attribute takes, `unit` naming them ("branches", "senders")."""
    cited = tuple(events)
    value = len({v for e in cited if (v := e.field(attribute)) is not None})
    return Figure(Decimal(value), unit, f"SELECT count(DISTINCT {column_sql(attribute)}) FROM cited", {"all": cited})


def percent(part: int, whole: int) -> Decimal:
    """Return part / whole in percent, one decimal, half up; 0 for an empty whole.

    Examples
    --------
    >>> percent(1, 3)
    Decimal('33.3')
    """
    if whole == 0:
        return Decimal("0.0")
    return (Decimal(100 * part) / Decimal(whole)).quantize(Decimal("0.1"), ROUND_HALF_UP)


# Times 0.1, not divided by 10: DuckDB divides decimals as floating point.
_SHARE_SQL = (
    "SELECT CASE WHEN w = 0 THEN 0 ELSE ((2000 * p + w) // (2 * w)) * 0.1 END FROM (SELECT "
    "CAST(coalesce(sum({value}) FILTER (WHERE mark = 'part'), 0) AS HUGEINT) AS p, "
    "CAST(coalesce(sum({value}) FILTER (WHERE mark = 'whole'), 0) AS HUGEINT) AS w FROM cited)"
)


def share_of_count(part: Iterable[Event], whole: Iterable[Event]) -> Figure:
    """Return how many percent of the events in `whole` are in `part`."""
    a, b = tuple(part), tuple(whole)
    return Figure(percent(len(a), len(b)), "percent", _SHARE_SQL.format(value="1"), {"part": a, "whole": b})


def share_of_usd(part: Iterable[Event], whole: Iterable[Event]) -> Figure:
    """Return the known USD value of `part` in percent of that of `whole` (`part` need not lie inside `whole`)."""
    a, b = tuple(part), tuple(whole)
    value = percent(sum(e.amount_usd_cents or 0 for e in a), sum(e.amount_usd_cents or 0 for e in b))
    return Figure(value, "percent", _SHARE_SQL.format(value="100 * amount_usd"), {"part": a, "whole": b})


def share_of_amount(part: Iterable[Event], whole: Iterable[Event]) -> Figure:
    """Return the amount of `part` in percent of that of `whole`, in the one currency they share.

    Raises
    ------
    ContractError
        The events have more than one currency: use `share_of_usd`.
    """
    a, b = tuple(part), tuple(whole)
    currencies = {e.amount.currency for e in (*a, *b)}
    if len(currencies) > 1:
        raise ContractError(f"share_of_amount needs one currency, found {', '.join(sorted(currencies))}")
    places = max((e.amount.exponent for e in (*a, *b)), default=0)

    def minor(events: tuple[Event, ...]) -> int:
        return sum(e.amount.minor * 10 ** (places - e.amount.exponent) for e in events)

    counter = "side = 'credit' AND counter_amount_minor IS NOT NULL"
    # Powers of ten by way of text: `**` is floating point and inexact from 10**23 on.
    value = (
        f"CASE WHEN {counter} THEN "
        f"counter_amount_minor * CAST('1' || repeat('0', {places} - coalesce(counter_exponent, 0)) AS HUGEINT) "
        f"ELSE amount_minor * CAST('1' || repeat('0', {places} - exponent) AS HUGEINT) END"
    )
    return Figure(percent(minor(a), minor(b)), "percent", _SHARE_SQL.format(value=value), {"part": a, "whole": b})


def largest_day_usd(events: Iterable[Event]) -> Figure:
    """Return the largest total of one business day, in dollars (calendar day UTC where no business day is known)."""
    cited = tuple(events)
    days: dict[object, int] = {}
    for event in cited:
        day = event.business_date or event.time.date()
        days[day] = days.get(day, 0) + (event.amount_usd_cents or 0)
    query = (
        "SELECT coalesce(max(s), 0) FROM (SELECT sum(amount_usd) AS s FROM cited "
        "GROUP BY coalesce(business_date, CAST(event_time AT TIME ZONE 'UTC' AS DATE)))"
    )
    return Figure(usd(max(days.values(), default=0)), "USD", query, {"all": cited})


def n_days(events: Iterable[Event]) -> Figure:
    """Return on how many business days (calendar days UTC where unknown) the events lie."""
    cited = tuple(events)
    value = len({e.business_date or e.time.date() for e in cited})
    query = "SELECT count(DISTINCT coalesce(business_date, CAST(event_time AT TIME ZONE 'UTC' AS DATE))) FROM cited"
    return Figure(Decimal(value), "days", query, {"all": cited})


def hours_between(first: Event, last: Event) -> Figure:
    """Return the hours from `first` to `last`, one decimal, half up."""
    minutes6 = abs(last.time_us - first.time_us)
    value = (Decimal(minutes6) / Decimal(3_600_000_000)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    span = "(epoch_us(max(event_time)) - epoch_us(min(event_time)))"
    query = f"SELECT ({span} * 10 + 1800000000) // 3600000000 * 0.1 FROM cited"
    return Figure(value, "hours", query, {"all": (first, last)})


def stated(value: Decimal | int, unit: str, source: str) -> Figure:
    """Return a figure that comes from a profile or a parameter; `source` names table, key and version."""
    return Figure(Decimal(value), unit, None, {}, source)


def times(figure: Figure, divisor: Decimal, unit: str, source: str) -> Figure:
    """Return `figure` as a multiple of `divisor` (a declared income), one decimal, half up."""
    if divisor <= 0:
        raise ContractError(f"a multiple needs a divisor above 0, found {divisor}")
    value = (figure.value / divisor).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return Figure(value, unit, None, figure.marks, f"{figure.value} {figure.unit} / {divisor}: {source}")


def side_name(side: Side) -> str:
    """Return the side as the alert store spells it."""
    return side.name.lower()


__all__ = [
    "Figure",
    "column_sql",
    "count",
    "distinct",
    "hours_between",
    "largest_day_usd",
    "largest_usd",
    "n_days",
    "percent",
    "share_of_amount",
    "share_of_count",
    "share_of_usd",
    "side_name",
    "stated",
    "times",
    "total_usd",
]
