"""The catalogue: typologies are found by folder, each described by its typology.toml."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typologies
from typologies.base.detector import Detector
from typologies.base.errors import CatalogueError
from typologies.base.metadata import TypologyMeta, load_metadata
from typologies.base.parameters import build
from typologies.base.reference import Bound

_PACKAGE = Path(__file__).resolve().parents[1]

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
    """Return every typology under a folder, by id, in order of ids.

    Parameters
    ----------
    root
        Folder that holds typologies; None: the package. Modules of another folder are imported as if they lay in the
        package, since that is how they name each other: for the rest of the process it is searched after the package.

    Raises
    ------
    CatalogueError
        `root` is no folder, a typology is incomplete, or one outside the package has the name of one inside.
    """
    base = _PACKAGE if root is None else root.resolve()
    if not base.is_dir():
        raise CatalogueError(f"a folder that holds typologies is required, found none at {root}")
    if str(base) not in map(str, typologies.__path__):
        typologies.__path__.append(str(base))
        importlib.invalidate_caches()
    found: dict[str, Typology] = {}
    for folder in sorted(path for path in base.iterdir() if path.is_dir() and path.name not in NOT_TYPOLOGIES):
        if (folder / "typology.toml").is_file():
            module = importlib.import_module(f"typologies.{folder.name}")
            if Path(str(module.__file__)).resolve().parent != folder:
                raise CatalogueError(
                    f"a typology outside the package needs a name of its own: {folder} has that of "
                    f"{Path(str(module.__file__)).resolve().parent}"
                )
            found[folder.name] = module.TYPOLOGY
    return found
