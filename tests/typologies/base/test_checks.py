"""Every check of the contract can fail: a detector or an engine that breaks it is caught, with a readable message."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

import typologies
from tests.typologies.base.nasty import moment
from tests.typologies_for_tests.figures_only import bind, finding
from tests.typologies_for_tests.no_school_payee import NoSchoolPayee, NoSchoolPayeeParams
from typologies.base import checks
from typologies.base.alerts import Alert
from typologies.base.cases import events_frame, load_cases
from typologies.base.catalogue import discover
from typologies.base.checks import CHECKS, Trial
from typologies.base.detector import Context, Detector
from typologies.base.errors import ContractError
from typologies.base.events import Side
from typologies.base.expressions import ALWAYS, Expr, Past, col
from typologies.base.facts import Fact, income_values
from typologies.base.findings import Deadline, Finding
from typologies.base.promises import case_history
from typologies.base.reference import Bound
from typologies.base.runner import Runner
from typologies.base.scaffold import new_typology
from typologies.base.testing import test_typology as examine
from typologies.base.trials import History, drive, history
from typologies.base.window import Event, Window, span_us


class Sound(Detector[None]):
    """Two credits within two days: breaks nothing, and is what the others change."""

    context_tables: ClassVar[frozenset[str]] = frozenset({"account_profile"})

    @property
    def look_back(self) -> timedelta:
        return timedelta(days=2)

    def relevant(self) -> Expr:
        return col.side == Side.CREDIT

    def screen(self, past: Past) -> Expr:
        return ALWAYS

    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        if len(window) >= 2:
            yield finding("two", list(window), f"seen by {window.subject_id}")


class ChangesWindow(Sound):
    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        found = list(super().judge(window, context))
        if isinstance(window.events, list):
            window.events.reverse()
        return found


class ChangesContext(Sound):
    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        profile = context.profile("account_profile")
        if profile is not None:
            profile.values["seen"] = True  # type: ignore[index]
        return super().judge(window, context)


class KeepsState(Sound):
    def __init__(self, params: None) -> None:
        super().__init__(params)
        self.n_seen = 0

    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        self.n_seen += 1
        return super().judge(window, context)


class NeverTheSame(Sound):
    n_judged: ClassVar[list[int]] = []

    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        self.n_judged.append(1)
        if len(window) >= 2:
            yield finding("two", list(window), f"judgement {len(self.n_judged)}")


class ScreensTooMuch(Sound):
    def screen(self, past: Past) -> Expr:
        return col.amount_usd > 100_00


class JudgesByName(Sound):
    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        return super().judge(window, context) if window.subject_id < "b" else ()


class JudgesPeople(Sound):
    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        profile = context.profile("account_profile")
        if profile is not None and profile.values.get("nationality") is None:
            yield from super().judge(window, context)


class CitesTooLittle(Sound):
    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        if len(window) >= 2:
            yield finding("two", [window.events[-1]])


class CitesFromMemory(Sound):
    remembered: ClassVar[list[Event]] = []

    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        self.remembered.extend(window.events)
        if len(window) >= 2:
            yield finding("two", [self.remembered[0], *window.events])


def _past() -> History:
    def row(units: int, account: str, cents: int) -> dict[str, Any]:
        return {"event_time": moment(units), "amount": cents, "creditor_account": account, "debtor_account": "x"}

    rows = [row(0, "a", 100_00), row(2, "a", 200_00), row(30, "a", 100_00), row(33, "a", 100_00), row(40, "c", 1)]
    facts = [Fact("account_profile", "a", moment(0), moment(0), income_values(1))]
    return history("five credits", events_frame([{**r, "event_id": f"e{i}"} for i, r in enumerate(rows)]), facts)


def _trial(detector: type[Detector[Any]]) -> Trial:
    return Trial(Bound(detector.__name__.lower(), "1.0.0", detector(None)), _past())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_sound_detector_passes(check: Callable[[Iterable[Trial]], None]) -> None:
    trial = _trial(Sound)
    assert trial.expected
    check([trial])


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_history_whose_clock_runs_on_after_its_last_event_keeps_its_deadlines(
    check: Callable[[Iterable[Trial]], None],
) -> None:
    row = {"event_id": "e1", "event_time": moment(0), "creditor_account": "a", "debtor_account": "x", "amount": 500_00}
    past = history("tuition", events_frame([{**row, "purpose": "tuition"}]))
    past = replace(past, clock_us=past.clock_us + span_us(timedelta(days=10)))
    trial = Trial(bind(NoSchoolPayee(NoSchoolPayeeParams())), past)
    assert trial.expected
    check([trial])


@pytest.mark.parametrize("name", discover())
def test_golden_cases_can_be_trials_of_the_check_with_an_earlier_life(name: str) -> None:
    typology = discover()[name]
    given = [case for case in load_cases(typology.folder) if not case.params]
    with_clock = [case for case in given if case.clock_us is not None]
    trials = [Trial(typology.bind(), case_history(case)[0]) for case in with_clock or given[:5]]
    checks.check_old_events(trials)


@pytest.mark.parametrize(
    ("detector", "check", "message"),
    [
        (ChangesWindow, checks.check_inputs_untouched, "must not change its window"),
        (ChangesContext, checks.check_inputs_untouched, "must not change its context"),
        (KeepsState, checks.check_inputs_untouched, "must hold no state"),
        (NeverTheSame, checks.check_inputs_untouched, "judging a window twice must give the same"),
        (ScreensTooMuch, checks.check_screen, "the screen stops Event"),
        (ScreensTooMuch, checks.check_agreement, "screening must change no alert"),
        (JudgesByName, checks.check_renaming, "renaming ids must change no alert"),
        (JudgesPeople, checks.check_other_people, "nationality and documents must change no alert"),
        (CitesTooLittle, checks.check_evidence, "from these alone: nothing is found"),
        (CitesFromMemory, checks.check_evidence, "cites events of its window only"),
    ],
)
def test_a_broken_detector_is_caught(
    detector: type[Detector[Any]], check: Callable[[Iterable[Trial]], None], message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        check([_trial(detector)])


@pytest.mark.parametrize(
    "check",
    [
        checks.check_agreement,
        checks.check_batches,
        checks.check_arrival,
        checks.check_duplicates,
        checks.check_restarts,
        checks.check_idle_marks,
        checks.check_old_events,
    ],
    ids=lambda check: check.__name__,
)
def test_an_engine_that_loses_an_alert_is_caught(
    check: Callable[[Iterable[Trial]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def loses_one(*args: Any, **more: Any) -> dict[str, Alert]:
        found = drive(*args, **more)
        found.popitem()
        return found

    monkeypatch.setattr(checks, "drive", loses_one)
    with pytest.raises(ContractError, match=r"must change no alert \(five credits\)"):
        check([_trial(Sound)])


def test_an_engine_that_never_lets_go_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "RETAINED_EVENTS", 400)
    monkeypatch.setattr(Runner, "_forget", lambda self: None)
    with pytest.raises(ContractError, match="state must shrink back"):
        checks.check_state_shrinks([_trial(Sound)])


ORDINARY = "(Purpose.PAYROLL, Purpose.RENT, Purpose.UTILITIES, Purpose.SALES, Purpose.SUPPLIER, Purpose.REFUND)"


@pytest.mark.parametrize(
    ("name", "file", "old", "new", "failing", "message"),
    [
        ("many_ones", "detector.py", "past.n >= ", "past.n > ", "The screen is necessary", "screen stops"),
        ("many_twins", "detector.py", ORDINARY, "(Purpose.PAYROLL,)", "scenarios are found", "must stay silent"),
        ("many_homes", "detector.py", ORDINARY, "(Purpose.TAX,)", "ordinary life is silent", "may give"),
        ("many_wrongs", "cases/fires.jsonl", '"n_events": 5', '"n_events": 4', "golden cases", "expected 4, found 5"),
        ("many_gaps", "cases/late.jsonl", "{", "", "golden cases can be read", "must be one JSON object"),
        (
            "many_flags",
            "typology.toml",
            "red_flags = []",
            'red_flags = [{id = "A003-6", source = "s", paraphrase = "p", indicator = "many_payers"}]',
            "red flags fire in golden cases",
            "no golden case gives an alert that cites A003-6",
        ),
        (
            "many_names",
            "typology.toml",
            "red_flags = []",
            'red_flags = [{id = "A003-6", source = "s", paraphrase = "p", indicator = "nothing_known"}]',
            "red flags fire in golden cases",
            "must name a reason code or mode",
        ),
        (
            "many_cites",
            "detector.py",
            "severity=Severity.LOW,",
            'severity=Severity.LOW, red_flags=("A003-7",),',
            "red flags fire in golden cases",
            "does not declare",
        ),
    ],
)
def test_a_folder_that_breaks_its_promises_is_caught(
    name: str,
    file: str,
    old: str,
    new: str,
    failing: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(typologies, "__path__", [*typologies.__path__, str(tmp_path)])
    path = new_typology(name, tmp_path, created=date(2026, 3, 2)) / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    report = examine(name, tmp_path)
    assert not report.is_passed
    problems = [outcome.problem or "" for outcome in report.outcomes if outcome.name.startswith(failing)]
    assert any(message in problem for problem in problems), str(report)
