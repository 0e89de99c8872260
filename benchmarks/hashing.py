"""Identity of events: keys by column kernels, beside blake2b row by row and the fastest hash there is.

What is measured
    On `--events` canonical rows of which every tenth is there twice, one core:
    - `keys`: content hashes, event keys and id hashes, as the engine makes them (SipHash-1-3 with 128 bits over the
      known columns, numba);
    - `blake2b`: the same fields, joined with their lengths, through hashlib row by row (on the first `--slice` rows);
    - `Polars hash_rows`: 64 bits, differs between versions and machines, no identity: the limit of what a pass over the
      columns costs.

How
    Hashes are different functions, so what must agree is which rows are equal: all three must find as many different
    rows in the slice. Keys must not depend on how rows are cut or ordered.

Command
    python -m benchmarks.hashing --out results/hashing.json
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import polars as pl

from benchmarks.measure import one_core, timed
from benchmarks.report import Report, exit_code, finish, parser, per_second
from benchmarks.volume import Volume
from typologies.base.identity import BEHAVIOUR_COLUMNS, UInt64Array, content_hashes, event_keys, id_hashes

HASHED = ("source", "event_id", *BEHAVIOUR_COLUMNS)


def main(argv: Sequence[str] | None = None) -> Report:
    """Measure, print, write; see the module."""
    options = parser(__doc__)
    options.add_argument("--events", type=int, default=1_000_000, help="rows [1,000,000]")
    options.add_argument("--slice", type=int, default=100_000, help="rows of the slow variant [100,000]")
    options.add_argument("--runs", type=int, default=5, help="runs, of which the median counts [5]")
    args = options.parse_args(argv)
    frame = _twice(pl.concat(list(Volume(args.events, max(2, args.events // 10), 90).frames())), args.events)
    part = frame.head(args.slice)
    report = Report("hashing", {"rows": frame.height, "rows of the slow variant": part.height, "runs": args.runs})
    table = report.table("one core")
    with one_core():
        keys(part)
        keyed = timed(lambda: keys(frame), args.runs)
        slow = timed(lambda: blake2b(part), 1)
        limit = timed(lambda: frame.select(HASHED).hash_rows(), args.runs)
    for what, rows, seconds in (
        ("keys (this engine)", frame.height, keyed.seconds),
        ("blake2b row by row", part.height, slow.seconds),
        ("Polars hash_rows, 64 bits", frame.height, limit.seconds),
    ):
        table.add(variant=what, rows=rows, seconds=seconds, rows_per_s=round(per_second(rows, seconds)))
    expected = part.select(HASHED).n_unique()
    report.check("keys tell as many rows apart as there are", _different(keyed.result[: part.height]), expected)
    report.check("blake2b tells as many rows apart as there are", len(set(slow.result)), expected)
    order = np.random.default_rng(1).permutation(part.height)
    report.check(
        "keys do not depend on order or on other rows", bool((keys(part[order]) == keyed.result[order]).all()), True
    )
    return finish(report, args.out)


def _twice(frame: pl.DataFrame, n: int) -> pl.DataFrame:
    """Return `n` rows in which every tenth row is there again."""
    again = frame.gather_every(10)
    return pl.concat([frame.head(n - again.height), again]).sort("event_time", maintain_order=True)


def keys(frame: pl.DataFrame) -> UInt64Array:
    """Return (n, 2) event keys, and make the id hashes as well, as `encoding.prepare` does."""
    content = content_hashes(frame)
    made = event_keys(frame, content)
    id_hashes(frame, made)
    return made


def blake2b(frame: pl.DataFrame) -> list[bytes]:
    """Return (n,) digests of 16 bytes."""
    digests: list[bytes] = []
    for row in frame.select(HASHED).iter_rows():
        hashed = hashlib.blake2b(digest_size=16)
        for number, value in enumerate(row):
            if value is not None:
                text = str(value).encode()
                hashed.update(b"%d:%d:" % (number, len(text)))
                hashed.update(text)
        digests.append(hashed.digest())
    return digests


def _different(made: UInt64Array) -> int:
    return pl.DataFrame({"hi": made[:, 0], "lo": made[:, 1]}).n_unique()


if __name__ == "__main__":
    raise SystemExit(exit_code(main()))
