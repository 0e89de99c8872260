"""Which events are taken out, and deliveries of events that come, go and come again (semantics B2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from typologies.base.encoding import Records


@dataclass(frozen=True, slots=True)
class DeliveryState:
    """What one more delivery of an event changed."""

    is_new_delivery: bool
    was_present: bool
    is_present: bool


_Where = tuple[int, int]


class Retractions:
    """Retractions by (event time, id hash), each for one delivery ("" if the source has none) and maybe one content.

    Present is: some delivery came that no retraction names. Both sets only grow, so order cannot matter.
    """

    def __init__(self) -> None:
        self._taken_out: dict[_Where, set[tuple[str, str]]] = {}
        self._deliveries: dict[str, tuple[_Where, set[str]]] = {}
        self._hashes: npt.NDArray[np.uint64] | None = None

    def __len__(self) -> int:
        return len(self._taken_out)

    def add(self, time: int, id_hash: int, delivery: str, event_key: str) -> Callable[[str], bool]:
        """Remember a retraction; return a test whether an event key at that place is gone by now."""
        where = (time, id_hash)
        self._taken_out.setdefault(where, set()).add((delivery, event_key))
        self._hashes = None
        return lambda key: not self.is_present(where, key)

    def is_present(self, where: _Where, key: str) -> bool:
        """Return whether an event that came is not taken out."""
        known = self._deliveries.get(key)
        deliveries = known[1] if known is not None else {""}
        gone = self._taken_out.get(where, set())
        return any((d, "") not in gone and (d, key) not in gone for d in deliveries)

    def deliver(self, time: int, id_hash: int, key: str, delivery: str) -> DeliveryState:
        """Note one delivery of an event and return what it changed."""
        where = (time, id_hash)
        before = key in self._deliveries and self.is_present(where, key)
        _, deliveries = self._deliveries.setdefault(key, (where, set()))
        is_new = delivery not in deliveries
        deliveries.add(delivery)
        return DeliveryState(is_new, before, self.is_present(where, key))

    def hits(self, records: Records, deliveries: Mapping[int, str]) -> npt.NDArray[np.bool_]:
        """Return (n,) which records without a delivery id are taken out already."""
        if self._hashes is None:
            self._hashes = np.array(sorted({h for _, h in self._taken_out}), np.uint64)
        out = np.isin(records["id_hash"], self._hashes)
        for i in np.flatnonzero(out).tolist():
            record = records[i]
            where = (int(record["time"]), int(record["id_hash"]))
            key = f"{int(record['key_hi']):016x}{int(record['key_lo']):016x}"
            out[i] = i not in deliveries and where in self._taken_out and not self.is_present(where, key)
        return out

    def forget(self, floor: int) -> None:
        """Drop what lies before the floor: nothing is accepted there any more."""
        self._taken_out = {w: names for w, names in self._taken_out.items() if w[0] >= floor}
        self._deliveries = {k: v for k, v in self._deliveries.items() if v[0][0] >= floor}
        self._hashes = None

    def to_json(self) -> dict[str, list[object]]:
        """Return the state as JSON values."""
        return {
            "taken_out": [[list(w), sorted(map(list, names))] for w, names in sorted(self._taken_out.items())],
            "deliveries": [[k, list(w), sorted(d)] for k, (w, d) in sorted(self._deliveries.items())],
        }

    @classmethod
    def from_json(cls, value: dict[str, list[list[list[object]]]]) -> Retractions:
        """Return the state written by `to_json`."""
        new = cls()
        for where, names in value["taken_out"]:
            new._taken_out[int(str(where[0])), int(str(where[1]))] = {(str(n[0]), str(n[1])) for n in names}  # type: ignore[index]
        for key, where, deliveries in value["deliveries"]:
            new._deliveries[str(key)] = ((int(str(where[0])), int(str(where[1]))), {str(d) for d in deliveries})
        return new
