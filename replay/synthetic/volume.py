"""Events by the million for benchmarks: heavy-tailed accounts and amounts, mixed rails, a few suspicious bursts.

Not a world: no profiles, no stories, no truth. Its use is load with a realistic shape.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np
import polars as pl

from replay.synthetic.clock import PROFILES, Array, Rng
from replay.synthetic.places import PLACES
from typologies.base.events import FRAME_SCHEMA

START_MICROSECONDS = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp()) * 1_000_000
BLOCK = 131_072
"""Rows drawn at once. The stream depends on it, never on the caller's batch size."""

MIX: tuple[tuple[str, str, float], ...] = (
    ("card", "card", 0.46),
    ("payment", "ach", 0.16),
    ("payment", "p2p", 0.12),
    ("payment", "wire", 0.05),
    ("payment", "cheque", 0.04),
    ("cash", "cash", 0.17),
)
"""Kind, rail and share (invented; cash within the 10 to 25 % of a retail bank's feed)."""

CARD, TRANSFER, CASH = 0, 2, 5
EXPONENT, SHIFT = 1.1, 20.0
"""Activity by rank falls as (rank + SHIFT) ** -EXPONENT (Zipf-Mandelbrot, invented): of 500,000 accounts the busiest
has 0.8 % of all entries and the busiest hundredth two thirds; half have at most two in five million events."""

BURST_SHARE = 0.0004
BURST_ROWS = 8
BRANCHES = 400
BRANCH_IDS = tuple(f"B{i:03d}" for i in range(BRANCHES))
BRANCH_PLACES = tuple(PLACES[i % len(PLACES)].code for i in range(BRANCHES))
CHANNELS = ("teller", "atm", "night_deposit", "armoured_car")
CATEGORIES = ("5411", "5812", "5541", "5912", "5651", "5732")


def volume_batches(
    n_events: int, n_accounts: int, days: int, seed: int, batch_rows: int = BLOCK
) -> Iterator[pl.DataFrame]:
    """Yield canonical frames in order of event time.

    Parameters
    ----------
    n_events, n_accounts
        Totals, at least 1 and 2.
    days
        Span, at least 1.
    seed
        Same seed, same events, whatever `batch_rows` is.
    batch_rows
        Rows a frame; the last one may have fewer.

    Raises
    ------
    ValueError
        An argument is outside its range.
    """
    for name, value, low in (
        ("n_events", n_events, 1),
        ("n_accounts", n_accounts, 2),
        ("days", days, 1),
        ("batch_rows", batch_rows, 1),
    ):
        if value < low:
            raise ValueError(f"{name} must be at least {low}, was {value}")
    pool = _Pool(np.random.default_rng([seed, 0]), n_accounts)
    held: list[pl.DataFrame] = []
    rows = 0
    for number, first in enumerate(range(0, n_events, BLOCK)):
        block = _block(
            np.random.default_rng([seed, 1, number]), pool, first, min(BLOCK, n_events - first), n_events, days
        )
        held.append(block)
        rows += block.height
        while rows >= batch_rows:
            table = pl.concat(held) if len(held) > 1 else held[0]
            yield table.head(batch_rows)
            held, rows = [table.slice(batch_rows)], rows - batch_rows
    if rows:
        yield pl.concat(held)


class _Pool:
    """The accounts: ids in an order that has nothing to do with how busy they are."""

    def __init__(self, rng: Rng, n: int) -> None:
        self.n = n
        self.by_rank: Array = rng.permutation(n).astype(np.uint32)
        numbers = pl.Series(rng.permutation(n))
        self.accounts = pl.select(pl.lit("A") + numbers.cast(pl.String).str.zfill(9)).to_series()
        holders = numbers * 5 // 6  # every fifth party has two accounts
        self.parties = pl.select(pl.lit("P") + holders.cast(pl.String).str.zfill(9)).to_series()

    def draw(self, rng: Rng, n: int) -> Array:
        """Return `(n,)` accounts, the busier the more often: a continuous power law over ranks, by inversion."""
        low, high = SHIFT ** (1 - EXPONENT), (self.n + SHIFT) ** (1 - EXPONENT)
        rank = (low + (high - low) * rng.random(n)) ** (1 / (1 - EXPONENT)) - SHIFT
        return np.asarray(self.by_rank[np.minimum(rank.astype(np.int64), self.n - 1)])


