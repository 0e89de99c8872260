"""The entrance: lateness is decided once, for each input, before anything is routed (semantics A2 to A5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from typologies.base.errors import BrokenInvariant
from typologies.base.events import NULL_I64
from typologies.base.jit import kernel
from typologies.base.settings import EngineSettings

Int64Array = npt.NDArray[np.int64]

NOT_STARTED = NULL_I64 + 1
"""Maximum of an input that gave nothing yet: it holds the floor down."""


_NULL = NULL_I64


class Verdict(IntEnum):
    """What the entrance decided about a row."""

    ACCEPTED = 0
    LATE = 1
    AHEAD = 2


_ACCEPTED, _LATE, _AHEAD = int(Verdict.ACCEPTED), int(Verdict.LATE), int(Verdict.AHEAD)


@kernel
def _admit(
    times: Int64Array,
    received: Int64Array,
    is_retraction: npt.NDArray[np.bool_],
    maximum: int,
    max_ahead: int,
    lateness: int,
    reversals: int,
    verdicts: npt.NDArray[np.uint8],
) -> int:
    """Write the verdict on every row; return the input's maximum after them."""
    for r in range(times.shape[0]):
        time = times[r]
        if received[r] != _NULL and time - received[r] > max_ahead:
            verdicts[r] = _AHEAD
            continue
        grace = lateness + reversals if is_retraction[r] else lateness
        if maximum > _NULL + 1 and time < maximum - grace:
            verdicts[r] = _LATE
        else:
            verdicts[r] = _ACCEPTED
        maximum = max(maximum, time)
    return maximum


@dataclass(frozen=True, slots=True)
class Admission:
    """Decision on a batch.

    Attributes
    ----------
    verdicts
        (n,) of `Verdict`.
    floor
        Engine floor after the batch, microseconds.
    clock
        Minimum over the inputs of the maxima after the batch, microseconds.
    """

    verdicts: npt.NDArray[np.uint8]
    floor: int
    clock: int


class Entrance:
    """Maxima of all inputs.

    Parameters
    ----------
    inputs
        Names of the inputs that feed the engine (files, or topic-partitions). All of them must have begun, or been
        passed over by an idle mark, before the floor rises at all.
    settings
        Lateness, reversals and `max_ahead`.
    """

    def __init__(self, inputs: Iterable[str], settings: EngineSettings) -> None:
        self._settings = settings
        self._maxima: dict[str, int] = dict.fromkeys(inputs, NOT_STARTED)
        if not self._maxima:
            raise BrokenInvariant("an entrance needs at least one input")

    @property
    def floor(self) -> int:
        """No event accepted from now on acts before this."""
        lowest = min(self._maxima.values())
        return lowest if lowest == NOT_STARTED else lowest - self._settings.lateness_us

    @property
    def clock(self) -> int:
        """Event time that every input has reached."""
        return min(self._maxima.values())

    @property
    def maxima(self) -> Mapping[str, int]:
        """Each input's maximum, to be committed with its offsets."""
        return dict(self._maxima)

    def restore(self, maxima: Mapping[str, int]) -> None:
        """Take over committed maxima."""
        self._maxima.update(maxima)

    def admit(
        self,
        name: str,
        times: Int64Array,
        received: Int64Array,
        is_retraction: npt.NDArray[np.bool_],
    ) -> Admission:
        """Decide on a batch of one input, row by row against that input's maximum before the row.

        Parameters
        ----------
        name
            The input.
        times, received
            (n,) microseconds; `received` is `NULL_I64` where unknown: no check ahead then.
        is_retraction
            (n,) a retraction may come `reversals_within` later.
        """
        settings = self._settings
        verdicts = np.zeros(times.shape[0], np.uint8)
        self._maxima[name] = int(
            _admit(
                times, received, is_retraction, self._maxima[name], settings.max_ahead_us, settings.lateness_us,
                settings.reversals_us, verdicts,
            )
        )  # fmt: skip
        return Admission(verdicts, self.floor, self.clock)

    def mark(self, name: str, time: int) -> None:
        """Take in an idle or end mark: the input has nothing before `time` any more, less its lateness."""
        self._maxima[name] = max(self._maxima[name], time)

    def end(self, time: int) -> None:
        """End every input at the last event time of the whole data set."""
        for name in self._maxima:
            self.mark(name, time)
