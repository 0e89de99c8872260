"""`feiqian events`: the wire contract of events."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli import jsontext
from pipeline.cli.console import say
from pipeline.cli.exits import WrongUsage
from pipeline.cli.groups import group

app = group("The wire contract of events.")


@app.callback()
def _events() -> None:
    pass


@app.command()
def schema(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="One kind of record; event is any of them.")] = "event",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write the schemas of all kinds here.")
    ] = None,
) -> None:
    """Print the JSON Schema of a kind of record, or write those of all kinds to a folder."""
    from pipeline.schemas.export import export_schemas, schemas

    if out is not None:
        paths = export_schemas(out)
        for path in paths:
            print(path)
        say(f"wrote {len(paths)} schemas to {out}")
        return
    known = schemas()
    if kind not in known:
        raise WrongUsage(f"no kind of record {kind!r}; there are: {', '.join(known)}")
    print(jsontext.dumps(known[kind]))
