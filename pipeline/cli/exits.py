"""Exit codes: what a script may rely on."""

from __future__ import annotations

import typer

from pipeline.ingest.errors import MappingError, UnusableInput
from pipeline.storage.errors import NewerStore, NotAStore, OlderStore, StoreNotFound
from typologies.base.errors import FeiqianError, InvalidParameters

OK = 0
FAILURE = 1
"""Something went wrong, or a comparison or a check found differences."""
USAGE = 2
"""The command line or a parameter file is wrong."""
UNUSABLE = 3
"""An input cannot be used; with --strict: some of its records cannot."""
ALERTS = 5
"""Alerts of the severity named with --fail-on stand."""
INTERRUPTED = 130

HELP = (
    "Exit codes: 0 done; 1 failed, or differences found; 2 wrong usage; 3 input not usable; "
    "5 alerts found (--fail-on); 130 interrupted."
)

_USAGE = (InvalidParameters,)
_UNUSABLE = (UnusableInput, MappingError, StoreNotFound, NotAStore, NewerStore, OlderStore)


class WrongUsage(FeiqianError):
    """The command line asks for something that does not fit together."""


def exit_code(error: FeiqianError) -> int:
    """Return the exit code for an error of the project's own."""
    if isinstance(error, (*_USAGE, WrongUsage)):
        return USAGE
    return UNUSABLE if isinstance(error, _UNUSABLE) else FAILURE


def leave(code: int) -> None:
    """End the command with a code; 0 returns."""
    if code != OK:
        raise typer.Exit(code)
