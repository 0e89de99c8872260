"""Delimited files from end to end: encodings, archives, positions."""

from __future__ import annotations

import codecs
import gzip
from pathlib import Path

import numpy as np
import pytest

from pipeline.ingest import delimited
from pipeline.ingest.delimited import DelimitedFile, Dialect
from pipeline.ingest.errors import UnusableInput

HEADER = "id,name\n"


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def read(
    path: Path, dialect: Dialect | None = None, size: int = 1000
) -> tuple[list[tuple[str, ...]], list[tuple[int, str, bytes]]]:
    good: list[tuple[str, ...]] = []
    bad: list[tuple[int, str, bytes]] = []
    for rows in DelimitedFile(path, dialect).rows(size):
        good += [(str(place), *row) for place, row in zip(rows.position, rows.text.rows(), strict=True)]
        bad += rows.rejected.select("position", "reason", "raw").rows()
    return good, bad


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-le", "utf-32", "gb18030"]
)
def test_a_file_is_read_in_its_encoding(tmp_path: Path, encoding: str) -> None:
    text = HEADER + "1,café\r\n" + ("2,张三\n" if encoding.startswith(("utf", "gb")) else "2,ñandú\n")
    path = write(tmp_path / "a.csv", text.encode(encoding))
    good, bad = read(path, Dialect(encoding=encoding))
    assert not bad
    assert [row[2] for row in good] == ["café", text.split(",")[-1].strip()]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-16-be", "gb18030"])
def test_rejected_records_keep_the_bytes_they_have_in_the_file(tmp_path: Path, encoding: str) -> None:
    mark = {"utf-16": codecs.BOM_UTF16_BE}.get(encoding, b"")
    plain = {"utf-16": "utf-16-be"}.get(encoding, encoding)
    path = write(tmp_path / "a.csv", mark + (HEADER + "1,a\nü,too,many\n").encode(plain))
    good, bad = read(path, Dialect(encoding=encoding))
    assert good == [("1", "1", "a")]
    assert bad == [(2, "expected 2 fields; found 3", "ü,too,many".encode(plain))]


def test_bytes_outside_a_single_byte_encoding_cost_their_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", b"id,name\n1,a\x81b\n2,\xe9\n")
    good, bad = read(path, Dialect(encoding="cp1252"))
    assert good == [("2", "2", "é")]
    assert [(place, raw) for place, _, raw in bad] == [(1, b"1,a\x81b")]


def test_half_a_utf_16_character_at_the_end_is_reported_as_damage(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", (HEADER + "1,a\n").encode("utf-16-le") + b"2\0,")
    good, bad = read(path, Dialect(encoding="utf-16-le"))
    assert good == [("1", "1", "a")]
    assert len(bad) == 1
    assert "truncated" in bad[0][1]


def test_utf_16_is_refused_where_utf_8_is_expected(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", (HEADER + "1,a\n").encode("utf-16"))
    with pytest.raises(UnusableInput, match="expected UTF-8; found the byte order mark of UTF-16"):
        DelimitedFile(path)


def test_an_empty_file_a_blank_file_and_old_line_ends_are_refused(tmp_path: Path) -> None:
    for content, message in ((b"", "found nothing"), (b"\n\r\n\n", "found nothing"), (b"a,b\r1,2\r", "CR alone")):
        with pytest.raises(UnusableInput, match=message):
            DelimitedFile(write(tmp_path / "a.csv", content))


def test_a_header_with_nul_bytes_or_wrong_bytes_is_refused(tmp_path: Path) -> None:
    for content, message in ((b"a\0,b\n1,2\n", "NUL"), (b"a\xff,b\n1,2\n", "names of columns in utf-8")):
        with pytest.raises(UnusableInput, match=message):
            DelimitedFile(write(tmp_path / "a.csv", content))


def test_lines_before_the_header_are_skipped(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", b"Statement of account\n\nid;name\n1;a\n")
    file = DelimitedFile(path, Dialect(delimiter=";", skip_lines=2))
    assert file.header == ["id", "name"]
    assert [row for rows in file.rows(10) for row in rows.text.rows()] == [("1", "a")]


def test_a_file_without_a_header_is_read_by_position(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", b"1,a\n2,b\n")
    good, bad = read(path, Dialect(has_header=False))
    assert good == [("1", "1", "a"), ("2", "2", "b")]
    assert not bad


def test_a_truncated_archive_keeps_its_rows_and_names_the_torn_one(tmp_path: Path) -> None:
    text = (HEADER + "".join(f"{number},name {number}\n" for number in range(20_000))).encode()
    packed = gzip.compress(text)
    good, bad = read(write(tmp_path / "a.csv.gz", packed[: len(packed) * 2 // 3]))
    assert 100 < len(good) < 20_000
    assert [int(row[1]) for row in good] == list(range(len(good)))
    assert len(bad) == 1
    place, reason, raw = bad[0]
    assert place == len(good) + 1
    assert "the file ends before the compressed data does" in reason
    assert text.split(b"\n")[place].startswith(raw)


def test_records_and_positions_do_not_depend_on_the_size_of_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"{number},plain\n" for number in range(50)]
    lines[7] = "7\n"
    lines[20] = '20,"two\nlines"\n'
    lines[21] = '21,"open\n'
    lines[33] = "\n"
    path = write(tmp_path / "a.csv", (HEADER + "".join(lines)).encode())
    whole = read(path)
    assert len(whole[0]) == 47
    assert [place for place, _, _ in whole[1]] == [8, 22]
    assert read(path, size=1) == whole
    assert read(path, size=7) == whole
    for size in (16, 37, 100):
        monkeypatch.setattr(delimited, "BLOCK_BYTES", size)
        monkeypatch.setattr("pipeline.ingest.open._STEP_PLAIN", size)
        assert read(path) == whole


def test_a_line_longer_than_a_block_is_rejected_and_the_next_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.csv", b"id,name\n1,a\n2," + b"x" * 5000 + b"\n3,b\n")
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 100)
    monkeypatch.setattr("pipeline.ingest.open._STEP_PLAIN", 100)
    good, bad = read(path)
    assert good == [("1", "1", "a"), ("3", "3", "b")]
    assert bad[0][0] == 2
    assert bad[0][2].startswith(b"2,xxx")


def test_raw_bytes_belong_to_the_rows_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", b'id,name\n1,a\nbad\n2,"b\nc"\n3,d\n')
    for rows in DelimitedFile(path).rows(2):
        wanted = np.arange(rows.text.height)
        assert [raw.split(b",")[0].decode() for raw in rows.raw(wanted)] == rows.text["0"].to_list()
