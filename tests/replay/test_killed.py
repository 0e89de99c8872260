"""A replay that is killed leaves a valid file, and running it again completes it."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from pipeline.storage.compare import compare
from replay.config import ReplayConfig
from replay.engine import replay
from replay.synthetic.world import WorldConfig, generate, write

PROGRAM = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from pipeline.storage import buffer
from replay.config import ReplayConfig
from replay.engine import replay

left = int(sys.argv[3])
flush = buffer.Buffer.flush

def flush_and_die(self):
    global left
    flush(self)
    left -= 1
    if left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)

buffer.Buffer.flush = flush_and_die
buffer.Buffer.__init__.__defaults__ = (1,)
config = ReplayConfig((Path(sys.argv[1]),), Path(sys.argv[2]), batch=2_000)
replay(config, now=lambda: datetime(2026, 11, 1, tzinfo=UTC))
"""


@pytest.mark.parametrize("writes", [1, 4])
def test_killed_after_some_writes_and_run_again_gives_what_an_undisturbed_run_gives(
    tmp_path: Path, writes: int
) -> None:
    world = tmp_path / "world"
    write(
        generate(WorldConfig(seed=3, days=45, parties=120, start=date(2026, 1, 5), cases_per_typology=1, evasion=0)),
        world,
    )
    db = tmp_path / "killed.duckdb"
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(world), str(db), str(writes)], check=False)
    assert done.returncode == -signal.SIGKILL
    with duckdb.connect(str(db), read_only=True) as connection:
        assert connection.execute("SELECT is_finished FROM runs").fetchall() == [(False,)]
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    replay(ReplayConfig((world,), db), now=lambda: moment)
    replay(ReplayConfig((world,), tmp_path / "plain.duckdb"), now=lambda: moment)
    assert compare(tmp_path / "plain.duckdb", db).identical
    with duckdb.connect(str(db), read_only=True) as connection:
        assert connection.execute("SELECT is_finished FROM runs").fetchall() == [(True,)]
