"""Expressions of all typologies as one program of vector operations, run by one kernel.

It works out what is true of the first row of each row class, and, row by row, the few things a class cannot say: values
that are more than a column, comparisons of amounts with columns.

Why an interpreter: generated machine code would have to be compiled anew for every set of parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from typologies.base.errors import ContractError
from typologies.base.events import NULL_I64
from typologies.base.expressions import Expr, Op
from typologies.base.jit import kernel

FALSE, UNKNOWN, TRUE = 0, 1, 2
"""Truth values: Kleene's and/or/not are then minimum, maximum and 2 - x."""

_CODES = {
    Op.CONST: 0,
    Op.COLUMN: 1,
    Op.PAST: 1,
    Op.ADD: 2,
    Op.SUB: 3,
    Op.MUL: 4,
    Op.EQ: 5,
    Op.NE: 6,
    Op.LT: 7,
    Op.LE: 8,
    Op.GT: 9,
    Op.GE: 10,
    Op.AND: 11,
    Op.OR: 12,
    Op.NOT: 13,
}

_NULL = NULL_I64

Int64Array = npt.NDArray[np.int64]


CHUNK = 256
"""Rows that go through the whole program at once: some hundred operations on them stay in a core's own cache."""


@kernel
def _compute(op: int, x: Int64Array, y: Int64Array, out: Int64Array) -> None:
    """Arithmetic on whole arrays. An overflow must not look like a small number: it becomes unknown, which passes."""
    for r in range(out.shape[0]):
        if op == 2:
            wide = np.float64(x[r]) + np.float64(y[r])
            exact = x[r] + y[r]
        elif op == 3:
            wide = np.float64(x[r]) - np.float64(y[r])
            exact = x[r] - y[r]
        else:
            wide = np.float64(x[r]) * np.float64(y[r])
            exact = x[r] * y[r]
        is_unknown = (x[r] == _NULL) | (y[r] == _NULL) | (abs(wide) >= 9.0e18)
        out[r] = _NULL if is_unknown else exact


@kernel
def _step(op: int, x: Int64Array, y: Int64Array, out: Int64Array) -> None:
    """One operation on whole arrays; a loop an operation, without branches inside, so that it runs in vectors."""
    n = out.shape[0]
    if op == 2 or op == 3 or op == 4:
        _compute(op, x, y, out)
    elif op == 5:
        for r in range(n):
            out[r] = 1 if (x[r] == _NULL) | (y[r] == _NULL) else (2 if x[r] == y[r] else 0)
    elif op == 6:
        for r in range(n):
            out[r] = 1 if (x[r] == _NULL) | (y[r] == _NULL) else (2 if x[r] != y[r] else 0)
    elif op == 7:
        for r in range(n):
            out[r] = 1 if (x[r] == _NULL) | (y[r] == _NULL) else (2 if x[r] < y[r] else 0)
    elif op == 8:
        for r in range(n):
            out[r] = 1 if (x[r] == _NULL) | (y[r] == _NULL) else (2 if x[r] <= y[r] else 0)
    elif op == 9:
        for r in range(n):
            out[r] = 1 if (x[r] == _NULL) | (y[r] == _NULL) else (2 if x[r] > y[r] else 0)
    elif op == 10:
        for r in range(n):
            out[r] = 1 if (x[r] == _NULL) | (y[r] == _NULL) else (2 if x[r] >= y[r] else 0)
    elif op == 11:
        for r in range(n):
            out[r] = min(x[r], y[r])
    elif op == 12:
        for r in range(n):
            out[r] = max(x[r], y[r])
    else:
        for r in range(n):
            out[r] = 2 - x[r]


@kernel
def _run(code: Int64Array, inputs: Int64Array, n: int, registers: Int64Array) -> None:
    """Fill one register row an instruction. `code` (n_ops, 4): operation, two operands, constant."""
    for start in range(0, n, CHUNK):
        stop = min(start + CHUNK, n)
        for i in range(code.shape[0]):
            out = registers[i, start:stop]
            op = code[i, 0]
            if op == 0:
                out[:] = code[i, 3]
            elif op == 1:
                out[:] = inputs[code[i, 1], start:stop]
            else:
                _step(op, registers[code[i, 1], start:stop], registers[code[i, 2], start:stop], out)


class Program:
    """Several expressions over one matrix of inputs; common parts are computed once.

    Parameters
    ----------
    outputs
        Expressions to evaluate.
    inputs
        Column or past name (as in `Expr.key`) to row of the input matrix.
    """

    def __init__(self, outputs: Sequence[Expr], inputs: Mapping[str, int]) -> None:
        self._inputs = dict(inputs)
        self._rows: list[tuple[int, int, int, int]] = []
        self._seen: dict[str, int] = {}
        self.outputs = np.array([self._emit(expr) for expr in outputs], dtype=np.int64)
        self._code = np.array(self._rows, dtype=np.int64).reshape(-1, 4)
        self._registers = np.empty((len(self._rows), 64), dtype=np.int64)

    def _emit(self, expr: Expr) -> int:
        known = self._seen.get(expr.key)
        if known is not None:
            return known
        if expr.op in (Op.COLUMN, Op.PAST):
            if expr.key not in self._inputs:
                raise ContractError(f"{expr.key} is not available here; available: {', '.join(sorted(self._inputs))}")
            row = (_CODES[expr.op], self._inputs[expr.key], 0, 0)
        elif expr.op is Op.CONST:
            row = (_CODES[expr.op], 0, 0, expr.value)
        else:
            operands = [self._emit(arg) for arg in expr.args]
            row = (_CODES[expr.op], operands[0], operands[-1], 0)
        self._rows.append(row)
        self._seen[expr.key] = len(self._rows) - 1
        return len(self._rows) - 1

    def run(self, inputs: Int64Array, n: int) -> Int64Array:
        """Return the register matrix; row `outputs[k]` holds expression k for the first `n` rows.

        Parameters
        ----------
        inputs
            (n_inputs, >= n), unknown as `NULL_I64`.

        Returns
        -------
        A view that the next call overwrites.
        """
        if self._registers.shape[1] < n:
            self._registers = np.empty((len(self._rows), max(n, 2 * self._registers.shape[1])), dtype=np.int64)
        _run(self._code, inputs, n, self._registers)
        return self._registers
