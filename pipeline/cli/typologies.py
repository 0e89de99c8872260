"""`feiqian typologies`: what is detected, with which parameters and why, and the author's tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.console import say
from pipeline.cli.exits import WrongUsage
from pipeline.cli.groups import group
from pipeline.cli.options import Output, OutputOption
from pipeline.cli.tables import Column, emit, emit_csv, emit_json

if TYPE_CHECKING:
    from typologies.base.catalogue import Typology

app = group("See, add and test typologies.")

LIST_COLUMNS = (
    Column("id", "ID"),
    Column("code", "CODE"),
    Column("title", "TITLE", shrinks=True),
    Column("version", "VERSION"),
    Column("status", "STATUS"),
    Column("scope", "SCOPE"),
    Column("stage", "STAGE"),
    Column("red_flags", "RED FLAGS", shrinks=True),
)


@app.command("list")
def list_typologies(output: OutputOption = Output.TABLE) -> None:
    """List the typologies that are installed."""
    rows = [
        {**typology.meta.model_dump(), "red_flags": [flag.id for flag in typology.meta.red_flags]}
        for typology in catalogue().values()
    ]
    fields = ("id", "code", "title", "version", "status", "scope", "stage", "look_back", "red_flags", "updated")
    emit(output, "typologies", LIST_COLUMNS, rows, fields)
    if output is Output.TABLE:
        say("Next: feiqian typologies show ID")


@app.command()
def show(
    typology: Annotated[str, typer.Argument(metavar="ID", help="Typology.")],
    params: Annotated[bool, typer.Option("--params", help="Only the parameters, as TOML for replay --params.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show a typology: what it looks for, its parameters with their sources, blind spots and look-alikes."""
    from pipeline.cli import typology_page

    found = _known(typology)
    if params:
        print(typology_page.params_toml(found), end="")
    elif output is Output.JSON:
        emit_json("typology", typology_page.body(found))
    elif output is Output.CSV:
        emit_csv(typology_page.PARAMETER_FIELDS, typology_page.parameters(found))
    else:
        typology_page.put(found)


COVERAGE_COLUMNS = (
    Column("flag", "FLAG"),
    Column("status", "STATUS"),
    Column("code", "CODE", folds=True),
    Column("text", "IN OTHER WORDS", folds=True),
)


@app.command()
def coverage(
    every: Annotated[bool, typer.Option("--all", help="Red flags of all advisories, not FIN-2025-A003 alone.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show which red flags of FIN-2025-A003 are computed, and by what."""
    from typologies.base.flags import coverage as run

    rows: list[dict[str, Any]] = [
        {
            "flag": row.flag.id,
            "advisory": row.advisory.title,
            "status": row.status.value,
            "code": [f"{code.typology}: {code.indicator}" for code in row.codes] or None,
            "planned": row.flag.detectors,
            "data": row.flag.data,
            "text": row.flag.text,
            "note": row.flag.note,
        }
        for row in run(catalogue().values())
        if every or row.flag.advisory == "A003"
    ]
    fields = ("flag", "advisory", "status", "code", "planned", "data", "text", "note")
    emit(output, "coverage", COVERAGE_COLUMNS, rows, fields)
    if output is Output.TABLE:
        counts: dict[str, int] = {}
        for row in rows:
            counts[row["status"]] = counts.get(row["status"], 0) + 1
        say("; ".join(f"{n} {status}" for status, n in sorted(counts.items())))


def catalogue() -> dict[str, Typology]:
    """Return the installed typologies by id."""
    from typologies.base.catalogue import discover

    return discover()


def _known(name: str) -> Typology:
    known = catalogue()
    if name not in known:
        raise WrongUsage(f"no typology {name!r}; there are: {', '.join(known)}")
    return known[name]
