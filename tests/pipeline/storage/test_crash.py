"""A writer that is killed leaves a valid file of whole transactions, and the next one completes the run."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.storage.errors import StoreLocked
from pipeline.storage.queries import StoreReader
from pipeline.storage.recompute import verify
from pipeline.storage.store import AlertStore
from tests.pipeline.storage.by_hand import REPOSITORY, open_store, rows, without_clock

ALERTS_A_BATCH = 5

FULL_DISK = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
"""

WRITER = """
import sys
from pathlib import Path
from pipeline.storage.batch import AlertBatch, merge
from tests.pipeline.storage.by_hand import growing_alerts, open_store, run_info

grown = growing_alerts(100)
with open_store(Path(sys.argv[1])) as store:
    store.begin_run(run_info())
    for i in range(0, len(grown), 5):
        print("writing", i, flush=True)
        store.write(merge([AlertBatch(alerts, cited) for alerts, cited in grown[i : i + 5]]))
    store.finish_run({"read": 400})
print("done", flush=True)
"""


def writer(path: Path, before: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", before + WRITER, str(path)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if before else None,
        text=True,
    )


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("unbroken") / "alerts.duckdb"
    process = writer(path)
    output, _ = process.communicate()
    assert process.returncode == 0, output
    return path


@pytest.mark.parametrize("n_writes", [1, 12])
def test_a_killed_writer_leaves_whole_transactions_and_a_rerun_completes_them(
    tmp_path: Path, unbroken: Path, n_writes: int
) -> None:
    path = tmp_path / "alerts.duckdb"
    process = writer(path)
    assert process.stdout is not None
    seen = 0
    for line in process.stdout:
        seen += line.startswith("writing")
        if seen == n_writes:
            process.send_signal(signal.SIGKILL)
            break
    process.wait()
    process.stdout.close()
    assert process.returncode == -signal.SIGKILL

    ((n_alerts,),) = rows(path, "SELECT count(*) FROM alerts")
    assert n_alerts % ALERTS_A_BATCH == 0
    assert (n_writes - 1) * ALERTS_A_BATCH <= n_alerts < 100 + ALERTS_A_BATCH
    assert rows(path, "SELECT is_finished FROM runs") == [(False,)]
    assert verify(path) == []

    completing = writer(path)
    completing.communicate()
    assert completing.returncode == 0
    assert without_clock(path) == without_clock(unbroken)
    assert rows(path, "SELECT is_current, is_finished FROM runs") == [(True, True)]


def test_a_file_that_another_process_writes_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "alerts.duckdb"
    process = writer(path)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        process.send_signal(signal.SIGSTOP)
        for opened in (AlertStore.open, StoreReader):
            with pytest.raises(StoreLocked, match=rf"{path} is in use: one process writes an alert store"):
                opened(path)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    AlertStore.open(path).close()


def test_a_full_disk_is_told_and_what_was_written_stands(tmp_path: Path, unbroken: Path) -> None:
    path = tmp_path / "alerts.duckdb"
    open_store(path).close()
    limited = writer(path, FULL_DISK)
    _, errors = limited.communicate()
    assert limited.returncode == 1
    assert "StoreError" in errors
    assert "could not be written; what it held before still stands" in errors
    ((n_alerts,),) = rows(path, "SELECT count(*) FROM alerts")
    assert n_alerts % ALERTS_A_BATCH == 0
    assert 0 < n_alerts < 100
    assert verify(path) == []
    completing = writer(path)
    completing.communicate()
    assert without_clock(path) == without_clock(unbroken)
