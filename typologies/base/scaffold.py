"""A new typology: a complete, working folder to change, written from templates."""

from __future__ import annotations

import keyword
import re
from datetime import date
from pathlib import Path
from string import Template

from typologies.base.catalogue import NOT_TYPOLOGIES
from typologies.base.errors import CatalogueError

TEMPLATES = Path(__file__).with_name("templates") / "typology"

PACKAGE = Path(__file__).resolve().parents[1]
"""Where typologies are found."""

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def render(name: str, created: date) -> dict[str, str]:
    """Return the files of a new typology: path inside the folder to text.

    Parameters
    ----------
    name
        Id of the typology and name of its folder: lower-case words with underscores.
    created
        Day to write into the metadata.

    Raises
    ------
    CatalogueError
        The name cannot be one.
    """
    if not _NAME.fullmatch(name) or keyword.iskeyword(name) or name in NOT_TYPOLOGIES:
        raise CatalogueError(
            f"a typology's name is lower-case words joined by underscores, as in pass_through; found {name!r}"
        )
    words = {
        "name": name,
        "camel": "".join(word.capitalize() for word in name.split("_")),
        "title": name.replace("_", " ").capitalize(),
        "created": created.isoformat(),
    }
    return {
        path.relative_to(TEMPLATES).as_posix().removesuffix(".tmpl"): Template(
            path.read_text(encoding="utf-8")
        ).substitute(words)
        for path in sorted(TEMPLATES.rglob("*.tmpl"))
    }


def new_typology(name: str, root: Path | None = None, *, created: date) -> Path:
    """Write the folder of a new typology and return it.

    The folder is complete: it is discovered, fires on something simple and passes every check.

    Parameters
    ----------
    name
        Id of the typology and name of its folder.
    root
        Folder that holds typologies; None: the package.
    created
        Today, for the metadata (the core reads no clock).

    Raises
    ------
    CatalogueError
        The name cannot be one, or the folder is there already.
    """
    files = render(name, created)
    folder = (root or PACKAGE) / name
    if folder.exists():
        raise CatalogueError(f"{folder} is there already; choose another name")
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return folder
