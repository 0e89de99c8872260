"""Corrupted records are refused with `InvalidEvent`, never with another exception."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.schemas.wire import parse_event
from tests.pipeline.schemas.payloads import GOLDEN, encode
from typologies.base.errors import InvalidEvent

Path = tuple[str | int, ...]

FREE_JSON = ("recordDetails", "publicationDetails", "source", "annotations")
"""Parts of a registry statement whose shape is the standard's, not ours."""


def leaves(value: Any, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield the path and value of each value that is no object or list, in order."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield from leaves(child, (*at, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from leaves(child, (*at, index))
    else:
        yield at, value


def replaced(payload: dict[str, Any], path: Path, value: Any) -> bytes:
    """Return `payload` on the wire with `value` at `path`."""
    changed = deepcopy(payload)
    parent: Any = changed
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = value
    return encode(changed)


TYPED = [
    pytest.param(name, path, value, id=f"{name}:{'.'.join(map(str, path))}")
    for name, payload in GOLDEN.items()
    for path, value in leaves(payload)
    if not ("statement" in path and set(path) & set(FREE_JSON))
]
"""Every value of every golden payload that the contract types."""

TEXTS = [param for param in TYPED if isinstance(param.values[2], str)]

OTHER_TYPES: tuple[Any, ...] = ("1", 1, 1.5, True, [], {}, [1], {"a": 1})


@pytest.mark.parametrize(("name", "path", "value"), TYPED)
def test_a_value_of_another_type_is_refused(name: str, path: Path, value: Any) -> None:
    for other in OTHER_TYPES:
        if type(other) is type(value):
            continue
        with pytest.raises(InvalidEvent):
            parse_event(replaced(GOLDEN[name], path, other))


@pytest.mark.parametrize(("name", "path", "value"), TEXTS)
def test_the_empty_string_is_refused_wherever_text_stands(name: str, path: Path, value: str) -> None:
    for nothing in ("", " ", "\t"):
        with pytest.raises(InvalidEvent):
            parse_event(replaced(GOLDEN[name], path, nothing))


@pytest.mark.parametrize(("name", "path", "value"), TEXTS)
def test_control_characters_are_refused_wherever_text_stands(name: str, path: Path, value: str) -> None:
    for character in ("\x00", "\x1b", "\x7f", "\x85"):
        for text in (character + value, value + character, value[:1] + character + value[1:]):
            with pytest.raises(InvalidEvent):
                parse_event(replaced(GOLDEN[name], path, text))


@pytest.mark.parametrize("name", GOLDEN)
def test_a_record_cut_anywhere_is_refused(name: str) -> None:
    raw = encode(GOLDEN[name])
    for length in range(len(raw)):
        with pytest.raises(InvalidEvent):
            parse_event(raw[:length])


@given(
    name=st.sampled_from(sorted(GOLDEN)),
    key=st.text(min_size=1, max_size=20),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    ),
)
def test_an_unknown_field_is_refused_whatever_it_holds(name: str, key: str, value: Any) -> None:
    payload = GOLDEN[name]
    known = set(type(parse_event(encode(payload))).model_fields)
    if key in known:
        return
    try:
        raw = encode({**payload, key: value})
    except UnicodeEncodeError:
        return  # a lone surrogate cannot be written in UTF-8
    with pytest.raises(InvalidEvent):
        parse_event(raw)


@given(data=st.data(), name=st.sampled_from(sorted(GOLDEN)))
def test_any_value_anywhere_is_accepted_or_refused_but_never_crashes(data: st.DataObject, name: str) -> None:
    path, _ = data.draw(st.sampled_from(list(leaves(GOLDEN[name]))))
    value = data.draw(
        st.none()
        | st.booleans()
        | st.integers(-(10**60), 10**60)
        | st.floats()
        | st.text(max_size=300)
        | st.datetimes().map(lambda moment: moment.isoformat() + "+14:00")
        | st.dates().map(lambda day: day.isoformat())
    )
    _parse_or_refuse(replaced(GOLDEN[name], path, value) if not _is_lone(value) else b"")


@given(raw=st.binary(max_size=200))
def test_any_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(InvalidEvent):
        parse_event(raw)


def test_a_hundred_thousand_random_corruptions_are_accepted_or_refused_but_never_crash() -> None:
    rng = np.random.default_rng(20260331)
    originals = [np.frombuffer(encode(payload), np.uint8) for payload in GOLDEN.values()]
    refused = 0
    for round_number in range(100_000):
        raw = originals[round_number % len(originals)].copy()
        n_bytes = 1 << (round_number % 4)
        raw[rng.integers(0, raw.size, n_bytes)] = rng.integers(0, 256, n_bytes)
        refused += not _parse_or_refuse(raw.tobytes())
    # Most bytes of a record are names and structure, so that most corruptions break it.
    assert refused > 50_000


def _parse_or_refuse(raw: bytes) -> bool:
    try:
        parse_event(raw)
    except InvalidEvent:
        return False
    return True


def _is_lone(value: Any) -> bool:
    return isinstance(value, str) and any(0xD800 <= ord(character) < 0xE000 for character in value)
