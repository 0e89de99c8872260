"""Published benchmark files are compared with what was published."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.ingest import known_files
from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.formats.amlworld import READERS
from pipeline.ingest.known_files import KNOWN_FILES, ChangedBenchmark, KnownFile, check_known, known_file
from tests.pipeline.ingest.formats.reading import read, write
from tests.pipeline.ingest.formats.test_amlworld import HEADER, ROW

CONTENT = b"published\n"


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> KnownFile:
    entry = KnownFile("set.csv", len(CONTENT), "1 row", hashlib.sha256(CONTENT).hexdigest(), "somebody/set")
    monkeypatch.setattr(known_files, "_BY_NAME", {"set.csv": entry})
    return entry


def test_the_list_is_well_formed() -> None:
    assert len({known.name for known in KNOWN_FILES}) == len(KNOWN_FILES) == 11
    assert all(len(known.sha256) == 64 and set(known.sha256) <= set("0123456789abcdef") for known in KNOWN_FILES)
    assert {known.name for known in KNOWN_FILES if known.sources == 1} == {
        "LI-Small_Patterns.txt",
        "HI-Medium_Trans.csv",
        "LI-Medium_Trans.csv",
    }


def test_the_published_content_gives_a_note_plain_and_compressed(tmp_path: Path, published: KnownFile) -> None:
    (tmp_path / "set.csv").write_bytes(CONTENT)
    (tmp_path / "SET.csv.gz").write_bytes(gzip.compress(CONTENT))
    for name in ("set.csv", "SET.csv.gz"):
        note = check_known(tmp_path / name)
        assert note is not None
        assert f"{name}: is set.csv of somebody/set, 1 row, sha256 {published.sha256}" == note


@pytest.mark.parametrize(("name", "pack"), [("set.csv", bytes), ("set.csv.gz", gzip.compress)])
@pytest.mark.parametrize(
    ("content", "words"),
    [(b"publishes\n", "expected sha256"), (b"cut", "expected 10 bytes; found 3"), (CONTENT * 2, "expected 10 bytes")],
)
@pytest.mark.usefixtures("published")
def test_other_content_is_refused_unless_the_user_accepts_it(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes], content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(pack(content))
    with pytest.raises(ChangedBenchmark, match=words):
        check_known(tmp_path / name)
    note = check_known(tmp_path / name, accept_other=True)
    assert note is not None
    assert note.endswith("read all the same")


def test_other_names_are_nobodys_business(tmp_path: Path) -> None:
    assert known_file(tmp_path / "payments.csv") is None
    assert check_known(tmp_path / "payments.csv") is None


def test_a_reader_refuses_a_changed_benchmark_and_takes_it_on_request(tmp_path: Path) -> None:
    (reader,) = READERS
    path = write(tmp_path, "HI-Small_Trans.csv", HEADER, ROW)
    with pytest.raises(ChangedBenchmark, match="475,664,283 bytes; found 233"):
        read(reader, path)
    reading = read(reader, path, known_files="any")
    assert reading.events.height == 1
    assert reading.said("has the name of HI-Small_Trans.csv")
    with pytest.raises(UnusableInput, match="known_files must be check or any"):
        read(reader, path, known_files="perhaps")
