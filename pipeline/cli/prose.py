"""Running text for a terminal: headings, paragraphs and lists, wrapped."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipeline.cli.console import printable, put, width

BAR_CELLS = 10


def heading(text: str) -> None:
    """Write a heading with a line free above it."""
    put(Text("\n" + printable(text), style="bold"), width())


def paragraph(text: str | Text, indent: int = 2) -> None:
    """Write a paragraph; line breaks in the source of a text are blanks."""
    if isinstance(text, str):
        text = Text(printable(" ".join(text.split())))
    put(Padding(text, (0, 0, 0, indent)), width())


def bullets(texts: Iterable[str | Text], *, numbered: bool = False, indent: int = 2) -> None:
    """Write a list; further lines of an item stand under its first."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    n = 0
    for n, text in enumerate(texts, start=1):
        if isinstance(text, str):
            text = Text(printable(" ".join(text.split())))
        grid.add_row(f"{n}." if numbered else "-", text)
    if n:
        put(Padding(grid, (0, 0, 0, indent)), width())


def bar(weight: float) -> str:
    """Return a weight between 0 and 1 as a bar of ten cells; anything above 0 fills one."""
    full = min(max(round(weight * BAR_CELLS), 1 if weight > 0 else 0), BAR_CELLS)
    return "█" * full + "░" * (BAR_CELLS - full)


def number(text: str) -> str:
    """Return an exact number with its thousands apart; other texts as they are."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return printable(text)
    return f"{value:,f}" if value.is_finite() else text
