"""`feiqian simulate`: a synthetic world with known truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.console import say
from pipeline.cli.exits import WrongUsage
from pipeline.cli.options import Output, OutputOption
from pipeline.cli.tables import Column, emit_csv, emit_json, put_table

if TYPE_CHECKING:
    from replay.synthetic.world import World

DEFAULT_DAYS = 60
DEFAULT_PARTIES = 2_000
DEFAULT_SEED = 7

WORLD_FILES = ("transactions.parquet", "context.jsonl", "manifest.json")
TRUTH_FILES = ("cases.parquet", "events.parquet", "parties.parquet")

SeedOption = Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Same seed, same bytes.")]


def simulate(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write to.")],
    days: Annotated[int, typer.Option("--days", metavar="N", help="Length, at least 30.")] = DEFAULT_DAYS,
    parties: Annotated[
        int, typer.Option("--parties", metavar="N", help="Customers of the bank, at least 50.")
    ] = DEFAULT_PARTIES,
    seed: SeedOption = DEFAULT_SEED,
    output: OutputOption = Output.TABLE,
) -> None:
    """Generate transactions of ordinary lives with planted schemes and lawful look-alikes.

    Which events belong to what stands in DIR/truth, which `replay DIR` does not read.
    """
    _, manifest = make_world(out, days=days, parties=parties, seed=seed)
    lines = [{"name": name, "value": value} for name, value in manifest["counts"].items()]
    lines += [{"name": f"sha256 {name}", "value": value} for name, value in manifest["sha256"].items()]
    if output is Output.JSON:
        emit_json("world", {"folder": out, **manifest})
    elif output is Output.CSV:
        emit_csv(("name", "value"), lines)
    else:
        put_table((Column("name", "WHAT"), Column("value", "VALUE")), lines)
        say(f"Next: feiqian replay {out} --db {out / 'alerts.duckdb'}")


def make_world(out: Path, *, days: int, parties: int, seed: int) -> tuple[World, dict[str, Any]]:
    """Generate a world into a folder; return it and its manifest.

    Raises
    ------
    WrongUsage
        A size is out of range, or the folder holds something else.
    """
    from replay.synthetic.world import WorldConfig, generate, write

    if out.exists() and not (out / "manifest.json").is_file() and (not out.is_dir() or any(out.iterdir())):
        raise WrongUsage(f"a new or empty folder, or one of an earlier world, is required; {out} holds something else")
    try:
        config = WorldConfig(seed=seed, days=days, parties=parties)
    except ValueError as error:
        raise WrongUsage(str(error)) from error
    world = generate(config)
    return world, write(world, out)
