"""The engine's rules, each with the schedule that breaks an engine without it.

Every test plays one schedule: events in an order of arrival, floors as an entrance gives them, alerts folded into a
book. The rules' letters are those of the list in typologies/base/README.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.typologies_for_tests.cash_by_role import CashByRole, CashByRoleParams
from tests.typologies_for_tests.figures_only import bind, finding
from tests.typologies_for_tests.hub_total import HubTotal, HubTotalParams
from tests.typologies_for_tests.income_multiple import IncomeMultiple, IncomeMultipleParams
from tests.typologies_for_tests.no_school_payee import NoSchoolPayee, NoSchoolPayeeParams
from typologies.base.cases import events_frame
from typologies.base.changes import AlertBook, AlertChange, Published, Settled, Withdrawn
from typologies.base.context import FactStore, JudgeContext
from typologies.base.detector import Context, Detector
from typologies.base.encoding import RecordBatch
from typologies.base.entrance import Entrance, Verdict
from typologies.base.errors import BrokenInvariant, ContractError
from typologies.base.events import NULL_I64, Kind, Side
from typologies.base.expressions import Expr, col
from typologies.base.facts import Fact
from typologies.base.findings import Deadline, Finding
from typologies.base.identity import key_text
from typologies.base.reference import Bound, ReferenceEngine, digests
from typologies.base.runner import Runner
from typologies.base.settings import EngineSettings
from typologies.base.window import Window, to_microseconds

DAY_0 = datetime(2026, 3, 2, tzinfo=UTC)
DAY_US = 86_400_000_000
LATENESS = EngineSettings(lateness=timedelta(days=1))

Row = dict[str, Any]


def at(day: float) -> datetime:
    """Return the time `day` days after the first midnight."""
    return DAY_0 + timedelta(days=day)


def us(day: float) -> int:
    """Return that time in microseconds."""
    return to_microseconds(at(day))


def deposit(name: str, day: float, account: str = "A", **more: Any) -> Row:
    """Return a cash deposit of 100 dollars."""
    row = {"event_id": name, "event_time": at(day).isoformat(), "kind": "cash", "creditor_account": account}
    return {**row, "amount": 100_00, **more}


def retraction(of: Row, **more: Any) -> Row:
    """Return the retraction of an event: it repeats identity, time and subject keys."""
    return {**of, "kind": "retraction", **more}


@dataclass(frozen=True, slots=True)
class Pairs:
    """How many deposits make a finding, and W in days."""

    n: int = 2
    days: float = 2.0


class Deposits(Detector[Pairs]):
    """At least `n` deposits within W; no screen."""

    @property
    def look_back(self) -> timedelta:
        return timedelta(days=self.params.days)

    def relevant(self) -> Expr:
        return (col.kind == Kind.CASH) & (col.side == Side.CREDIT)

    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        if len(window) >= self.params.n:
            yield finding("deposits", window)


class Play:
    """A runner and a book, driven step by step."""

    def __init__(
        self,
        detector: Detector[Any],
        settings: EngineSettings = LATENESS,
        facts: Iterable[Fact] = (),
        inputs: Sequence[str] = ("p0",),
    ) -> None:
        self.bound: list[Bound] = [bind(detector)]
        self.settings = settings
        self.facts = list(facts)
        self.runner = Runner(self.bound, settings, facts)
        self.entrance = Entrance(inputs, settings)
        self.book = AlertBook()
        self.rows: list[Row] = []
        self.late: list[str] = []
        self.changes: list[AlertChange] = []

    def give(self, *rows: Row, name: str = "p0") -> None:
        """Deliver rows on one input as one batch."""
        batch = self.runner.encode(events_frame(rows))
        records = batch.records
        admission = self.entrance.admit(
            name, records["time"].copy(), records["received"].copy(), records["kind"] == Kind.RETRACTION
        )
        accepted = np.flatnonzero(admission.verdicts == Verdict.ACCEPTED)
        self.late += [str(rows[i]["event_id"]) for i in np.flatnonzero(admission.verdicts == Verdict.LATE)]
        self.rows += [rows[i] for i in accepted]
        self._note(self.runner.process(batch.take(accepted), admission.floor, admission.clock))

    def idle(self, day: float, name: str = "p0") -> None:
        """Deliver an idle mark."""
        self.entrance.mark(name, us(day))
        self._note(self.runner.process(nothing(self.runner), self.entrance.floor, self.entrance.clock))

    def learn(self, *facts: Fact) -> None:
        """Deliver context versions."""
        self.facts += facts
        self._note(self.runner.add_facts(facts))

    def restart(self) -> None:
        """Write the state down and go on from it."""
        self.runner = Runner.restore(self.runner.snapshot(), self.bound, self.settings)

    def _note(self, changes: list[AlertChange]) -> None:
        self.changes += changes
        self.book.apply(changes)

    def expected(self) -> dict[str, str]:
        """Return what the slow engine finds over the set of accepted events."""
        engine = ReferenceEngine(self.bound, self.settings, self.facts)
        return dict(digests(engine.run(events_frame(self.rows), self.entrance.clock)))

    def check(self) -> dict[str, str]:
        """Check against the slow engine and return the standing digests."""
        found = dict(self.book.digests())
        assert found == self.expected()
        return found


def nothing(runner: Runner) -> RecordBatch:
    """Return an empty batch."""
    return runner.encode(events_frame([deposit("none", 0)])).take(np.zeros(0, np.intp))


# A. Time


def test_a1_two_contents_and_two_sources_at_one_instant_are_ordered_by_key_not_by_arrival() -> None:
    rows = [
        deposit("x", 0.5),
        deposit("x", 0.5, amount=200_00),
        deposit("x", 0.5, source="other bank"),
        deposit("y", 0.5, amount=300_00),
    ]
    results = []
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]):
        play = Play(Deposits(Pairs()))
        for i in order:
            play.give(rows[i])
        results.append(play.check())
        [alert] = play.book.standing().values()
        keys = [item.event.event_key for item in alert.evidence]
        assert len(keys) == len(set(keys)) == 4
        assert keys == sorted(keys)
    assert results[0] == results[1] == results[2]


def test_a2_lateness_is_judged_against_an_inputs_own_maximum_before_the_event() -> None:
    hour = EngineSettings(lateness=timedelta(days=1))
    play = Play(Deposits(Pairs()), hour, inputs=("p0", "p1"))
    play.give(deposit("a", 10), name="p1")
    play.give(deposit("b", 0), deposit("c", 2), deposit("d", 1.5), name="p0")
    assert play.late == []
    play.give(deposit("e", 10), deposit("f", 2), name="p0")
    assert play.late == ["f"]


def test_a2_the_decision_is_row_by_row_whatever_the_batch() -> None:
    rows = [deposit("a", 0), deposit("b", 10), deposit("c", 2), deposit("d", 9.5)]
    whole, single = Play(Deposits(Pairs())), Play(Deposits(Pairs()))
    whole.give(*rows)
    for row in rows:
        single.give(row)
    assert whole.late == single.late == ["c"]


def test_a2_maxima_are_part_of_what_is_committed() -> None:
    before = Entrance(["p0"], LATENESS)
    times = np.array([us(0), us(10)])
    unknown = np.full(2, NULL_I64)
    before.admit("p0", times, unknown, np.zeros(2, np.bool_))
    after = Entrance(["p0"], LATENESS)
    after.restore(before.maxima)
    verdicts = after.admit("p0", np.array([us(2)]), unknown[:1], np.zeros(1, np.bool_)).verdicts
    assert verdicts.tolist() == [Verdict.LATE]


def test_a3_the_floor_is_the_slowest_inputs_and_waits_for_all_to_begin() -> None:
    play = Play(Deposits(Pairs()), inputs=("fast", "slow"))
    play.give(deposit("a", 20), name="fast")
    play.give(deposit("b", 3), name="slow")
    assert play.entrance.floor == us(2)
    play.give(deposit("c", 3.5), name="slow")
    assert play.late == []
    play.check()


def test_a3_an_event_below_the_floor_stops_the_engine() -> None:
    play = Play(Deposits(Pairs()))
    play.give(deposit("a", 10))
    batch = play.runner.encode(events_frame([deposit("b", 8.9)]))
    with pytest.raises(BrokenInvariant, match="at or after the floor"):
        play.runner.process(batch, play.entrance.floor, play.entrance.clock)


def test_a4_an_idle_mark_raises_the_inputs_maximum_for_lateness_too() -> None:
    play = Play(Deposits(Pairs()), inputs=("p0", "p1"))
    play.give(deposit("a", 8), name="p0")
    play.give(deposit("b", 10), name="p1")
    play.idle(10, name="p0")
    assert play.entrance.floor == us(9)
    play.give(deposit("c", 8.3), name="p0")
    assert play.late == ["c"]


def test_a4_an_end_mark_at_the_last_event_of_all_inputs_passes_the_same_deadlines_as_one_input() -> None:
    tuition = {"kind": "payment", "purpose": "tuition", "debtor_account": "X"}
    rows = [deposit("t", 0, **tuition), deposit("u", 2.5, "B", **tuition)]
    one = Play(NoSchoolPayee(NoSchoolPayeeParams()))
    one.give(*rows)
    one.entrance.end(us(2.5))
    one.idle(2.5)
    two = Play(NoSchoolPayee(NoSchoolPayeeParams()), inputs=("p0", "p1"))
    two.give(rows[0], name="p0")
    two.give(rows[1], name="p1")
    assert two.book.digests() == {}
    two.entrance.end(us(2.5))
    two.idle(2.5)
    assert one.check() == two.check() != {}


def test_a5_an_event_far_ahead_of_its_receipt_does_not_move_the_maximum() -> None:
    entrance = Entrance(["p0"], LATENESS)
    times = np.array([us(0), us(30), us(0.5)])
    received = np.array([us(0.1), us(0.2), us(0.6)])
    admission = entrance.admit("p0", times, received, np.zeros(3, np.bool_))
    assert admission.verdicts.tolist() == [Verdict.ACCEPTED, Verdict.AHEAD, Verdict.ACCEPTED]
    assert admission.clock == us(0.5)
    unknown = Entrance(["p0"], LATENESS).admit("p0", times, np.full(3, NULL_I64), np.zeros(3, np.bool_))
    assert unknown.verdicts.tolist() == [Verdict.ACCEPTED, Verdict.ACCEPTED, Verdict.LATE]


# B. Set


def test_b1_the_same_event_again_changes_nothing_and_another_content_is_kept_beside_it() -> None:
    play = Play(Deposits(Pairs()))
    play.give(deposit("a", 0), deposit("a", 0))
    assert play.book.digests() == {}
    assert play.runner.counters.duplicates == 1
    play.give(deposit("a", 0, amount=200_00))
    [alert] = play.book.standing().values()
    assert {item.event.event_id for item in alert.evidence} == {"a"}
    assert alert.n_events == 2
    play.check()


def test_b2_a_retraction_withdraws_whether_it_comes_before_or_after_the_event() -> None:
    first, second = deposit("a", 0), deposit("b", 0.2)
    after = Play(Deposits(Pairs()))
    after.give(first, second)
    assert len(after.book.standing()) == 1
    after.give(retraction(second))
    assert after.check() == {}
    [gone] = after.book.withdrawn().values()
    assert gone.n_events == 2
    before = Play(Deposits(Pairs()))
    before.give(retraction(second))
    before.give(first, second)
    assert before.check() == {}
    assert before.book.withdrawn() == {}


def test_b2_a_retraction_is_judged_late_by_the_time_it_repeats() -> None:
    play = Play(Deposits(Pairs()))
    play.give(deposit("a", 5), deposit("b", 5.2))
    play.give(deposit("c", 6.5, "B"))
    play.give(retraction(deposit("b", 5.2)))
    assert play.late == ["b"]
    assert len(play.book.standing()) == 1


def test_b2_a_source_that_reverses_later_makes_freezing_wait_but_not_ordinary_lateness() -> None:
    settings = replace(LATENESS, reversals_within=timedelta(days=3))
    play = Play(Deposits(Pairs()), settings)
    play.give(deposit("a", 5), deposit("b", 5.2))
    play.give(deposit("c", 8.5, "B"))
    play.give(deposit("late", 6.0, "B"))
    assert play.late == ["late"]
    assert not any(isinstance(change, Settled) for change in play.changes)
    play.give(retraction(deposit("b", 5.2)))
    assert play.late == ["late"]
    assert play.check() == {}


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (1, 0, 3, 2), (3, 2, 1, 0), (2, 3, 1, 0), (0, 2, 1, 3)])
def test_b2_a_retraction_names_a_delivery_so_that_an_event_can_come_again(order: tuple[int, ...]) -> None:
    other = deposit("a", 0)
    steps = [
        other,
        deposit("b", 0.2, delivery="block 7a"),
        retraction(deposit("b", 0.2), delivery="block 7a"),
        deposit("b", 0.2, delivery="block 7c"),
    ]
    play = Play(Deposits(Pairs()))
    for i in order:
        play.give(steps[i])
    assert len(play.check()) == 1


def test_b2_an_event_without_an_id_is_taken_out_by_its_key() -> None:
    frame = events_frame([deposit("a", 0), deposit("b", 0.5)]).with_columns(event_id=pl.lit(None, pl.String))
    play = Play(Deposits(Pairs()))
    numbers = np.zeros(2, np.int64)
    batch = play.runner.encode(frame, numbers)
    key = key_text(batch.records[0]["key_hi"], batch.records[0]["key_lo"])
    gone = frame[:1].with_columns(kind=pl.lit("retraction"), retracts_key=pl.lit(key))
    book = AlertBook()
    book.apply(play.runner.process(batch, us(0) - DAY_US, us(0.5)))
    assert len(book.standing()) == 1
    book.apply(play.runner.process(play.runner.encode(gone, numbers[:1]), us(0) - DAY_US, us(0.5)))
    assert not book.standing()


def test_b2_a_retraction_that_names_no_key_at_all_takes_out_nothing() -> None:
    frame = events_frame([deposit("a", 0), deposit("b", 0.5)]).with_columns(event_id=pl.lit(None, pl.String))
    play = Play(Deposits(Pairs()))
    book = AlertBook()
    for rows in (frame, frame[:1].with_columns(kind=pl.lit("retraction"), retracts_key=pl.lit("é no key"))):
        batch = play.runner.encode(rows, np.zeros(rows.height, np.int64))
        book.apply(play.runner.process(batch, us(0) - DAY_US, us(0.5)))
    assert len(book.standing()) == 1


# C. Findings and episodes


def test_c1_events_older_than_the_look_back_change_nothing() -> None:
    old = [deposit(f"old{i}", i * 0.1) for i in range(5)]
    recent = [deposit("a", 20), deposit("b", 20.5)]
    with_old, without = Play(Deposits(Pairs())), Play(Deposits(Pairs()))
    with_old.give(*old, *recent)
    without.give(*recent)
    found = {i: d for i, d in with_old.check().items() if i in without.check()}
    assert found == without.check()
    assert len(found) == 1


def test_c1_an_alert_found_early_still_stands_at_the_end_of_a_long_file() -> None:
    play = Play(Deposits(Pairs()))
    play.give(deposit("a", 0), deposit("b", 0.5))
    early = play.check()
    for i in range(60):
        play.give(*(deposit(f"n{i}-{k}", 10 + i + k / 1000, f"N{k}") for k in range(400)))
    assert early.items() <= play.book.digests().items()
    assert play.runner.counters.accepted == 24_002
    assert play.runner.n_retained < 8_000


def test_c2_a_deadline_stands_at_its_own_time_and_a_late_event_before_it_is_seen() -> None:
    tuition = deposit("t", 0, kind="payment", purpose="tuition", debtor_account="X")
    school = {
        "event_id": "s",
        "event_time": at(1.9).isoformat(),
        "kind": "payment",
        "debtor_account": "A",
        "creditor_account": "S",
        "creditor_class": "school",
        "amount": 100_00,
    }
    play = Play(NoSchoolPayee(NoSchoolPayeeParams()))
    play.give(tuition)
    play.give(deposit("other", 2.5, "B"))
    [alert] = play.book.standing().values()
    assert alert.triggered_at == at(2)
    play.check()
    play.give(school)
    assert play.check() == {}
    assert len(play.book.withdrawn()) == 1


def test_c2_deadlines_do_not_move_the_anchor_of_a_punctual_stream() -> None:
    tuition = [deposit(f"t{i}", i, kind="payment", purpose="tuition", debtor_account="X") for i in range(6)]
    single, whole = Play(NoSchoolPayee(NoSchoolPayeeParams())), Play(NoSchoolPayee(NoSchoolPayeeParams()))
    for row in tuition:
        single.give(row)
    whole.give(*tuition)
    assert single.check() == whole.check() != {}
    assert not any(isinstance(change, Withdrawn) for change in single.changes)


def test_c3_findings_in_january_and_in_july_are_two_episodes_without_a_predecessor() -> None:
    play = Play(Deposits(Pairs()))
    play.give(deposit("a", 0), deposit("b", 0.5))
    play.give(deposit("c", 180), deposit("d", 180.5))
    january, july = sorted(play.book.standing().values(), key=lambda alert: alert.triggered_at)
    assert january.n_events == july.n_events == 2
    assert july.predecessor is None
    assert january.is_settled
    play.check()


def test_c3_an_episode_ends_w_after_its_anchor_and_the_next_names_it() -> None:
    play = Play(Deposits(Pairs()))
    play.give(*(deposit(f"d{i}", i * 0.5) for i in range(12)))
    alerts = sorted(play.book.standing().values(), key=lambda alert: alert.triggered_at)
    assert [alert.triggered_at for alert in alerts] == [at(0.5), at(3), at(5.5)]
    assert [alert.predecessor for alert in alerts] == [None, alerts[0].alert_id, alerts[1].alert_id]
    play.check()


def test_c3_growth_keeps_the_id_and_changes_the_digest() -> None:
    play = Play(Deposits(Pairs()))
    play.give(deposit("a", 0), deposit("b", 0.5))
    [(first_id, first_digest)] = play.check().items()
    play.give(deposit("c", 0.9))
    [(second_id, second_digest)] = play.check().items()
    assert first_id == second_id
    assert first_digest != second_digest


def test_c3_a_late_event_that_moves_an_anchor_withdraws_the_alert_and_names_the_successor() -> None:
    play = Play(Deposits(Pairs()))
    play.give(deposit("b", 5.5), deposit("c", 6))
    [old] = play.book.standing()
    play.give(deposit("a", 5.2))
    [new] = play.book.standing()
    assert new != old
    assert play.book.withdrawn()[old].superseded_by == (new,)
    play.check()


def test_c4_one_deposit_seen_by_three_roles_gives_one_alert() -> None:
    cash = {"conductor": "runner", "on_behalf_of": "boss"}
    play = Play(CashByRole(CashByRoleParams()))
    play.give(deposit("a", 0, "A", **cash), deposit("b", 0.5, "B", **cash))
    [alert] = play.book.standing().values()
    assert (alert.subject_role, alert.subject_id) == ("on_behalf_of", "boss")
    mixed = Play(CashByRole(CashByRoleParams()))
    mixed.give(
        deposit("a", 0, "A", conductor="runner", on_behalf_of="one"),
        deposit("b", 0.5, "B", conductor="runner", on_behalf_of="two"),
    )
    [alert] = mixed.book.standing().values()
    assert (alert.subject_role, alert.subject_id) == ("conductor", "runner")
    mixed.check()


def test_c5_the_digest_leaves_out_run_revision_settling_and_positions() -> None:
    rows = [deposit("a", 0, position=1, origin="x.csv"), deposit("b", 0.5, position=2, origin="x.csv")]
    moved = [deposit("a", 0, position=9, origin="y.csv"), deposit("b", 0.5, position=8, origin="y.csv")]
    one, two = Play(Deposits(Pairs())), Play(Deposits(Pairs()))
    one.give(*rows)
    for row in reversed(moved):
        two.give(row)
    two.idle(30)
    assert one.check() == two.check()
    [settled] = two.book.standing().values()
    assert settled.is_settled


def test_c6_whether_a_window_is_collapsed_depends_on_that_window_alone() -> None:
    settings = EngineSettings(lateness=timedelta(days=1), row_cap=20)
    hub = [deposit(f"h{i}", 0.1 + i * 0.1) for i in range(40)]
    quiet = [deposit(f"q{i}", 30 + i * 0.1) for i in range(6)]
    results = []
    for rows in (hub + quiet, hub[::2] + hub[1::2] + quiet):
        play = Play(HubTotal(HubTotalParams(n_credits=4)), settings)
        for row in rows:
            play.give(row)
        results.append(play.check())
    assert results[0]
    ordered = Play(HubTotal(HubTotalParams(n_credits=4)), settings)
    ordered.give(*hub, *quiet)
    assert ordered.check() == results[0]
    texts = [alert.explanation for alert in ordered.book.standing().values()]
    assert any("2026-03-03 CREDIT" in text for text in texts)


def test_c6_a_resent_event_of_a_collapsed_day_does_not_count_twice() -> None:
    settings = EngineSettings(lateness=timedelta(days=2), row_cap=5)
    rows = [deposit(f"h{i}", i * 0.1) for i in range(35)]
    once, twice = (Play(HubTotal(HubTotalParams()), settings) for _ in range(2))
    once.give(*rows)
    twice.give(*rows)
    twice.give(rows[18])
    assert once.check() == twice.check()


# D. Context


def income(party: str, valid: float, known: float, value: int) -> Fact:
    """Return a version of an account's declared income."""
    return Fact("account_profile", party, at(valid), at(known), {"declared_income": value})


