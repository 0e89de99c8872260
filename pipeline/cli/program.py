"""The group of all commands: turns errors into one clear message and an exit code."""

from __future__ import annotations

import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from pipeline.cli import exits
from pipeline.cli.console import complain
from typologies.base.errors import FeiqianError


class Program(TyperGroup):
    """The top group. Errors raised on purpose end without a traceback; all others are defects and show one."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            complain("interrupted")
            raise typer.Exit(exits.INTERRUPTED) from stop
        except Exception as error:
            if _is_closed_pipe(error):
                # Whoever read our output has stopped (`| head`): write nothing to it any more, at exit neither.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                raise typer.Exit(exits.FAILURE) from error
            told = _told(error)
            if told is None or ctx.params.get("traceback"):
                raise
            message, code = told
            complain(message)
            raise typer.Exit(code) from error


def _is_closed_pipe(error: Exception) -> bool:
    # Polars raises an OSError without number.
    return isinstance(error, BrokenPipeError) or (isinstance(error, OSError) and "Broken pipe" in str(error))


def _told(error: Exception) -> tuple[str, int] | None:
    """Return message and exit code of an error that is no defect of the program."""
    if isinstance(error, FeiqianError):
        return str(error), exits.exit_code(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}", exits.FAILURE
    duckdb = sys.modules.get("duckdb")
    if duckdb is not None and isinstance(error, (duckdb.IOException, duckdb.OutOfMemoryException)):
        return f"the DuckDB file cannot be read or written any further: {str(error).splitlines()[0]}", exits.FAILURE
    return None
