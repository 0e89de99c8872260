"""Compile every kernel once, so that the first command of a user does not wait for it.

Run as `python -m typologies.base.warm`; numba keeps the result on disk beside the modules.
"""

from __future__ import annotations

from typologies.base.cases import load_cases
from typologies.base.catalogue import discover
from typologies.base.runner import Runner
from typologies.base.settings import EngineSettings


def warm() -> int:
    """Run every golden case of every typology through the runner; return how many events that were."""
    n = 0
    for typology in discover().values():
        for case in load_cases(typology.folder):
            runner = Runner([typology.bind(case.params)], EngineSettings(), case.facts)
            if case.frame.height == 0:
                continue
            frame = case.frame.sort("event_time", maintain_order=True)
            n += frame.height
            batch = runner.encode(frame)
            times = batch.records["time"]
            runner.process(batch, int(times.max()) - runner.settings.lateness_us, int(times.max()))
            Runner.restore(runner.snapshot(), runner.bound, runner.settings)
    return n


if __name__ == "__main__":
    warm()
