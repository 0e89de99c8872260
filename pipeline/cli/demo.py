"""`feiqian demo`: the whole way from transactions to an explained alert, on a synthetic world, in some seconds."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.console import say
from pipeline.cli.exits import WrongUsage
from pipeline.cli.progress import ProgressMode, Reporter
from pipeline.cli.simulating import DEFAULT_DAYS, DEFAULT_PARTIES, DEFAULT_SEED, TRUTH_FILES, WORLD_FILES, SeedOption
from pipeline.cli.stores import DEMO_DB, DEMO_FOLDER

if TYPE_CHECKING:
    from replay.config import Progress

BATCH = 16_384
"""Events at a time: small enough that the first alerts show early."""


def demo(
    folder: Annotated[
        Path, typer.Option("--db", "--out", metavar="DIR", help="Folder for the world and its alerts.")
    ] = DEMO_FOLDER,
    clean: Annotated[bool, typer.Option("--clean", help="Remove what an earlier demo wrote, and stop.")] = False,
    seed: SeedOption = DEFAULT_SEED,
    progress: Annotated[
        ProgressMode, typer.Option("--progress", help="Progress on standard error.")
    ] = ProgressMode.AUTO,
) -> None:
    """Generate a small synthetic bank, replay it, and explain what was found. Needs nothing, asks nothing.

    Writes transactions, context, truth and alerts into one folder; the same seed gives the same bytes and alerts.
    """
    began = time.perf_counter()
    if folder.suffix == ".duckdb":
        raise WrongUsage(f"a folder is required after --db; {folder} looks like a file")
    if clean:
        _clean(folder)
        return
    from pipeline.cli import demo_story
    from pipeline.cli.outcome import against_truth
    from pipeline.cli.simulating import make_world
    from pipeline.storage.store import utc_now
    from replay.config import ReplayConfig
    from replay.engine import replay

    say(f"generating a synthetic bank: {DEFAULT_PARTIES:,} customers, {DEFAULT_DAYS} days, seed {seed}")
    world, manifest = make_world(folder, days=DEFAULT_DAYS, parties=DEFAULT_PARTIES, seed=seed)
    generated = time.perf_counter()
    say("replaying it")
    db = folder / DEMO_DB.name
    first_alert: list[float] = []
    with Reporter(progress) as reporter:

        def watch(state: Progress) -> None:
            if state.alerts and not first_alert:
                first_alert.append(time.perf_counter() - began)
            reporter(state)

        config = ReplayConfig(paths=(folder / WORLD_FILES[0], folder / WORLD_FILES[1]), db=db, batch=BATCH)
        done = replay(config, now=utc_now, progress=watch)
    outcome = against_truth(db, world.truth)
    timing = demo_story.Timing(generated - began, done.seconds, first_alert[0] if first_alert else None)
    demo_story.tell(folder, db, world, manifest, done, outcome, timing)


def _clean(folder: Path) -> None:
    """Remove what the demo writes and nothing else."""
    if not folder.exists():
        say(f"nothing to remove: there is no {folder}")
        return
    names = [*WORLD_FILES, DEMO_DB.name, f"{DEMO_DB.name}.wal", *(f"truth/{name}" for name in TRUTH_FILES)]
    removed = 0
    for path in (folder / name for name in names):
        if path.is_file():
            path.unlink()
            removed += 1
    for path in (folder / "truth", folder):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    left = f"; {folder} holds other files and stays" if folder.exists() else ""
    say(f"removed {removed} files of the demo{left}")
