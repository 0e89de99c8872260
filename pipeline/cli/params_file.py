"""Parameters of typologies from a TOML file: one table a typology, what it leaves out keeps its default."""

from __future__ import annotations

import tomllib
from pathlib import Path

from typologies.base.catalogue import discover
from typologies.base.errors import InvalidParameters

Overrides = dict[str, dict[str, object]]


def load(path: Path) -> Overrides:
    """Return typology id to parameters, checked against the installed typologies.

    Raises
    ------
    InvalidParameters
        The file cannot be read, is not TOML, names an unknown typology or parameter, or a value is out of range; the
        message names file, table and key.
    """
    try:
        body = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidParameters(f"{path}: a parameter file is required; {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidParameters(f"{path}: a parameter file must be TOML; {error}") from error
    known = discover()
    for name, values in body.items():
        if not isinstance(values, dict):
            raise InvalidParameters(f"{path}: {name} must stand in the table of a typology, as in [structuring]")
        if name not in known:
            raise InvalidParameters(f"{path}: [{name}] is no typology; there are: {', '.join(known)}")
        known[name].bind(values, f"{path} [{name}]")
    return body
