"""The author's guide is true: what it shows is what `new` writes, and its other code runs and finds something."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.typologies.base.nasty import moment
from typologies.base.cases import events_frame
from typologies.base.checks import CHECKS, Trial
from typologies.base.detector import Detector
from typologies.base.facts import Fact, income_values
from typologies.base.reference import Bound
from typologies.base.scaffold import render
from typologies.base.trials import History, history

BLOCK = re.compile(r"^<!-- (?P<what>[^>]+) -->\n```(?P<language>\w+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def blocks() -> list[tuple[str, str]]:
    guide = Path(__file__).parents[3] / "typologies" / "base" / "README.md"
    return [(found["what"], found["body"]) for found in BLOCK.finditer(guide.read_text(encoding="utf-8"))]


def test_the_worked_example_is_what_a_new_folder_holds(blocks: list[tuple[str, str]]) -> None:
    written = render("many_payers", date(2026, 3, 2))
    shown = {what.removeprefix("many_payers/"): body for what, body in blocks if what != "executed"}
    assert {"params.py", "detector.py", "cases/boundary.jsonl"} == set(shown)
    for name, body in shown.items():
        if name.endswith(".jsonl"):
            assert body.strip() in written[name].splitlines()
        else:
            assert body == written[name]


def _past() -> History:
    def row(days: int, **columns: Any) -> dict[str, Any]:
        return {"event_time": moment(3 * days), "amount": 9_000_00, **columns}

    tuition = {"creditor_account": "a", "purpose": "tuition"}
    rows = [
        row(0, **tuition),
        row(1, debtor_account="a", creditor_account="s", creditor_class="school"),
        row(6, **tuition),
        row(12, **tuition, amount_usd=None),
        row(20, **tuition),
    ]
    known = moment(20)
    profile = Fact("account_profile", "a", moment(0), known, income_values(4_000))
    return history("guide", events_frame([{**r, "event_id": f"g{i}"} for i, r in enumerate(rows)]), [profile])


def test_the_other_code_of_the_guide_passes_the_contract_and_finds_something(blocks: list[tuple[str, str]]) -> None:
    found: list[str] = []
    for what, body in blocks:
        if what != "executed":
            continue
        names: dict[str, Any] = {}
        exec(compile(body, "guide", "exec", dont_inherit=True), names)
        for value in names.values():
            if isinstance(value, type) and issubclass(value, Detector) and value is not Detector:
                trial = Trial(Bound(value.__name__, "1.0.0", value(None)), _past())
                assert trial.expected
                for check in CHECKS:
                    check([trial])
                found.append(value.__name__)
    assert found == ["BeyondIncome", "NoSchoolPaid"]
