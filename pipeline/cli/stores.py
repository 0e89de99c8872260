"""Which alert store a command reads, and where alert ids stand in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli.console import say
from pipeline.cli.exits import WrongUsage

if TYPE_CHECKING:
    from pipeline.storage.queries import StoreReader

DEMO_FOLDER = Path("feiqian-demo")
DEMO_DB = DEMO_FOLDER / "alerts.duckdb"

SHORT_ID = 11
"""Characters of an alert id shown where no longer ones are needed to tell two apart: AL- and 8 hex digits."""


def chosen(db: Path | None) -> Path:
    """Return the store to read: the one named, else the demo's in this folder.

    Raises
    ------
    WrongUsage
        Neither.
    """
    if db is not None:
        return db
    if DEMO_DB.is_file():
        say(f"reading {DEMO_DB} (another store: --db FILE)")
        return DEMO_DB
    raise WrongUsage(f"an alert store is required: name it with --db FILE or FEIQIAN_DB (there is no {DEMO_DB} here)")


def open_reader(db: Path | None) -> StoreReader:
    """Open the chosen store for reading; errors as in `StoreReader`."""
    from pipeline.storage.queries import StoreReader

    return StoreReader(chosen(db))


def short_ids(reader: StoreReader) -> dict[str, str]:
    """Return alert id to the shortest beginning that names one alert, at least `SHORT_ID` long, for all alerts."""
    ids: list[str] = reader.query("SELECT alert_id FROM alerts ORDER BY alert_id")["alert_id"].to_list()
    short = {}
    for i, alert_id in enumerate(ids):
        beside = ids[max(i - 1, 0) : i + 2]  # sorted: only neighbours can begin alike
        needed = max((_common(alert_id, other) + 1 for other in beside if other != alert_id), default=0)
        short[alert_id] = alert_id[: max(SHORT_ID, needed)]
    return short


def _common(a: str, b: str) -> int:
    n = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        n += 1
    return n
