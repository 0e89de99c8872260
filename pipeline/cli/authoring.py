"""`feiqian typologies new|test|lock`: the loop of an author."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli import exits
from pipeline.cli.console import say
from pipeline.cli.exits import WrongUsage
from pipeline.cli.options import Output, OutputOption
from pipeline.cli.tables import Row, emit_csv, emit_json
from pipeline.cli.typologies import catalogue

if TYPE_CHECKING:
    from typologies.base.testing import TestReport

RootOption = Annotated[
    Path | None, typer.Option("--root", metavar="DIR", help="Folder that holds typologies. [default: the program's]")
]

_FIELDS = ("typology", "version", "check", "passed", "problem")


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Lower-case words joined by underscores.")],
    root: RootOption = None,
) -> None:
    """Write the folder of a new typology: complete, passing every check, ready to be changed."""
    from datetime import datetime

    from typologies.base.scaffold import new_typology

    folder = new_typology(name, root, created=datetime.now().astimezone().date())
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            print(path)
    where = "" if root is None else f" --root {shlex.quote(str(root))}"
    say(f"Next: change detector.py, params.py and cases/*.jsonl, then: feiqian typologies test {name}{where}")


def run_tests(
    typologies: Annotated[list[str] | None, typer.Argument(metavar="ID", help="Typologies. [default: all]")] = None,
    histories: Annotated[
        int | None, typer.Option("--histories", min=1, metavar="N", help="Random histories for the contract.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, metavar="N", help="Of the random histories.")] = None,
    root: RootOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Run golden cases and the contract of typologies; exit code 1 if a check fails."""
    import numpy as np

    from typologies.base.catalogue import discover
    from typologies.base.testing import BUDGET, SEED, run_all

    known = catalogue() if root is None else discover(root)
    names = list(dict.fromkeys(typologies or known))
    unknown = [name for name in names if name not in known]
    if unknown:
        raise WrongUsage(f"no typology {', '.join(map(repr, unknown))}; there are: {', '.join(known) or 'none'}")
    if not names:
        raise WrongUsage(f"no typology lies in {root}: `feiqian typologies new NAME --root {root}` writes one")
    reports = []
    for name in names:
        rng = np.random.default_rng(SEED if seed is None else seed)
        report = run_all(known[name], rng, histories or BUDGET)
        reports.append(report)
        if output is Output.TABLE:
            print(report)
    rows = [row for report in reports for row in _rows(report)]
    if output is Output.JSON:
        emit_json("typology-test", {"passed": all(report.is_passed for report in reports), "checks": rows})
    elif output is Output.CSV:
        emit_csv(_FIELDS, rows)
    failed = [report.typology for report in reports if not report.is_passed]
    say(
        f"{len(reports) - len(failed)} of {len(reports)} typologies pass"
        + (f"; not {', '.join(failed)}" if failed else "")
    )
    exits.leave(exits.FAILURE if failed else exits.OK)


def _rows(report: TestReport) -> list[Row]:
    return [
        {
            "typology": report.typology,
            "version": report.version,
            "check": outcome.name,
            "passed": outcome.problem is None,
            "problem": outcome.problem,
        }
        for outcome in report.outcomes
    ]


def lock(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit code 1 if the lock is not up to date.")
    ] = False,
    unreleased: Annotated[
        bool, typer.Option("--unreleased", help="Take new logic under an old version: only if nobody has run it.")
    ] = False,
) -> None:
    """Lock the logic of every typology to its version, so that it cannot change unseen."""
    from typologies.base.lock import check_lock, update_lock

    if check:
        problems = check_lock(catalogue())
        for problem in problems:
            print(problem)
        if not problems:
            print("every version stands for its logic")
        exits.leave(exits.FAILURE if problems else exits.OK)
        return
    changes = update_lock(catalogue(), unreleased=unreleased)
    print("\n".join(changes) if changes else "nothing to change")
