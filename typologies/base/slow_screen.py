"""A screen evaluated the slow way, from the events of one window: the oracle for the engine's trailing figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from typologies.base.detector import Detector
from typologies.base.events import Side
from typologies.base.expressions import Expr, Measure, Op, Past, Trailing
from typologies.base.reference import number, truth
from typologies.base.window import Event, span_us


def trailing_value(trailing: Trailing, relevant: Expr, events: Sequence[Event], trigger: Event) -> int | None:
    """Return a trailing figure at `trigger`, None if it is unknown.

    Parameters
    ----------
    trailing
        The figure.
    relevant
        Relevance of the typology; a figure counts relevant events only.
    events
        The subject's events up to the trigger, at least those of the figure's window, the trigger included.
    trigger
        The event at which the figure is taken.
    """
    where = relevant if trailing.where is None else relevant & trailing.where
    after = trigger.time_us - span_us(trailing.window)
    values: list[int] = []
    for event in events:
        if event.time_us <= after:
            continue
        counts = truth(where, event.record, event.side)
        if counts is None:
            return None
        if not counts:
            continue
        value = 1 if trailing.value is None else number(trailing.value, event.record, event.side)
        if value is None:
            return None
        values.append(value)
    if trailing.measure is Measure.LARGEST:
        return max(values, default=None)
    return sum(values)


def screen_passes(detector: Detector[Any], events: Sequence[Event], trigger: Event) -> bool:
    """Return whether the detector's screen lets `trigger` through: true or unknown.

    Parameters
    ----------
    detector
        Whose screen.
    events
        The window's events, the trigger last.
    trigger
        The event to screen.
    """
    declared = dict(detector.trailing())
    past = {name: trailing_value(t, detector.relevant(), events, trigger) for name, t in declared.items()}
    return _truth(detector.screen(Past(declared)), past, trigger.record, trigger.side) is not False


def _truth(expr: Expr, past: Mapping[str, int | None], record: tuple[int, ...], side: Side) -> bool | None:
    if expr.op is Op.NOT:
        inner = _truth(expr.args[0], past, record, side)
        return None if inner is None else not inner
    if expr.op in (Op.AND, Op.OR):
        a, b = (_truth(arg, past, record, side) for arg in expr.args)
        decisive = expr.op is Op.OR
        if decisive in (a, b):
            return decisive
        return None if None in (a, b) else not decisive
    x, y = (_number(arg, past, record, side) for arg in expr.args)
    if x is None or y is None:
        return None
    return {Op.EQ: x == y, Op.NE: x != y, Op.LT: x < y, Op.LE: x <= y, Op.GT: x > y, Op.GE: x >= y}[expr.op]


def _number(expr: Expr, past: Mapping[str, int | None], record: tuple[int, ...], side: Side) -> int | None:
    if expr.op is Op.PAST:
        return past[expr.name]
    if expr.op in (Op.ADD, Op.SUB, Op.MUL):
        x, y = (_number(arg, past, record, side) for arg in expr.args)
        if x is None or y is None:
            return None
        return {Op.ADD: x + y, Op.SUB: x - y, Op.MUL: x * y}[expr.op]
    return number(expr, record, side)
