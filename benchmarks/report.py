"""What a measurement returns: tables, checks that the compared variants agree, and the machine. Printed and written."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measure import machine

Cell = str | int | float | None


@dataclass(slots=True)
class Table:
    """Rows of figures. A row may lack columns; floats are shown with three or four digits."""

    title: str
    rows: list[dict[str, Cell]] = field(default_factory=list)

    def add(self, **cells: Cell) -> None:
        """Append a row."""
        self.rows.append(cells)

    def lines(self) -> list[str]:
        """Return the table as text."""
        columns = list(dict.fromkeys(name for row in self.rows for name in row))
        cells = [[name.replace("_", " ") for name in columns]]
        cells += [[_shown(row.get(name)) for name in columns] for row in self.rows]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        is_text = [any(isinstance(row.get(name), str) for row in self.rows) for name in columns]
        return [self.title] + [
            "  "
            + "  ".join(
                cell.ljust(width) if left else cell.rjust(width)
                for cell, width, left in zip(line, widths, is_text, strict=True)
            ).rstrip()
            for line in cells
        ]


@dataclass(frozen=True, slots=True)
class Check:
    """Whether variants that are compared did the same work."""

    what: str
    is_equal: bool
    found: str


@dataclass(slots=True)
class Report:
    """Everything one measurement says.

    Attributes
    ----------
    name
        Module of the measurement.
    settings
        Sizes and choices the figures hold for.
    profiles
        Title to lines of text (profiler output).
    """

    name: str
    settings: Mapping[str, Cell]
    tables: list[Table] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    profiles: dict[str, list[str]] = field(default_factory=dict)

    def table(self, title: str) -> Table:
        """Return a new table of this report."""
        table = Table(title)
        self.tables.append(table)
        return table

    def check(self, what: str, found: object, expected: object) -> None:
        """Note whether two variants agree; `what` is a sentence that is true if they do."""
        is_equal = bool(found == expected)
        shown = _short(found) if is_equal else f"{_short(found)} against {_short(expected)}"
        self.checks.append(Check(what, is_equal, shown))

    @property
    def is_right(self) -> bool:
        """Whether all compared variants agree."""
        return all(check.is_equal for check in self.checks)


def tell(text: str) -> None:
    """Say on standard error what is being measured; a long run shows that it lives."""
    print(f"   ... {text}", file=sys.stderr, flush=True)


def _short(value: object) -> str:
    text = f"{len(value)} items" if isinstance(value, set | frozenset | dict | list) else str(value)
    return text if len(text) <= 200 else text[:200] + " ..."


def _shown(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        if value == 0 or 0.01 <= abs(value) < 1000:
            return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.2g}"
    return f"{value:,}" if isinstance(value, int) else value


def parser(doc: str | None) -> argparse.ArgumentParser:
    """Return an argument parser with what all measurements take; `doc` is the module's docstring."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--out", type=Path, metavar="FILE", help="write the results as JSON")
    return made


def finish(report: Report, out: Path | None) -> Report:
    """Print a report on standard output and write it to `out`; return it."""
    described = machine()
    print(f"== {report.name}")
    for name, value in (*report.settings.items(), *described.items()):
        print(f"   {name}: {_shown(value)}")
    for table in report.tables:
        print()
        print("\n".join(table.lines()))
    for title, lines in report.profiles.items():
        print()
        print("\n".join([title, *("  " + line for line in lines)]))
    print()
    for check in report.checks:
        print(f"{'equal  ' if check.is_equal else 'UNEQUAL'}  {check.what}: {check.found}")
    for note in report.notes:
        print(f"note     {note}")
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(_document(report, described), indent=1) + "\n")
        print(f"written  {out}")
    return report


def _document(report: Report, described: Mapping[str, str]) -> dict[str, object]:
    return {
        "benchmark": report.name,
        "command": " ".join(sys.argv),
        "settings": dict(report.settings),
        "machine": dict(described),
        "tables": [{"title": table.title, "rows": table.rows} for table in report.tables],
        "checks": [{"what": c.what, "equal": c.is_equal, "found": c.found} for c in report.checks],
        "notes": report.notes,
        "profiles": report.profiles,
    }


def exit_code(report: Report) -> int:
    """Return 0 if the compared variants agree, 1 otherwise: figures of different work mean nothing."""
    return 0 if report.is_right else 1


def per_second(n: int, seconds: float) -> float:
    """Return `n` a second; 0 for no time at all."""
    return n / seconds if seconds > 0 else 0.0


def share(part: float, whole: float) -> float:
    """Return `part` in percent of `whole`; 0 for an empty whole."""
    return 100 * part / whole if whole else 0.0


def whole_numbers(text: str) -> tuple[int, ...]:
    """Return the whole numbers of a comma-separated list (an argument)."""
    return tuple(int(part) for part in text.split(","))
