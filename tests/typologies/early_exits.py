"""Judging every window twice: as it is, and without the early exits on columns. Both must say the same.

What an early exit replaced outright is spelled out on events here, as the oracle.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from typologies.base.context import JudgeContext
from typologies.base.detector import ON_BEHALF_OF, Context, Detector
from typologies.base.events import PartyClass, Rail, Side
from typologies.base.explained import is_explained
from typologies.base.expressions import Expr
from typologies.base.findings import Deadline, Finding
from typologies.base.reference import Bound, ReferenceEngine
from typologies.base.trials import History
from typologies.base.window import Event, Window
from typologies.base.windowcolumns import EventRows
from typologies.pass_through.passage import total_usd_cents
from typologies.structuring.examined import branches_side_by_side
from typologies.structuring.lines import is_small_line


def _yes(*_: Any, **__: Any) -> bool:
    return True


class _AnyGlance:
    """A glance that sees nothing against any mode."""

    is_busy, may_pass = False, True

    def __init__(self, *_: Any) -> None:
        pass

    def may_match(self, *_: Any) -> bool:
        return True


def _inflow_in_question(trigger: Event, params: Any, window: Window) -> int | None:
    if trigger.rail is not Rail.P2P or trigger.counterparty_class is not PartyClass.INDIVIDUAL:
        return None
    inflow = total_usd_cents(e for e in window if e.side is Side.CREDIT)
    outflow = total_usd_cents(e for e in window if e.side is Side.DEBIT)
    if inflow is None or outflow is None:
        return None
    explained = (e for e in window if e.side is Side.CREDIT and is_explained(e, params.family_limit_usd_cents))
    unexplained = inflow - (total_usd_cents(explained) or 0)
    holds = (
        unexplained >= params.means_inflow_usd_cents
        and 100 * unexplained >= params.means_unexplained_percent * inflow
        and params.means_out_percent_low * inflow <= 100 * outflow <= params.out_in_percent_high * inflow
    )
    return unexplained if holds else None


def _is_seen_by_beneficiary(window: Window) -> bool:
    if window.role == ON_BEHALF_OF.name:
        return False
    beneficiaries = {event.on_behalf_of for event in window}
    return len(beneficiaries) == 1 and None not in beneficiaries


def _may_show_design(window: Window, params: Any) -> bool:
    reach = timedelta(hours=params.visit_hours)
    near = params.lowest_line_usd_cents * params.near_percent // 100
    n_near = 0
    before: Event | None = None
    for event in window:
        institution = params.institution_type if event.institution_type is None else event.institution_type.name.lower()
        if event.reduced_on_notice or is_small_line(institution, event.rail):
            return True
        cents = event.amount_usd_cents
        n_near += cents is None or near <= cents <= params.highest_line_usd_cents
        if before is not None and event.conductor != before.conductor and event.time - before.time < reach:
            return True
        before = event
    return n_near > 1 or len({e.branch for e in window} - {None}) >= branches_side_by_side(window.role)


def _is_near_all_along(window: Window, params: Any) -> bool:
    floor = params.lowest_line_usd_cents * params.floor_percent // 100
    near = params.lowest_line_usd_cents * params.near_percent // 100
    sizes = [e.amount_usd_cents for e in window if e.amount_usd_cents is not None]
    in_band = [cents for cents in sizes if floor <= cents <= params.highest_line_usd_cents]
    if len(sizes) < len(window):
        return True
    n_near = sum(cents >= near for cents in in_band)
    return bool(n_near * 100 >= params.near_share_percent * len(in_band))


Replacement = Callable[[Window], Any]
_ALWAYS: Replacement = lambda _window: _yes  # noqa: E731

WITHOUT: Mapping[str, Mapping[str, Replacement]] = {
    "bulk_cash": {"detector.may_find": _ALWAYS},
    "funnel_account": {"detector.may_gather_from_senders": _ALWAYS, "detector.may_gather_far_cash": _ALWAYS},
    "pass_through": {
        "detector.Glance": lambda _window: _AnyGlance,
        "detector.inflow_in_question": lambda window: (
            lambda trigger, _, params: _inflow_in_question(trigger, params, window)
        ),
    },
    "structuring": {
        "detector._is_seen_by_beneficiary": lambda _window: _is_seen_by_beneficiary,
        "detector.may_show_design": lambda _window: _may_show_design,
        "examined._is_near_all_along": lambda _window: _is_near_all_along,
    },
}
"""For each typology the functions that look at columns, and what stands in for them."""


class _Untouched(EventRows):
    """Rows that remember whether anybody asked for events."""

    is_read = False

    def events(self) -> Any:
        self.is_read = True
        return super().events()


class Twice(Detector[Any]):
    """The wrapped detector, each window judged with and without early exits.

    Attributes
    ----------
    n_early
        Judgements that ended without an event being made.
    n_results
        Findings and deadlines.
    different
        A line for each window on which the two say different things, or read different context for a finding.
    """

    def __init__(self, typology: str, inner: Detector[Any]) -> None:
        super().__init__(inner.params)
        self._typology = typology
        self._inner = inner
        self.n_early = self.n_results = 0
        self.different: list[str] = []
        # The engine reads these from the instance.
        self.lenses = inner.lenses  # type: ignore[misc]
        self.context_tables = inner.context_tables  # type: ignore[misc]
        self.retrigger_tables = inner.retrigger_tables  # type: ignore[misc]

    @property
    def look_back(self) -> timedelta:
        return self._inner.look_back

    def relevant(self) -> Expr:
        return self._inner.relevant()

    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        assert isinstance(context, JudgeContext)
        other = copy.copy(context)
        other.read = set()
        rows = _Untouched(window.events)
        results = list(self._inner.judge(_with_rows(window, rows), context))
        with ExitStack() as stack:
            for name, make in WITHOUT[self._typology].items():
                stack.enter_context(patch(f"typologies.{self._typology}.{name}", make(window)))
            expected = list(self._inner.judge(window, other))
        self.n_early += not rows.is_read
        self.n_results += len(results)
        if results != expected or (results and context.read != other.read):
            self.different.append(f"{window.role} {window.subject_id} at {window.end_time}: {results} / {expected}")
        return results


def _with_rows(window: Window, rows: EventRows) -> Window:
    head = (window.subject_kind, window.subject_id, window.role, window.trigger, window.start, window.end)
    return Window(*head, rows, window.day_sums)


def judged_twice(bound: Bound, histories: Iterable[History]) -> Twice:
    """Return what came of judging all windows of some histories twice."""
    detector = Twice(bound.typology, bound.detector)
    twice = Bound(bound.typology, bound.version, detector)
    for past in histories:
        ReferenceEngine([twice], past.settings, past.facts).run(past.frame, past.clock_us)
    return detector
