"""What is left of a screen for a row class says the same as the whole screen; its bound is false only where it is."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from typologies.base.columns import COLUMN_IDS
from typologies.base.expressions import Expr, Op, col
from typologies.base.residuals import ALWAYS, NEVER, Compare, Join, Node, Residuals, bound_of, rest, row_atoms

FIGURES = ("figure0", "figure1", "figure2")
BOUNDED = frozenset({"figure0", "figure1"})
ATOMS = (col.kind == 1, col.rail == 2, col.channel == 3)

_comparisons = st.sampled_from((Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE))
_figures = st.sampled_from(FIGURES).map(lambda name: Expr(Op.PAST, name=name))
_constants = st.integers(-3, 9).map(lambda value: Expr(Op.CONST, value=value))
_numbers = st.recursive(
    _figures | _constants,
    lambda inner: st.builds(lambda op, a, b: Expr(op, (a, b)), st.sampled_from((Op.ADD, Op.SUB, Op.MUL)), inner, inner),
    max_leaves=4,
)
_leaves = st.sampled_from(ATOMS) | st.builds(lambda op, a, b: Expr(op, (a, b)), _comparisons, _numbers, _numbers)
screens = st.recursive(
    _leaves,
    lambda inner: (
        st.builds(lambda op, a, b: Expr(op, (a, b)), st.sampled_from((Op.AND, Op.OR)), inner, inner)
        | inner.map(lambda expr: Expr(Op.NOT, (expr,)))
    ),
    max_leaves=8,
)
truths = st.fixed_dictionaries({atom.key: st.integers(0, 2) for atom in ATOMS})
values = st.fixed_dictionaries({name: st.none() | st.integers(0, 9) for name in FIGURES})


def number(expr: Expr, figures: dict[str, int | None]) -> int | None:
    """Return a numeric expression's value, None if unknown."""
    if expr.op is Op.CONST:
        return expr.value
    if expr.op is Op.PAST:
        return figures[expr.name]
    a, b = (number(arg, figures) for arg in expr.args)
    if a is None or b is None:
        return None
    return {Op.ADD: a + b, Op.SUB: a - b, Op.MUL: a * b}[expr.op]


def compared(op: Op, a: int | None, b: int | None) -> int:
    """Return 0, 1 (unknown) or 2."""
    if a is None or b is None:
        return 1
    return 2 * {Op.EQ: a == b, Op.NE: a != b, Op.LT: a < b, Op.LE: a <= b, Op.GT: a > b, Op.GE: a >= b}[op]


def whole(expr: Expr, atoms: dict[str, int], figures: dict[str, int | None]) -> int:
    """Return a screen's truth by Kleene's tables."""
    if expr.key in atoms:
        return atoms[expr.key]
    if expr.op is Op.NOT:
        return 2 - whole(expr.args[0], atoms, figures)
    if expr.op in (Op.AND, Op.OR):
        pair = [whole(arg, atoms, figures) for arg in expr.args]
        return min(pair) if expr.op is Op.AND else max(pair)
    return compared(expr.op, *(number(arg, figures) for arg in expr.args))


def left(node: Node, figures: dict[str, int | None]) -> int:
    """Return the truth of what is left."""
    if isinstance(node, int):
        return node
    if isinstance(node, Compare):
        return compared(node.op, number(node.left, figures), number(node.right, figures))
    assert isinstance(node, Join)
    items = [left(item, figures) for item in node.items]
    return min(items) if node.op is Op.AND else max(items)


def with_atoms(expr: Expr, atoms: dict[str, int]) -> dict[str, int]:
    """Return the truth of the screen's own row atoms, which may join several of `ATOMS`."""
    unknown: dict[str, int | None] = dict.fromkeys(FIGURES)
    return {atom.key: whole(atom, atoms, unknown) for atom in row_atoms(expr)}


@settings(max_examples=300)
@given(screens, truths, values)
def test_what_is_left_of_a_screen_has_its_truth_value(
    screen: Expr, atoms: dict[str, int], figures: dict[str, int | None]
) -> None:
    assert left(rest(screen, with_atoms(screen, atoms)), figures) == whole(screen, atoms, figures)


@settings(max_examples=300)
@given(screens, truths, values, st.integers(0, 5), st.integers(0, 5))
def test_a_bound_is_false_only_where_the_screen_is(
    screen: Expr, atoms: dict[str, int], figures: dict[str, int | None], more_0: int, more_1: int
) -> None:
    # A figure that is unknown has no bound to be looked at: the engine asks for figures then.
    known = {name: 0 if value is None and name in BOUNDED else value for name, value in figures.items()}
    highest = known | {
        "highest:figure0": (known["figure0"] or 0) + more_0,
        "highest:figure1": (known["figure1"] or 0) + more_1,
    }
    node = rest(screen, with_atoms(screen, atoms))
    if left(node, known) > 0:
        assert left(bound_of(node, BOUNDED.__contains__), highest) > 0


def test_screens_that_are_settled_cost_no_code() -> None:
    residuals = Residuals({name: i for i, name in enumerate(FIGURES)}, COLUMN_IDS, BOUNDED)
    past = Expr(Op.PAST, name="figure0")
    screen = (ATOMS[0] & (past >= 3)) | (ATOMS[1] & (past >= -1))
    keys = [atom.key for atom in row_atoms(screen)]

    assert keys == [ATOMS[0].key, ATOMS[1].key]
    assert residuals.number(rest(screen, dict.fromkeys(keys, 0))) == NEVER
    assert residuals.number(2) == residuals.number(1) == ALWAYS
    assert residuals.number(rest(past + 1 < 0, {})) == NEVER, "no count is negative"
    assert residuals.code.shape == (0, 5)
    same = residuals.number(rest(screen, {keys[0]: 2, keys[1]: 0}))
    assert same == residuals.number(rest(past >= 3, {})), "equal rests have one number"
    assert residuals.spans[same].tolist()[2] >= 0, "it has a bound"