def test_d1_a_trigger_uses_what_was_valid_and_known_at_its_time() -> None:
    rows = [deposit(f"d{i}", 5 + i * 0.1, amount=1_000_00) for i in range(3)]
    known_later = Play(IncomeMultiple(IncomeMultipleParams()), facts=[income("A", 0, 6, 1_000)])
    known_later.give(*rows)
    assert known_later.check() == {}
    known_before = Play(IncomeMultiple(IncomeMultipleParams()), facts=[income("A", 0, 1, 1_000)])
    known_before.give(*rows)
    assert len(known_before.check()) == 1


def test_d1_what_becomes_known_later_is_a_new_finding_marked_retroactive_at_known_at() -> None:
    rows = [deposit(f"d{i}", 5 + i * 0.1, amount=1_000_00) for i in range(3)]
    play = Play(IncomeMultiple(IncomeMultipleParams()))
    play.give(*rows)
    play.learn(income("A", 0, 6, 1_000))
    play.give(deposit("n", 6.5, "B"))
    [alert] = play.book.standing().values()
    assert alert.is_retroactive
    assert alert.triggered_at == at(6)
    play.check()


def test_d1_a_version_that_arrives_late_revises_the_triggers_it_was_known_for() -> None:
    rows = [deposit(f"d{i}", 5 + i * 0.1, amount=1_000_00) for i in range(3)]
    play = Play(IncomeMultiple(IncomeMultipleParams()))
    play.give(*rows)
    assert play.check() == {}
    play.learn(income("A", 0, 4.9, 1_000))
    assert len(play.check()) == 1


