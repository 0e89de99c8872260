"""Splitting delimited text into records: RFC 4180, damage that stays local, and counts that add up."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.records import MAX_RECORD_BYTES, Block, first_record, split

Row = tuple[str | None, ...]


def rows_of(block: Block) -> list[Row]:
    return block.text.rows()


def split_all(data: bytes, width: int = 3, delimiter: str = ",") -> Block:
    return split(data, width, delimiter, '"', final=True)


def raw_of(block: Block) -> list[bytes]:
    return block.raw(np.arange(block.text.height))


FIELDS = st.text(st.sampled_from('ab ,;"\n\r\té€1.'), max_size=6)


@given(
    st.lists(st.tuples(FIELDS, FIELDS, FIELDS), min_size=1, max_size=8), st.sampled_from(["\n", "\r\n"]), st.booleans()
)
def test_what_the_csv_module_writes_is_read_back(
    rows: list[tuple[str, str, str]], line_end: str, quote_all: bool
) -> None:
    if not quote_all:
        # The csv module writes a lone CR without quotes, where it cannot be told from a line end.
        rows = [(a.replace("\r", ""), b.replace("\r", ""), c.replace("\r", "")) for a, b, c in rows]
    text = io.StringIO()
    csv.writer(text, lineterminator=line_end, quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL).writerows(rows)
    block = split_all(text.getvalue().encode())
    assert not block.bad
    assert rows_of(block) == [tuple(field or None for field in row) for row in rows]
    assert b"".join(raw + line_end.encode() for raw in raw_of(block)) == text.getvalue().encode()


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_split_without_an_error_and_nothing_is_lost(data: bytes, final: bool) -> None:
    data = data if final or data.endswith(b"\n") else data + b"\n"
    if not data:
        return
    block = split(data, 2, ",", '"', final=final)
    assert block.records == block.text.height + len(block.bad)
    numbers = [*block.number.tolist(), *(bad.number for bad in block.bad)]
    assert sorted(numbers) == list(range(block.records))
    # Every byte that was used, line ends and blank lines aside, is in exactly one record.
    kept = {
        **dict(zip(block.number.tolist(), raw_of(block), strict=True)),
        **{bad.number: bad.raw for bad in block.bad},
    }
    joined = b"".join(kept[number] for number in range(block.records))
    assert joined.replace(b"\r", b"").replace(b"\n", b"") == data[: block.used].replace(b"\r", b"").replace(b"\n", b"")


@given(
    st.lists(st.sampled_from([b"1,2,3\n", b'"a,b",2,3\r\n', b'x,"two\nlines",z\n', b"", b"\n", b"a,b\n"]), max_size=12),
    st.integers(0, 200),
)
def test_a_block_cut_at_any_line_end_gives_the_same_records(lines: list[bytes], place: int) -> None:
    data = b"".join(lines)
    cut = data.find(b"\n", min(place, len(data))) + 1
    if not cut or cut == len(data):
        return
    whole = split_all(data)
    first = split(data[:cut], 3, ",", '"', final=False)
    second = split_all(data[first.used :])
    assert rows_of(first) + rows_of(second) == rows_of(whole)
    assert len(first.bad) + len(second.bad) == len(whole.bad)


def test_a_record_of_another_width_is_cut_out_with_its_place() -> None:
    block = split_all(b"1,2,3\n1,2\n1,2,3,4\n\n4,5,6\n")
    assert rows_of(block) == [("1", "2", "3"), ("4", "5", "6")]
    assert block.number.tolist() == [0, 3]
    assert [(bad.number, bad.reason, bad.raw) for bad in block.bad] == [
        (1, "expected 3 fields; found 2", b"1,2"),
        (2, "expected 3 fields; found 4", b"1,2,3,4"),
    ]


def test_widths_that_are_right_only_on_average_are_noticed() -> None:
    block = split_all(b"1,2\n1,2,3,4\n")
    assert block.text.height == 0
    assert len(block.bad) == 2


def test_a_quote_that_never_closes_costs_its_own_line() -> None:
    block = split_all(b'1,2,3\n4,"5,6\n7,8,9\n' + b'10,"11,x",12\n')
    assert rows_of(block) == [("1", "2", "3"), ("7", "8", "9"), ("10", "11,x", "12")]
    assert [bad.raw for bad in block.bad] == [b'4,"5,6']
    assert "closing quote" in block.bad[0].reason


def test_text_behind_a_closing_quote_costs_its_own_line() -> None:
    block = split_all(b'1,"2"x,3\n4,5,6\n')
    assert rows_of(block) == [("4", "5", "6")]
    assert "after a closing quote" in block.bad[0].reason


def test_a_quote_inside_an_unquoted_field_stands_for_itself() -> None:
    assert rows_of(split_all(b'1,5" pipe,3\n1,O"Brien"s,3\n')) == [("1", '5" pipe', "3"), ("1", 'O"Brien"s', "3")]


def test_a_quoted_field_keeps_its_line_breaks_and_its_record_is_one() -> None:
    block = split_all(b'1,"two\nlines, and\r\nthree",3\n1,2\n4,5,6\n')
    assert rows_of(block) == [("1", "two\nlines, and\r\nthree", "3"), ("4", "5", "6")]
    assert block.number.tolist() == [0, 2]
    assert raw_of(block)[0] == b'1,"two\nlines, and\r\nthree",3'


def test_a_forged_record_inside_a_quoted_field_stays_text() -> None:
    block = split_all(b'1,"note\n9,9,9\nend",3\n')
    assert rows_of(block) == [("1", "note\n9,9,9\nend", "3")]


def test_an_open_record_at_the_end_of_a_block_waits_for_more() -> None:
    data = b'1,2,3\n4,"five\n'
    block = split(data, 3, ",", '"', final=False)
    assert rows_of(block) == [("1", "2", "3")]
    assert data[block.used :] == b'4,"five\n'


def test_nul_bytes_and_other_encodings_cost_their_line() -> None:
    block = split_all(b"1,2,3\n1,\0,3\n1,\xe9,3\n" + "4,é,6\n".encode() + b'"\xff\n",2,3\n')
    assert rows_of(block) == [("1", "2", "3"), ("4", "é", "6")]
    assert [bad.reason for bad in block.bad] == [
        "expected text; found a NUL byte",
        "expected UTF-8; found byte 0xE9 at byte 3",
        "expected UTF-8; found byte 0xFF at byte 1",
    ]


def test_a_byte_order_mark_inside_the_file_is_refused() -> None:
    block = split_all(b"1,2,3\n\xef\xbb\xbf4,5,6\n")
    assert rows_of(block) == [("1", "2", "3")]
    assert "byte order mark" in block.bad[0].reason


def test_a_record_longer_than_the_limit_is_refused() -> None:
    block = split_all(b"1,2,3\n" + b"x" * (MAX_RECORD_BYTES + 1) + b",2,3\n4,5,6\n")
    assert rows_of(block) == [("1", "2", "3"), ("4", "5", "6")]
    assert "at most" in block.bad[0].reason


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_separate_and_commas_are_text(delimiter: str) -> None:
    block = split_all(delimiter.join(["1", "2,5", '"a' + delimiter + 'b"']).encode() + b"\n", delimiter=delimiter)
    assert rows_of(block) == [("1", "2,5", f"a{delimiter}b")]


def test_without_a_quote_character_quotes_are_text() -> None:
    block = split(b'1,"2,3"\n', 3, ",", None, final=True)
    assert rows_of(block) == [("1", '"2', '3"')]


def test_a_header_may_be_quoted_and_span_lines() -> None:
    assert first_record(b'"a,b","c\nd",e\r\n1,2,3\n', ",", '"') == (["a,b", "c\nd", "e"], 15)
