"""Event keys are SipHash-1-3 with 128 bits over the documented words, whatever the batch."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from typologies.base.cases import events_frame
from typologies.base.columns import COLUMN_IDS
from typologies.base.errors import InvalidEvent
from typologies.base.events import FRAME_SCHEMA, OUTSIDE_IDENTITY
from typologies.base.expressions import EVENT_COLUMNS
from typologies.base.identity import (
    BEHAVIOUR_COLUMNS,
    COLUMN_NUMBER,
    KEY_0,
    KEY_1,
    RowHasher,
    content_hashes,
    event_keys,
)
from typologies.base.strings import FlatStrings

MASK = 2**64 - 1


def siphash_128(message: bytes, key: bytes, c: int, d: int) -> bytes:
    """Return SipHash-c-d with 128-bit output, written from the paper and its reference code (Aumasson, Bernstein)."""
    k0, k1 = struct.unpack("<QQ", key)
    v = [0x736F6D6570736575 ^ k0, 0x646F72616E646F6D ^ k1 ^ 0xEE, 0x6C7967656E657261 ^ k0, 0x7465646279746573 ^ k1]

    def rotate(x: int, b: int) -> int:
        return ((x << b) | (x >> (64 - b))) & MASK

    def rounds(n: int) -> None:
        for _ in range(n):
            v[0] = (v[0] + v[1]) & MASK
            v[1] = rotate(v[1], 13) ^ v[0]
            v[0] = rotate(v[0], 32)
            v[2] = (v[2] + v[3]) & MASK
            v[3] = rotate(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & MASK
            v[3] = rotate(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & MASK
            v[1] = rotate(v[1], 17) ^ v[2]
            v[2] = rotate(v[2], 32)

    padded = message + b"\0" * (-(len(message) + 1) % 8) + bytes([len(message) % 256])
    for (word,) in struct.iter_unpack("<Q", padded):
        v[3] ^= word
        rounds(c)
        v[0] ^= word
    v[2] ^= 0xEE
    rounds(d)
    first = v[0] ^ v[1] ^ v[2] ^ v[3]
    v[1] ^= 0xDD
    rounds(d)
    return struct.pack("<QQ", first, v[0] ^ v[1] ^ v[2] ^ v[3])


@pytest.mark.parametrize(
    ("message", "digest"),
    [(b"", "a3817f04ba25a8e66df67214c7550293"), (b"\0", "da87c1d86b99af44347659119b22fc45")],
)
def test_the_oracle_gives_the_published_vectors_of_siphash_2_4(message: bytes, digest: str) -> None:
    assert siphash_128(message, bytes(range(16)), 2, 4).hex() == digest


@given(st.lists(st.tuples(st.text(max_size=40), st.integers(-(2**62), 2**62)), min_size=1, max_size=8))
def test_rows_are_hashed_as_header_words_and_values(rows: list[tuple[str, int]]) -> None:
    hasher = RowHasher(len(rows))
    hasher.strings("memo", FlatStrings.of(pl.Series([text for text, _ in rows], dtype=pl.String)))
    hasher.numbers("amount", np.array([number for _, number in rows], np.int64))
    found = hasher.digest()
    key = struct.pack("<QQ", int(KEY_0), int(KEY_1))
    for (text, number), digest in zip(rows, found, strict=True):
        raw = text.encode()
        message = struct.pack("<Q", COLUMN_NUMBER["memo"] << 32 | len(raw)) + raw + b"\0" * (-len(raw) % 8)
        message += struct.pack("<Qq", COLUMN_NUMBER["amount"] << 32 | 8, number)
        assert struct.pack("<QQ", *map(int, digest)) == siphash_128(message, key, 1, 3)


def _event(**more: object) -> dict[str, object]:
    when = datetime(2026, 3, 2, tzinfo=UTC).isoformat()
    return {"event_id": "e", "event_time": when, "creditor_account": "A", "amount": 1, **more}


def test_every_behaviour_column_has_a_number_and_changes_the_content() -> None:
    assert set(BEHAVIOUR_COLUMNS) <= COLUMN_NUMBER.keys()
    assert len(set(COLUMN_NUMBER.values())) == len(COLUMN_NUMBER)
    plain = content_hashes(events_frame([_event()]))[0].tolist()
    changes = {
        "rail": "wire",
        "debtor_account": "B",
        "amount": 2,
        "memo": "x",
        "ctr_filed": False,
        "exponent": 3,
        "counter_amount": 5,
        "branch": "b",
    }
    for name, value in changes.items():
        assert content_hashes(events_frame([_event(**{name: value})]))[0].tolist() != plain, name


def test_names_places_of_the_row_and_derived_columns_change_no_key() -> None:
    assert {"debtor_name", "creditor_name", "origin", "position", "amount_usd", "business_date"} <= OUTSIDE_IDENTITY
    frames = [events_frame([_event(**more)]) for more in ({}, {"debtor_name": "Ann"}, {"origin": "f", "position": 9})]
    keys = [event_keys(frame, content_hashes(frame))[0].tolist() for frame in frames]
    assert keys[0] == keys[1] == keys[2]


def test_amounts_beyond_64_bits_differ_in_their_high_part() -> None:
    small, wide = (
        content_hashes(events_frame([_event(amount=7 + extra, currency="ETH", exponent=18)])) for extra in (0, 2**63)
    )
    assert small.tolist() != wide.tolist()


def test_a_row_without_an_id_needs_a_running_number_and_differs_by_it() -> None:
    frame = events_frame([_event(), _event()]).with_columns(event_id=pl.lit(None, dtype=pl.String))
    content = content_hashes(frame)
    with pytest.raises(InvalidEvent, match="running numbers"):
        event_keys(frame, content)
    first, second = event_keys(frame, content, np.array([0, 1])).tolist()
    assert first != second


def test_expressions_and_kernels_name_the_same_columns() -> None:
    assert COLUMN_IDS.keys() == EVENT_COLUMNS
    assert set(FRAME_SCHEMA) >= {name[4:] for name in EVENT_COLUMNS if name.startswith("has_")}
