"""Talking to a person: standard error for talk, standard output for data, colour only where it is wanted."""

from __future__ import annotations

import os
import re
import shutil
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import RenderableType

PROSE_WIDTH = 110
"""Widest line of running text; longer ones are hard to read."""

_WITHOUT_TERMINAL = 100

# Control characters and marks that turn the direction of text: data could rewrite what a terminal shows.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Return `text` with control characters written out, newlines and tabs aside."""
    return _UNPRINTABLE.sub(lambda m: f"\\x{ord(m[0]):02x}" if ord(m[0]) < 256 else f"\\u{ord(m[0]):04x}", text)


def one_line(text: str) -> str:
    """Return `text` printable and on one line."""
    return printable(" ".join(text.split()))


def is_terminal(stream: TextIO) -> bool:
    """Whether a person looks at the stream."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def uses_colour(stream: TextIO) -> bool:
    """Whether to write colours: on a terminal unless NO_COLOR is set, elsewhere only with FORCE_COLOR."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or is_terminal(stream)


def width() -> int:
    """Columns to write running text in."""
    if not is_terminal(sys.stdout):
        return _WITHOUT_TERMINAL
    return min(max(shutil.get_terminal_size().columns, 40), PROSE_WIDTH)


def terminal_width() -> int | None:
    """Columns of the terminal, None where there is none and nothing has to be cut."""
    return max(shutil.get_terminal_size().columns, 40) if is_terminal(sys.stdout) else None


def say(text: str = "") -> None:
    """Write a line of talk to standard error."""
    print(printable(text), file=sys.stderr, flush=True)


def complain(text: str) -> None:
    """Write an error to standard error."""
    word = "\x1b[1;31merror:\x1b[0m" if uses_colour(sys.stderr) else "error:"
    print(word, printable(text), file=sys.stderr, flush=True)


def put(renderable: RenderableType, columns: int) -> None:
    """Write something that Rich can draw to standard output, without blanks at the ends of lines."""
    from rich.console import Console

    colour = uses_colour(sys.stdout)
    console = Console(
        width=columns,
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        highlight=False,
        markup=False,
        emoji=False,
    )
    with console.capture() as capture:
        console.print(renderable)
    lines = capture.get().splitlines()
    sys.stdout.write("".join(line.rstrip() + "\n" for line in lines))
