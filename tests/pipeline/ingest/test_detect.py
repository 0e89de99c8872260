"""Which reader reads a file, and which files a path means."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from pipeline.ingest import detect as module
from pipeline.ingest.detect import READERS, detect, expand, reader_for
from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.formats.canonical import write_canonical
from pipeline.ingest.reader import ReadBatch, ReadOptions
from tests.pipeline.ingest.canonical_rows import frame, row


class Likely:
    """A reader that finds every file likely to a stated degree."""

    default_source = "x"

    def __init__(self, name: str, likelihood: float) -> None:
        self.name = name
        self._likelihood = likelihood

    def recognises(self, path: Path, head: bytes) -> float:
        return self._likelihood

    def read(self, path: Path, options: ReadOptions) -> Iterator[ReadBatch]:
        return iter(())


def test_every_format_has_a_name_of_its_own() -> None:
    names = [reader.name for reader in READERS]
    assert len(set(names)) == len(names)
    assert {"canonical", "amlworld", "saml-d", "amlsim", "pacs008", "camt", "mapped"} <= set(names)
    for name in names:
        assert reader_for(name).name == name


def test_an_unknown_format_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnusableInput, match=r"--format xlsx: expected auto or one of canonical, amlworld"):
        reader_for("xlsx")


@pytest.mark.parametrize("suffix", ["parquet", "csv", "tsv", "jsonl", "csv.gz", "jsonl.zst"])
def test_canonical_files_are_detected_whatever_their_names(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows.{suffix}"
    write_canonical(frame([row()]), path)
    path = path.rename(tmp_path / "rows")
    assert detect(path).name == "canonical"


def test_the_files_of_benchmarks_are_detected(data: Path) -> None:
    assert detect(data / "amlworld-excerpt" / "excerpt_Trans.csv").name == "amlworld"
    assert detect(data / "amlworld-excerpt" / "excerpt_Patterns.txt").name == "amlworld"
    assert detect(data / "amlsim-30acct" / "tx.csv").name == "amlsim"


def test_no_file_here_is_claimed_by_two_readers(data: Path) -> None:
    for path in expand([data / "amlworld-excerpt", data / "amlsim-30acct"]):
        assert detect(path).name in {"amlworld", "amlsim"}


def test_a_file_of_no_known_format_is_refused_with_what_can_be_done(data: Path) -> None:
    with pytest.raises(
        UnusableInput, match=r"transfers\.csv: expected a file of a known format .*'TxnDate,.*--mapping FILE"
    ):
        detect(data / "mapped" / "transfers.csv")


def test_a_parquet_file_is_refused_with_its_columns_or_with_its_damage(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pl.DataFrame({"when": [1], "how_much": [2]}).write_parquet(path)
    with pytest.raises(UnusableInput, match=r"found Parquet with the columns when, how_much\. .*--mapping FILE"):
        detect(path)
    write_canonical(frame([row()]), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UnusableInput, match=r"rows\.parquet: expected a whole Parquet file; "):
        detect(path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(b"\n"))
    with pytest.raises(UnusableInput, match="found nothing in it"):
        detect(path)


def test_a_file_that_could_be_of_two_formats_needs_a_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows"
    path.write_text("x")
    monkeypatch.setattr(module, "READERS", (Likely("a", 0.9), Likely("b", 1.0), Likely("c", 0.6)))
    with pytest.raises(UnusableInput, match=r"could be b, a: choose one with --format"):
        detect(path)
    monkeypatch.setattr(module, "READERS", (Likely("a", 0.7), Likely("b", 1.0)))
    assert detect(path).name == "b"


def test_folders_are_read_without_truth_hidden_files_and_papers(tmp_path: Path) -> None:
    for name in (
        "b.csv",
        "a.csv.gz",
        "deep/er/c.parquet",
        "truth/labels.csv",
        "deep/truth/labels.csv",
        "truth.csv",
        ".hidden.csv",
        ".git/config.csv",
        "README.md",
        "NOTICE.txt",
        "bank.toml",
        "noticeboard.csv",
        "x_Patterns.txt",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert [str(path.relative_to(tmp_path)) for path in expand([tmp_path])] == [
        "a.csv.gz",
        "b.csv",
        "deep/er/c.parquet",
        "noticeboard.csv",
        "truth.csv",
        "x_Patterns.txt",
    ]


def test_files_that_are_named_are_taken_in_their_order_and_once(tmp_path: Path) -> None:
    first, second = tmp_path / "b.csv", tmp_path / "README.md"
    first.touch()
    second.touch()
    assert expand([second, first, tmp_path, tmp_path / "." / "b.csv"]) == [second, first]


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match=r"nowhere: expected a file or a folder"):
        expand([tmp_path / "nowhere"])
