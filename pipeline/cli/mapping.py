"""`feiqian mapping`: reading a bank's own columns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.console import say
from pipeline.cli.exits import WrongUsage
from pipeline.cli.groups import group

app = group("Read a file with columns of your own.")


@app.callback()
def _mapping() -> None:
    pass


@app.command()
def draft(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or Parquet whose header is to be mapped.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to write; never over an existing file.")
    ] = None,
) -> None:
    """Draft a mapping file from the header of a file; check it and fill what it leaves open."""
    from pipeline.ingest.draft import draft_mapping

    text = draft_mapping(file)
    if out is None:
        print(text, end="" if text.endswith("\n") else "\n")
        return
    try:
        with out.open("x", encoding="utf-8", newline="\n") as target:
            target.write(text)
    except FileExistsError:
        raise WrongUsage(f"{out} exists; name another file, or remove it first") from None
    say(f"wrote {out}: check every line, then")
    say(f"Next: feiqian replay {file} --format mapped --mapping {out} --db alerts.duckdb")
