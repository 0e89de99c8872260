"""Warming up runs the golden cases; on no case it would compile nothing and say so by nothing."""

from __future__ import annotations

from typologies.base.warm import warm


def test_warming_up_judges_events_of_the_golden_cases() -> None:
    assert warm() > 100
