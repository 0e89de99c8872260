"""Measurements of speed and memory. README.md says what each measures, how, and with which command.

Threads are pinned here because Polars, NumPy and numba read these variables when they are first imported. Set
FEIQIAN_BENCH_THREADS to another number than that of the cores this process may use; a variable that is set already is
left alone. Every result names the threads it was measured with.
"""

from __future__ import annotations

import os

THREAD_VARIABLES = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")

THREADS = int(os.environ.get("FEIQIAN_BENCH_THREADS") or len(os.sched_getaffinity(0)))
"""Threads that a library may use; DuckDB is told by `measure.duckdb_connection`."""

for _name in THREAD_VARIABLES:
    os.environ.setdefault(_name, str(THREADS))
