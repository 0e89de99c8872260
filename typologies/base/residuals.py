"""What is left of a screen once a row's own columns are known: a small tree over the subject's figures.

A screen mixes facts of the row (its rail, its amount) with figures of its subject. Rows fall into few classes
(`rowclasses`), so the first half is worked out once a class, by Kleene's rules; the rest, often a few comparisons or
nothing at all, is run row by row straight from the figures, and stops as soon as the answer stands.

Each rest also has a *bound*: the same tree with every figure replaced by the most it can be, which is known without
keeping windows (all retained rows of the subject). Where even that fails, the figures are not worked out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from typologies.base.chaincode import (
    ADD,
    AND,
    COLUMN,
    COMPARE_FIGURE,
    CONST,
    FIGURE,
    HIGHEST,
    IF_FALSE,
    IF_TRUE,
    MAX_DEPTH,
    OR,
    SUB,
)
from typologies.base.chaincode import MUL as MULTIPLY
from typologies.base.errors import ContractError
from typologies.base.expressions import Expr, Op
from typologies.base.programs import FALSE, TRUE, UNKNOWN

Int64Array = npt.NDArray[np.int64]

NEVER, ALWAYS = 0, 1
"""Numbers of the two rests that ask nothing."""

_COMPARISONS = (Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE)
_NEGATED = {Op.EQ: Op.NE, Op.NE: Op.EQ, Op.LT: Op.GE, Op.GE: Op.LT, Op.LE: Op.GT, Op.GT: Op.LE}
_MIRRORED = {Op.EQ: Op.EQ, Op.NE: Op.NE, Op.LT: Op.GT, Op.GT: Op.LT, Op.LE: Op.GE, Op.GE: Op.LE}
_HIGHEST = "highest:"
_ARITHMETIC = {Op.ADD: ADD, Op.SUB: SUB, Op.MUL: MULTIPLY}


@dataclass(frozen=True, slots=True, eq=False)
class Compare:
    """Two numbers compared; unknown if one of them is."""

    op: Op
    left: Expr
    right: Expr

    @property
    def key(self) -> str:
        """Text: equal texts are the same condition."""
        return f"({self.left.key} {self.op.value} {self.right.key})"


@dataclass(frozen=True, slots=True, eq=False)
class Join:
    """Several conditions, all of them (`Op.AND`) or one (`Op.OR`)."""

    op: Op
    items: tuple[Node, ...]

    @property
    def key(self) -> str:
        """Text: equal texts are the same condition."""
        return f"({f' {self.op.value} '.join(_key(item) for item in self.items)})"


Node = int | Compare | Join
"""A truth value, a comparison or a join. Negation is pushed down to the comparisons, where Kleene's rules allow it."""


def has_past(expr: Expr) -> bool:
    """Return whether a figure occurs in the tree."""
    return expr.op is Op.PAST or any(has_past(arg) for arg in expr.args)


def row_atoms(expr: Expr) -> list[Expr]:
    """Return the largest logical parts of a screen without figures, each once."""
    if not has_past(expr):
        return [expr]
    if expr.op not in (Op.AND, Op.OR, Op.NOT):
        return []
    found: dict[str, Expr] = {}
    for arg in expr.args:
        found |= {atom.key: atom for atom in row_atoms(arg)}
    return list(found.values())


def rest(expr: Expr, truths: Mapping[str, int], *, is_negated: bool = False) -> Node:
    """Return a screen with the truth values of its `row_atoms` filled in."""
    known = truths.get(expr.key)
    if known is not None:
        return 2 - known if is_negated else known
    if expr.op is Op.NOT:
        return rest(expr.args[0], truths, is_negated=not is_negated)
    if expr.op in (Op.AND, Op.OR):
        is_and = (expr.op is Op.AND) != is_negated
        return _joined(Op.AND if is_and else Op.OR, [rest(arg, truths, is_negated=is_negated) for arg in expr.args])
    return Compare(_NEGATED[expr.op] if is_negated else expr.op, *expr.args)


