"""JSON Schemas of the wire contract, for those who write to the topics in another language."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from pipeline.schemas.wire import ADAPTER, MODELS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """Return file stem to JSON Schema: one for each kind, and `event` for any record.

    A schema cannot say everything: rules across fields (counter amounts together, at least one side) and the range of
    dates are checked by `parse_event` alone.
    """
    adapters: dict[str, TypeAdapter[Any]] = {kind: TypeAdapter(model) for kind, model in MODELS.items()}
    adapters["event"] = ADAPTER
    return {
        stem: {"$schema": DIALECT, "$id": f"urn:feiqian:event:{stem}", **adapter.json_schema()}
        for stem, adapter in sorted(adapters.items())
    }


def export_schemas(out_dir: Path) -> list[Path]:
    """Write every schema to `out_dir`/<kind>.json, byte for byte the same each time, and return the paths, sorted."""
    out_dir.mkdir(parents=True, exist_ok=True)
    paths = []
    for stem, schema in schemas().items():
        path = out_dir / f"{stem}.json"
        text = json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        path.write_text(text, encoding="utf-8", newline="\n")
        paths.append(path)
    return paths
