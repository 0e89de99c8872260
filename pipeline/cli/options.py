"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Output(StrEnum):
    """Form of what goes to standard output."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


class SeverityName(StrEnum):
    """Severity of an alert."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="Form of the data on standard output.")]

DbOption = Annotated[
    Path | None,
    typer.Option("--db", envvar="FEIQIAN_DB", metavar="FILE", help="Alert store. [default: the demo's, if it is here]"),
]

TypologiesOption = Annotated[
    list[str] | None,
    typer.Option("--typologies", "-t", metavar="ID,...", help="Only these typologies. [default: all]"),
]
