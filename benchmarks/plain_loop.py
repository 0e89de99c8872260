"""The plain alternative: one Python object an event, a loop, a dict of deques. Relevance and screens as the engine's.

The loop is what one would write by hand for the same rules. It is made from the detectors' own expressions, as Python
source that is compiled once (no interpretation of trees, constants folded in, one deque a figure), so that it cannot
differ from the rules and pays nothing for being general. It does less than the engine: order is given, no duplicates,
no late events, no retractions, no eviction of silent subjects, no judges, no episodes.

An unknown operand lets an event pass, as in the engine: `passes` of an expression is "not false", `holds` is "true";
both are made of plain and/or/not because Kleene's logic is: not-false of (a and b) is not-false a and not-false b.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import polars as pl

from typologies.base.columns import SUBJECT_COLUMNS
from typologies.base.detector import Position
from typologies.base.events import ENUM_COLUMNS
from typologies.base.expressions import Expr, Measure, Op, Past, Trailing
from typologies.base.reference import Bound
from typologies.base.window import span_us


@dataclass(slots=True)
class PlainEvent:
    """An event as an object, with what expressions can ask for. Enums are numbers, 0 unknown; other unknowns None."""

    time: int
    kind: int
    rail: int
    channel: int
    purpose: int
    debtor_class: int
    creditor_class: int
    institution_type: int
    amount_usd: int | None
    amount: int | None
    exponent: int
    business_date: int | None
    ctr_filed: bool | None
    reduced_on_notice: bool | None
    debtor_account: str | None
    creditor_account: str | None
    debtor: str | None
    creditor: str | None
    conductor: str | None
    on_behalf_of: str | None
    branch: str | None
    place: str | None


_NULLABLE = frozenset({"amount_usd", "amount", "business_date", "ctr_filed", "reduced_on_notice"})
_DERIVED = {
    "is_self": "(e.debtor_account is not None and e.debtor_account == e.creditor_account)",
    "has_debtor_account": "(e.debtor_account is not None)",
    "has_creditor_account": "(e.creditor_account is not None)",
    "has_conductor": "(e.conductor is not None)",
    "has_on_behalf_of": "(e.on_behalf_of is not None)",
    "has_branch": "(e.branch is not None)",
    "has_place": "(e.place is not None)",
}
_SYMBOLS = {Op.EQ: "==", Op.NE: "!=", Op.LT: "<", Op.LE: "<=", Op.GT: ">", Op.GE: ">="}
_FOLDED: dict[Op, Callable[[int, int], bool]] = {
    Op.EQ: lambda a, b: a == b,
    Op.NE: lambda a, b: a != b,
    Op.LT: lambda a, b: a < b,
    Op.LE: lambda a, b: a <= b,
    Op.GT: lambda a, b: a > b,
    Op.GE: lambda a, b: a >= b,
}
_TRUE, _FALSE = "True", "False"


def plain_events(frame: pl.DataFrame) -> Iterator[PlainEvent]:
    """Yield the rows of a canonical frame as objects."""
    numbers = {
        name: pl.col(name).replace_strict({m.name.lower(): int(m) for m in enum}, default=0, return_dtype=pl.Int64)
        for name, enum in ENUM_COLUMNS.items()
    }
    columns = [
        numbers[name].fill_null(0).alias(name) if name in numbers else pl.col(name)
        for name in (field.name for field in fields(PlainEvent))
        if name != "time"
    ]
    decoded = frame.select(pl.col("event_time").dt.timestamp("us").alias("time"), *columns).with_columns(
        pl.col("amount").cast(pl.Int64), pl.col("business_date").cast(pl.Int32)
    )
    for row in decoded.iter_rows():
        yield PlainEvent(*row)


def _all(parts: Sequence[str]) -> str:
    return _joined(parts, " and ", decides=_FALSE, neutral=_TRUE)


def _any(parts: Sequence[str]) -> str:
    return _joined(parts, " or ", decides=_TRUE, neutral=_FALSE)


def _joined(parts: Sequence[str], word: str, *, decides: str, neutral: str) -> str:
    if decides in parts:
        return decides
    kept = [part for part in dict.fromkeys(parts) if part != neutral]
    return neutral if not kept else kept[0] if len(kept) == 1 else f"({word.join(kept)})"


class _Source:
    """Python source of expressions, for one side."""

    def __init__(self, side: int, figure_names: Sequence[str]) -> None:
        self._side = side
        self._figures = {name: f"f{i}" for i, name in enumerate(figure_names)}

    def passes(self, expr: Expr) -> str:
        """Return source that says whether `expr` is not false."""
        return self._logic(expr, unknown_passes=True)

    def holds(self, expr: Expr) -> str:
        """Return source that says whether `expr` is true."""
        return self._logic(expr, unknown_passes=False)

    def number(self, expr: Expr) -> tuple[str, frozenset[str]]:
        """Return source of a number, and the names in it that may be None."""
        if expr.op is Op.CONST:
            return str(expr.value), frozenset()
        if expr.op is Op.PAST:
            name = self._figures[expr.name]
            return name, frozenset({name})
        if expr.op is Op.COLUMN:
            if expr.name == "side":
                return str(self._side), frozenset()
            source = _DERIVED.get(expr.name, f"e.{expr.name}")
            return source, frozenset({source}) if expr.name in _NULLABLE else frozenset()
        (a, a_null), (b, b_null) = map(self.number, expr.args)
        return f"({a} {expr.op.value} {b})", a_null | b_null

    def _logic(self, expr: Expr, *, unknown_passes: bool) -> str:
        if expr.op is Op.NOT:
            inner = self._logic(expr.args[0], unknown_passes=not unknown_passes)
            return {_TRUE: _FALSE, _FALSE: _TRUE}.get(inner, f"(not {inner})")
        if expr.op in (Op.AND, Op.OR):
            parts = [self._logic(arg, unknown_passes=unknown_passes) for arg in expr.args]
            return _all(parts) if expr.op is Op.AND else _any(parts)
        (a, a_null), (b, b_null) = map(self.number, expr.args)
        if not (a_null or b_null) and a.lstrip("-").isdigit() and b.lstrip("-").isdigit():
            return str(_FOLDED[expr.op](int(a), int(b)))
        test = f"{a} {_SYMBOLS[expr.op]} {b}"
        names = sorted(a_null | b_null)
        if unknown_passes:
            return f"({' or '.join([*(f'{name} is None' for name in names), test])})"
        return f"({' and '.join([*(f'{name} is not None' for name in names), test])})"


class _Step:
    """Writes the source of a function (event, states) -> passed, for one detector and one position of a lens.

    A subject's state is a flat list. Figures of the same filter and window share a deque, and what was checked once is
    not checked again: as one would write it.
    """

    def __init__(self, bound: Bound, position: Position) -> None:
        detector = bound.detector
        declared = dict(detector.trailing())
        relevant = detector.relevant()
        self._source = _Source(int(position.side), list(declared))
        self._lines = ["def step(e, states):"]
        self._conditions: dict[str, str] = {}
        self._state: list[str] = []
        applies = self._source.passes(relevant if position.where is None else position.where & relevant)
        self.is_ever_relevant = applies != _FALSE
        self._add(f"if not {applies}: return False")
        self._subject(position)
        holds = self._source.holds(relevant)
        is_certain = holds == self._source.passes(relevant)
        # From here on relevance is not false; only where it can be unknown must it be asked whether it is true.
        self._relevance = _TRUE if is_certain else self._condition(holds)
        groups: dict[tuple[int, str], list[tuple[int, Trailing]]] = {}
        for i, trailing in enumerate(declared.values()):
            where = "" if trailing.where is None else trailing.where.key
            groups.setdefault((span_us(trailing.window), where), []).append((i, trailing))
        for (window, _), figures in groups.items():
            self._group(window, figures)
        self._add(f"return {self._source.passes(detector.screen(Past(declared)))}")
        self._lines[self._state_line] = f"    if s is None: s = states[subject] = [{', '.join(self._state)}]"

    @property
    def text(self) -> str:
        """The source."""
        return "\n".join(self._lines)

    def _add(self, text: str, depth: int = 1) -> None:
        self._lines.append("    " * depth + text)

    def _subject(self, position: Position) -> None:
        for i, column in enumerate(position.columns):
            if column not in SUBJECT_COLUMNS:
                raise ValueError(f"no subject column {column!r}")
            self._add(f"subject = e.{column}" if i == 0 else f"if subject is None: subject = e.{column}")
        self._add("if subject is None: return False")
        self._add("s = states.get(subject)")
        self._state_line = len(self._lines)
        self._add("")
        self._add("t = e.time")

    def _group(self, window: int, figures: list[tuple[int, Trailing]]) -> None:
        """Add the lines that move figures on to the event's time, take the event in and name figure i `f<i>`."""
        queue = self._slot("deque()")
        where = figures[0][1].where
        holds = _all([self._relevance, _TRUE if where is None else self._source.holds(where)])
        passes = _TRUE if where is None else self._source.passes(where)
        values = [self._value(trailing) for _, trailing in figures]
        slots = [(self._slot("0"), self._slot("0")) for _ in figures]
        is_known = holds == passes
        names = [f"x{k}" for k in range(len(figures))]
        self._add(f"q = {queue}")
        self._add(f"limit = t - {window}")
        self._add("while q and q[0][0] <= limit:")
        self._add(f"_, {', '.join(names)} = q.popleft()", 2)
        for name, slot, (_, trailing) in zip(names, slots, figures, strict=True):
            self._account(name, slot, trailing, "-=", is_known=False)
        is_in = self._condition(holds)
        may_be_in = _FALSE if is_known else self._condition(passes)
        if is_in != _FALSE:
            self._add(f"if {is_in}:")
            for name, (value, null) in zip(names, values, strict=True):
                unknown_if = " or ".join(f"{n} is None" for n in sorted(null))
                self._add(f"{name} = None if {unknown_if} else {value}" if null else f"{name} = {value}", 2)
            self._add(f"q.append((t, {', '.join(names)}))", 2)
            for name, slot, (_, trailing), (_, null) in zip(names, slots, figures, values, strict=True):
                self._account(name, slot, trailing, "+=", is_known=not null)
        if may_be_in != _FALSE:
            self._add(f"{'if' if is_in == _FALSE else 'elif'} {may_be_in}:")
            self._add(f"q.append((t, {', '.join(['None'] * len(names))}))", 2)
            for _, unknown in slots:
                self._add(f"{unknown} += 1", 2)
        for k, ((i, trailing), (total, unknown)) in enumerate(zip(figures, slots, strict=True)):
            is_largest = trailing.measure is Measure.LARGEST
            known = f"max((x[{k + 1}] for x in q), default=None)" if is_largest else total
            self._add(f"f{i} = None if {unknown} else {known}")

    def _account(self, name: str, slot: tuple[str, str], trailing: Trailing, sign: str, *, is_known: bool) -> None:
        total, unknown = slot
        is_sum = trailing.measure is not Measure.LARGEST
        if is_known:
            if is_sum:
                self._add(f"{total} {sign} {name}", 2)
            return
        self._add(f"if {name} is None: {unknown} {sign} 1", 2)
        if is_sum:
            self._add(f"else: {total} {sign} {name}", 2)

    def _value(self, trailing: Trailing) -> tuple[str, frozenset[str]]:
        return ("1", frozenset()) if trailing.value is None else self._source.number(trailing.value)

    def _condition(self, source: str) -> str:
        """Return a name for a condition, computed once."""
        if source in (_TRUE, _FALSE):
            return source
        if source not in self._conditions:
            self._conditions[source] = f"c{len(self._conditions)}"
            self._add(f"{self._conditions[source]} = {source}")
        return self._conditions[source]

    def _slot(self, initial: str) -> str:
        self._state.append(initial)
        return f"s[{len(self._state) - 1}]"


class PlainLoop:
    """The loop over all detectors, lenses and positions.

    Parameters
    ----------
    bound
        Detectors with id and version.
    """

    def __init__(self, bound: Sequence[Bound]) -> None:
        self.passes: Counter[tuple[str, str]] = Counter()
        self.source: list[str] = []
        self._steps: list[tuple[tuple[str, str], Callable[[PlainEvent, dict[str, Any]], bool], dict[str, Any]]] = []
        for b in bound:
            for lens in b.detector.lenses:
                states: dict[str, Any] = {}
                for position in sorted(lens.positions, key=lambda p: int(p.side)):
                    step = _Step(b, position)
                    if not step.is_ever_relevant:
                        continue
                    names: dict[str, Any] = {"deque": deque}
                    exec(compile(step.text, f"<{b.typology} {lens.name}>", "exec"), names)
                    self.source.append(step.text)
                    self._steps.append(((b.typology, lens.name), names["step"], states))

    def run(self, events: Iterable[PlainEvent]) -> None:
        """Take in events in order and count what passes which screen."""
        steps, passes = self._steps, self.passes
        for event in events:
            for name, step, states in steps:
                if step(event, states):
                    passes[name] += 1
