"""The events that measurements run on, as cached files, as frames, and as prepared batches.

Heavy-tailed accounts and amounts, mixed rails, in order of event time (`replay.synthetic.volume`). The shape is fixed
by (events, accounts, days, seed), so the same arguments give the same figures' input on every machine.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from pipeline.ingest.formats.canonical.write import ROW_GROUP_ROWS
from pipeline.ingest.fx import FxTable
from replay.synthetic.volume import volume_batches
from typologies.base.encoding import Prepared, prepare


@dataclass(frozen=True, slots=True)
class Volume:
    """A set of events.

    Attributes
    ----------
    events, accounts, days
        Totals.
    seed
        Same seed, same events.
    """

    events: int
    accounts: int
    days: int
    seed: int = 1

    @property
    def name(self) -> str:
        """File name without ending."""
        return f"volume-{self.events}-{self.accounts}-{self.days}-{self.seed}"

    def frames(self, fx: FxTable | None = None) -> Iterator[pl.DataFrame]:
        """Yield canonical frames; with `fx` they have their USD values, as the engine gets them."""
        for frame in volume_batches(self.events, self.accounts, self.days, self.seed):
            yield frame if fx is None else fx.apply(frame)

    def prepared(self, fx: FxTable) -> Iterator[Prepared]:
        """Yield the events as records without dictionary codes."""
        for frame in self.frames(fx):
            yield prepare(frame)


def add_arguments(parser: argparse.ArgumentParser, events: int, accounts: int, days: int) -> None:
    """Add the arguments that make a `Volume`."""
    parser.add_argument("--events", type=int, default=events, help=f"events [{events:,}]")
    parser.add_argument("--accounts", type=int, default=accounts, help=f"accounts [{accounts:,}]")
    parser.add_argument("--days", type=int, default=days, help=f"days [{days}]")
    parser.add_argument("--seed", type=int, default=1, help="seed of the events [1]")


def of_arguments(args: argparse.Namespace) -> Volume:
    """Return the volume that the arguments name; fewer events make fewer accounts and days than the defaults do."""
    return Volume(args.events, args.accounts, args.days, args.seed)


def parquet_file(volume: Volume, folder: Path) -> Path:
    """Return the events as canonical Parquet in row groups of one reader batch, made once."""
    path = folder / f"{volume.name}.parquet"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    writer: pq.ParquetWriter | None = None
    for frame in _written(volume):
        # 64 bits suffice for these amounts, as the canonical writer would find for itself.
        table = frame.with_columns(pl.col("amount").cast(pl.Int64)).to_arrow(compat_level=pl.CompatLevel.oldest())
        if writer is None:
            writer = pq.ParquetWriter(unfinished, table.schema, compression="zstd")
        writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
    if writer is not None:
        writer.close()
    unfinished.rename(path)
    return path


def csv_file(volume: Volume, folder: Path) -> Path:
    """Return the events as canonical CSV, made once."""
    path = folder / f"{volume.name}.csv"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        for number, frame in enumerate(_written(volume)):
            times = [pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ") for name in ("event_time", "received_at")]
            frame.with_columns(times).write_csv(file, include_header=number == 0)
    unfinished.rename(path)
    return path


def _written(volume: Volume) -> Iterator[pl.DataFrame]:
    """Yield frames of the columns that have a value in the first one: what the canonical writer keeps."""
    names: list[str] = []
    for frame in volume_batches(volume.events, volume.accounts, volume.days, volume.seed, ROW_GROUP_ROWS):
        names = names or [name for name in frame.columns if frame[name].null_count() < frame.height]
        yield frame.select(names)


def cut(prepared: Prepared, size: int) -> Iterator[Prepared]:
    """Yield a prepared batch in pieces of `size`."""
    for start in range(0, len(prepared), size):
        yield prepared.part(start, min(start + size, len(prepared)))


def in_batches(prepared: Iterable[Prepared], size: int) -> Iterator[Prepared]:
    """Yield prepared batches in pieces of `size`; no piece spans two of them."""
    for batch in prepared:
        yield from cut(batch, size)


def split_at(prepared: Iterable[Prepared], first: int) -> tuple[list[Prepared], list[Prepared]]:
    """Return the first `first` events and the others."""
    before: list[Prepared] = []
    after: list[Prepared] = []
    for batch in prepared:
        room = min(max(first, 0), len(batch))
        first -= len(batch)
        before += [batch.part(0, room)] if room else []
        after += [batch.part(room, len(batch))] if room < len(batch) else []
    return before, after


def shuffled_frame(frame: pl.DataFrame, lateness_us: int, seed: int) -> pl.DataFrame:
    """Return all rows in an order in which each arrives less than the lateness after it happened.

    An event arrives at its time plus a random delay in [0, lateness); what arrives before it happened less than the
    lateness after it, so none is late.
    """
    rng = np.random.default_rng(seed)
    arrival = frame["event_time"].dt.timestamp("us").to_numpy() + rng.integers(0, max(1, lateness_us), frame.height)
    return frame[np.argsort(arrival, kind="stable")]
