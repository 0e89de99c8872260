"""Artefact audit: no single incidental column tells a scheme from its lawful twin."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from replay.synthetic.world import WorldConfig, generate

LIMIT = 0.60
"""Single-column ROC-AUC, over all scenarios (typology reference, section 7.3)."""

LIMIT_OF_ONE_SCENARIO = 0.66
"""The same within one scenario, where some dozen cases make the figure noisy."""

INCIDENTAL: dict[str, pl.Expr] = {
    "hour": pl.col("event_time").dt.hour(),
    "minute": pl.col("event_time").dt.minute(),
    "second": pl.col("event_time").dt.second(),
    "weekday": pl.col("event_time").dt.weekday(),
    "day": pl.col("event_time").dt.ordinal_day(),
    "cents": (pl.col("amount") % 100).cast(pl.Int64),
    "last dollar digit": (pl.col("amount") // 100 % 10).cast(pl.Int64),
    "is round": (pl.col("amount") % 10_000 == 0).cast(pl.Int8),
    "event id": pl.col("event_id").cast(pl.Int64),
    "row": pl.col("row"),
    "delay": (pl.col("received_at") - pl.col("event_time")).dt.total_microseconds(),
    "debtor account": pl.col("debtor_account").str.slice(1).cast(pl.Int64).fill_null(0),
    "creditor account": pl.col("creditor_account").str.slice(1).cast(pl.Int64).fill_null(0),
    "conductor": pl.col("conductor").str.slice(1).cast(pl.Int64).fill_null(0),
    "branch number": pl.col("branch").str.slice(1).cast(pl.Int64).fill_null(0),
}
CATEGORIES = ("kind", "rail", "channel", "branch", "place", "memo", "institution_type", "merchant_category")

PART_OF_THE_DEFINITION: dict[str, frozenset[str]] = {
    # the twin pays on paydays, which are Fridays and month ends; the scheme starts on one and goes on
    "S04": frozenset({"weekday"}),
    # the twin has the same total from one transfer, the scheme from many cash deposits by machine
    "S12": frozenset({"cents", "last dollar digit", "is round", "weekday", *CATEGORIES}),
}
PER_SCENARIO = ("hour", "minute", "second", "weekday", "cents", "last dollar digit", "is round", "event id", "delay")

Labels = npt.NDArray[np.bool_]


def _auc(values: pl.Series, illicit: Labels) -> float:
    """Return the area under the ROC curve, in the better of the two directions."""
    ranks = values.rank("average").to_numpy()
    positive = int(illicit.sum())
    area = (ranks[illicit].sum() - positive * (positive + 1) / 2) / (positive * (len(illicit) - positive))
    return float(max(area, 1 - area))


def _cross_fitted_auc(rows: pl.DataFrame, column: str) -> float:
    """Return the mean AUC of the illicit share of each category, learnt on one half of the cases, used on the other."""
    table = rows.select(pl.col(column).cast(pl.String).fill_null("-").alias("value"), "is_illicit", "case_id", "seed")
    half = table.select((pl.col("case_id").str.slice(1).cast(pl.Int64) + pl.col("seed")) % 2 == 0).to_series()
    base = float(table["is_illicit"].cast(pl.Float64).mean() or 0.0)  # type: ignore[arg-type]
    areas = []
    for mine in (half, ~half):
        learnt = (
            table.filter(mine)
            .group_by("value")
            .agg(((pl.col("is_illicit").sum() + 5 * base) / (pl.len() + 5)).alias("p"))
        )
        other = table.filter(~mine).join(learnt, on="value", how="left", maintain_order="left")
        areas.append(_auc(other["p"].fill_null(base), other["is_illicit"].to_numpy()))
    return float(np.mean(areas))


@pytest.fixture(scope="module")
def planted() -> pl.DataFrame:
    frames = []
    for seed in range(4):
        world = generate(WorldConfig(seed=seed, parties=1_000, cases_per_typology=16))
        cases = world.truth["cases"].select("case_id", "scenario", "is_illicit")
        rows = world.events.with_row_index("row").join(world.truth["events"], on="event_id").join(cases, on="case_id")
        frames.append(rows.with_columns(pl.col("row") / world.events.height, pl.lit(seed).alias("seed")))
    return pl.concat(frames)


def _evenly(rows: pl.DataFrame) -> pl.DataFrame:
    """Keep at most 40 events a case, so that no single large case decides."""
    return rows.filter(pl.int_range(pl.len()).shuffle(seed=1).over("seed", "case_id") < 40)


@pytest.mark.parametrize("column", INCIDENTAL)
def test_no_number_in_a_row_tells_schemes_from_twins(planted: pl.DataFrame, column: str) -> None:
    rows = _evenly(planted.filter(~pl.col("scenario").is_in(_excepted(column))))
    assert _auc(rows.select(INCIDENTAL[column]).to_series(), rows["is_illicit"].to_numpy()) <= LIMIT


@pytest.mark.parametrize("column", CATEGORIES)
def test_no_category_in_a_row_tells_schemes_from_twins(planted: pl.DataFrame, column: str) -> None:
    rows = _evenly(planted.filter(~pl.col("scenario").is_in(_excepted(column))))
    assert _cross_fitted_auc(rows, column) <= LIMIT


@pytest.mark.parametrize("scenario", ["S01", "S02", "S03", "S04", "S05", "S10", "S11", "S12", "S13", "S14"])
def test_no_incidental_column_marks_one_scenario(planted: pl.DataFrame, scenario: str) -> None:
    rows = _evenly(planted.filter(pl.col("scenario") == scenario))
    illicit = rows["is_illicit"].to_numpy()
    areas = {
        c: _auc(rows.select(INCIDENTAL[c]).to_series(), illicit) for c in PER_SCENARIO if scenario not in _excepted(c)
    }
    assert {column: area for column, area in areas.items() if area > LIMIT_OF_ONE_SCENARIO} == {}


def test_the_audit_finds_a_planted_mark(planted: pl.DataFrame) -> None:
    marked = planted.with_columns(
        pl.when(pl.col("is_illicit")).then(pl.lit("ach")).otherwise(pl.col("rail")).alias("rail"),
        pl.when(pl.col("is_illicit")).then(pl.col("amount") // 100 * 100).otherwise(pl.col("amount")).alias("amount"),
    )
    assert _cross_fitted_auc(_evenly(marked), "rail") > LIMIT
    rows = _evenly(marked)
    assert _auc(rows.select(INCIDENTAL["cents"]).to_series(), rows["is_illicit"].to_numpy()) > LIMIT


def _excepted(column: str) -> list[str]:
    return [scenario for scenario, columns in PART_OF_THE_DEFINITION.items() if column in columns]
