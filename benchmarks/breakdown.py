"""Where time goes, by wrapped functions: exclusive seconds of each, calls counted.

A profiler of every Python call would slow the judges down several times and leave the kernels as they are. This wraps
only the functions that are named, some hundred nanoseconds a call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any


class Breakdown:
    """Exclusive time by label. Functions that are called inside one another are told apart."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.calls: dict[str, int] = {}
        self.missing: list[str] = []
        self._inside: list[float] = []

    def wrap(self, label: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return `function`, timed under `label`."""
        self.seconds.setdefault(label, 0.0)
        self.calls.setdefault(label, 0)
        seconds, calls, inside = self.seconds, self.calls, self._inside
        clock = time.perf_counter

        def timed(*args: Any, **kwargs: Any) -> Any:
            inside.append(0.0)
            started = clock()
            try:
                return function(*args, **kwargs)
            finally:
                taken = clock() - started
                seconds[label] += taken - inside.pop()
                calls[label] += 1
                if inside:
                    inside[-1] += taken

        return timed

    @contextmanager
    def watching(self, places: Iterable[tuple[str, str]]) -> Iterator[None]:
        """Time functions while the block runs.

        Parameters
        ----------
        places
            (Label, "module:attribute" or "module:Class.method"). Several places may share a label. A place that does
            not exist is noted in `missing` and its time stays with its caller.
        """
        undo: list[tuple[Any, str, Any]] = []
        try:
            for label, place in places:
                module, _, path = place.partition(":")
                owner: Any = import_module(module)
                *parents, name = path.split(".")
                for parent in parents:
                    owner = getattr(owner, parent, None)
                function = vars(owner).get(name) if owner is not None else None
                if function is None or isinstance(function, staticmethod | classmethod):
                    self.missing.append(place)
                    continue
                undo.append((owner, name, function))
                setattr(owner, name, self.wrap(label, function))
            yield
        finally:
            for owner, name, function in reversed(undo):
                setattr(owner, name, function)

    @property
    def total(self) -> float:
        """Seconds under all labels."""
        return sum(self.seconds.values())

    def by_time(self) -> list[tuple[str, float, int]]:
        """Return (label, exclusive seconds, calls), the longest first; labels never called are left out."""
        found = [(label, self.seconds[label], self.calls[label]) for label in self.seconds if self.calls[label]]
        return sorted(found, key=lambda entry: -entry[1])
