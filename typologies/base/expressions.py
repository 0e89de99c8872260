"""Column expressions: what a detector writes for `relevant`, `where` and `screen`.

An expression is a small immutable tree over named columns. It is never evaluated row by row in Python: `programs`
compiles all expressions of all typologies into one list of vector operations.

Logic has three values, because a USD amount can be unknown (design.md §3): a comparison with an unknown operand is
unknown, `&`, `|`, `~` follow Kleene, and an unknown result passes. A screen written here can therefore never lose an
event for want of a rate.

Examples
--------
>>> large_cash_in = (col.kind == Kind.CASH) & (col.side == Side.CREDIT) & (col.amount_usd >= 10_000_00)
>>> large_cash_in
(((kind == 2) & (side == 1)) & (amount_usd >= 1000000))
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

from typologies.base.errors import ContractError
from typologies.base.events import Kind, Side  # noqa: F401  (used by the doctest above)

EVENT_COLUMNS = frozenset(
    {
        "kind",
        "rail",
        "channel",
        "purpose",
        "debtor_class",
        "creditor_class",
        "institution_type",
        "side",
        "amount_usd",
        "amount",
        "exponent",
        "business_date",
        "ctr_filed",
        "reduced_on_notice",
        "is_self",
        "has_debtor_account",
        "has_creditor_account",
        "has_conductor",
        "has_on_behalf_of",
        "has_branch",
        "has_place",
    }
)
"""Columns an expression may name. Enums by their integer; booleans 0/1 or unknown; `business_date` in days since
1970-01-01; `amount` in minor units of the currency on the subject's side, with its `exponent` (unknown where it does
not fit 63 bits); `is_self`: debtor and creditor account are the same."""


class Op(Enum):
    """Operations of an expression tree."""

    COLUMN = "column"
    PAST = "past"
    CONST = "const"
    ADD = "+"
    SUB = "-"
    MUL = "*"
    EQ = "=="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    AND = "&"
    OR = "|"
    NOT = "~"


LOGICAL = frozenset({Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE, Op.AND, Op.OR, Op.NOT})


@dataclass(frozen=True, slots=True, eq=False)
class Expr:
    """A node; `key` is its text: equal texts are the same computation."""

    op: Op
    args: tuple[Expr, ...] = ()
    name: str = ""
    value: int = 0
    key: str = field(init=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self._text())

    def _text(self) -> str:
        if self.op is Op.COLUMN:
            return self.name
        if self.op is Op.PAST:
            return f"past.{self.name}"
        if self.op is Op.CONST:
            return str(self.value)
        if self.op is Op.NOT:
            return f"~{self.args[0].key}"
        return f"({self.args[0].key} {self.op.value} {self.args[1].key})"

    @property
    def is_logical(self) -> bool:
        """Whether the tree yields true, false or unknown rather than a number."""
        return self.op in LOGICAL

    def columns(self) -> set[str]:
        """Return the names of the event columns in the tree."""
        if self.op is Op.COLUMN:
            return {self.name}
        return set().union(*(arg.columns() for arg in self.args))

    def __repr__(self) -> str:
        return self.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __bool__(self) -> bool:
        raise ContractError(f"an expression has no truth value; combine with & | ~ instead of and/or/not: {self.key}")

    def __add__(self, other: Operand) -> Expr:
        return _arithmetic(Op.ADD, self, other)

    def __radd__(self, other: Operand) -> Expr:
        return _arithmetic(Op.ADD, other, self)

    def __sub__(self, other: Operand) -> Expr:
        return _arithmetic(Op.SUB, self, other)

    def __rsub__(self, other: Operand) -> Expr:
        return _arithmetic(Op.SUB, other, self)

    def __mul__(self, other: Operand) -> Expr:
        return _arithmetic(Op.MUL, self, other)

    def __rmul__(self, other: Operand) -> Expr:
        return _arithmetic(Op.MUL, other, self)

    def __eq__(self, other: object) -> Expr:  # type: ignore[override]
        return _compare(Op.EQ, self, other)

    def __ne__(self, other: object) -> Expr:  # type: ignore[override]
        return _compare(Op.NE, self, other)

    def __lt__(self, other: Operand) -> Expr:
        return _compare(Op.LT, self, other)

    def __le__(self, other: Operand) -> Expr:
        return _compare(Op.LE, self, other)

    def __gt__(self, other: Operand) -> Expr:
        return _compare(Op.GT, self, other)

    def __ge__(self, other: Operand) -> Expr:
        return _compare(Op.GE, self, other)

    def __and__(self, other: Expr) -> Expr:
        return _logic(Op.AND, self, other)

    def __or__(self, other: Expr) -> Expr:
        return _logic(Op.OR, self, other)

    def __invert__(self) -> Expr:
        if not self.is_logical:
            raise ContractError(f"~ needs a comparison, found the number {self.key}")
        return Expr(Op.NOT, (self,))

    def is_in(self, values: Iterable[int]) -> Expr:
        """Return whether this column equals one of `values` (at least one)."""
        tests = [self == int(value) for value in values]
        if not tests:
            raise ContractError(f"is_in needs at least one value for {self.key}")
        result = tests[0]
        for test in tests[1:]:
            result = result | test
        return result


Operand = Expr | int


def _as_expr(value: object) -> Expr:
    if isinstance(value, Expr):
        return value
    if isinstance(value, bool) or not isinstance(value, int):
        raise ContractError(f"expressions hold whole numbers (cents, counts, enum members); found {value!r}")
    if abs(value) >= 2**62:
        raise ContractError(f"a constant in an expression must lie within 62 bits; found {value}")
    return Expr(Op.CONST, value=int(value))


def _arithmetic(op: Op, left: object, right: object) -> Expr:
    a, b = _as_expr(left), _as_expr(right)
    if a.is_logical or b.is_logical:
        raise ContractError(f"{op.value} needs two numbers: {a.key} {op.value} {b.key}")
    return Expr(op, (a, b))


def _compare(op: Op, left: object, right: object) -> Expr:
    a, b = _as_expr(left), _as_expr(right)
    if a.is_logical or b.is_logical:
        raise ContractError(f"{op.value} needs two numbers: {a.key} {op.value} {b.key}")
    return Expr(op, (a, b))


def _logic(op: Op, left: Expr, right: Expr) -> Expr:
    for side in (left, right):
        if not getattr(side, "is_logical", False):
            raise ContractError(f"{op.value} needs two comparisons; found {side!r} (put comparisons in parentheses)")
    return Expr(op, (left, right))


class Columns:
    """Attribute access to event columns: `col.kind`, `col.amount_usd`."""

    def __getattr__(self, name: str) -> Expr:
        if name not in EVENT_COLUMNS:
            raise ContractError(f"no column {name!r} for expressions; there are: {', '.join(sorted(EVENT_COLUMNS))}")
        return Expr(Op.COLUMN, name=name)


col = Columns()
ALWAYS: Expr = Expr(Op.EQ, (Expr(Op.CONST, value=0), Expr(Op.CONST, value=0)))
"""True for every row: the screen of a typology that has no useful one."""


class Measure(Enum):
    """What a trailing aggregate does with its values."""

    COUNT = "count"
    TOTAL = "total"
    LARGEST = "largest"


@dataclass(frozen=True, slots=True)
class Trailing:
    """A figure over one subject's relevant events in (t - window, t], the trigger at t included.

    Attributes
    ----------
    measure
        count, total or largest.
    window
        Length, greater than 0 and at most the look-back.
    where
        Filter beside the typology's own relevance; None: all relevant events.
    value
        Number to add or compare; None for a count.
    """

    measure: Measure
    window: timedelta
    where: Expr | None = None
    value: Expr | None = None


def count(window: timedelta, where: Expr | None = None) -> Trailing:
    """Return how many events lie in the window."""
    return Trailing(Measure.COUNT, window, where)


def total(value: Expr, window: timedelta, where: Expr | None = None) -> Trailing:
    """Return the sum of `value`; unknown as soon as one value in the window is unknown."""
    return Trailing(Measure.TOTAL, window, where, value)


def largest(value: Expr, window: timedelta, where: Expr | None = None) -> Trailing:
    """Return the largest `value`; unknown as soon as one value is unknown, or when no event is in the window."""
    return Trailing(Measure.LARGEST, window, where, value)


class Past:
    """Attribute access to a typology's own trailing figures inside `screen`: `past.n_deposits >= 3`."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)

    def __getattr__(self, name: str) -> Expr:
        if name.startswith("_") or name not in self._names:
            raise ContractError(
                f"no trailing figure {name!r}; declared are: {', '.join(sorted(self._names)) or 'none'}"
            )
        return Expr(Op.PAST, name=name)
