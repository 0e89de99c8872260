"""Everything one typology must pass, as a report: what `feiqian typologies test` prints and the test suite asserts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from typologies.base import promises
from typologies.base.catalogue import Typology, discover
from typologies.base.checks import CHECKS, Trial, check_state_shrinks
from typologies.base.errors import CatalogueError, ContractError, FeiqianError
from typologies.base.histories import pool_of, random_histories
from typologies.base.promises import CaseResult, run_cases

SEED = 20250828
BUDGET = 3
"""Random histories in an ordinary run: golden cases and all checks of one typology in a second or two."""


MOST_HISTORIES = 5
"""Budgets of random histories drawn at most, until one has a finding."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One check.

    Attributes
    ----------
    name
        What was checked, in words.
    problem
        Why it failed; None: passed.
    """

    name: str
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class TestReport:
    """All checks of one typology.

    Attributes
    ----------
    typology
        Its id and version.
    outcomes
        In the order in which they ran.
    n_cases, n_histories
        Golden cases and random histories.
    """

    __test__: ClassVar[bool] = False  # no test class, whatever its name

    typology: str
    version: str
    outcomes: tuple[Outcome, ...]
    n_cases: int
    n_histories: int

    @property
    def is_passed(self) -> bool:
        """Whether every check passed."""
        return all(outcome.problem is None for outcome in self.outcomes)

    def __str__(self) -> str:
        lines = [f"{self.typology} {self.version}: {self.n_cases} golden cases, {self.n_histories} random histories"]
        for outcome in self.outcomes:
            lines.append(f"  {'ok  ' if outcome.problem is None else 'FAIL'} {outcome.name}")
            if outcome.problem is not None:
                lines += [f"       {line}" for line in outcome.problem.splitlines()]
        return "\n".join(lines)


def run_all(typology: Typology, rng: np.random.Generator, budget: int = BUDGET) -> TestReport:
    """Run golden cases, promises and the whole contract of one typology.

    Parameters
    ----------
    typology
        From the catalogue.
    rng
        Seeded generator; equal seeds give equal histories.
    budget
        Random histories. Above `BUDGET` the slow check that state shrinks back runs too.
    """
    outcomes: list[Outcome] = []
    results: tuple[CaseResult, ...] = ()
    trials: list[Trial] = []

    def check(name: str, run: Callable[[], None]) -> None:
        try:
            run()
        except FeiqianError as error:
            outcomes.append(Outcome(name, str(error)))
        else:
            outcomes.append(Outcome(name))

    def load() -> None:
        nonlocal results
        results = run_cases(typology)

    def draw() -> None:
        pool = pool_of(typology, rng)
        for n in range(MOST_HISTORIES * budget):
            if n >= budget and any(judgement.findings for trial in trials for judgement in trial.judgements):
                return
            (history,) = random_histories(pool, rng, 1)
            trials.append(Trial(typology.bind(), history, n))
        raise ContractError(f"{typology.id}: none of {len(trials)} random histories has a finding: checks show nothing")

    check("golden cases can be read", load)
    check("golden cases", lambda: promises.check_golden(typology, results))
    check("red flags fire in golden cases", lambda: promises.check_red_flags(typology, results))
    check("scenarios are found, their twins are not", lambda: promises.check_scenarios(typology, rng))
    check("ordinary life is silent", lambda: promises.check_ordinary_life(typology, rng))
    check("random histories have findings", draw)
    for run in CHECKS:
        check(_words(run), lambda run=run: run(trials))  # type: ignore[misc]
    if budget > BUDGET:
        check(_words(check_state_shrinks), lambda: check_state_shrinks(trials[:1]))
    return TestReport(typology.id, typology.meta.version, tuple(outcomes), len(results), len(trials))


def test_typology(typology_id: str, root: Path | None = None, budget: int = BUDGET) -> TestReport:  # noqa: PT028
    """Run everything for one typology by id.

    Raises
    ------
    CatalogueError
        There is no such typology, or its folder is incomplete.
    """
    found = discover(root)
    if typology_id not in found:
        raise CatalogueError(f"no typology {typology_id!r}; there are: {', '.join(found) or 'none'}")
    return run_all(found[typology_id], np.random.default_rng(SEED), budget)


def _words(check: Callable[..., None]) -> str:
    """Return the first sentence of a check's docstring: what must hold."""
    return (check.__doc__ or check.__name__).partition("\n")[0].rstrip(".")
