"""Watching a detector at work: every window it judged, what it read and what it returned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from typologies.base.context import JudgeContext
from typologies.base.detector import Context, Detector
from typologies.base.errors import ContractError
from typologies.base.expressions import Expr, Past, Trailing
from typologies.base.facts import Fact, FactValue
from typologies.base.findings import Deadline, Finding
from typologies.base.reference import Bound
from typologies.base.window import Event, Window


@dataclass(frozen=True, slots=True)
class Judgement:
    """One call of `judge`.

    Attributes
    ----------
    window
        What it was given.
    events
        The window's events, copied before the call.
    read
        Content hashes of the context versions it read.
    results
        What it returned.
    """

    window: Window
    events: tuple[Event, ...]
    read: frozenset[str]
    results: tuple[Finding | Deadline, ...]

    @property
    def findings(self) -> list[Finding]:
        """The findings among the results."""
        return [result for result in self.results if isinstance(result, Finding)]


class ProbedDetector(Detector[Any]):
    """A detector that behaves as the wrapped one and notes every judgement.

    Raises
    ------
    ContractError
        From `judge`: the wrapped detector changed its window, its context or itself.
    """

    def __init__(self, inner: Detector[Any]) -> None:
        super().__init__(inner.params)
        self.inner = inner
        self.judgements: list[Judgement] = []
        # The engine reads these from the instance.
        self.lenses = inner.lenses  # type: ignore[misc]
        self.context_tables = inner.context_tables  # type: ignore[misc]
        self.retrigger_tables = inner.retrigger_tables  # type: ignore[misc]

    @property
    def look_back(self) -> timedelta:
        return self.inner.look_back

    def relevant(self) -> Expr:
        return self.inner.relevant()

    def trailing(self) -> Mapping[str, Trailing]:
        return self.inner.trailing()

    def screen(self, past: Past) -> Expr:
        return self.inner.screen(past)

    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        events = tuple(window.events)
        records = tuple(event.record for event in events)
        own = repr(vars(self.inner))
        watched = _WatchedContext(context)
        results = tuple(self.inner.judge(window, watched))
        name = type(self.inner).__name__
        if tuple(window.events) != events or tuple(event.record for event in window.events) != records:
            raise ContractError(f"{name}.judge must not change its window; the events were changed")
        if watched.is_changed:
            raise ContractError(f"{name}.judge must not change its context; a fact's values were changed")
        if repr(vars(self.inner)) != own:
            raise ContractError(f"{name} must hold no state; judge changed {own} to {vars(self.inner)!r}")
        read = frozenset(context.read) if isinstance(context, JudgeContext) else frozenset[str]()
        self.judgements.append(Judgement(window, events, read, results))
        return results


class _WatchedContext:
    """A context that remembers what its facts looked like when they were handed out."""

    def __init__(self, inner: Context) -> None:
        self._inner = inner
        self._given: list[tuple[Fact, dict[str, FactValue]]] = []

    @property
    def is_changed(self) -> bool:
        return any(dict(fact.values) != before for fact, before in self._given)

    def _note(self, fact: Fact | None) -> Fact | None:
        if fact is not None:
            self._given.append((fact, dict(fact.values)))
        return fact

    def profile(self, table: str) -> Fact | None:
        return self._note(self._inner.profile(table))

    def lookup(self, table: str, key: str) -> Fact | None:
        return self._note(self._inner.lookup(table, key))

    def rows(self, table: str) -> tuple[Fact, ...]:
        found = self._inner.rows(table)
        for fact in found:
            self._note(fact)
        return found


def probe(bound: Bound) -> tuple[Bound, ProbedDetector]:
    """Return the same typology with a detector that notes its judgements, and that detector."""
    detector = ProbedDetector(bound.detector)
    return Bound(bound.typology, bound.version, detector), detector
