"""The program `feiqian`: all commands under one name.

Nothing heavy is imported before a command runs, so that help appears at once.
"""

from __future__ import annotations

import io
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from pipeline.cli import (
    alerts,
    authoring,
    comparing,
    demo,
    doctor,
    events,
    exits,
    mapping,
    replaying,
    runs,
    simulating,
    sql,
    typologies,
    verifying,
)
from pipeline.cli.groups import group
from pipeline.cli.program import Program

app = group(
    "Find the behaviour of money-laundering networks in payments, and explain every alert.\n\nStart with: feiqian demo",
    cls=Program,
    epilog=exits.HELP,
)
app.command("demo")(demo.demo)
app.command("replay")(replaying.replay)
app.add_typer(alerts.app, name="alerts")
app.command("compare")(comparing.compare)
app.command("verify")(verifying.verify)
app.command("sql")(sql.sql)
app.add_typer(runs.app, name="runs")
typologies.app.command("new")(authoring.new)
typologies.app.command("test")(authoring.run_tests)
typologies.app.command("lock")(authoring.lock)
app.add_typer(typologies.app, name="typologies")
app.add_typer(mapping.app, name="mapping")
app.command("simulate")(simulating.simulate)
app.add_typer(events.app, name="events")
app.command("doctor")(doctor.doctor)


def _version(wanted: bool) -> None:
    if wanted:
        try:
            print(f"feiqian {version('feiqian')}")
        except PackageNotFoundError:
            print("feiqian (not installed)")
        raise typer.Exit


@app.callback()
def _program(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
    traceback: Annotated[bool, typer.Option("--traceback", help="Show where in the program an error arose.")] = False,
) -> None:
    pass


def run() -> None:
    """Run the program on the arguments of the process."""
    for stream in (sys.stdout, sys.stderr):
        # A console that cannot show a letter must not stop a command.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="feiqian")


if __name__ == "__main__":
    run()