def _block(rng: Rng, pool: _Pool, first: int, n: int, n_events: int, days: int) -> pl.DataFrame:
    """Draw rows `first` to `first + n` of the stream."""
    kind = rng.choice(len(MIX), n, p=[share for _, _, share in MIX]).astype(np.uint8)
    debtor, creditor = pool.draw(rng, n), pool.draw(rng, n)
    dollars = np.exp(rng.standard_normal(n, dtype=np.float32) * np.float32(1.35) + np.float32(4.1))
    dollars *= np.array([0.6, 5.0, 0.8, 30.0, 6.0, 3.0], dtype=np.float32)[kind]
    cents = np.clip(dollars * 100, 100, 500_000_000).astype(np.int64)
    branch = creditor * np.uint32(31) % np.uint32(BRANCHES)
    paid_in = rng.random(n, dtype=np.float32) < 0.65
    _bursts(rng, pool, kind, debtor, creditor, cents, branch, paid_in)

    moment = pl.Series(_times(rng, first, n, n_events, days)).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    category = (creditor % np.uint32(len(CATEGORIES))).astype(np.uint8)
    drawn = pl.DataFrame(
        {
            "event_time": moment,
            "is_cash": kind == CASH,
            "is_card": kind == CARD,
            "paid_in": paid_in,
            "cents": cents,
            "number": np.arange(first, first + n),
            "kind": _text([kind for kind, _, _ in MIX], kind),
            "rail": _text([rail for _, rail, _ in MIX], kind),
            "from_account": pool.accounts.gather(pl.Series(debtor)),
            "to_account": pool.accounts.gather(pl.Series(creditor)),
            "payer": pool.parties.gather(pl.Series(debtor)),
            "payee": pool.parties.gather(pl.Series(creditor)),
            "counter": _text(CHANNELS, np.repeat([0, 1, 2, 3], [12, 5, 2, 1])[rng.integers(0, 20, n, dtype=np.uint8)]),
            "office": _text(BRANCH_IDS, branch),
            "town": _text(BRANCH_PLACES, branch),
            "category": _text(CATEGORIES, category),
        }
    )
    cash, paid_in_cash = pl.col("is_cash"), pl.col("is_cash") & pl.col("paid_in")
    has_debtor, has_creditor = ~paid_in_cash, ~cash | pl.col("paid_in")
    given = {
        "source": pl.lit("volume"),
        "event_id": pl.lit("V") + pl.col("number").cast(pl.String).str.zfill(10),
        "event_time": pl.col("event_time"),
        "received_at": pl.col("event_time"),
        "kind": pl.col("kind"),
        "rail": pl.col("rail"),
        "channel": pl.when(cash).then("counter"),
        "debtor_account": pl.when(has_debtor).then("from_account"),
        "creditor_account": pl.when(has_creditor).then("to_account"),
        "debtor": pl.when(has_debtor).then("payer"),
        "creditor": pl.when(has_creditor).then("payee"),
        "conductor": pl.when(paid_in_cash).then("payee").when(cash).then("payer"),
        "amount": pl.col("cents"),
        "exponent": pl.lit(2),
        "currency": pl.lit("USD"),
        "branch": pl.when(cash).then("office"),
        "place": pl.when(cash).then("town"),
        "institution_type": pl.when(cash).then(pl.lit("bank")),
        "business_date": pl.when(cash).then(pl.col("event_time").dt.date()),
        "ctr_filed": pl.when(cash).then(pl.col("cents") > 1_000_000),
        "merchant_category": pl.when("is_card").then("category"),
    }
    return drawn.select(given.get(name, pl.lit(None)).cast(dtype).alias(name) for name, dtype in FRAME_SCHEMA.items())


def _times(rng: Rng, first: int, n: int, n_events: int, days: int) -> Array:
    """Return `(n,)` rising microseconds: even over the days, by the hours of the waking within one."""
    gaps = np.cumsum(rng.standard_exponential(n + 1))
    share = (first + n * gaps[:-1] / gaps[-1]) / n_events * days
    day = np.floor(share)
    hours, done = zip(*PROFILES["waking"], strict=True)
    hour = np.interp(share - day, done, hours)
    return np.asarray(START_MICROSECONDS + ((day * 24 + hour) * 3_600e6).astype(np.int64))


def _bursts(
    rng: Rng,
    pool: _Pool,
    kind: Array,
    debtor: Array,
    creditor: Array,
    cents: Array,
    branch: Array,
    paid_in: Array,
) -> None:
    """Write over a few rows, in place: cash of one account in slices, or money that comes in and goes out at once."""
    n = len(kind)
    count = int(n * BURST_SHARE / BURST_ROWS)
    reach = n // 4
    if not count or reach < BURST_ROWS:
        return
    start = rng.integers(0, n - reach, count)
    rows = start[:, None] + np.sort(rng.integers(0, reach, (count, BURST_ROWS)), axis=1)
    account = pool.by_rank[rng.integers(pool.n // 2, pool.n, count)]
    sliced = np.arange(count) % 2 == 0
    cash = rows[sliced]
    kind[cash], paid_in[cash] = CASH, True
    creditor[cash] = account[sliced][:, None]
    cents[cash] = rng.integers(5_000_00, 9_990_00, cash.shape)
    branch[cash] = rng.integers(0, BRANCHES, cash.shape)
    into, out = rows[~sliced][:, ::2], rows[~sliced][:, 1::2]
    kind[into] = kind[out] = TRANSFER
    creditor[into] = debtor[out] = account[~sliced][:, None]
    cents[into] = rng.integers(900_00, 20_000_00, into.shape)
    cents[out] = (cents[into] * 0.96).astype(np.int64)


def _text(values: Sequence[str], code: Array) -> pl.Series:
    return pl.Series(values, dtype=pl.String).gather(pl.Series(code.astype(np.uint32)))
