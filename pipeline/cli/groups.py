"""How groups of commands are made: plain help, so that it appears at once, and no tracebacks with values in them."""

from __future__ import annotations

from typing import Any

import typer


def group(help_text: str, **more: Any) -> typer.Typer:
    """Return a group of commands."""
    return typer.Typer(
        help=help_text,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
        **more,
    )
