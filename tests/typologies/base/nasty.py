"""Nasty small histories and the detectors they are run through.

Times lie on a grid that the look-backs and the lateness are multiples of, so that events at exactly t - W, at the floor
and at one another's deadlines come by themselves; some are a microsecond off. Few subjects, few amounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.typologies_for_tests.broadcast_line import BroadcastLine, BroadcastLineParams
from tests.typologies_for_tests.cash_by_role import CashByRole, CashByRoleParams
from tests.typologies_for_tests.fingerprint import Fingerprint, FingerprintParams
from tests.typologies_for_tests.hub_total import HubTotal, HubTotalParams
from tests.typologies_for_tests.income_multiple import IncomeMultiple, IncomeMultipleParams
from tests.typologies_for_tests.no_school_payee import NoSchoolPayee, NoSchoolPayeeParams
from typologies.base.cases import events_frame
from typologies.base.detector import ACCOUNT, CONDUCTOR, ON_BEHALF_OF, PARTY
from typologies.base.encoding import encode
from typologies.base.events import Kind, Purpose, Side
from typologies.base.expressions import Expr, Op, Trailing, col, count, largest, total
from typologies.base.facts import Fact
from typologies.base.reference import Bound
from typologies.base.settings import EngineSettings
from typologies.base.strings import Interner
from typologies.base.trials import Deliver, History, Idle, Restart, Schedule, Step, history, in_batches, with_late_facts
from typologies.base.window import span_us

START = datetime(2025, 3, 3, tzinfo=UTC)
UNIT = timedelta(hours=8)
N_UNITS = 48
SETTINGS = EngineSettings(lateness=timedelta(days=1), reversals_within=timedelta(0), row_cap=2_000)


def _past(name: str) -> Expr:
    return Expr(Op.PAST, name=name)


def _screened(
    name: str, trailing: dict[str, Trailing], screen: Expr, look_back: timedelta = timedelta(days=4), **more: Any
) -> tuple[str, Fingerprint]:
    params = FingerprintParams(look_back=look_back, one_in=2, deadline_one_in=0)
    return name, Fingerprint(params, trailing=trailing, screen=screen, **more)


_CREDIT = col.side == Side.CREDIT
_DEBIT = col.side == Side.DEBIT

DETECTORS: dict[str, Bound] = {
    name: Bound(name, "1.0.0", detector)
    for name, detector in (
        ("everything", Fingerprint(FingerprintParams())),
        ("everything_long", Fingerprint(FingerprintParams(look_back=timedelta(days=5), one_in=3))),
        ("everything_short", Fingerprint(FingerprintParams(look_back=UNIT, one_in=1, deadline_one_in=2))),
        (
            "roles",
            Fingerprint(
                FingerprintParams(look_back=timedelta(days=3)), lenses=(ON_BEHALF_OF, CONDUCTOR, PARTY, ACCOUNT)
            ),
        ),
        (
            "some",
            Fingerprint(
                FingerprintParams(look_back=timedelta(days=3)),
                relevant=(col.amount_usd >= 200_00) | (col.is_self == 1) | (col.kind == Kind.CARD),
            ),
        ),
        ("deadlines", Fingerprint(FingerprintParams(look_back=timedelta(days=2), one_in=2, deadline_one_in=1))),
        _screened("counted", {"n": count(timedelta(days=2))}, _past("n") >= 3),
        _screened(
            "summed",
            {"total_in": total(col.amount_usd, timedelta(days=3), where=_CREDIT), "n": count(UNIT)},
            (_past("total_in") >= 500_00) & (_past("n") <= 4),
        ),
        _screened(
            "largest",
            {
                "top": largest(col.amount_usd, timedelta(days=2), where=_CREDIT),
                "top_out": largest(col.amount_usd, timedelta(days=4), where=_DEBIT),
            },
            (_DEBIT & (_past("top") <= 300_00)) | (_past("top_out") < _past("top")),
        ),
        _screened(
            "none_before",
            {"n_large": count(timedelta(days=4), where=col.amount_usd >= 300_00)},
            (_past("n_large") == 1) & ~(col.purpose == Purpose.PAYROLL),
            lenses=(PARTY, ACCOUNT),
        ),
        _screened(
            "arithmetic",
            {
                "twice": total(col.amount_usd * 2, timedelta(days=1)),
                "n_self": count(timedelta(days=4), where=col.is_self == 1),
                "day": largest(col.business_date, timedelta(days=4)),
                "wide": total(col.amount * 4_000_000_000_000_000, timedelta(days=2)),
            },
            ((_past("twice") - col.amount_usd * 2 > 400_00) & (_past("wide") > 0))
            | (_past("n_self") * 3 >= 3)
            | (_past("day") > col.business_date),
        ),
        _screened(
            "odd",
            {
                "n_more": count(timedelta(days=2), where=col.amount >= col.amount_usd * 3),
                "same": total(col.amount_usd, timedelta(days=3), where=~(col.amount_usd == col.amount)),
                "n": count(timedelta(days=4), where=(col.amount_usd > 100_00) & (col.amount_usd <= 300_00)),
            },
            ((_past("n_more") >= 1) & (col.amount_usd + 1 > col.amount))
            | ((_past("same") <= 300_00) & (_past("n") != 2))
            | ~((_past("n") - _past("n_more") >= 0) | (col.exponent == 3)),
        ),
        ("no_school_payee", NoSchoolPayee(NoSchoolPayeeParams())),
        ("income_multiple", IncomeMultiple(IncomeMultipleParams())),
        ("hub_total", HubTotal(HubTotalParams())),
        ("cash_by_role", CashByRole(CashByRoleParams())),
        ("broadcast_line", BroadcastLine(BroadcastLineParams())),
    )
}
"""Detectors by name; those that are only a name here are `Fingerprint`s with another view."""

_ACCOUNTS = ("a", "b", "c", "d")
_PARTIES = ("p", "q")
_AMOUNTS = (100_00, 200_00, 300_00, 500_00)


def moment(units: int, microseconds: int = 0) -> datetime:
    """Return a time on the grid, or a few microseconds beside it."""
    return START + units * UNIT + timedelta(microseconds=microseconds)


_offsets = st.sampled_from((0, 0, 0, 0, -1, 1))
_times = st.builds(moment, st.integers(0, N_UNITS), _offsets)


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """Return one event: payment, cash or card, often with something unknown."""
    kind = draw(st.sampled_from(("payment", "payment", "cash", "cash", "card")))
    amount = draw(st.sampled_from(_AMOUNTS))
    row: dict[str, Any] = {"event_time": draw(_times), "kind": kind, "amount": amount}
    is_credit = draw(st.booleans())
    if kind != "cash" or not is_credit:
        row["debtor_account"] = draw(st.sampled_from(_ACCOUNTS))
        row["debtor"] = draw(st.sampled_from((None, *_PARTIES)))
    if kind != "cash" or is_credit:
        row["creditor_account"] = draw(st.sampled_from((*_ACCOUNTS, None) if kind == "payment" else _ACCOUNTS))
        row["creditor"] = draw(st.sampled_from((None, *_PARTIES)))
    if kind == "cash":
        row["conductor"] = draw(st.sampled_from((None, *_PARTIES)))
        row["on_behalf_of"] = draw(st.sampled_from((None, None, *_PARTIES)))
        row["business_date"] = draw(st.sampled_from((None, START.date(), START.date() + timedelta(days=3))))
    row["purpose"] = draw(st.sampled_from((None, "tuition", "tuition", "payroll")))
    row["creditor_class"] = draw(st.sampled_from((None, "school", "individual")))
    row["amount_usd"] = draw(st.sampled_from((amount, amount, amount, None)))
    if draw(st.integers(0, 5)) == 0:
        row["memo"] = draw(st.sampled_from(("Miete März", "学费", "x" * 40)))
        row |= {"counter_amount": amount * 9, "counter_exponent": 3, "counter_currency": "TND"}
    return row


_deliveries = st.sampled_from(
    ("duplicate", "other content", "retraction", "retraction by key", "retraction of nothing")
)


@st.composite
def frames(draw: st.DrawFn, max_size: int) -> list[dict[str, Any]]:
    """Return events and what becomes of some: again, other content, retractions, deliveries that come and go."""
    events = draw(st.lists(rows(), min_size=1, max_size=max_size))
    for i, row in enumerate(events):
        row["event_id"] = f"e{i}"
        row["source"] = "other" if i % 7 == 6 else "case"
    delivered = list(events)
    for kind, i in draw(st.lists(st.tuples(_deliveries, st.integers(0, len(events) - 1)), max_size=max_size // 3)):
        row = dict(events[i])
        if kind == "other content":
            row |= {"amount": row["amount"] + 1, "amount_usd": row["amount"] + 1}
        elif kind == "delivery":
            row["delivery"] = f"d{len(delivered) % 2}"
        elif kind == "withdrawal":
            row |= {"kind": "retraction", "delivery": f"d{len(delivered) % 2}"}
        elif kind != "duplicate":
            row["kind"] = "retraction"
            if kind == "retraction by key":
                row["retracts_key"] = key_of(events[i])
            elif kind == "retraction of nothing":
                row["retracts_key"] = "0" * 32
        delivered.append(row)
    return delivered


def key_of(row: dict[str, Any]) -> str:
    """Return the event key of a row."""
    record = encode(events_frame([row]), Interner()).records[0]
    return f"{int(record['key_hi']):016x}{int(record['key_lo']):016x}"


@st.composite
def facts(draw: st.DrawFn) -> list[Fact]:
    """Return profile versions, lines and exemptions that begin, end and become known in the span."""
    found: list[Fact] = []
    for table, keys in (
        ("account_profile", _ACCOUNTS[:2]),
        ("party_profile", _PARTIES[:1]),
        ("threshold", ("x", "y")),
        ("allowlist", ("a",)),
    ):
        for key in keys:
            for _ in range(draw(st.integers(0, 2))):
                begin = draw(_times)
                until = draw(st.sampled_from((None, None, 6)))
                found.append(
                    Fact(
                        table=table,
                        key=key,
                        valid_from=begin,
                        known_at=max(begin, draw(_times)) if draw(st.booleans()) else draw(_times),
                        values={"declared_income": draw(st.sampled_from((100_00, 400_00))), "line_cents": 200_00},
                        valid_to=None if until is None else begin + until * UNIT,
                    )
                )
    return found


@st.composite
def histories(
    draw: st.DrawFn, settings: EngineSettings = SETTINGS, max_size: int = 24, with_facts: bool = True
) -> History:
    """Return a history."""
    frame = events_frame(draw(frames(max_size)))
    return history("nasty", frame, draw(facts()) if with_facts else (), settings)


detector_sets = st.lists(st.sampled_from(sorted(DETECTORS)), min_size=1, max_size=4, unique=True).map(
    lambda names: [DETECTORS[name] for name in names]
)


@st.composite
def arrival_orders(draw: st.DrawFn, past: History) -> list[int]:
    """Return the rows in an order of arrival within the lateness; delays lie on the grid, so floors are met exactly."""
    n = past.frame.height
    kinds = past.frame["kind"].to_list()
    steps = span_us(past.settings.lateness) // span_us(UNIT)
    more = span_us(past.settings.reversals_within) // span_us(UNIT)
    delays = [draw(st.integers(0, steps + (more if kind == "retraction" else 0))) * span_us(UNIT) for kind in kinds]
    ties = draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    return [int(i) for i in np.lexsort((np.array(ties), past.times_us + np.array(delays, np.int64)))]


@st.composite
def schedules(
    draw: st.DrawFn, past: History, *, tell: bool = False, restarts: bool = True, order: Sequence[int] | None = None
) -> Schedule:
    """Return a way for a history to arrive: order, batches, idle marks, restarts, facts in between if `tell`."""
    arrived = draw(arrival_orders(past)) if order is None else list(order)
    sizes = draw(st.lists(st.integers(1, 6), max_size=len(arrived)))
    steps: list[Step] = []
    for step in in_batches(arrived, sizes):
        steps.append(step)
        if restarts and draw(st.integers(0, 3)) == 3:
            steps.append(Restart())
    steps = _with_idle(draw, past, steps)
    return with_late_facts(past, tuple(steps)) if tell else tuple(steps)


def _with_idle(draw: st.DrawFn, past: History, steps: list[Step]) -> list[Step]:
    times = past.times_us
    lateness = past.settings.lateness_us
    earliest = past.clock_us
    found: list[Step] = []
    for step in reversed(steps):
        if draw(st.integers(0, 3)) == 3:
            # As far as the rows still to come allow: they then stand exactly at the floor.
            found.append(Idle(min(earliest + lateness, past.clock_us)))
        found.append(step)
        if isinstance(step, Deliver) and step.rows:
            earliest = min(earliest, int(times[list(step.rows)].min()))
    return found[::-1]
