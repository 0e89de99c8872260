"""What an engine gives out, and the book that keeps the standing alerts of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from typologies.base.alerts import Alert, Status


@dataclass(frozen=True, slots=True)
class Published:
    """An alert that is new or has new content."""

    alert: Alert


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """An alert that late events or retractions undid or moved; it keeps its last content and names its successors."""

    alert_id: str
    superseded_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """Nothing that arrives on time can change this alert any more."""

    alert_id: str


AlertChange = Published | Withdrawn | Settled


class AlertBook:
    """Standing and withdrawn alerts, folded from changes. What the store does in SQL, for tests and small runs."""

    def __init__(self) -> None:
        self._alerts: dict[str, Alert] = {}

    def apply(self, changes: Iterable[AlertChange]) -> None:
        """Take in changes in the order in which the engine gave them."""
        for change in changes:
            match change:
                case Published(alert):
                    self._alerts[alert.alert_id] = alert
                case Withdrawn(alert_id, successors):
                    old = self._alerts[alert_id]
                    self._alerts[alert_id] = replace(old, status=Status.WITHDRAWN, superseded_by=successors)
                case Settled(alert_id):
                    self._alerts[alert_id] = replace(self._alerts[alert_id], is_settled=True)

    def standing(self) -> Mapping[str, Alert]:
        """Return the standing alerts by id."""
        return {i: a for i, a in sorted(self._alerts.items()) if a.status is Status.STANDING}

    def withdrawn(self) -> Mapping[str, Alert]:
        """Return the withdrawn alerts by id."""
        return {i: a for i, a in sorted(self._alerts.items()) if a.status is Status.WITHDRAWN}

    def digests(self) -> Mapping[str, str]:
        """Return alert id to digest of the standing alerts: what two runs are compared by."""
        return {i: a.digest for i, a in self.standing().items()}
