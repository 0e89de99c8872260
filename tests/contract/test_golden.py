"""Every golden case of every typology gives what it expects, in the slow engine and in the fast one."""

from __future__ import annotations

from typing import Any

import pytest

from typologies.base.cases import Case, load_cases
from typologies.base.catalogue import Typology, discover
from typologies.base.promises import check_golden, check_red_flags, run_case, run_cases

CATALOGUE = discover()


def _cases() -> list[Any]:
    return [
        pytest.param(typology, case, id=f"{case.where}: {case.name}")
        for typology in CATALOGUE.values()
        for case in load_cases(typology.folder)
    ]


@pytest.mark.parametrize(("typology", "case"), _cases())
def test_a_golden_case_gives_what_it_expects(typology: Typology, case: Case) -> None:
    result = run_case(typology, case)
    assert not result.problems, "\n".join(result.problems)


@pytest.mark.parametrize("name", CATALOGUE)
def test_cases_fire_stay_silent_meet_boundaries_and_come_late(name: str) -> None:
    typology = CATALOGUE[name]
    results = run_cases(typology)
    check_golden(typology, results)
    check_red_flags(typology, results)
