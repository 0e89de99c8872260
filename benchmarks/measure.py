"""Timing, memory and the description of the machine: what all measurements share.

Time is `time.perf_counter`. Memory is what the kernel says of the process in /proc/self/status. A figure that is the
median of several runs says how many; a figure of one run over millions of events stands for itself.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Generic, ParamSpec, TypeVar

import duckdb
import polars as pl

from benchmarks import THREAD_VARIABLES, THREADS

P = ParamSpec("P")
R = TypeVar("R")

_PACKAGES = ("feiqian", "polars", "duckdb", "pyarrow", "numpy", "numba", "pydantic")


@dataclass(frozen=True, slots=True)
class Timing(Generic[R]):
    """Runs of one thing.

    Attributes
    ----------
    seconds
        Median over the runs.
    runs
        Seconds of every run, in order.
    result
        What the last run returned.
    """

    seconds: float
    runs: tuple[float, ...]
    result: R


def timed(function: Callable[[], R], runs: int = 1) -> Timing[R]:
    """Call `function` `runs` times and return the median time with the last result."""
    taken: list[float] = []
    for _ in range(runs):
        started = time.perf_counter()
        result = function()
        taken.append(time.perf_counter() - started)
    return Timing(median(taken), tuple(taken), result)


def resident_bytes() -> int:
    """Return the resident memory of this process."""
    return _status("VmRSS")


def peak_resident_bytes() -> int:
    """Return the most resident memory this process ever had."""
    return _status("VmHWM")


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise OSError(f"/proc/self/status has no line {name}")


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process, with all threads it starts, on one core."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def isolated(is_isolated: bool, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a module-level function in a new process, so that its peak memory is its own; else here.

    Parameters
    ----------
    is_isolated
        False: call it in this process (for small trial runs).
    """
    if not is_isolated:
        return function(*args, **kwargs)
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(partial(function, *args, **kwargs))


def duckdb_connection() -> duckdb.DuckDBPyConnection:
    """Return a connection to an empty database in memory that uses `THREADS` threads."""
    connection = duckdb.connect()
    connection.execute(f"SET threads = {THREADS}")
    return connection


def machine() -> dict[str, str]:
    """Return what the figures were measured on, and how loaded it was already."""
    return {
        "cpu": _cpu_model(),
        "cores": f"{os.cpu_count()}, of which this process may use {len(os.sched_getaffinity(0))}",
        "memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB",
        "load": " ".join(f"{value:.2f}" for value in os.getloadavg()) + " (1, 5, 15 minutes, at the end)",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": ", ".join(f"{name} {_version(name)}" for name in _PACKAGES),
        "threads": ", ".join(f"{name}={os.environ.get(name)}" for name in THREAD_VARIABLES)
        + f", Polars pool {pl.thread_pool_size()}",
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"
