"""Compiled kernels that were kept on disk are not used once any module that may be part of them has changed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

from typologies.base import chains, jit


def test_the_stamp_changes_with_every_module_and_with_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "b.py").write_text("y = 1\n", encoding="utf-8")
    before = jit.sources_stamp(tmp_path)
    (tmp_path / "notes.txt").write_text("no module", encoding="utf-8")
    assert jit.sources_stamp(tmp_path) == before

    found = (tmp_path / "b.py").stat()
    os.utime(tmp_path / "b.py", ns=(found.st_atime_ns, found.st_mtime_ns + 1))
    touched = jit.sources_stamp(tmp_path)
    assert touched != before
    (tmp_path / "c.py").write_text("", encoding="utf-8")
    assert jit.sources_stamp(tmp_path) != touched


def test_a_kernels_cache_is_stamped_with_all_modules_of_the_engine() -> None:
    stamp = cast(Any, chains.link)._cache._cache_file._source_stamp
    assert stamp[1] == jit.sources_stamp(Path(jit.__file__).parent)
