"""An absence rule: tuition came in and no school was paid by the deadline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from tests.typologies_for_tests.figures_only import finding
from typologies.base.detector import Context, Detector
from typologies.base.events import PartyClass, Purpose, Side
from typologies.base.expressions import Expr, Past, col
from typologies.base.findings import Deadline, Finding
from typologies.base.window import DeadlineTrigger, Event, Window, debits


@dataclass(frozen=True, slots=True)
class NoSchoolPayeeParams:
    """Look-back and time allowed."""

    look_back: timedelta = timedelta(days=3)
    within: timedelta = timedelta(days=2)
    floor_cents: int = 100_00


class NoSchoolPayee(Detector[NoSchoolPayeeParams]):
    """Sets a deadline at each tuition credit; at the deadline, looks whether a school was paid since."""

    @property
    def look_back(self) -> timedelta:
        return self.params.look_back

    def relevant(self) -> Expr:
        return ((col.side == Side.CREDIT) & (col.purpose == Purpose.TUITION)) | (
            (col.side == Side.DEBIT) & (col.creditor_class == PartyClass.SCHOOL)
        )

    def screen(self, past: Past) -> Expr:
        return (col.side == Side.CREDIT) & (col.amount_usd >= self.params.floor_cents)

    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        trigger = window.trigger
        if isinstance(trigger, Event):
            cents = trigger.amount_usd_cents
            if trigger.side is Side.CREDIT and (cents is None or cents >= self.params.floor_cents):
                yield Deadline(self.params.within, "school_payee")
        elif isinstance(trigger, DeadlineTrigger):
            tuition = [e for e in window if e.side is Side.CREDIT and e.event_key == trigger.event_key]
            paid = [e for e in debits(window) if tuition and e.sort_key > tuition[0].sort_key]
            if tuition and not paid:
                yield finding("no_school_paid", tuition)
