"""How long a user waits: for the help, and for the first alert of the demo, on a warm install.

What is measured
    Wall time of processes of their own, median and worst of `--runs`: `feiqian --help`; `feiqian demo` until its
    progress on standard error first says that an alert stands, and until it ends. Beside it the interpreter alone
    (`python -c pass`) and the import of what every command of substance needs: the floor that no code here can lower.

How
    The first run of each is not counted: it fills the disk cache, writes byte code and compiles the kernels (its time
    is shown as `cold`, which means cold only if nothing ran before). PYTHONDONTWRITEBYTECODE is taken out of the
    environment, because a warm install has byte code. Every demo writes into a new folder.

Command
    python -m benchmarks.startup --out results/startup.json
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.report import Report, exit_code, finish, parser

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
PROGRAM = (sys.executable, "-m", "pipeline.cli.main")
HEAVY = "import duckdb, numba, numpy, polars, pyarrow, pydantic"


@dataclass(frozen=True, slots=True)
class Waited:
    """Seconds of one process: until the first alert (None where there is none) and until its end."""

    to_alert: float | None
    to_end: float
    said: str


def main(argv: Sequence[str] | None = None) -> Report:
    """Measure, print, write; see the module."""
    options = parser(__doc__)
    options.add_argument("--runs", type=int, default=7, help="counted runs of each [7]; 0: show the first")
    options.add_argument("--demo-runs", type=int, default=3, help="counted runs of the demo [3]; 0: show the first")
    args = options.parse_args(argv)
    report = Report(
        "startup", {"runs": args.runs, "runs of the demo": args.demo_runs, "program": " ".join(PROGRAM[1:])}
    )
    table = report.table("wall seconds")

    def add(what: str, seconds: Sequence[float], goal: float | None) -> None:
        counted = seconds[1:] or seconds
        table.add(what=what, median=median(counted), worst=max(counted), cold=seconds[0], goal=goal)

    bare = _repeated(lambda: _process([sys.executable, "-c", "pass"]), args.runs)
    add("python, nothing else", [w.to_end for w in bare], None)
    heavy = _repeated(lambda: _process([sys.executable, "-c", HEAVY]), args.runs)
    add("python and the libraries of a replay", [w.to_end for w in heavy], None)
    helped = _repeated(lambda: _process([*PROGRAM, "--help"]), args.runs)
    add("feiqian --help", [w.to_end for w in helped], 0.5)
    demos = _repeated(_demo, args.demo_runs)
    add("feiqian demo, to the first alert", [_known(w.to_alert) for w in demos], 10.0)
    add("feiqian demo, to its end", [w.to_end for w in demos], None)
    report.check("every help says the same", len({w.said for w in helped}), 1)
    report.check("every demo counts the same alerts at its end", len({w.said for w in demos}), 1)
    report.notes.append(f"alerts standing at the end of a demo: {demos[0].said}")
    return finish(report, args.out)


def _repeated(run: Callable[[], Waited], runs: int) -> list[Waited]:
    """Return one uncounted and `runs` counted runs."""
    return [run() for _ in range(runs + 1)]


def _known(seconds: float | None) -> float:
    if seconds is None:
        raise ValueError("the demo must say on standard error that an alert stands; it never did")
    return seconds


def _process(command: Sequence[str]) -> Waited:
    started = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=ENVIRONMENT)
    return Waited(None, time.perf_counter() - started, done.stdout)


def _demo() -> Waited:
    """Run a demo in a new folder and read its progress as it comes; `said` is its last count of alerts."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "out.txt").open("w") as out:
        started = time.perf_counter()
        to_alert: float | None = None
        alerts = 0
        command = [*PROGRAM, "demo", "--db", str(Path(folder) / "demo"), "--progress", "json"]
        with subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if line.startswith("{"):
                    alerts = int(json.loads(line)["alerts"])
                    if alerts and to_alert is None:
                        to_alert = time.perf_counter() - started
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        return Waited(to_alert, time.perf_counter() - started, str(alerts))


if __name__ == "__main__":
    raise SystemExit(exit_code(main()))
