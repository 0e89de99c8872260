"""A rule that works on hubs: whole days of a window above the row cap come as sums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from tests.typologies_for_tests.figures_only import reason
from typologies.base import figures
from typologies.base.detector import ACCOUNT, PARTY, Context, Detector
from typologies.base.events import Side
from typologies.base.expressions import Expr, Past, Trailing, col, count
from typologies.base.findings import Deadline, Finding, Reason, cite
from typologies.base.window import Event, Window, credits


@dataclass(frozen=True, slots=True)
class HubTotalParams:
    """Look-back and the least number of credits."""

    look_back: timedelta = timedelta(days=4)
    n_credits: int = 4


class HubTotal(Detector[HubTotalParams]):
    """Many credits, counted over events and day sums; every sum shows in the reason."""

    lenses = (ACCOUNT, PARTY)

    @property
    def look_back(self) -> timedelta:
        return self.params.look_back

    def relevant(self) -> Expr:
        return (col.side == Side.CREDIT) | (col.is_self == 1)

    def trailing(self) -> dict[str, Trailing]:
        return {"n_credits": count(self.params.look_back, where=col.side == Side.CREDIT)}

    def screen(self, past: Past) -> Expr:
        return past.n_credits >= self.params.n_credits

    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        if not isinstance(window.trigger, Event):
            return
        seen = credits(window)
        sums = [s for s in window.day_sums if s.side is Side.CREDIT]
        if len(seen) + sum(s.n_events for s in sums) < self.params.n_credits or not seen:
            return
        text = "; ".join(
            f"{s.day} {s.side.name} {s.n_events} {s.n_counterparties} {s.amount_usd_cents} {s.n_without_usd}"
            for s in window.day_sums
        )
        short = f"{len(window.day_sums_since(timedelta(days=2)))} of {len(window.since(timedelta(days=2)))}"
        yield Finding(
            explanation=f"{text} ({short})",
            reasons=(
                reason("n_credits", seen, text or "plain"),
                Reason("usd", short, figures.total_usd(seen, sums), "> 0", 0.5),
            ),
            evidence=cite(seen, "credit"),
        )
