"""The dictionary of strings gives back what went in, also after growing, compaction and restart."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from typologies.base.strings import FlatStrings, Interner

TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=20)), max_size=60)


def intern(interner: Interner, texts: list[str | None]) -> list[int]:
    """Return the codes of texts."""
    codes: list[int] = interner.intern(FlatStrings.of(pl.Series(texts, dtype=pl.String))).tolist()
    return codes


@given(st.lists(TEXTS, max_size=5))
def test_equal_strings_have_one_code_and_every_code_its_string(batches: list[list[str | None]]) -> None:
    interner = Interner()
    codes: dict[str | None, int] = {None: -1}
    for texts in batches:
        for text, code in zip(texts, intern(interner, texts), strict=True):
            assert codes.setdefault(text, code) == code
            assert interner.string(code) == text
    assert len(interner) == len(codes) - 1


def test_a_slice_of_a_longer_series_is_read_from_its_own_place() -> None:
    series = pl.Series(["a", None, "bb", "ccc", None, "dd"])
    assert Interner().intern(FlatStrings.of(series[2:5])).tolist() == [0, 1, -1]


def test_it_grows_over_its_first_table_and_heap() -> None:
    interner = Interner()
    texts: list[str | None] = [f"{'x' * (i % 50)}{i}" for i in range(20_000)]
    assert intern(interner, texts) == list(range(20_000))
    assert [interner.string(i) for i in (0, 999, 19_999)] == [texts[0], texts[999], texts[19_999]]
    assert intern(interner, texts[::-1]) == list(range(19_999, -1, -1))


@given(st.lists(st.text(max_size=8), unique=True, min_size=1, max_size=40), st.data())
def test_forgetting_renumbers_what_stays(texts: list[str], data: st.DataObject) -> None:
    interner = Interner()
    intern(interner, list(texts))
    live = np.array(data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts))))
    new = interner.keep(live)
    assert len(interner) == int(live.sum())
    assert new[-1] == -1
    for old, text in enumerate(texts):
        assert (interner.string(int(new[old])) == text) if live[old] else (new[old] == -1)


@given(st.lists(st.text(max_size=8), unique=True, max_size=40))
def test_a_written_dictionary_keeps_its_codes(texts: list[str]) -> None:
    interner = Interner()
    intern(interner, list(texts))
    again = Interner.from_arrays(interner.to_arrays())
    assert [again.string(i) for i in range(len(texts))] == texts
