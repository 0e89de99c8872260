"""A field of a profile has one name, that of the wire contract: typologies read it, readers and generators write it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import numpy as np
import pytest

from pipeline.schemas.export import schemas
from pipeline.schemas.frames import profile_fields
from replay.synthetic.world import WorldConfig, generate
from typologies.base.cases import load_cases
from typologies.base.catalogue import discover
from typologies.base.facts import PROFILE_TABLES, Fact, FactValue
from typologies.base.ordinary_life import ordinary_life
from typologies.base.promises import case_history
from typologies.base.reference import ReferenceEngine
from typologies.base.scenarios import scenarios_of

FIELDS = profile_fields()


class Noting(Mapping[str, FactValue]):
    """Values of a fact that note which names are asked for."""

    def __init__(self, values: Mapping[str, FactValue], table: str, asked: set[tuple[str, str]]) -> None:
        self._values = values
        self._table = table
        self._asked = asked

    def __getitem__(self, name: str) -> FactValue:
        self._asked.add((self._table, name))
        return self._values[name]

    def get(self, name: str, default: Any = None) -> Any:
        self._asked.add((self._table, name))
        return self._values.get(name, default)

    def __contains__(self, name: object) -> bool:
        self._asked.add((self._table, str(name)))
        return name in self._values

    def items(self) -> Any:
        return self._values.items()  # the content hash goes over everything and reads nothing in particular

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def unknown(facts: list[Fact]) -> set[tuple[str, str]]:
    """Return the fields of profiles that the wire contract does not have."""
    return {
        (fact.table, name)
        for fact in facts
        if fact.table in PROFILE_TABLES
        for name in fact.values
        if name not in FIELDS[fact.table]
    }


@pytest.mark.parametrize("name", discover())
def test_every_profile_field_that_a_detector_reads_is_in_the_wire_contract(name: str) -> None:
    typology = discover()[name]
    asked: set[tuple[str, str]] = set()
    for case in load_cases(typology.folder):
        history, _ = case_history(case)
        noting = [
            Fact(f.table, f.key, f.valid_from, f.known_at, Noting(f.values, f.table, asked), f.valid_to)
            for f in history.facts
        ]
        engine = ReferenceEngine([typology.bind(case.params, case.where)], history.settings, noting)
        list(engine.run(history.frame, history.clock_us))
    read = {(table, field) for table, field in asked if table in PROFILE_TABLES}
    assert read
    assert {(table, field) for table, field in read if field not in FIELDS[table]} == set()


@pytest.mark.parametrize("name", discover())
def test_golden_cases_and_scenarios_write_profiles_by_the_names_of_the_wire_contract(name: str) -> None:
    typology = discover()[name]
    facts = [fact for case in load_cases(typology.folder) for fact in case.facts]
    facts += [fact for draw in scenarios_of(typology) for fact in draw(np.random.default_rng(1)).facts]
    assert unknown(facts) == set()


def test_the_synthetic_world_and_ordinary_life_write_profiles_by_the_names_of_the_wire_contract() -> None:
    config = WorldConfig(seed=3, days=30, parties=60, start=date(2026, 1, 5), cases_per_typology=1, evasion=0)
    personal = {("party_profile", name) for name in ("name", "nationalities", "document_country")}
    assert unknown(list(generate(config).facts)) <= personal
    assert unknown(list(ordinary_life(np.random.default_rng(1), 3, 2, 10).facts)) == set()


@pytest.mark.parametrize("table", PROFILE_TABLES)
def test_every_field_of_a_profile_follows_from_its_exported_schema(table: str) -> None:
    properties = schemas()[table]["properties"]
    stems = {"declared_income_": "declared_income", "expected_": "expected_activity"}
    for field in FIELDS[table]:
        stem = next((model for start, model in stems.items() if field.startswith(start)), field)
        assert stem in properties, field
