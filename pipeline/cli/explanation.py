"""Everything there is to say about one alert: from the store, and from the typology that found it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.storage.queries import StoreReader
from typologies.base.catalogue import Typology, discover
from typologies.base.errors import CatalogueError, InvalidParameters
from typologies.base.findings import BASELINE
from typologies.base.metadata import RedFlag
from typologies.base.parameters import ParameterInfo, build, describe, params_hash

Row = Mapping[str, Any]

_EVIDENCE = """
    SELECT v.event_id, v.event_key, v.role, v.side, v.source, v.position, v.amount_usd, v.is_retracted_late,
        e.event_time, e.kind, e.rail, e.channel, e.amount, e.currency, e.fx_source, e.debtor_account, e.debtor,
        e.debtor_name, e.creditor_account, e.creditor, e.creditor_name, e.conductor, e.on_behalf_of, e.branch, e.place,
        e.business_date, e.purpose, e.memo
    FROM alert_evidence v
    LEFT JOIN events e USING (event_key)
    WHERE v.alert_id = $id
    ORDER BY v.role = $baseline, e.event_time, v.event_key, v.side, v.role
"""

_NAMES = """
    SELECT name FROM (
        SELECT debtor_name AS name FROM events
        WHERE list_contains($keys::VARCHAR[], event_key) AND $subject IN (debtor_account, debtor)
        UNION ALL
        SELECT creditor_name FROM events
        WHERE list_contains($keys::VARCHAR[], event_key) AND $subject IN (creditor_account, creditor)
    )
    WHERE name IS NOT NULL
    GROUP BY name ORDER BY count(*) DESC, name LIMIT 3
"""


@dataclass(frozen=True, slots=True)
class UsedParameter:
    """A parameter as the run used it."""

    name: str
    value: object
    is_default: bool
    info: ParameterInfo


@dataclass(frozen=True, slots=True)
class CitedFlag:
    """A red flag that an alert names; texts are None if the installed typology does not know it."""

    id: str
    text: str | None
    source: str | None
    indicator: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One alert with all that belongs to it.

    Attributes
    ----------
    alert
        The row of `alerts`.
    names
        Names that the events give the subject, the most frequent first.
    reasons, figures
        Rows of `alert_reasons` and `alert_figures`, each with its query.
    evidence
        Events it rests on, the baseline last, else by time.
    red_flags
        What it cites.
    run
        The row of `runs`, `params` and `versions` taken apart.
    typology
        The installed typology of that name, None if there is none.
    context
        Context versions it used, profiles first; `content` taken apart, None where the file does not hold it.
    parameters
        What the run used; empty if that cannot be told (see `note`).
    note
        Why the installed typology may differ from the one that found the alert, None if it does not.
    """

    alert: Row
    names: Sequence[str]
    reasons: Sequence[Row]
    figures: Sequence[Row]
    evidence: Sequence[Row]
    red_flags: Sequence[CitedFlag]
    run: Row
    typology: Typology | None
    context: Sequence[Row]
    parameters: Sequence[UsedParameter]
    note: str | None

    @property
    def alert_id(self) -> str:
        """Full id."""
        return str(self.alert["alert_id"])

    @property
    def n_baseline(self) -> int:
        """Rows of evidence that show what is normal."""
        return sum(row["role"] == BASELINE for row in self.evidence)

    def span(self) -> tuple[datetime, datetime]:
        """Return the times of the first and last event that count, baseline aside."""
        times = [row["event_time"] for row in self.evidence if row["role"] != BASELINE and row["event_time"]]
        return (min(times), max(times)) if times else (self.alert["first_event_time"], self.alert["last_event_time"])


def collect(reader: StoreReader, text: str) -> Explanation:
    """Return the explanation of the alert whose id begins with `text`.

    Raises
    ------
    UnknownAlert
        None or several alerts do.
    """
    alert = reader.alert(text)
    alert_id = alert["alert_id"]
    evidence = list(reader.query(_EVIDENCE, {"id": alert_id, "baseline": BASELINE}).iter_rows(named=True))
    keys = [row["event_key"] for row in evidence]
    names = reader.query(_NAMES, {"keys": keys, "subject": alert["subject_id"]})["name"].to_list()
    run = _run(reader, alert["run_id"])
    typology = _installed(alert["typology"])
    parameters, note = _parameters(alert, run, typology)
    return Explanation(
        alert=alert,
        names=names,
        reasons=list(reader.reasons(alert_id).iter_rows(named=True)),
        figures=list(reader.figures(alert_id).iter_rows(named=True)),
        evidence=evidence,
        red_flags=[_flag(flag, typology) for flag in alert["red_flags"] or ()],
        run=run,
        typology=typology,
        context=[_version(row) for row in reader.context(alert_id).iter_rows(named=True)],
        parameters=parameters,
        note=note,
    )


def _version(row: Row) -> Row:
    return {**row, "content": None if row["content"] is None else json.loads(row["content"])}


def _run(reader: StoreReader, run_id: str) -> Row:
    row = reader.query("SELECT * FROM runs WHERE run_id = $id", {"id": run_id}).row(0, named=True)
    versions = {item["name"]: item["version"] for item in row["versions"] or ()}
    return {**row, "params": json.loads(row["params"] or "{}"), "versions": versions}


def _installed(name: str) -> Typology | None:
    try:
        return discover().get(name)
    except CatalogueError:
        return None  # another typology is broken; what the store says can be shown all the same


def _flag(flag: str, typology: Typology | None) -> CitedFlag:
    known: dict[str, RedFlag] = {} if typology is None else {item.id: item for item in typology.meta.red_flags}
    item = known.get(flag)
    return CitedFlag(flag, *((item.paraphrase, item.source, item.indicator) if item else (None, None, None)))


def _parameters(alert: Row, run: Row, typology: Typology | None) -> tuple[list[UsedParameter], str | None]:
    name, version = alert["typology"], alert["typology_version"]
    if typology is None:
        return [], f"no typology {name} is installed here: flags, parameters and next steps cannot be shown"
    if typology.meta.version != version:
        return (
            [],
            f"{name} {typology.meta.version} is installed, {version} found this: texts below are the installed ones",
        )
    overrides = run["params"].get("overrides", {}).get(name, {})
    try:
        params = build(typology.params_type, overrides, f"run {run['run_id']}")
    except InvalidParameters as error:
        return [], f"the parameters of the run are not those of the installed {name}: {error}"
    recorded = run["params"].get("typologies", {}).get(name)
    if recorded is not None and recorded != params_hash({name: params}):
        return [], f"the installed {name} has other default parameters than the one that found this"
    return [
        UsedParameter(key, getattr(params, key), key not in overrides, info)
        for key, info in describe(typology.params_type).items()
    ], None
