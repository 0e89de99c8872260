"""The queries in the store's README work as they are written."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from pipeline.storage.batch import AlertBatch
from pipeline.storage.connection import connect
from tests.pipeline.storage.by_hand import REPOSITORY, growing_alerts, open_store, run_info

TEXT = (REPOSITORY / "pipeline" / "storage" / "README.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("readme") / "alerts.duckdb"
    with open_store(path) as store:
        store.begin_run(run_info())
        for alerts, cited in growing_alerts(4):
            store.write(AlertBatch(alerts, cited))
        late = growing_alerts(4)[0][1][:1].with_columns(kind=pl.lit("retraction"))
        store.write(AlertBatch(late=late))
        store.finish_run({})
    return path


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_of_the_readme_works(path: Path, query: str) -> None:
    connection = connect(path, read_only=True)
    rows = connection.execute(query).fetchall()
    connection.close()
    assert rows or "HAVING" in query


def test_the_readme_has_queries_and_names_every_view(path: Path) -> None:
    assert len(QUERIES) == 5
    connection = connect(path, read_only=True)
    views = connection.execute(
        "SELECT view_name FROM duckdb_views() WHERE NOT internal AND schema_name = 'main'"
    ).fetchall()
    connection.close()
    assert [name for (name,) in views if f"`{name}`" not in TEXT] == []
