"""Row classes and figures on demand: the same bits and figures as looking at every row and window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.typologies_for_tests.fingerprint import Fingerprint, FingerprintParams
from typologies.base.cases import events_frame
from typologies.base.detector import ACCOUNT
from typologies.base.encoding import encode
from typologies.base.errors import ContractError
from typologies.base.events import Kind, Side
from typologies.base.expressions import Expr, Op, Trailing, col, count, total
from typologies.base.lensstore import LensStore
from typologies.base.plan import plan_lenses
from typologies.base.reference import Bound, truth
from typologies.base.strings import Interner

START = datetime(2025, 3, 3, tzinfo=UTC)
DAY = timedelta(days=1)


def past(name: str) -> Expr:
    return Expr(Op.PAST, name=name)


def store_of(trailing: dict[str, Trailing], screen: Expr, relevant: Expr) -> LensStore:
    params = FingerprintParams(look_back=timedelta(days=30), one_in=2, deadline_one_in=0)
    detector = Fingerprint(params, trailing=trailing, screen=screen, relevant=relevant, lenses=(ACCOUNT,))
    (plan,) = plan_lenses([Bound("probe", "1", detector)])
    return LensStore(plan)


def payments(n: int, rng: np.random.Generator) -> pl.DataFrame:
    """Return payments and cash in order of time, some without a USD value, over 30 days."""
    rows: list[dict[str, Any]] = []
    for i in range(n):
        amount = int(rng.integers(1, 8)) * 1_000
        rows.append(
            {
                "event_id": f"e{i}",
                "event_time": START + i * timedelta(days=30) / n,
                "kind": str(rng.choice(["payment", "cash"])),
                "amount": amount,
                "amount_usd": amount if rng.random() < 0.98 else None,
                "rail": str(rng.choice(["wire", "card", "p2p"])),
                "debtor_account": str(rng.choice(["a", "b"])),
                "creditor_account": str(rng.choice(["c", "d"])),
            }
        )
    return events_frame(rows)


def test_bits_of_a_class_are_those_of_each_of_its_rows() -> None:
    relevant = (col.amount_usd >= 2_000) & (col.amount_usd != 5_000)
    odd = col.amount_usd * 2 >= col.amount + 5_000
    store = store_of(
        {"cash": count(DAY, col.kind == Kind.CASH), "odd": count(DAY, odd), "in": count(DAY, col.side == Side.CREDIT)},
        past("cash") + past("odd") + past("in") >= 1,
        relevant,
    )
    batch = encode(payments(500, np.random.default_rng(1)), Interner())
    used = np.zeros(len(batch), np.bool_)
    n_entries = store.relate(batch.records, used)
    klass = store._klass  # the class of each record from each side
    n = 0
    for p, side in enumerate(store.plan.position_sides.tolist()):
        for r, record in enumerate(batch.records.tolist()):
            truths = [truth(expr, record, Side(side)) for expr in store.plan.filters]
            if all(value is False for value in truths):
                assert klass[p, r] == -1
                continue
            n += 1
            k = klass[p, r]
            for f, value in enumerate(truths):
                assert bool(int(store.classes.mask[k]) >> f & 1) == (value is True)
                assert bool(int(store.classes.unknown[k]) >> f & 1) == (value is None)
    assert n == n_entries > 0
    assert len(store.classes) < 200, "rows that are alike share a class"


@pytest.mark.parametrize("window_days", [1, 3, 7, 20])
def test_rows_that_pass_are_those_whose_window_sums_pass(window_days: int) -> None:
    # Long enough that sums of all days pass long before those of the window, and that epochs come and go.
    window = timedelta(days=window_days)
    least = 5_000 * window_days
    store = store_of({"usd": total(col.amount_usd, window, col.kind == Kind.CASH)}, past("usd") >= least, col.kind >= 0)
    frame = payments(1_500, np.random.default_rng(window_days))
    batch = encode(frame, Interner())
    records = batch.records
    passed: set[tuple[int, int]] = set()
    for start in range(0, len(batch), 100):
        part = records[start : start + 100]
        n_entries = store.relate(part, np.zeros(part.shape[0], np.bool_))
        places = np.arange(start, start + part.shape[0], dtype=np.int32)
        store.ingest(part, places, n_entries, 100, int(part["time"][0]) - 31 * 86_400_000_000)
        _, rows, is_passed = store.screen(records, 0)
        chosen = store.rows[rows[is_passed]]
        passed |= set(zip(chosen["event"].tolist(), chosen["side"].tolist(), strict=True))

    expected: set[tuple[int, int]] = set()
    times, usd = frame["event_time"].to_list(), frame["amount_usd"].to_list()
    for name, side in (("debtor_account", Side.DEBIT), ("creditor_account", Side.CREDIT)):
        accounts = frame[name].to_list()
        for i in range(frame.height):
            inside = [
                usd[j]
                for j in range(i + 1)
                if accounts[j] == accounts[i] and times[j] > times[i] - window and frame["kind"][j] == "cash"
            ]
            if None in inside or sum(inside) >= least:
                expected.add((i, int(side)))
    assert passed == expected
    assert 0 < len(expected) < 2 * frame.height, "some pass, some do not"


def test_too_many_comparisons_of_amounts_with_columns_are_refused() -> None:
    odd: Expr = col.amount_usd >= col.amount
    for k in range(40):
        odd = odd | (col.amount_usd >= col.amount + k)
    with pytest.raises(ContractError, match="comparisons of amounts with other columns; found 0 and 41"):
        store_of({}, col.kind >= 0, odd)
