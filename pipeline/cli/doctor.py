"""`feiqian doctor`: does this machine have what a replay needs."""

from __future__ import annotations

from pipeline.cli import exits
from pipeline.cli.options import Output, OutputOption
from pipeline.cli.tables import Column, emit

COLUMNS = (
    Column("check", "CHECK"),
    Column("state", "STATE"),
    Column("found", "FOUND", folds=True),
    Column("advice", "WHAT TO DO", folds=True),
)


def doctor(output: OutputOption = Output.TABLE) -> None:
    """Check versions, processors, memory, compiled kernels and folders; exit code 1 if something is broken."""
    from pipeline.cli.checkup import State, check_all

    found = check_all()
    rows = [
        {"check": check.name, "state": check.state.value, "found": check.found, "advice": check.advice}
        for check in found
    ]
    emit(output, "checks", COLUMNS, rows)
    exits.leave(exits.FAILURE if any(check.state is State.BROKEN for check in found) else exits.OK)
