"""From detectors to what the kernels need: filters as bits, figures as rows of numbers, programs for each lens.

Equal filters and equal figures of different typologies are kept once (design.md §4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from typologies.base.chains import COUNT, LARGEST, TOTAL, Int64Array
from typologies.base.columns import COLUMN_IDS, SUBJECT_COLUMNS
from typologies.base.detector import Detector, Lens
from typologies.base.errors import ContractError
from typologies.base.expressions import ALWAYS, Expr, Measure, Op, Past, Trailing
from typologies.base.programs import Program
from typologies.base.reference import Bound
from typologies.base.window import span_us

MAX_FILTERS = 63

_OPERATION = {Measure.COUNT: COUNT, Measure.TOTAL: TOTAL, Measure.LARGEST: LARGEST}


@dataclass(frozen=True, slots=True)
class Member:
    """A typology seen through one lens.

    Attributes
    ----------
    index
        Place of the typology in the run.
    relevance_bit
        Filter bit of `relevant()`.
    screen_output
        Row of the screen program's registers.
    """

    index: int
    bound: Bound
    lens: Lens
    look_back_us: int
    relevance_bit: int
    screen_output: int


@dataclass(slots=True)
class LensPlan:
    """Everything about one lens in one run.

    The *gate* decides with few operations which rows matter to any typology; only those go through the entry program,
    which evaluates every filter and value.
    """

    lens: Lens
    look_back_us: int
    members: list[Member]
    gate_ids: Int64Array
    gate_program: Program
    gate_outputs: Int64Array
    where_outputs: Int64Array
    column_ids: Int64Array
    entry_program: Program
    n_filters: int
    value_outputs: Int64Array
    position_sides: Int64Array
    position_columns: list[Int64Array]
    windows: Int64Array
    starts: Int64Array
    figures: Int64Array
    screen_columns: list[str]
    screen_column_ids: Int64Array
    screen_program: Program


@dataclass(slots=True)
class _Builder:
    filters: list[Expr] = field(default_factory=list)
    values: list[Expr] = field(default_factory=list)
    windows: list[int] = field(default_factory=list)
    figures: list[tuple[int, int, int, int]] = field(default_factory=list)

    def filter(self, expr: Expr) -> int:
        return _place(self.filters, expr)

    def figure(self, trailing: Trailing, relevant: Expr) -> int:
        where = relevant if trailing.where is None else relevant & trailing.where
        window = span_us(trailing.window)
        if window not in self.windows:
            self.windows.append(window)
        value = -1 if trailing.value is None else _place(self.values, trailing.value)
        row = (self.windows.index(window), self.filter(where), value, _OPERATION[trailing.measure])
        if row not in self.figures:
            self.figures.append(row)
        return self.figures.index(row)


def _place(known: list[Expr], expr: Expr) -> int:
    for i, other in enumerate(known):
        if other.key == expr.key:
            return i
    known.append(expr)
    return len(known) - 1


def _columns_of(expr: Expr, into: set[str]) -> None:
    if expr.op is Op.COLUMN:
        into.add(expr.name)
    for arg in expr.args:
        _columns_of(arg, into)


def _program(exprs: Sequence[Expr]) -> tuple[Int64Array, Program]:
    """Return the numbers of the columns that some expressions need, and their program over these columns."""
    used: set[str] = set()
    for expr in exprs:
        _columns_of(expr, used)
    names = sorted(used)
    ids = np.array([COLUMN_IDS[name] for name in names], np.int64)
    return ids, Program(exprs, {name: i for i, name in enumerate(names)})


def _renamed(expr: Expr, names: dict[str, int]) -> Expr:
    """Return `expr` with a typology's own figure names replaced by figure numbers of the lens."""
    if expr.op is Op.PAST:
        return Expr(Op.PAST, name=f"figure{names[expr.name]}")
    if not expr.args:
        return expr
    return Expr(expr.op, tuple(_renamed(arg, names) for arg in expr.args), expr.name, expr.value)


