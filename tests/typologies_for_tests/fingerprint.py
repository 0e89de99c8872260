"""The strictest detector: what it finds depends on every bit of its window and context.

Whether it fires, which deadlines it sets and what its text says follow from a hash over all events, day sums and
context of the window. An engine that shows one event too many, one too few, in another order or from another side
gives another hash, and with it other alerts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b

from tests.typologies_for_tests.figures_only import reason
from typologies.base.detector import ACCOUNT, Context, Detector, Lens
from typologies.base.events import Side
from typologies.base.expressions import ALWAYS, Expr, Past, Trailing, col
from typologies.base.findings import BASELINE, Cited, Deadline, Finding, Severity
from typologies.base.slow_screen import screen_passes
from typologies.base.window import DeadlineTrigger, Event, Window

EVERYTHING = col.side >= Side.NONE


@dataclass(frozen=True, slots=True)
class FingerprintParams:
    """How often it fires.

    Attributes
    ----------
    look_back
        W.
    one_in
        It fires at one of so many triggers.
    deadline_one_in
        It sets a deadline at one of so many triggers; 0: never.
    """

    look_back: timedelta = timedelta(days=2)
    one_in: int = 2
    deadline_one_in: int = 3


class Fingerprint(Detector[FingerprintParams]):
    """A hash of the window decides.

    Parameters
    ----------
    params
        How often it fires.
    relevant
        Which events it sees.
    trailing, screen
        A screen; the finding is then restricted to triggers that pass it, evaluated slowly from the window.
    lenses
        By which roles.
    """

    context_tables = frozenset({"account_profile", "party_profile", "threshold"})
    retrigger_tables = frozenset({"account_profile"})

    def __init__(
        self,
        params: FingerprintParams,
        *,
        relevant: Expr = EVERYTHING,
        trailing: dict[str, Trailing] | None = None,
        screen: Expr = ALWAYS,
        lenses: Sequence[Lens] = (ACCOUNT,),
    ) -> None:
        super().__init__(params)
        self._relevant = relevant
        self._trailing = trailing or {}
        self._screen = screen
        self.lenses = tuple(lenses)  # type: ignore[misc]

    @property
    def look_back(self) -> timedelta:
        return self.params.look_back

    def relevant(self) -> Expr:
        return self._relevant

    def trailing(self) -> dict[str, Trailing]:
        return self._trailing

    def screen(self, past: Past) -> Expr:
        return self._screen

    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        trigger = window.trigger
        if isinstance(trigger, Event):
            if not window.is_collapsed and not screen_passes(self, window.events, trigger):
                return
            if window.is_collapsed and self._trailing:
                return
        digest = self._hash(window, context)
        # Everything that has an influence is in the hash already; its bytes stand in for random draws.
        every = self.params.deadline_one_in
        # Deadlines that set deadlines must die out: each sets less than one on average.
        if every and digest[1] % every == 0 and not (isinstance(trigger, DeadlineTrigger) and digest[12] % 2):
            step = self.params.look_back / 10
            yield Deadline((1 + digest[2] % 10) * step, f"first{digest[3] % 2}")
            if digest[4] % 4 == 0:
                yield Deadline(self.params.look_back, "last")
        events = window.events
        if digest[0] % self.params.one_in == 0 and events:
            chosen = events[-1 - digest[5] % min(3, len(events)) :]
            baseline = events[: digest[6] % 3]
            text = digest.hex()
            yield Finding(
                explanation=text,
                reasons=(reason(f"r{digest[7] % 3}", chosen, text, weight=(1 + digest[8] % 4) / 4),),
                evidence=(*(Cited(e, "seen") for e in chosen), *(Cited(e, BASELINE) for e in baseline)),
                severity=Severity(1 + digest[9] % 3),
                mode=f"m{digest[10] % 2}",
                red_flags=(f"F{digest[11] % 3}",),
            )

    def _hash(self, window: Window, context: Context) -> bytes:
        trigger = window.trigger
        if isinstance(trigger, Event):
            name = f"event {trigger.event_key} {trigger.side}"
        elif isinstance(trigger, DeadlineTrigger):
            name = f"deadline {trigger.time} {trigger.event_key} {trigger.name}"
        else:
            name = f"fact {trigger.content_hash()}"
        profile = context.profile(f"{window.subject_kind}_profile")
        known = [fact.content_hash() for fact in (profile, *context.rows("threshold")) if fact is not None]
        seen = [
            f"{e.event_key} {e.side} {e.event_id} {e.account} {e.counterparty} {e.amount} {e.amount_usd_cents} {e.memo}"
            for e in window
        ]
        body = [window.role, window.subject_id, str(window.start), str(window.end), name, *known, *seen]
        body += [repr(day) for day in window.day_sums]
        return blake2b("\n".join(body).encode(), digest_size=16).digest()