def _joined(op: Op, items: Sequence[Node]) -> Node:
    decisive, neutral = (FALSE, TRUE) if op is Op.AND else (TRUE, FALSE)
    kept: dict[str, Node] = {}
    for item in items:
        inner = item.items if isinstance(item, Join) and item.op is op else (item,)
        kept |= {_key(part): part for part in inner if part != neutral}
    if _key(decisive) in kept:
        return decisive
    if not kept:
        return neutral
    if len(kept) == 1:
        return next(iter(kept.values()))
    return Join(op, tuple(sorted(kept.values(), key=_rank)))


def _key(node: Node) -> str:
    return str(node) if isinstance(node, int) else node.key


def _rank(node: Node) -> tuple[bool, int]:
    """Return the order in which conditions are asked: what most rows fail (at least so many, so much) comes first."""
    is_least = isinstance(node, Compare) and node.op in (Op.GE, Op.GT) and node.right.op is Op.CONST
    return not is_least, _size(node)


def _size(node: Node) -> int:
    if isinstance(node, int):
        return 0
    if isinstance(node, Compare):
        return _terms(node.left) + _terms(node.right)
    return sum(_size(item) for item in node.items)


def _terms(expr: Expr) -> int:
    return 1 + sum(_terms(arg) for arg in expr.args)


# Bounds


def bound_of(node: Node, is_bounded: Callable[[str], bool]) -> Node:
    """Return a condition that is false only where `node` is: figures lie between 0 and their `highest`.

    Parameters
    ----------
    is_bounded
        Whether a figure (by name) lies there: counts, and sums of values that are not negative.
    """
    if isinstance(node, int):
        return FALSE if node == FALSE else TRUE
    if isinstance(node, Join):
        return _joined(node.op, [bound_of(item, is_bounded) for item in node.items])
    (low_a, high_a), (low_b, high_b) = _interval(node.left, is_bounded), _interval(node.right, is_bounded)
    if node.op in (Op.GE, Op.GT):
        return _bound_compare(node.op, high_a, low_b)
    if node.op in (Op.LE, Op.LT):
        return _bound_compare(node.op, low_a, high_b)
    if node.op is Op.EQ:
        return _joined(Op.AND, [_bound_compare(Op.GE, high_a, low_b), _bound_compare(Op.LE, low_a, high_b)])
    return TRUE


def _bound_compare(op: Op, left: Expr | None, right: Expr | None) -> Node:
    if left is None or right is None:
        return TRUE
    if left.op is Op.CONST and right.op is Op.CONST:
        a, b = left.value, right.value
        return TRUE if {Op.GE: a >= b, Op.GT: a > b, Op.LE: a <= b, Op.LT: a < b}[op] else FALSE
    return Compare(op, left, right)


def _interval(expr: Expr, is_bounded: Callable[[str], bool]) -> tuple[Expr | None, Expr | None]:
    if expr.op is Op.CONST:
        return expr, expr
    if expr.op is Op.PAST:
        return (_const(0), Expr(Op.PAST, name=f"{_HIGHEST}{expr.name}")) if is_bounded(expr.name) else (None, None)
    if expr.op is Op.COLUMN:
        return None, None
    (low_a, high_a), (low_b, high_b) = _interval(expr.args[0], is_bounded), _interval(expr.args[1], is_bounded)
    if expr.op is Op.ADD:
        return _folded(Op.ADD, low_a, low_b), _folded(Op.ADD, high_a, high_b)
    if expr.op is Op.SUB:
        return _folded(Op.SUB, low_a, high_b), _folded(Op.SUB, high_a, low_b)
    a, b = expr.args
    if a.op is not Op.CONST:
        a, b, low_b, high_b = b, a, low_a, high_a
    if a.op is not Op.CONST:
        return None, None
    if a.value < 0:
        low_b, high_b = high_b, low_b
    return _folded(Op.MUL, a, low_b), _folded(Op.MUL, a, high_b)


def _const(value: int) -> Expr:
    return Expr(Op.CONST, value=value)


def _folded(op: Op, a: Expr | None, b: Expr | None) -> Expr | None:
    if a is None or b is None:
        return None
    if a.op is Op.CONST and b.op is Op.CONST:
        value = {Op.ADD: a.value + b.value, Op.SUB: a.value - b.value, Op.MUL: a.value * b.value}[op]
        return _const(value) if abs(value) < 2**62 else None
    return Expr(op, (a, b))


# Code