def _checked(detector: Detector[Any], name: str, trailing: Trailing) -> None:
    if not 0 < span_us(trailing.window) <= span_us(detector.look_back):
        raise ContractError(
            f"{type(detector).__name__}: the window of {name} must be above 0 and at most the look-back "
            f"{detector.look_back}, found {trailing.window}"
        )


def plan_lenses(bound: Sequence[Bound]) -> list[LensPlan]:
    """Return a plan for each lens that some detector uses, in order of lens names.

    Raises
    ------
    ContractError
        A window longer than the look-back, an unknown column, too many filters, equal lens names with other positions.
    """
    lenses: dict[str, Lens] = {}
    for b in bound:
        for lens in b.detector.lenses:
            if lenses.setdefault(lens.name, lens) is not lens and repr(lenses[lens.name]) != repr(lens):
                raise ContractError(f"two lenses are named {lens.name!r}")
    return [_plan_lens(lenses[name], bound) for name in sorted(lenses)]


def _plan_lens(lens: Lens, bound: Sequence[Bound]) -> LensPlan:
    builder = _Builder()
    screens: list[Expr] = []
    drafts: list[tuple[int, Bound, int]] = []
    for index, b in enumerate(bound):
        if lens.name not in {other.name for other in b.detector.lenses}:
            continue
        detector = b.detector
        relevant = detector.relevant()
        relevance_bit = builder.filter(relevant)
        declared = dict(detector.trailing())
        names: dict[str, int] = {}
        for name, trailing in declared.items():
            _checked(detector, name, trailing)
            names[name] = builder.figure(trailing, relevant)
        screens.append(_renamed(detector.screen(Past(declared)), names))
        drafts.append((index, b, relevance_bit))
    if len(builder.filters) > MAX_FILTERS:
        raise ContractError(f"lens {lens.name}: at most {MAX_FILTERS} filters, found {len(builder.filters)}")

    positions = sorted(lens.positions, key=lambda p: int(p.side))
    wheres = [p.where if p.where is not None else ALWAYS for p in positions]
    relevances = [builder.filters[bit] for bit in sorted({bit for _, _, bit in drafts})]
    gate_ids, gate_program = _program([*relevances, *wheres])
    gates = gate_program.outputs
    column_ids, entry_program = _program([*builder.filters, *builder.values])
    n_filters = len(builder.filters)

    screen_used: set[str] = set()
    for expr in screens:
        _columns_of(expr, screen_used)
    screen_columns = sorted(screen_used)
    inputs = {name: i for i, name in enumerate(screen_columns)}
    # Figures of one window stand together, so that a window that moves looks at its own figures only.
    order = sorted(range(len(builder.figures)), key=lambda i: builder.figures[i])
    figures = np.array([builder.figures[i] for i in order], np.int64).reshape(-1, 4)
    inputs |= {f"past.figure{i}": len(screen_columns) + place for place, i in enumerate(order)}
    screen_program = Program(screens, inputs)
    members = [
        Member(index, b, lens, span_us(b.detector.look_back), bit, int(screen_program.outputs[k]))
        for k, (index, b, bit) in enumerate(drafts)
    ]
    return LensPlan(
        lens=lens,
        look_back_us=max(m.look_back_us for m in members),
        members=members,
        gate_ids=gate_ids,
        gate_program=gate_program,
        gate_outputs=gates[: len(relevances)].copy(),
        where_outputs=gates[len(relevances) :].copy(),
        column_ids=column_ids,
        entry_program=entry_program,
        n_filters=n_filters,
        value_outputs=entry_program.outputs[n_filters:].copy(),
        position_sides=np.array([int(p.side) for p in positions], np.int64),
        position_columns=[np.array([SUBJECT_COLUMNS.index(c) for c in p.columns], np.int64) for p in positions],
        windows=np.array(builder.windows, np.int64),
        starts=np.searchsorted(figures[:, 0], np.arange(len(builder.windows) + 1)).astype(np.int64),
        figures=figures,
        screen_columns=screen_columns,
        screen_column_ids=np.array([COLUMN_IDS[name] for name in screen_columns], np.int64),
        screen_program=screen_program,
    )
