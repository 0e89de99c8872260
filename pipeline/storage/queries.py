"""Reading of an alert store: what the command line and the workbench ask, as Polars frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import polars as pl

from pipeline.storage.connection import Connection, connect
from pipeline.storage.errors import UnknownAlert
from pipeline.storage.schema import check_readable

Order = Literal["queue", "newest", "oldest", "amount"]

ORDERS: dict[str, str] = {
    "queue": "severity DESC, rank_score DESC NULLS LAST, amount_usd DESC, triggered_at, alert_id",
    "newest": "triggered_at DESC, alert_id",
    "oldest": "triggered_at, alert_id",
    "amount": "amount_usd DESC, alert_id",
}
"""Orders of a list of alerts; "queue" is that of the view `alert_queue`."""

SEVERITIES = ("low", "medium", "high")

Group = Literal["typology", "severity", "subject_kind", "typology_version"]


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts to list.

    Attributes
    ----------
    typologies, severities
        Any of these; empty: all.
    subject
        Exactly this `subject_id`.
    since, until
        Bounds of `triggered_at`, aware: from `since` on, before `until`.
    order
        A key of `ORDERS`.
    limit
        At most so many; None: all.
    """

    typologies: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    order: Order = "queue"
    limit: int | None = None

    def where(self) -> tuple[str, dict[str, object]]:
        """Return an SQL condition over `alerts` and the values in it."""
        tests: list[str] = []
        values: dict[str, object] = {}
        for name, test, value in (
            ("typologies", "list_contains($typologies::VARCHAR[], typology)", list(self.typologies) or None),
            ("severities", "list_contains($severities::VARCHAR[], severity::VARCHAR)", list(self.severities) or None),
            ("subject", "subject_id = $subject", self.subject),
            ("since", "triggered_at >= $since", self.since),
            ("until", "triggered_at < $until", self.until),
        ):
            if value is not None:
                tests.append(test)
                values[name] = value
        return " AND ".join(tests) or "true", values


ALL_ALERTS = AlertFilter()
"""Every standing alert, in the order of the queue."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run as the file tells it; `counters` by name."""

    run_id: str
    is_current: bool
    is_finished: bool
    started_at: datetime
    finished_at: datetime | None
    n_alerts: int
    params_hash: str
    counters: Mapping[str, int]


