"""The checks of `feiqian doctor`."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

from typologies.base.errors import FeiqianError

LIBRARIES = ("duckdb", "polars", "pyarrow", "numpy", "numba", "pydantic", "lxml", "zstandard", "typer", "rich")

MIN_FREE_BYTES = 1 << 30
MIN_MEMORY_BYTES = 4 << 30
"""What the demo and the tests are promised to work in."""

PYTHONS = ((3, 11), (3, 15))


class State(Enum):
    """How a check ended."""

    FINE = "fine"
    NOTE = "note"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was looked at, what was found, and what to do about it."""

    name: str
    state: State
    found: str
    advice: str = ""


def check_all() -> list[Check]:
    """Return all checks in the order in which to read them."""
    return [
        *versions(),
        processors(),
        memory(),
        polars_threads(),
        kernels(),
        *folders(),
        zones(),
        rates(),
        typologies(),
        terminal(),
    ]


def versions() -> Iterator[Check]:
    """Check Python and the libraries."""
    try:
        yield Check("feiqian", State.FINE, version("feiqian"))
    except PackageNotFoundError:
        yield Check("feiqian", State.NOTE, "not installed, run from a folder", "./run setup")
    python = sys.version_info
    fits = PYTHONS[0] <= (python.major, python.minor) < PYTHONS[1]
    yield Check(
        "python",
        State.FINE if fits else State.BROKEN,
        f"{platform.python_version()} ({platform.python_implementation()}, {platform.machine()})",
        "" if fits else "3.11 to 3.14 is required",
    )
    found, missing = [], []
    for name in LIBRARIES:
        try:
            import_module(name)
            found.append(f"{name} {version(name)}")
        except (ImportError, PackageNotFoundError) as error:
            missing.append(f"{name}: {error}")
    yield Check(
        "libraries",
        State.BROKEN if missing else State.FINE,
        "; ".join([*missing, *found]),
        "./run setup installs the pinned versions" if missing else "",
    )


def processors() -> Check:
    """Check how many cores this process may use."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Check(
        "processors",
        State.FINE if usable > 1 else State.NOTE,
        f"{usable} usable of {os.cpu_count()}",
        "" if usable > 1 else "reading and judging share one core",
    )


def memory() -> Check:
    """Check memory: of the machine, or of the container's limit if that is less."""
    total = _machine_memory()
    limit = _container_limit()
    if total is None:
        return Check("memory", State.NOTE, "cannot be told here")
    usable = min(total, limit) if limit else total
    told = f"{usable / 2**30:.1f} GiB" + (" (limit of the container)" if limit and limit < total else "")
    enough = usable >= MIN_MEMORY_BYTES
    return Check("memory", State.FINE if enough else State.NOTE, told, "" if enough else "replay with a small --memory")


def _machine_memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _container_limit() -> int | None:
    try:
        text = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def polars_threads() -> Check:
    """Check the threads that reading uses."""
    import polars as pl

    return Check("polars threads", State.FINE, str(pl.thread_pool_size()))


def kernels() -> Check:
    """Check whether the engine's kernels are compiled and kept on disk, so that a replay does not wait for it."""
    total, warm, folder = 0, 0, ""
    for module in _engine_modules():
        source = Path(str(module.__file__)).stat().st_mtime
        for kernel in _kernels_of(module):
            total += 1
            folder = str(kernel.stats.cache_path)
            function = kernel.py_func
            pattern = f"{Path(str(module.__file__)).stem}.{function.__qualname__}-*.nbi"
            warm += any(entry.stat().st_mtime >= source for entry in Path(folder).glob(pattern))
    is_warm = warm == total
    return Check(
        "compiled kernels",
        State.FINE if is_warm else State.NOTE,
        f"{warm} of {total} in {folder}",
        "" if is_warm else "the next replay compiles the rest once; or now: python -m typologies.base.warm",
    )


def _engine_modules() -> Iterator[ModuleType]:
    import typologies.base

    for path in sorted(Path(typologies.base.__path__[0]).glob("*.py")):
        if "@kernel" in path.read_text(encoding="utf-8"):
            yield import_module(f"typologies.base.{path.stem}")


def _kernels_of(module: ModuleType) -> list[Any]:
    found = [value for value in vars(module).values() if hasattr(value, "py_func") and hasattr(value, "stats")]
    return [kernel for kernel in found if kernel.py_func.__module__ == module.__name__]


def folders() -> Iterator[Check]:
    """Check that files can be written here and in the folder for temporary files, and that there is room."""
    for name, folder in (("this folder", Path.cwd()), ("temporary files", Path(tempfile.gettempdir()))):
        try:
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(b"feiqian")
            free = shutil.disk_usage(folder).free
        except OSError as error:
            advice = "set TMPDIR to a folder with room" if name == "temporary files" else "go to another one"
            yield Check(name, State.BROKEN, f"{folder}: {error.strerror or error}", advice)
            continue
        roomy = free >= MIN_FREE_BYTES
        yield Check(
            name,
            State.FINE if roomy else State.NOTE,
            f"{folder}: writable, {free / 2**30:.1f} GiB free",
            "" if roomy else "little room for large files",
        )


def zones() -> Check:
    """Check the time zones."""
    try:
        ZoneInfo("America/New_York")
        ZoneInfo("Asia/Shanghai")
    except (OSError, KeyError) as error:
        return Check("time zones", State.BROKEN, str(error), "install the package tzdata")
    return Check("time zones", State.FINE, "there")


def rates() -> Check:
    """Check the exchange rates that come with the program."""
    import polars as pl

    from pipeline.ingest.fx_rates import package_segments

    try:
        tables = package_segments()
    except (FeiqianError, OSError) as error:
        return Check("exchange rates", State.BROKEN, str(error), "./run setup installs the package with them")
    last = max(int(table.select(pl.col("valid_from").max()).item()) for table in tables.values())
    until = datetime.fromtimestamp(last, UTC).date()
    return Check("exchange rates", State.FINE, f"{len(tables)} currencies, last change on {until}")


def typologies() -> Check:
    """Check the catalogue."""
    from typologies.base.catalogue import discover

    try:
        found = discover()
    except FeiqianError as error:
        return Check("typologies", State.BROKEN, str(error), "feiqian typologies test names every fault")
    return Check("typologies", State.FINE, ", ".join(f"{name} {t.meta.version}" for name, t in found.items()))


def terminal() -> Check:
    """Check whether the output can show what data may hold."""
    encoding = (sys.stdout.encoding or "unknown").lower()
    fits = encoding.replace("-", "") in ("utf8", "utf8sig")
    return Check(
        "output",
        State.FINE if fits else State.NOTE,
        f"{encoding}, {'a terminal' if sys.stdout.isatty() else 'not a terminal'}",
        "" if fits else "set PYTHONUTF8=1 to see names in their own script",
    )
