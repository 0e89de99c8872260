"""Broadcast context as of the trigger: a dated line, and a list of exempt accounts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from tests.typologies_for_tests.figures_only import finding
from typologies.base.detector import Context, Detector
from typologies.base.expressions import Expr
from typologies.base.expressions import col as column
from typologies.base.findings import Deadline, Finding
from typologies.base.window import Event, Window


@dataclass(frozen=True, slots=True)
class BroadcastLineParams:
    """Look-back and the line that holds where the table says nothing."""

    look_back: timedelta = timedelta(days=2)
    line_cents: int = 300_00


class BroadcastLine(Detector[BroadcastLineParams]):
    """A single entry above the line of its time, unless its account is on the allowlist then."""

    context_tables = frozenset({"threshold", "allowlist"})

    @property
    def look_back(self) -> timedelta:
        return self.params.look_back

    def relevant(self) -> Expr:
        return column.amount_usd >= 0

    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        trigger = window.trigger
        if not isinstance(trigger, Event) or trigger.amount_usd_cents is None:
            return
        if context.lookup("allowlist", window.subject_id) is not None:
            return
        lines = [fact.values.get("line_cents") for fact in context.rows("threshold")]
        line = min((line for line in lines if isinstance(line, int)), default=self.params.line_cents)
        if trigger.amount_usd_cents > line:
            yield finding("above_line", [trigger], f"{trigger.amount_usd_cents} > {line}")
