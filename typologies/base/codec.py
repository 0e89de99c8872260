"""Decoding of records: the dictionary and one heap of texts, behind `window.Decoder`."""

from __future__ import annotations

import numpy as np

from typologies.base.encoding import Records, text_bounds
from typologies.base.events import Side
from typologies.base.strings import Interner, UInt8Array
from typologies.base.window import Event


class Codec:
    """Decodes records whose `text_at` points into `texts`.

    `texts` may be replaced by a longer or compacted heap as long as the records' offsets follow.
    """

    def __init__(self, interner: Interner, texts: UInt8Array | None = None) -> None:
        self.interner = interner
        self.texts: UInt8Array = np.zeros(0, np.uint8) if texts is None else texts

    def string(self, code: int) -> str | None:
        """Return the string of a dictionary code."""
        return self.interner.string(code)

    def text(self, record: tuple[int, ...], name: str) -> str | None:
        """Return a text column of a record, None for null."""
        bounds = text_bounds(record, name)
        return None if bounds is None else bytes(self.texts[bounds[0] : bounds[1]]).decode()

    def events(self, records: Records, side: Side) -> list[Event]:
        """Return records as events seen from one side."""
        return [Event(record, side, self) for record in records.tolist()]
