"""An alert speaks with one finding: explanation, reasons and figures do not contradict each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from typologies.base import figures
from typologies.base.alerts import Alert, AlertHead, Standing, build_alert, event_anchor
from typologies.base.cases import events_frame, load_cases
from typologies.base.catalogue import discover
from typologies.base.codec import Codec
from typologies.base.encoding import encode
from typologies.base.events import Side
from typologies.base.findings import BASELINE, Finding, Reason, Severity, cite
from typologies.base.money import usd_text
from typologies.base.probe import probe
from typologies.base.promises import case_history
from typologies.base.strings import Interner
from typologies.base.trials import reference
from typologies.base.window import Event

HEAD = AlertHead("sums", "1.0.0", "account", "account", "A")
WEEK_US = 7 * 86_400_000_000
DAY_0 = datetime(2026, 3, 2, tzinfo=UTC)
AMOUNT = re.compile(r"USD ([\d,]+\.\d\d)")


def deposits(cents: Sequence[int]) -> list[Event]:
    """Return deposits, an hour apart."""
    rows = [
        {"event_id": f"e{i}", "event_time": DAY_0 + timedelta(hours=i), "creditor_account": "A", "amount": c}
        for i, c in enumerate(cents)
    ]
    interner = Interner()
    batch = encode(events_frame(rows), interner)
    return Codec(interner, batch.texts).events(batch.records, Side.CREDIT)


def standing(events: Sequence[Event], codes: Sequence[str] = ("sum",), **more: Any) -> Standing:
    """Return a finding over events, found at the last of them; its texts name its own sum and count."""
    total = figures.total_usd(events)
    text = f"{len(events)} deposits add up to USD {total.value:,.2f}."
    reasons = tuple(Reason(code, text, total, "nothing", more.get("weight", 0.5)) for code in codes)
    severity = Severity(more.get("severity", 2))
    finding = Finding(f"Suspected: {text}", reasons, cite(events, "in"), severity, counter_evidence=(text,))
    anchor = event_anchor(max(events, key=lambda e: e.sort_key))
    return Standing(anchor, anchor.time - WEEK_US, finding)


def alert_of(episode: Sequence[Standing]) -> Alert:
    """Return the alert of findings, in trigger order."""
    return build_alert(HEAD, sorted(episode, key=lambda s: s.anchor.key), WEEK_US, None, is_settled=False)


@st.composite
def episodes(draw: st.DrawFn) -> list[Standing]:
    """Draw findings over pieces of one series of deposits, with any codes, weights and severities."""
    events = deposits(draw(st.lists(st.integers(1, 10**7), min_size=1, max_size=6)))
    pieces = draw(st.lists(st.sampled_from(list(combinations(range(len(events) + 1), 2))), min_size=1, max_size=5))
    found = [
        standing(
            events[first:last],
            draw(st.lists(st.sampled_from("abc"), min_size=1, unique=True)),
            weight=draw(st.sampled_from([0.1, 0.5, 1.0])),
            severity=draw(st.integers(1, 3)),
        )
        for first, last in pieces
    ]
    return list({s.anchor.key: s for s in found}.values())


@given(episodes())
def test_no_text_of_an_alert_cites_a_figure_that_is_not_its_own_or_that_of_a_reason(episode: list[Standing]) -> None:
    alert = alert_of(episode)
    figures_shown = {f"{r.observed.value:,.2f}" for r in alert.reasons} | {f"{alert.amount_usd:,.2f}"}
    for text in (alert.explanation, *alert.counter_evidence):
        assert set(AMOUNT.findall(text)) <= figures_shown
    for reason in alert.reasons:
        assert f"{reason.observed.value:,.2f}" in reason.text


@given(episodes())
def test_explanation_reasons_and_what_speaks_against_it_are_those_of_one_finding(episode: list[Standing]) -> None:
    alert = alert_of(episode)
    told = [s for s in episode if alert.explanation.startswith(s.finding.explanation)]
    lead = next(s for s in told if all(reason in alert.reasons for reason in s.finding.reasons))
    assert alert.counter_evidence == lead.finding.counter_evidence
    assert alert.severity is lead.finding.severity is max(s.finding.severity for s in episode)
    n_own = len(lead.finding.reasons)
    assert all(reason in lead.finding.reasons for reason in alert.reasons[:n_own])
    assert all("(Found 2026-03-0" in reason.text for reason in alert.reasons[n_own:])
    codes = [reason.code for reason in alert.reasons]
    assert sorted(codes) == sorted({reason.code for s in episode for reason in s.finding.reasons})


@given(episodes(), st.randoms(use_true_random=False))
def test_the_finding_that_speaks_follows_from_the_set_of_findings(episode: list[Standing], rng: Any) -> None:
    other = list(episode)
    rng.shuffle(other)
    assert alert_of(episode) == alert_of(other)


def test_of_findings_that_grow_the_fullest_speaks_and_says_that_there_were_more() -> None:
    events = deposits([100_00, 200_00, 300_00])
    alert = alert_of([standing(events[:2]), standing(events)])
    assert alert.explanation == (
        "Suspected: 3 deposits add up to USD 600.00. These figures are those of the strongest of 2 findings, of "
        "2026-03-02 02:00 UTC; together the findings from 2026-03-02 01:00 UTC to 2026-03-02 02:00 UTC cite 3 events, "
        "USD 600.00 suspected."
    )


def test_of_a_window_that_moves_on_the_largest_finding_speaks_and_the_whole_is_told_beside_it() -> None:
    events = deposits([900_00, 200_00, 300_00])
    alert = alert_of([standing(events[:2]), standing(events[1:])])
    assert alert.explanation.startswith("Suspected: 2 deposits add up to USD 1,100.00. These figures are those of the")
    assert alert.explanation.endswith(f"cite 3 events, {usd_text(1_400_00)} suspected.")
    assert [str(reason.observed.value) for reason in alert.reasons] == ["1100.00"]


def test_a_finding_alone_speaks_for_itself() -> None:
    assert alert_of([standing(deposits([1_00]))]).explanation == "Suspected: 1 deposits add up to USD 1.00."


@pytest.mark.parametrize("name", discover())
def test_amounts_in_an_explanation_are_figures_of_its_reasons_or_sums_of_what_it_cites(name: str) -> None:
    typology = discover()[name]
    n_amounts = 0
    for case in load_cases(typology.folder):
        bound, detector = probe(typology.bind(case.params, case.where))
        reference([bound], case_history(case)[0])
        for found in (finding for judgement in detector.judgements for finding in judgement.findings):
            allowed = {f"{reason.observed.value:,.2f}" for reason in found.reasons}
            allowed |= {
                amount for reason in found.reasons for amount in AMOUNT.findall(f"{reason.text} {reason.expected}")
            }
            roles = sorted({item.role for item in found.evidence} - {BASELINE})
            for chosen in (set(part) for n in range(len(roles)) for part in combinations(roles, n + 1)):
                cents = sum(item.event.amount_usd_cents or 0 for item in found.evidence if item.role in chosen)
                allowed |= set(AMOUNT.findall(usd_text(cents)))
            amounts = set(AMOUNT.findall(found.explanation))
            assert amounts <= allowed, (case.where, found.explanation)
            n_amounts += len(amounts)
    assert n_amounts
