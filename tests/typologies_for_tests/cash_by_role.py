"""One deposit seen by three roles: the finding stays with the earliest role that explains all of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from tests.typologies_for_tests.figures_only import finding
from typologies.base.detector import ACCOUNT, CONDUCTOR, ON_BEHALF_OF, Context, Detector
from typologies.base.events import Kind
from typologies.base.expressions import Expr, Past, Trailing, col, count
from typologies.base.findings import Deadline, Finding
from typologies.base.window import Window


@dataclass(frozen=True, slots=True)
class CashByRoleParams:
    """Look-back and the least number of deposits."""

    look_back: timedelta = timedelta(days=3)
    n_deposits: int = 2


class CashByRole(Detector[CashByRoleParams]):
    """Several cash entries within the look-back."""

    lenses = (ON_BEHALF_OF, CONDUCTOR, ACCOUNT)

    @property
    def look_back(self) -> timedelta:
        return self.params.look_back

    def relevant(self) -> Expr:
        return col.kind == Kind.CASH

    def trailing(self) -> dict[str, Trailing]:
        return {"n": count(self.params.look_back)}

    def screen(self, past: Past) -> Expr:
        return past.n >= self.params.n_deposits

    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        if len(window) >= self.params.n_deposits:
            yield finding("cash", list(window), mode="in" if window.events[-1].is_deposit else "out")
