"""What a judge returns: findings with reasons and evidence, and deadlines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum

from typologies.base.errors import ContractError
from typologies.base.figures import Figure
from typologies.base.window import Event

BASELINE = "baseline"
"""Role of evidence that shows what is normal for the subject; not counted in the alert's amount."""


class Severity(IntEnum):
    """How urgent an alert is by its rule alone, before ranking."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: what was observed, against what, and how much it carries.

    Attributes
    ----------
    code
        Stable short name inside the typology ("sum_above_line").
    text
        One sentence for an analyst, amounts and places in words.
    observed
        The figure, with its query.
    expected
        What was expected instead, with the comparison ("<= 10000.00", "80 to 120").
    weight
        Share of this reason in the finding, above 0 and at most 1. Not a probability.
    """

    code: str
    text: str
    observed: Figure
    expected: str
    weight: float

    def __post_init__(self) -> None:
        if not 0 < self.weight <= 1:
            raise ContractError(f"weight of reason {self.code} must lie in (0, 1], found {self.weight}")


@dataclass(frozen=True, slots=True)
class Cited:
    """One piece of evidence: an event and the role it plays ("deposit", "in", "out", "baseline")."""

    event: Event
    role: str


def cite(events: Iterable[Event], role: str) -> tuple[Cited, ...]:
    """Return the events as evidence in one role."""
    return tuple(Cited(event, role) for event in events)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a judge found at one trigger.

    Attributes
    ----------
    explanation
        Two or three sentences: who, what, when, where, why; from recorded facts only; amounts are "suspected".
    reasons
        At least one; of two with one code the heavier stands. Of several findings of one episode the strongest speaks
        (see `alerts.build_alert`).
    evidence
        At least one event beside the baseline. Every event must lie in the window.
    red_flags
        Ids of `typologies.md` section 3 ("A003-6", "F24-T4"), each declared in typology.toml.
    mode
        Named mode of the typology ("with_exit"), if it has several.
    principal
        Roles whose events add up to the alert's amount; empty: every role but the baseline.
    counter_evidence
        Sentences: what in the window or context speaks against the suspicion.
    look_alikes
        Sentences: which lawful explanation was considered and why it was not enough to stay silent.
    not_computed
        Indicators that the data did not allow ("branches on one day: the source has no branch").
    """

    explanation: str
    reasons: tuple[Reason, ...]
    evidence: tuple[Cited, ...]
    severity: Severity = Severity.MEDIUM
    red_flags: tuple[str, ...] = ()
    mode: str | None = None
    principal: tuple[str, ...] = ()
    counter_evidence: tuple[str, ...] = ()
    look_alikes: tuple[str, ...] = ()
    not_computed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.reasons:
            raise ContractError("a finding needs at least one reason")
        if not any(item.role != BASELINE for item in self.evidence):
            raise ContractError("a finding needs at least one event as evidence beside the baseline")


@dataclass(frozen=True, slots=True)
class Deadline:
    """Judge this subject again when event time passes trigger time + `after`, unless the trigger is gone by then.

    Attributes
    ----------
    after
        More than 0 and at most the look-back.
    name
        What is awaited ("school_payee"); given back in the `DeadlineTrigger`.
    """

    after: timedelta
    name: str = field(default="deadline")