def test_d2_a_judge_may_ask_for_its_own_subject_and_broadcast_tables_only() -> None:
    store = FactStore([income("A", 0, 0, 1), income("B", 0, 0, 2)])
    allowed = frozenset({"account_profile", "threshold"})
    own = JudgeContext(store, allowed, "account", "A", us(1))
    profile = own.profile("account_profile")
    assert profile is not None
    assert profile.values == {"declared_income": 1}
    with pytest.raises(ContractError, match="may read account_profile"):
        JudgeContext(store, frozenset({"party_profile"}), "account", "A", us(1)).profile("party_profile")
    with pytest.raises(ContractError, match="no broadcast table"):
        own.lookup("account_profile", "B")
    with pytest.raises(ContractError, match="declare 'place'"):
        own.lookup("place", "US-TX")


# State


def test_the_state_can_be_written_down_and_read_back_at_every_step() -> None:
    rows = [deposit(f"d{i}", i * 0.4, "AB"[i % 2]) for i in range(30)]
    plain, restarted = Play(Deposits(Pairs())), Play(Deposits(Pairs()))
    for row in rows:
        plain.give(row)
        restarted.give(row)
        restarted.restart()
    assert plain.check() == restarted.check()
    assert sum(isinstance(c, Published) for c in plain.changes) == sum(
        isinstance(c, Published) for c in restarted.changes
    )


