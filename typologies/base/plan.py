"""From detectors to what the kernels need: filters as bits, figures as rows of numbers, for each lens.

Equal filters and equal figures of different typologies are kept once (design.md §4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from typologies.base.chainlayout import COUNT, LARGEST, TOTAL, Int64Array
from typologies.base.columns import COLUMN_IDS, SUBJECT_COLUMNS
from typologies.base.detector import Detector, Lens
from typologies.base.errors import ContractError
from typologies.base.expressions import ALWAYS, Expr, Measure, Op, Past, Trailing, count
from typologies.base.reference import Bound
from typologies.base.window import span_us

MAX_FILTERS = 63
MAX_MEMBERS = 62

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
    count_figure
        Place of the figure that counts the rows of a whole window.
    """

    index: int
    bound: Bound
    lens: Lens
    look_back_us: int
    relevance_bit: int
    count_figure: int


@dataclass(slots=True)
class LensPlan:
    """Everything about one lens in one run.

    Attributes
    ----------
    wheres, filters, screens
        Expressions: who belongs at each position, one a bit, one a member (figures named "figure<n>").
    position_columns, position_sides
        (n_positions, k) numbers of `columns.SUBJECT_COLUMNS`, -1 fills up; (n_positions,).
    values
        Numbers that figures add or compare: column numbers, or -1 - i for `computed[i]`.
    computed
        Value expressions that are more than a column.
    windows, figures
        (n_windows,) microseconds; (n_figures, 4): window, filter bit, value column, operation; ordered by window.
    figure_of
        Figure name to its place.
    """

    lens: Lens
    look_back_us: int
    members: list[Member]
    wheres: list[Expr]
    filters: list[Expr]
    screens: list[Expr]
    position_columns: Int64Array
    position_sides: Int64Array
    values: Int64Array
    computed: list[Expr]
    windows: Int64Array
    figures: Int64Array
    figure_of: dict[str, int]


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
    drafts: list[tuple[int, Bound, int, int]] = []
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
        drafts.append((index, b, relevance_bit, builder.figure(count(detector.look_back), relevant)))
    if len(drafts) > MAX_MEMBERS:
        raise ContractError(f"lens {lens.name}: at most {MAX_MEMBERS} typologies, found {len(drafts)}")
    if len(builder.filters) > MAX_FILTERS:
        raise ContractError(f"lens {lens.name}: at most {MAX_FILTERS} filters, found {len(builder.filters)}")

    positions = sorted(lens.positions, key=lambda p: int(p.side))
    # Figures of one window stand together, so that a window that moves looks at its own figures only.
    order = sorted(range(len(builder.figures)), key=lambda i: builder.figures[i])
    figures = np.array([builder.figures[i] for i in order], np.int64).reshape(-1, 4)
    computed = [value for value in builder.values if value.op is not Op.COLUMN]
    place = {value.key: -1 - i for i, value in enumerate(computed)}
    values = [COLUMN_IDS[v.name] if v.op is Op.COLUMN else place[v.key] for v in builder.values]
    longest = max(len(p.columns) for p in positions)
    subject_columns = [[SUBJECT_COLUMNS.index(c) for c in p.columns] for p in positions]
    place_of = {i: place for place, i in enumerate(order)}
    members = [
        Member(index, b, lens, span_us(b.detector.look_back), bit, place_of[counted])
        for index, b, bit, counted in drafts
    ]
    return LensPlan(
        lens=lens,
        look_back_us=max(m.look_back_us for m in members),
        members=members,
        wheres=[p.where if p.where is not None else ALWAYS for p in positions],
        filters=builder.filters,
        screens=screens,
        position_columns=np.array([c + [-1] * (longest - len(c)) for c in subject_columns], np.int64),
        position_sides=np.array([int(p.side) for p in positions], np.int64),
        values=np.array(values, np.int64),
        computed=computed,
        windows=np.array(builder.windows, np.int64),
        figures=figures,
        figure_of={f"figure{i}": place for i, place in place_of.items()},
    )
