"""Scenarios: short labelled sequences of events that a typology ships for its own tests.

`scenario.py` of a typology has two functions, both pure functions of a seeded generator:

- `positive(rng)`: what the typology must find, written from its sources, never from its detector or parameters;
- `look_alike(rng)`: a lawful twin with the same amounts, rhythm and rails on which it must stay silent.

Each returns a `Scenario`, or an object of its own with the same attributes.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl

from typologies.base.cases import Row, events_frame
from typologies.base.catalogue import Typology
from typologies.base.errors import CatalogueError
from typologies.base.facts import Fact


@dataclass(frozen=True, slots=True)
class Scenario:
    """A sequence of events with its context.

    Attributes
    ----------
    events
        Sparse rows, see `cases`; event times are aware datetimes or ISO text.
    facts
        Context versions.
    labels
        Event id to the part it plays ("in", "out"), apart from the events.
    """

    events: Sequence[Row]
    facts: Sequence[Fact] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    def frame(self) -> pl.DataFrame:
        """Return the events as a canonical frame."""
        return events_frame(self.events, "scenario")


Draw = Callable[[np.random.Generator], Scenario]


def scenarios_of(typology: Typology) -> tuple[Draw, Draw]:
    """Return `positive` and `look_alike` of a typology's folder, each drawing a `Scenario`.

    Raises
    ------
    CatalogueError
        `scenario.py` or one of its functions is missing.
    """
    name = f"typologies.{typology.id}.scenario"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise CatalogueError(f"{typology.id}: scenario.py is required, found none") from error
    return _draw(module, "positive"), _draw(module, "look_alike")


def _draw(module: ModuleType, name: str) -> Draw:
    function = getattr(module, name, None)
    if not callable(function):
        raise CatalogueError(f"{module.__name__}: a function {name}(rng) is required, found none")

    def draw(rng: np.random.Generator) -> Scenario:
        result: Any = function(rng)
        if isinstance(result, Scenario):
            return result
        events = getattr(result, "events", None)
        if events is None:
            raise CatalogueError(f"{module.__name__}.{name}: a result with `events` is required, found {type(result)}")
        return Scenario(tuple(events), tuple(getattr(result, "facts", ())), dict(getattr(result, "labels", {})))

    return draw
