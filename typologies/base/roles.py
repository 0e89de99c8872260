"""One event seen by several roles gives one alert, not three (semantics C4)."""

from __future__ import annotations

from collections.abc import Sequence

from typologies.base.detector import Lens
from typologies.base.findings import BASELINE, Finding

_ATTRIBUTE = {"on_behalf_of": "on_behalf_of", "conductor": "conductor", "account": "account", "party": "party"}


def belongs_to_earlier_role(finding: Finding, lenses: Sequence[Lens], own: Lens) -> bool:
    """Return whether all evidence carries one and the same subject in an earlier role.

    Decided from the evidence columns alone, so that it cannot depend on what another partition has found.
    """
    events = [item.event for item in finding.evidence if item.role != BASELINE]
    for lens in lenses:
        if lens is own or lens.name == own.name:
            return False
        subjects = {event.field(_ATTRIBUTE[lens.name]) for event in events}
        if len(subjects) == 1 and None not in subjects:
            return True
    return False
