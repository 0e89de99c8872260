"""What a run found of what labels in its files call illicit. Looked at after the run: no detector has seen a label."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipeline.cli.outcome import cited_rows
from pipeline.ingest.tabular.labels import CONTENT_KEYS
from pipeline.storage.queries import StoreReader

_PLACE = ("origin", "position")

_CITED_CONTENT = """
    SELECT DISTINCT event_time, debtor_account, creditor_account, CAST(amount_minor AS VARCHAR) AS amount, exponent,
        currency, CAST(counter_amount_minor AS VARCHAR) AS counter_amount, counter_exponent, counter_currency, rail
    FROM events
    WHERE event_key IN (SELECT event_key FROM alert_evidence WHERE role <> 'baseline')
"""

_ABOUT = """
    SELECT alert_id, subject_id AS account FROM alerts
    UNION
    SELECT v.alert_id, unnest([e.debtor_account, e.creditor_account]) AS account
    FROM alert_evidence v JOIN events e USING (event_key)
    WHERE v.role <> 'baseline'
"""


@dataclass(frozen=True, slots=True)
class LabelOutcome:
    """Labels of files against the standing alerts of a run.

    Attributes
    ----------
    events, cited_events
        Events labelled illicit, and those of them that an alert cites (baseline aside).
    accounts, seen_accounts
        Accounts labelled illicit, and those that an alert is about or whose events one cites.
    patterns, found_patterns
        Labelled patterns, and those of which an alert cites an event or concerns an account.
    alerts, alerts_on_labels
        Standing alerts, and those that cite a labelled event or concern a labelled account.
    """

    events: int
    cited_events: int
    accounts: int
    seen_accounts: int
    patterns: int
    found_patterns: int
    alerts: int
    alerts_on_labels: int


def against_labels(db: Path, labels: pl.DataFrame) -> LabelOutcome | None:
    """Compare the standing alerts of a store with labels found in the input; None if they call nothing illicit.

    Parameters
    ----------
    db
        The store.
    labels
        As readers give them (`pipeline.ingest.tabular.labels`): each row belongs to an event by id or place, to an
        account, or to events by their content.
    """
    illicit = labels.filter(pl.col("is_illicit")).with_row_index("label_n")
    if illicit.is_empty():
        return None
    named = pl.col("event_id").is_not_null() | pl.col("position").is_not_null()
    of_events = illicit.filter(named)
    of_accounts = illicit.filter(~named & pl.col("account").is_not_null())
    of_content = illicit.filter(~named & pl.col("account").is_null())
    with StoreReader(db) as reader:
        cited = cited_rows(reader)
        content = reader.query(_CITED_CONTENT)
        about = reader.query(_ABOUT).drop_nulls("account")
        alerts = int(reader.query("SELECT count(*) FROM alerts").item())
    by_id = of_events.join(cited.select("event_id").unique(), on="event_id", how="semi")
    by_place = of_events.join(cited.select(_PLACE).unique(), on=_PLACE, how="semi")
    hit_events = pl.concat([by_id, by_place]).unique("label_n")
    hit_accounts = of_accounts.join(about, on="account", how="semi")
    hit_content = _by_content(of_content, content)
    hit = pl.concat([hit_events, hit_accounts, hit_content])
    on_events = pl.concat(
        [
            cited.join(of_events.select("event_id").drop_nulls(), on="event_id", how="semi")["alert_id"],
            cited.join(of_events.select(_PLACE).drop_nulls(), on=_PLACE, how="semi")["alert_id"],
            about.join(of_accounts, on="account", how="semi")["alert_id"],
        ]
    )
    return LabelOutcome(
        # Content repeats rows that another file may label by place: counted only where no other label is of an event.
        events=of_events.height or of_content.height,
        cited_events=hit_events.height if of_events.height else hit_content.height,
        accounts=of_accounts["account"].n_unique(),
        seen_accounts=hit_accounts["account"].n_unique(),
        patterns=illicit["group"].drop_nulls().n_unique(),
        found_patterns=hit["group"].drop_nulls().n_unique(),
        alerts=alerts,
        alerts_on_labels=on_events.n_unique(),
    )


def _by_content(rows: pl.DataFrame, content: pl.DataFrame) -> pl.DataFrame:
    keys = list(CONTENT_KEYS)
    if rows.is_empty() or not set(keys) <= set(rows.columns):
        return rows.head(0)
    as_text = [pl.col(name).cast(pl.String) for name in ("amount", "counter_amount")]
    alike = content.with_columns(pl.col(name).cast(rows.schema[name]) for name in ("exponent", "counter_exponent"))
    found = rows.with_columns(as_text).join(alike, on=keys, how="semi", nulls_equal=True)
    return rows.join(found.select("label_n"), on="label_n", how="semi")
