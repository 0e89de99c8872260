"""What a run found of the cases planted in a synthetic world. Looked at after the run: no detector has seen a label."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipeline.storage.queries import StoreReader
from typologies.base.findings import BASELINE

_CITED = (
    "SELECT alert_id, typology, event_id, source AS origin, position "
    "FROM alert_evidence JOIN alerts USING (alert_id) WHERE role <> $baseline"
)


def cited_rows(reader: StoreReader) -> pl.DataFrame:
    """Return the evidence of all standing alerts without the baseline.

    Columns: alert_id, typology, event_id, origin, position; an event once an alert.
    """
    return reader.query(_CITED, {"baseline": BASELINE}).unique(maintain_order=True)


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """One planted case and what the run said of it.

    Attributes
    ----------
    alerts
        Alerts that are about it: at least half of the events they cite belong to it. The typology may be another
        than the one the case was planted for.
    by_own
        Whether one of them is of that typology.
    """

    case_id: str
    typology: str
    scenario: str
    is_illicit: bool
    evasion: int
    subject: str
    n_events: int
    alerts: tuple[str, ...]
    by_own: bool

    @property
    def is_found(self) -> bool:
        """At least one alert is about it."""
        return bool(self.alerts)


@dataclass(frozen=True, slots=True)
class DemoOutcome:
    """A run over a synthetic world against its truth.

    Attributes
    ----------
    cases
        All planted cases, schemes and twins, by id.
    alerts, severities
        Standing alerts: id to typology, and to severity.
    on_schemes, on_twins, on_ordinary_life
        The same alerts by what most of their evidence belongs to. An alert of which less than half belongs to one
        case is on ordinary life.
    """

    cases: tuple[CaseOutcome, ...]
    alerts: dict[str, str]
    severities: dict[str, str]
    on_schemes: frozenset[str]
    on_twins: frozenset[str]
    on_ordinary_life: frozenset[str]

    @property
    def schemes(self) -> tuple[CaseOutcome, ...]:
        """Cases that are schemes."""
        return tuple(case for case in self.cases if case.is_illicit)

    @property
    def twins(self) -> tuple[CaseOutcome, ...]:
        """Cases that are lawful look-alikes."""
        return tuple(case for case in self.cases if not case.is_illicit)


def against_truth(db: Path, truth: dict[str, pl.DataFrame]) -> DemoOutcome:
    """Compare the standing alerts of a store with the truth of a synthetic world (`replay.synthetic.world.World`)."""
    with StoreReader(db) as reader:
        cited = cited_rows(reader)
        listed = reader.query("SELECT alert_id, typology, severity::VARCHAR AS severity FROM alerts ORDER BY alert_id")
    alerts = dict(listed.select("alert_id", "typology").iter_rows())
    severities = dict(listed.select("alert_id", "severity").iter_rows())
    belongs = truth["events"].select("event_id", "case_id")
    about = (
        cited.select("alert_id", "event_id")
        .join(belongs, on="event_id", how="left")
        .group_by("alert_id", "case_id")
        .len()
        .with_columns(share=pl.col("len") / pl.col("len").sum().over("alert_id"))
        .filter(pl.col("case_id").is_not_null() & (pl.col("share") >= 0.5))
        # Two cases can share an alert half and half: the smaller id takes it, so that the sums are right.
        .sort("alert_id", "len", "case_id", descending=[False, True, False])
        .unique("alert_id", keep="first", maintain_order=True)
    )
    by_case: dict[str, list[str]] = {}
    for alert_id, case_id in about.select("alert_id", "case_id").iter_rows():
        by_case.setdefault(case_id, []).append(alert_id)
    sizes = dict(belongs.group_by("case_id").len().iter_rows())
    cases = tuple(
        CaseOutcome(
            case_id=row["case_id"],
            typology=row["typology"],
            scenario=row["scenario"],
            is_illicit=row["is_illicit"],
            evasion=row["evasion"],
            subject=f"{row['subject_kind']} {row['subject_id']}",
            n_events=sizes.get(row["case_id"], 0),
            alerts=tuple(by_case.get(row["case_id"], ())),
            by_own=any(alerts[alert] == row["typology"] for alert in by_case.get(row["case_id"], ())),
        )
        for row in truth["cases"].sort("case_id").iter_rows(named=True)
    )
    on_schemes = frozenset(alert for case in cases if case.is_illicit for alert in case.alerts)
    on_twins = frozenset(alert for case in cases if not case.is_illicit for alert in case.alerts)
    return DemoOutcome(cases, alerts, severities, on_schemes, on_twins, frozenset(alerts) - on_schemes - on_twins)
