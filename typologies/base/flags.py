"""Red flags of published advisories, and which of them the typologies compute."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from typologies.base.catalogue import Typology
from typologies.base.errors import CatalogueError

FLAG_FILE = Path(__file__).with_name("red_flags.toml")

FlagClass = Literal["T", "K", "N"]
Text = Annotated[str, Field(min_length=1)]


class Advisory(BaseModel):
    """A published advisory."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Text
    published: date
    numbering: Text
    """Whose numbers the flag ids carry."""
    key_term: Text | None = None
    """What a report that cites the advisory names."""


class Flag(BaseModel):
    """One red flag, in this project's own words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^(A003|F24|F19|CVC|F14)-[PT]?[1-9][0-9]*$")]
    text: Text
    flag_class: Annotated[FlagClass, Field(alias="class")]
    """T: the stream alone; K: stream plus customer or registry data; N: not computable here."""
    data: Text
    detectors: list[Annotated[str, Field(pattern=r"^D\d\d$")]]
    """Detectors of the reference list that are meant to compute it; typologies carry their id as `code`."""
    note: Text | None = None

    @property
    def advisory(self) -> str:
        """Id of the advisory ("A003")."""
        return self.id.partition("-")[0]


class FlagList(BaseModel):
    """The whole of `red_flags.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    advisories: dict[str, Advisory]
    flags: list[Flag]

    def by_id(self) -> dict[str, Flag]:
        """Return the flags by id."""
        return {flag.id: flag for flag in self.flags}


class CoverageStatus(Enum):
    """What the project does about a flag."""

    COMPUTABLE = "computable"
    NEEDS_ENRICHMENT = "needs enrichment"
    NOT_COMPUTABLE = "not computable"
    NOT_IMPLEMENTED = "not implemented yet"


@dataclass(frozen=True, slots=True)
class FlagCode:
    """The code behind a flag: typology, and in its own words which reason codes or modes compute it."""

    typology: str
    version: str
    status: str
    indicator: str


@dataclass(frozen=True, slots=True)
class FlagCoverage:
    """One row of `feiqian typologies coverage`."""

    flag: Flag
    advisory: Advisory
    status: CoverageStatus
    codes: tuple[FlagCode, ...]


def load_flags(path: Path = FLAG_FILE) -> FlagList:
    """Return the flag list.

    Raises
    ------
    CatalogueError
        The file is wrong, an id stands twice, or an advisory is missing.
    """
    try:
        flags = FlagList.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise CatalogueError(f"{path.name}: {error}") from error
    ids = [flag.id for flag in flags.flags]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        raise CatalogueError(f"{path.name}: each flag stands once, found twice: {', '.join(twice)}")
    unknown = sorted({flag.advisory for flag in flags.flags} - flags.advisories.keys())
    if unknown:
        raise CatalogueError(f"{path.name}: no advisory {', '.join(unknown)}")
    return flags


def coverage(typologies: Iterable[Typology], flags: FlagList | None = None) -> list[FlagCoverage]:
    """Return the status of every flag, in the order of the list.

    A flag counts as implemented when a typology that is not deprecated declares it in `typology.toml`; whether it then
    needs more than the stream is the flag's class.

    Parameters
    ----------
    typologies
        The catalogue.
    flags
        The flag list; None: the project's.

    Raises
    ------
    CatalogueError
        A typology declares a flag that is not in the list.
    """
    listed = flags or load_flags()
    known = listed.by_id()
    codes: dict[str, list[FlagCode]] = {}
    for typology in typologies:
        meta = typology.meta
        for declared in meta.red_flags:
            if declared.id not in known:
                raise CatalogueError(f"{meta.id}/typology.toml: no red flag {declared.id!r} in {FLAG_FILE.name}")
            if meta.status != "deprecated":
                code = FlagCode(meta.id, meta.version, meta.status, declared.indicator)
                codes.setdefault(declared.id, []).append(code)
    return [
        FlagCoverage(
            flag,
            listed.advisories[flag.advisory],
            _status(flag, bool(codes.get(flag.id))),
            tuple(codes.get(flag.id, ())),
        )
        for flag in listed.flags
    ]


def _status(flag: Flag, is_implemented: bool) -> CoverageStatus:
    if flag.flag_class == "N":
        return CoverageStatus.NOT_COMPUTABLE
    if not is_implemented:
        return CoverageStatus.NOT_IMPLEMENTED
    return CoverageStatus.NEEDS_ENRICHMENT if flag.flag_class == "K" else CoverageStatus.COMPUTABLE
