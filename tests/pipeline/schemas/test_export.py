"""The exported JSON Schemas are current and say what the models say."""

from __future__ import annotations

import json
from pathlib import Path

from pipeline.schemas import export
from pipeline.schemas.wire import MODELS

COMMITTED = Path(export.__file__).parent / "json"

REMEDY = "run export_schemas(Path('pipeline/schemas/json')) of pipeline.schemas.export"


def test_the_committed_schemas_are_current(tmp_path: Path) -> None:
    written = {path.name: path.read_bytes() for path in export.export_schemas(tmp_path)}
    committed = {path.name: path.read_bytes() for path in COMMITTED.glob("*.json")}
    assert committed == written, REMEDY


def test_there_is_a_schema_for_each_kind_and_one_for_all() -> None:
    assert {path.stem for path in COMMITTED.glob("*.json")} == {*MODELS, "event"}


def test_every_object_of_ours_forbids_other_fields_and_requires_an_id() -> None:
    for kind in MODELS:
        schema = json.loads((COMMITTED / f"{kind}.json").read_text(encoding="utf-8"))
        assert schema["additionalProperties"] is False
        assert {"event_id", "source", "kind"} <= set(schema["required"])
