"""The golden payloads: one readable record of each kind and shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

GOLDEN: Final[dict[str, dict[str, Any]]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parent / "golden").glob("*.json"))
}
"""Name ("kind" or "kind.case") to payload."""


def encode(payload: Any) -> bytes:
    """Return `payload` as it stands on the wire."""
    return json.dumps(payload, ensure_ascii=False).encode()