@dataclass(slots=True)
class Residuals:
    """All rests of one lens as code for `chaincode`.

    Parameters
    ----------
    figure_of
        Figure name ("figure3") to place in the lens.
    column_ids
        Expression column to its number.
    bounded
        Names of figures that lie between 0 and their highest.
    """

    figure_of: Mapping[str, int]
    column_ids: Mapping[str, int]
    bounded: frozenset[str]
    _rows: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    _spans: list[tuple[int, int, int, int]] = field(default_factory=lambda: [(0, 0, -1, -1), (0, 0, -1, -1)])
    _numbers: dict[str, int] = field(
        default_factory=lambda: {str(FALSE): NEVER, str(UNKNOWN): ALWAYS, str(TRUE): ALWAYS}
    )

    def number(self, node: Node) -> int:
        """Return the number of a rest, adding it if it is new."""
        known = self._numbers.get(_key(node))
        if known is not None:
            return known
        bound = bound_of(node, self.bounded.__contains__)
        if bound == FALSE:
            number = NEVER
        else:
            start = len(self._rows)
            self._emit(node, 0)
            stop = len(self._rows)
            span = (start, stop, -1, -1)
            if not isinstance(bound, int):
                self._emit(bound, 0)
                span = (start, stop, stop, len(self._rows))
            number = len(self._spans)
            self._spans.append(span)
        self._numbers[_key(node)] = number
        return number

    @property
    def code(self) -> Int64Array:
        """(n, 5): operation, target register, two operands, constant."""
        return np.array(self._rows, np.int64).reshape(-1, 5)

    @property
    def spans(self) -> Int64Array:
        """(n_rests, 4): start and stop of the rest, start and stop of its bound (-1: none)."""
        return np.array(self._spans, np.int64).reshape(-1, 4)

    def _emit(self, node: Node, depth: int) -> None:
        if depth >= MAX_DEPTH - 1:
            raise ContractError(f"a screen nests deeper than {MAX_DEPTH} levels")
        if isinstance(node, int):
            self._rows.append((CONST, depth, 0, 0, node))
        elif isinstance(node, Compare):
            self._emit_compare(node, depth)
        else:
            jumps: list[int] = []
            for k, item in enumerate(node.items):
                self._emit(item, depth + (k > 0))
                if k:
                    self._rows.append((AND if node.op is Op.AND else OR, depth, depth + 1, 0, 0))
                if k < len(node.items) - 1:
                    jumps.append(len(self._rows))
                    self._rows.append((IF_FALSE if node.op is Op.AND else IF_TRUE, depth, 0, 0, 0))
            for at in jumps:
                op, target, _, _, _ = self._rows[at]
                self._rows[at] = (op, target, len(self._rows), 0, 0)

    def _emit_compare(self, node: Compare, depth: int) -> None:
        op, left, right = node.op, node.left, node.right
        if left.op is Op.CONST:
            op, left, right = _MIRRORED[op], right, left
        comparison = _COMPARISONS.index(op)
        if left.op is Op.PAST and right.op is Op.CONST:
            self._rows.append((COMPARE_FIGURE + comparison, depth, self._figure(left.name), 0, right.value))
            return
        self._emit_number(left, depth)
        self._emit_number(right, depth + 1)
        self._rows.append((MULTIPLY + 1 + comparison, depth, depth, depth + 1, 0))

    def _figure(self, name: str) -> int:
        return self.figure_of[name.removeprefix(_HIGHEST)]

    def _emit_number(self, expr: Expr, depth: int) -> None:
        if depth >= MAX_DEPTH - 1:
            raise ContractError(f"a screen nests deeper than {MAX_DEPTH} levels")
        if expr.op is Op.CONST:
            self._rows.append((CONST, depth, 0, 0, expr.value))
        elif expr.op is Op.COLUMN:
            self._rows.append((COLUMN, depth, self.column_ids[expr.name], 0, 0))
        elif expr.op is Op.PAST:
            op = HIGHEST if expr.name.startswith(_HIGHEST) else FIGURE
            self._rows.append((op, depth, self._figure(expr.name), 0, 0))
        else:
            self._emit_number(expr.args[0], depth)
            self._emit_number(expr.args[1], depth + 1)
            self._rows.append((_ARITHMETIC[expr.op], depth, depth, depth + 1, 0))
