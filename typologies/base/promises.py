"""What a typology's own folder promises: its golden cases, its red flags, its scenarios, silence on ordinary life.

The engine's side of the contract, which is the same for every typology, is in `checks`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from typologies.base import cases, trials
from typologies.base.alerts import Alert
from typologies.base.cases import Case, load_cases
from typologies.base.catalogue import Typology
from typologies.base.errors import ContractError
from typologies.base.flags import load_flags
from typologies.base.ordinary_life import ordinary_life
from typologies.base.reference import Bound
from typologies.base.scenarios import Scenario, scenarios_of
from typologies.base.settings import EngineSettings
from typologies.base.trials import History, Schedule, drive, in_batches, in_time_order, reference

N_DRAWS = 5
"""Draws of each scenario in one check."""

BENIGN_ALERTS_PER_1000 = 5
"""Alerts allowed on 1,000 accounts of ordinary life in a quarter: judgement, an analyst can read that many."""

_HOUSEHOLDS, _SHOPS, _DAYS = 60, 15, 91


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A golden case and what it gave.

    Attributes
    ----------
    case
        The case.
    alerts
        Standing alerts of the slow engine.
    problems
        What differs from the expectation, a sentence each; empty: passed.
    """

    case: Case
    alerts: tuple[Alert, ...]
    problems: tuple[str, ...]


def case_history(case: Case) -> tuple[History, Schedule]:
    """Return a case as a history, and its order of arrival in batches of one.

    The lateness is the usual one or, if the case's order needs more, that.
    """
    frame = case.frame
    if not frame.height:
        return trials.history(case.where, frame, case.facts), ()
    times = frame["event_time"].dt.timestamp("us").to_numpy()
    behind = int((np.maximum.accumulate(times) - times).max())
    settings = EngineSettings(lateness=max(EngineSettings().lateness, timedelta(microseconds=behind)))
    order = np.argsort(times, kind="stable")
    place = np.argsort(order)
    history = trials.history(case.where, frame[order], case.facts, settings)
    if case.clock_us is not None:
        history = replace(history, clock_us=max(history.clock_us, case.clock_us))
    return history, in_batches([int(i) for i in place], 1)


def run_case(typology: Typology, case: Case) -> CaseResult:
    """Run a golden case through the slow engine, and through the engine as it arrived."""
    bound = [typology.bind(case.params, case.where)]
    history, arrival = case_history(case)
    expected = reference(bound, history)
    problems = cases.differences(case.expect, expected.values())
    found = drive(bound, history, arrival)
    problems += trials.differences(found, expected, ("the engine", "the reference"))
    return CaseResult(case, tuple(expected.values()), tuple(problems))


def run_cases(typology: Typology) -> tuple[CaseResult, ...]:
    """Run every golden case of a typology."""
    return tuple(run_case(typology, case) for case in load_cases(typology.folder))


def check_golden(typology: Typology, results: Iterable[CaseResult]) -> None:
    """Every golden case gives what it expects; there are firing, silent, boundary and late ones."""
    seen = list(results)
    failed = [r for r in seen if r.problems]
    if failed:
        lines = [f"{r.case.where} ({r.case.name}):\n    " + "\n    ".join(r.problems) for r in failed]
        raise ContractError(f"{typology.id}: {len(failed)} of {len(seen)} golden cases differ\n  " + "\n  ".join(lines))
    files = {r.case.where.rpartition("/")[2].partition(".")[0] for r in seen}
    missing = sorted({"fires", "silent", "boundary", "late"} - files)
    if missing:
        raise ContractError(f"{typology.id}: cases/ needs {', '.join(f'{name}.jsonl' for name in missing)}")
    if not any(r.case.expect for r in seen) or all(r.case.expect for r in seen):
        raise ContractError(f"{typology.id}: golden cases need a firing and a silent one")


def indicator_codes(indicator: str, known: Iterable[str]) -> list[str]:
    """Return the known reason codes and modes that the text of an indicator names."""
    words = set(re.findall(r"[a-z0-9_]+", indicator))
    return sorted(words & set(known))


def check_red_flags(typology: Typology, results: Iterable[CaseResult]) -> None:
    """Every declared red flag fires: some golden case gives an alert that cites it for a code its indicator names.

    An alert cites nothing that is not declared.
    """
    alerts = [alert for result in results for alert in result.alerts]
    coded = [(alert, {reason.code for reason in alert.reasons} | set(alert.modes)) for alert in alerts]
    known = {code for _, codes in coded for code in codes}
    listed = load_flags().by_id()
    for flag in typology.meta.red_flags:
        if flag.id not in listed:
            raise ContractError(f"{typology.id}: no red flag {flag.id!r} in the flag list")
        named = set(indicator_codes(flag.indicator, known))
        if not named:
            raise ContractError(
                f"{typology.id}: the indicator of {flag.id} must name a reason code or mode of some golden case "
                f"({', '.join(sorted(known))}); found {flag.indicator!r}"
            )
        if not any(flag.id in alert.red_flags and codes & named for alert, codes in coded):
            raise ContractError(
                f"{typology.id}: no golden case gives an alert that cites {flag.id} for {sorted(named)}"
            )
    declared = {flag.id for flag in typology.meta.red_flags}
    undeclared = sorted({flag for alert in alerts for flag in alert.red_flags} - declared)
    if undeclared:
        raise ContractError(f"{typology.id}: alerts cite {', '.join(undeclared)}, which typology.toml does not declare")


def check_scenarios(typology: Typology, rng: np.random.Generator, n_draws: int = N_DRAWS) -> None:
    """Every draw of `positive` is found, and no draw of its lawful twin `look_alike` gives an alert."""
    bound = typology.bind()
    positive, look_alike = scenarios_of(typology)
    for i in range(n_draws):
        if not _alerts(bound, positive(rng), f"{typology.id}, positive {i}"):
            raise ContractError(f"{typology.id}: draw {i} of positive(rng) gives no alert")
        found = _alerts(bound, look_alike(rng), f"{typology.id}, look-alike {i}")
        if found:
            shown = "; ".join(map(cases.summary, found.values()))
            raise ContractError(f"{typology.id}: draw {i} of look_alike(rng) must stay silent, found {shown}")


def check_ordinary_life(typology: Typology, rng: np.random.Generator) -> None:
    """Ordinary life gives at most `BENIGN_ALERTS_PER_1000` alerts on 1,000 accounts and a quarter."""
    scenario = ordinary_life(rng, _HOUSEHOLDS, _SHOPS, _DAYS)
    found = _alerts(typology.bind(), scenario, f"{typology.id}, ordinary life")
    allowed = BENIGN_ALERTS_PER_1000 * (_HOUSEHOLDS + _SHOPS) / 1_000
    if len(found) > allowed:
        shown = "\n  ".join(map(cases.summary, list(found.values())[:5]))
        raise ContractError(
            f"{typology.id}: ordinary life of {_HOUSEHOLDS} households and {_SHOPS} shops in {_DAYS} days may give "
            f"{allowed:.1f} alerts, found {len(found)}:\n  {shown}"
        )


def _alerts(bound: Bound, scenario: Scenario, label: str) -> dict[str, Alert]:
    history = trials.history(label, scenario.frame(), scenario.facts)
    return drive([bound], history, in_time_order(history))
