"""The columns half of the engine alone: relevance, chains, trailing figures and screens, without judges or memory.

What variants of the same work are compared with, so that both sides do exactly that work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from typologies.base.encoding import RecordBatch
from typologies.base.events import NULL_I64
from typologies.base.lensstore import LensStore
from typologies.base.plan import plan_lenses
from typologies.base.reference import Bound


class Screening:
    """Says which events pass which screen.

    Parameters
    ----------
    bound
        Detectors with id and version.
    """

    def __init__(self, bound: Sequence[Bound]) -> None:
        self._stores = [LensStore(plan) for plan in plan_lenses(bound)]
        self.passes: Counter[tuple[str, str]] = Counter()

    def take(self, batch: RecordBatch, n_codes: int) -> dict[tuple[str, str], npt.NDArray[np.int32]]:
        """Take in events that come in order, no earlier than those before them.

        Parameters
        ----------
        batch
            n records in order of `(time, key)`.
        n_codes
            Length of the dictionary of the records' codes.

        Returns
        -------
        (Typology, lens) to the places in the batch of the events that pass, once for each subject they pass for.
        """
        records = batch.records
        places = np.arange(len(batch), dtype=np.int32)
        first = int(records["time"][0])
        found: dict[tuple[str, str], npt.NDArray[np.int32]] = {}
        for store in self._stores:
            n_entries = store.relate(records, np.zeros(len(batch), np.bool_))
            if not n_entries:
                continue
            store.ingest(records, places, n_entries, n_codes, first - store.plan.look_back_us)
            members, rows, passed = store.screen(records, NULL_I64)
            events = store.rows["event"][rows]
            for m, member in enumerate(store.plan.members):
                chosen = events[passed & (members == m)]
                found[member.bound.typology, store.plan.lens.name] = chosen
                self.passes[member.bound.typology, store.plan.lens.name] += int(chosen.shape[0])
        return found
