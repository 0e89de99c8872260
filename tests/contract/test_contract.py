"""Every typology found by folder passes the whole contract on random histories that matter to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pytest

from typologies.base import promises
from typologies.base.catalogue import Typology, discover
from typologies.base.checks import CHECKS, Trial, check_state_shrinks
from typologies.base.histories import pool_of, random_histories

N_HISTORIES = 10
CATALOGUE = discover()

each_typology = pytest.mark.parametrize("name", CATALOGUE)


@pytest.fixture(scope="module")
def trials_of() -> Callable[[str], list[Trial]]:
    """Random histories of a typology, drawn once; what checks share is computed once."""
    drawn: dict[str, list[Trial]] = {}

    def draw(name: str) -> list[Trial]:
        if name not in drawn:
            rng = np.random.default_rng(7)
            typology = CATALOGUE[name]
            histories = random_histories(pool_of(typology, rng), rng, N_HISTORIES)
            drawn[name] = [Trial(typology.bind(), history, seed) for seed, history in enumerate(histories)]
        return drawn[name]

    return draw


@each_typology
def test_random_histories_make_the_checks_show_something(name: str, trials_of: Callable[[str], list[Trial]]) -> None:
    assert sum(len(trial.expected) for trial in trials_of(name)) >= 2


@each_typology
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_contract_holds(
    name: str, check: Callable[[Iterable[Trial]], None], trials_of: Callable[[str], list[Trial]]
) -> None:
    check(trials_of(name))


@each_typology
def test_state_shrinks_back_after_the_look_back(name: str, trials_of: Callable[[str], list[Trial]]) -> None:
    check_state_shrinks(trials_of(name)[:1])


@each_typology
def test_scenarios_are_found_and_their_twins_are_not(name: str) -> None:
    promises.check_scenarios(CATALOGUE[name], np.random.default_rng(11), n_draws=10)


@each_typology
def test_ordinary_life_is_silent(name: str) -> None:
    promises.check_ordinary_life(CATALOGUE[name], np.random.default_rng(13))


def test_there_are_typologies_to_check() -> None:
    assert all(isinstance(typology, Typology) for typology in CATALOGUE.values())
    assert len(CATALOGUE) >= 1
