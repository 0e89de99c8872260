"""The catalogue: typologies are found by folder, each described by its typology.toml."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typologies.base.detector import Detector
from typologies.base.metadata import TypologyMeta, load_metadata
from typologies.base.parameters import build
from typologies.base.reference import Bound

NOT_TYPOLOGIES = frozenset({"base", "__pycache__"})


@dataclass(frozen=True, slots=True)
class Typology:
    """One typology folder: its id is the folder's name."""

    id: str
    folder: Path
    meta: TypologyMeta
    detector_type: type[Detector[Any]]
    params_type: type[Any]

    def bind(self, overrides: Mapping[str, Any] | None = None, where: str = "parameters") -> Bound:
        """Return the detector with parameters, ready for an engine."""
        params = build(self.params_type, overrides or {}, where)
        return Bound(self.id, self.meta.version, self.detector_type(params))


def typology(init_file: str, detector_type: type[Detector[Any]], params_type: type[Any]) -> Typology:
    """Return the typology of a folder; call it in the folder's `__init__` with `__file__`."""
    folder = Path(init_file).resolve().parent
    return Typology(folder.name, folder, load_metadata(folder / "typology.toml"), detector_type, params_type)


def discover(root: Path | None = None) -> dict[str, Typology]:
    """Return every typology under the package, by id, in order of ids."""
    base = root or Path(__file__).resolve().parent.parent
    found: dict[str, Typology] = {}
    for folder in sorted(path for path in base.iterdir() if path.is_dir() and path.name not in NOT_TYPOLOGIES):
        if (folder / "typology.toml").is_file():
            module = importlib.import_module(f"typologies.{folder.name}")
            found[folder.name] = module.TYPOLOGY
    return found
