"""Context that triggers: a declared income that becomes known may make earlier credits a finding."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from tests.typologies_for_tests.figures_only import finding
from typologies.base.detector import ACCOUNT, PARTY, Context, Detector
from typologies.base.events import Side
from typologies.base.expressions import Expr, Past, Trailing, col, total
from typologies.base.findings import Deadline, Finding
from typologies.base.window import Window


@dataclass(frozen=True, slots=True)
class IncomeMultipleParams:
    """Look-back, and the least sum at which a profile is looked at."""

    look_back: timedelta = timedelta(days=5)
    floor_cents: int = 500_00
    multiple: int = 3


class IncomeMultiple(Detector[IncomeMultipleParams]):
    """Credits of the look-back above a multiple of the declared income; an unknown income is silence."""

    lenses = (PARTY, ACCOUNT)
    context_tables = frozenset({"party_profile", "account_profile"})
    retrigger_tables = frozenset({"party_profile", "account_profile"})

    @property
    def look_back(self) -> timedelta:
        return self.params.look_back

    def relevant(self) -> Expr:
        return col.side == Side.CREDIT

    def trailing(self) -> dict[str, Trailing]:
        return {"received": total(col.amount_usd, self.params.look_back)}

    def screen(self, past: Past) -> Expr:
        return past.received >= self.params.floor_cents

    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        credits = list(window)
        received = sum(e.amount_usd_cents or 0 for e in credits)
        unknown = [e for e in credits if e.amount_usd_cents is None]
        if not credits or (received < self.params.floor_cents and not unknown):
            return
        profile = context.profile(f"{window.subject_kind}_profile")
        income = None if profile is None else profile.values.get("declared_income")
        if isinstance(income, int) and received >= self.params.multiple * income:
            yield finding("above_income", credits, f"{received} against {income}")
