"""The model of typology.toml."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from typologies.base.errors import CatalogueError

Text = Annotated[str, Field(min_length=1)]


class RedFlag(BaseModel):
    """One red flag that the typology cites, and the code that computes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Text
    source: Text
    paraphrase: Text
    indicator: Text
    """Reason codes or modes that compute it."""


class Jurisdiction(BaseModel):
    """An override of parameters for a place, with its citation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    place: Text
    citation: Text
    params: dict[str, int | str | bool]


class TypologyMeta(BaseModel):
    """What stands in typology.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Text
    code: Text
    """Id in the reference list of detectors ("D01")."""
    title: Text
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    status: Literal["experimental", "shadow", "production", "deprecated"]
    scope: Literal["account", "party", "corridor", "chain"]
    stage: list[Literal["placement", "layering", "integration"]]
    description: Text
    predicate_offences: list[Text]
    red_flags: list[RedFlag]
    required_fields: list[Text]
    optional_fields: dict[str, Text] = {}
    """Field to the indicator that is not computed without it."""
    look_back: Text
    blind_spots: list[Text]
    benign_look_alikes: list[Text]
    investigation_steps: list[Text]
    report_hints: list[Text] = []
    """Suggested key terms and boxes, as drafts for an analyst."""
    references: list[Text]
    jurisdictions: list[Jurisdiction] = []
    created: date
    updated: date
    deprecated_reason: Text | None = None


def load_metadata(path: Path) -> TypologyMeta:
    """Return the metadata of a typology folder.

    Raises
    ------
    CatalogueError
        The file is missing or wrong; the message names the file and each key.
    """
    if not path.is_file():
        raise CatalogueError(f"{path.parent.name}: typology.toml is required, found none")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{path.parent.name}/typology.toml: not valid TOML: {error}") from error
    try:
        meta = TypologyMeta.model_validate(raw)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise CatalogueError(f"{path.parent.name}/typology.toml: {problems}") from error
    if meta.id != path.parent.name:
        raise CatalogueError(f"{path.parent.name}/typology.toml: id must be the folder's name, found {meta.id!r}")
    return meta