def many_strangers(n: int, days: float) -> list[Row]:
    """Return deposits into ever new accounts: the dictionary grows and most of it dies."""
    return [deposit(f"s{i}", i * days / n, f"stranger {i}") for i in range(n)]


def test_a_batch_encoded_before_the_dictionary_was_renumbered_is_refused() -> None:
    runner = Runner([bind(Deposits(Pairs()))], LATENESS)
    rows = many_strangers(12_000, 60)
    batches = [runner.encode(events_frame(rows[i : i + 3_000])) for i in range(0, 12_000, 3_000)]

    def process_all() -> None:
        for batch in batches:
            end = int(batch.records["time"].max())
            runner.process(batch, end - DAY_US, end)

    with pytest.raises(BrokenInvariant, match="dictionary's present state"):
        process_all()


def test_batches_encoded_ahead_are_right_while_the_codes_are_kept() -> None:
    rows = [*many_strangers(12_000, 60), deposit("x", 60.1, "hub"), deposit("y", 60.2, "hub")]
    ahead = Runner([bind(Deposits(Pairs()))], LATENESS)
    batches = [ahead.encode(events_frame(rows[i : i + 3_000])) for i in range(0, len(rows), 3_000)]
    book = AlertBook()
    for i, batch in enumerate(batches):
        end = int(batch.records["time"].max())
        book.apply(ahead.process(batch, end - DAY_US, end, keep_codes=i + 1 < len(batches)))
    [alert] = book.standing().values()
    assert alert.subject_id == "hub"
    again = ahead.encode(events_frame([deposit("z", 60.3, "hub")]))
    end = int(again.records["time"].max())
    book.apply(ahead.process(again, end - DAY_US, end))
    [alert] = book.standing().values()
    assert [item.event.event_id for item in alert.evidence] == ["x", "y", "z"]