class StoreReader:
    """An alert store open for reading; a context manager. Alerts are those that stand in the file's current run.

    Raises
    ------
    StoreNotFound, StoreLocked, NotAStore, NewerStore, OlderStore
        The path cannot be opened for reading; the message says why.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection: Connection = connect(path, read_only=True)
        try:
            check_readable(self.connection, path)
        except BaseException:
            self.connection.close()
            raise

    def __enter__(self) -> StoreReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def query(self, sql: str, values: Mapping[str, object] | None = None) -> pl.DataFrame:
        """Return the result of one query; `$name` in it stands for a value."""
        return pl.DataFrame(self.connection.sql(sql, params=dict(values) if values else None))

    def alerts(self, chosen: AlertFilter = ALL_ALERTS) -> pl.DataFrame:
        """Return the chosen alerts with all columns of `alerts`."""
        where, values = chosen.where()
        limit = "" if chosen.limit is None else f" LIMIT {int(chosen.limit)}"
        return self.query(f"SELECT * FROM alerts WHERE {where} ORDER BY {ORDERS[chosen.order]}{limit}", values)

    def resolve(self, text: str) -> str:
        """Return the id of the standing alert whose id begins with `text`.

        Raises
        ------
        UnknownAlert
            None or several do; of a withdrawn one the message says what took its place.
        """
        found = self.query(
            "SELECT alert_id FROM alerts WHERE starts_with(alert_id, $text) ORDER BY alert_id LIMIT 4", {"text": text}
        )["alert_id"].to_list()
        if text in found or len(found) == 1:
            return text if text in found else str(found[0])
        if found:
            raise UnknownAlert(f"{text} begins several alert ids, among them {', '.join(found)}")
        gone = self.query(
            "SELECT alert_id, superseded_by FROM alert_history WHERE starts_with(alert_id, $text) "
            "AND run_id = (SELECT run_id FROM runs WHERE is_current) ORDER BY alert_id, revision DESC LIMIT 1",
            {"text": text},
        )
        if gone.height:
            successors = gone["superseded_by"][0].to_list()
            told = f"; in its place: {', '.join(successors)}" if successors else ""
            raise UnknownAlert(f"alert {gone['alert_id'][0]} was withdrawn{told}. alert_history still has it")
        raise UnknownAlert(f"no alert {text} stands in {self.path}; `feiqian alerts list` shows those that do")

    def alert(self, alert_id: str) -> dict[str, Any]:
        """Return one standing alert, column to value; `UnknownAlert` as in `resolve`."""
        rows = self.query("SELECT * FROM alerts WHERE alert_id = $id", {"id": self.resolve(alert_id)})
        return rows.row(0, named=True)

    def explanation(self, alert_id: str) -> pl.DataFrame:
        """Return one alert in reading order: the rows of the macro `explain_alert`."""
        return self.query("FROM explain_alert($id)", {"id": self.resolve(alert_id)})

    def reasons(self, alert_id: str) -> pl.DataFrame:
        """Return the reasons of one alert, the heaviest first, each with its query."""
        return self.query("SELECT * FROM alert_reasons WHERE alert_id = $id ORDER BY n", {"id": self.resolve(alert_id)})

    def figures(self, alert_id: str) -> pl.DataFrame:
        """Return count, amount and times of one alert, each with its query."""
        return self.query("SELECT * FROM alert_figures WHERE alert_id = $id", {"id": self.resolve(alert_id)})

    def evidence(self, alert_id: str) -> pl.DataFrame:
        """Return the evidence of one alert in order of time, with amounts, accounts and names."""
        return self.query("FROM evidence_for($id)", {"id": self.resolve(alert_id)})

    def context(self, alert_id: str) -> pl.DataFrame:
        """Return the context versions of one alert, profiles first: rows of `alert_context`."""
        return self.query(
            "SELECT * EXCLUDE (alert_id) FROM alert_context WHERE alert_id = $id "
            "ORDER BY NOT ends_with(context_table, '_profile'), context_table, key, valid_from, known_at, version",
            {"id": self.resolve(alert_id)},
        )

    def history(self, alert_id: str) -> pl.DataFrame:
        """Return all revisions of an alert, standing or not, by run and revision."""
        return self.query(
            "SELECT h.* FROM alert_history h JOIN runs r USING (run_id) WHERE alert_id = $id "
            "ORDER BY r.started_at, run_id, revision",
            {"id": alert_id},
        )

    def counts(self, by: Group = "typology") -> pl.DataFrame:
        """Return alerts, events and amounts of the standing alerts by one column."""
        return self.query(
            f"SELECT {by}, count(*) AS n_alerts, sum(n_events)::BIGINT AS n_events, sum(amount_usd) AS amount_usd "
            f"FROM alerts GROUP BY {by} ORDER BY n_alerts DESC, {by}"
        )

    def rejected_reasons(self, limit: int = 20) -> pl.DataFrame:
        """Return why records of the current run were rejected: reason, count, first place; most frequent first."""
        return self.query(
            "SELECT reason, count(*) AS n, arg_min(source, n) AS source, arg_min(position, n) AS position "
            f"FROM rejected GROUP BY reason ORDER BY n DESC, reason LIMIT {int(limit)}"
        )

    def runs(self) -> list[RunSummary]:
        """Return all runs in the file, the oldest first."""
        counters: dict[str, dict[str, int]] = {}
        for run_id, name, value in self.query("FROM counters ORDER BY ALL").iter_rows():
            counters.setdefault(run_id, {})[name] = value
        frame = self.query(
            "SELECT run_id, is_current, is_finished, started_at, finished_at, n_alerts, params_hash FROM runs "
            "ORDER BY started_at, run_id"
        )
        return [RunSummary(**row, counters=counters.get(row["run_id"], {})) for row in frame.iter_rows(named=True)]

    def current_run(self) -> RunSummary | None:
        """Return the run that the views show, None in an empty store."""
        return next((run for run in self.runs() if run.is_current), None)
