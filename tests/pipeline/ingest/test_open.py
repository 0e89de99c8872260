"""Opening of plain, gzip and zstd files, whole and damaged."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.open import HEAD_BYTES, DamagedArchive, head, open_input

TEXT = b"".join(b"row %d,value %d\n" % (number, number * 7919) for number in range(40_000))
PACK: dict[str, Callable[[bytes], bytes]] = {"plain": bytes, "gzip": gzip.compress, "zstd": zstandard.compress}


def read_all(path: Path, step: int = 65_536) -> bytes:
    with open_input(path) as stream:
        return b"".join(iter(lambda: stream.read(step) or b"", b""))


def read_until_damage(path: Path) -> tuple[bytes, DamagedArchive | None]:
    parts: list[bytes] = []
    with open_input(path) as stream:
        try:
            while part := stream.read(10_000):
                parts.append(part)
        except DamagedArchive as damage:
            return b"".join(parts), damage
    return b"".join(parts), None


@pytest.mark.parametrize("packing", PACK)
def test_a_file_is_told_by_its_first_bytes_and_not_by_its_name(tmp_path: Path, packing: str) -> None:
    path = tmp_path / "rows.pdf"
    path.write_bytes(PACK[packing](TEXT))
    with open_input(path) as stream:
        assert stream.compression == packing
    assert read_all(path) == TEXT
    assert head(path) == TEXT[:HEAD_BYTES]
    assert head(path, 10) == TEXT[:10]


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_several_compressed_parts_in_one_file_are_one_stream(tmp_path: Path, packing: str) -> None:
    path = tmp_path / "rows"
    pack = PACK[packing]
    path.write_bytes(pack(TEXT[:1000]) + pack(b"") + pack(TEXT[1000:]))
    assert read_all(path) == TEXT


def test_zeros_after_a_gzip_member_are_padding(tmp_path: Path) -> None:
    path = tmp_path / "rows.gz"
    path.write_bytes(gzip.compress(TEXT) + b"\0" * 300_000)
    assert read_all(path) == TEXT


def test_a_skippable_zstd_frame_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "rows.zst"
    path.write_bytes(b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + zstandard.compress(TEXT))
    assert read_all(path) == TEXT


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_a_truncated_archive_gives_what_it_holds_and_then_says_where_it_ends(tmp_path: Path, packing: str) -> None:
    path = tmp_path / "rows.bin"
    packed = PACK[packing](TEXT)
    path.write_bytes(packed[: len(packed) // 2])
    got, damage = read_until_damage(path)
    assert damage is not None
    assert TEXT.startswith(got)
    assert damage.at == len(got)
    assert "rows.bin" in str(damage)
    assert "the file ends before the compressed data does" in str(damage)
    if packing == "gzip":
        assert len(got) > len(TEXT) // 4


def test_damage_is_reported_again_by_every_further_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.gz"
    path.write_bytes(gzip.compress(TEXT)[:-9])
    with open_input(path) as stream:
        reader = iter(lambda: stream.read(65_536) or b"", b"")
        with pytest.raises(DamagedArchive):
            list(reader)
        with pytest.raises(DamagedArchive):
            stream.read(1)


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_bytes_after_the_compressed_data_are_damage(tmp_path: Path, packing: str) -> None:
    path = tmp_path / "rows"
    path.write_bytes(PACK[packing](TEXT) + b"more rows in plain text")
    got, damage = read_until_damage(path)
    assert got == TEXT
    assert damage is not None
    assert "follow the end" in str(damage)


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
@given(place=st.floats(0, 1, exclude_max=True), value=st.integers(1, 255))
def test_a_flipped_byte_gives_the_text_or_damage_and_no_other_error(
    tmp_path_factory: pytest.TempPathFactory, packing: str, place: float, value: int
) -> None:
    packed = bytearray(PACK[packing](TEXT[:20_000]))
    packed[4 + int(place * (len(packed) - 4))] ^= value
    path = tmp_path_factory.mktemp("flip") / "rows"
    path.write_bytes(packed)
    got, damage = read_until_damage(path)
    # Header fields that no checksum covers (time, name) can change without harm; a zstd frame has no checksum here.
    assert damage is not None or packing == "zstd" or got == TEXT[:20_000]


def test_an_empty_file_has_an_empty_head(tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.touch()
    assert head(path) == b""
    assert read_all(path) == b""


def test_a_missing_file_and_a_folder_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match=r"nowhere\.csv.*No such file"):
        open_input(tmp_path / "nowhere.csv")
    with pytest.raises(UnusableInput, match="directory"):
        open_input(tmp_path)


def test_the_head_of_an_undecodable_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.gz"
    path.write_bytes(b"\x1f\x8b but nothing of the sort")
    with pytest.raises(UnusableInput, match=r"rows\.gz: expected a whole gzip file"):
        head(path)


def test_libraries_that_want_full_reads_can_wrap_the_stream(tmp_path: Path) -> None:
    path = tmp_path / "rows.gz"
    path.write_bytes(gzip.compress(TEXT))
    with open_input(path) as stream, io.TextIOWrapper(io.BufferedReader(stream), encoding="ascii") as lines:
        assert sum(1 for _ in lines) == 40_000


def test_a_highly_compressed_file_is_handed_out_in_small_pieces(tmp_path: Path) -> None:
    path = tmp_path / "zeros"
    for pack in (gzip.compress, zstandard.compress):
        path.write_bytes(pack(bytes(50_000_000)))
        with open_input(path) as stream:
            assert len(stream.read(1000) or b"") == 1000
            assert stream.handed_out == 1000
