"""One place for how kernels are compiled: no Python objects, no GIL, cached on disk between processes."""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def sources_stamp(folder: Path) -> str:
    """Return hex digits over name, size and time of change of every Python file in a folder."""
    digest = blake2b(digest_size=16)
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda e: e.name):
            if entry.name.endswith(".py"):
                found = entry.stat()
                digest.update(f"{entry.name} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


_STAMP = sources_stamp(Path(__file__).parent)


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` with numba (nopython, nogil, cached) and keep its type for the checker.

    Kernels are compiled into one another across modules and hold constants of others, but numba's cache looks only at
    the file that a kernel stands in. So its stamp takes in all modules of this folder: whichever changes, nothing old
    is run.
    """
    compiled = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    index = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if index is not None:  # there is none where numba is told to compile nothing
        index._source_stamp = (index._source_stamp, _STAMP)
    return cast(Callable[P, R], compiled)
