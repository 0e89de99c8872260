"""Who somebody is changes nothing: names, nationality and document country are swapped, alerts stay as they are."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from pipeline.storage.compare import compare
from replay.config import ReplayConfig
from replay.engine import replay
from replay.synthetic.world import WorldConfig, generate, write

COUNTRIES = ("CN", "MX", "US", "DE", "NG", "IN")
PERSONAL = ("nationality", "nationalities", "document_country", "birthplace", "language", "name_script")


def now() -> datetime:
    """Return one moment."""
    return datetime(2026, 11, 1, tzinfo=UTC)


def _swapped_world(world: Path, folder: Path, *, keep_personal: bool) -> None:
    """Write the world again with other names and nationalities, or without any."""
    folder.mkdir()
    rng = random.Random(5)
    names: dict[str, str] = {}

    def another(name: str | None) -> str | None:
        return None if name is None else names.setdefault(name, f"Person {rng.random():.12f} 某人")

    events = pl.read_parquet(world / "transactions.parquet").with_columns(
        pl.col(column).map_elements(another, return_dtype=pl.String) for column in ("debtor_name", "creditor_name")
    )
    events.write_parquet(folder / "transactions.parquet")
    lines = []
    for line in (world / "context.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        values = record["values"]
        if record["kind"] in ("account_profile", "party_profile"):
            values = {k: v for k, v in values.items() if k not in (*PERSONAL, "name")}
        if record["kind"] in ("account_profile", "party_profile") and keep_personal:
            values |= {"nationality": rng.choice(COUNTRIES), "document_country": rng.choice(COUNTRIES)}
            values["name"] = f"Person {rng.random()}"
        lines.append(json.dumps({**record, "values": values}))
    (folder / "context.jsonl").write_text("\n".join(lines), encoding="utf-8")


def test_other_names_and_nationalities_change_no_id_order_reason_or_figure(tmp_path: Path) -> None:
    world = tmp_path / "world"
    write(
        generate(WorldConfig(seed=5, days=45, parties=150, start=date(2026, 1, 5), cases_per_typology=1, evasion=0)),
        world,
    )
    plain = replay(ReplayConfig((world,), tmp_path / "plain.duckdb"), now=now)
    assert plain.alerts
    for name, keep_personal in (("swapped", True), ("without", False)):
        _swapped_world(world, tmp_path / name, keep_personal=keep_personal)
        other = replay(ReplayConfig((tmp_path / name,), tmp_path / f"{name}.duckdb"), now=now)
        assert other.alerts == plain.alerts
        assert compare(tmp_path / "plain.duckdb", tmp_path / f"{name}.duckdb").identical
