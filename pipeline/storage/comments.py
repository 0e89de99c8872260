"""What every table, view, column and macro of the store means: the data dictionary, written into the file as COMMENTs.

A column means the same wherever its name stands; where one relation differs, it has an entry of its own.
"""

from __future__ import annotations

from pipeline.storage.connection import Connection, literal
from pipeline.storage.errors import StoreError

RELATIONS: dict[str, str] = {
    "core.meta": "One row: version of the schema, its definitions, and the run that the views show.",
    "core.run": "One row a run: what went in, with which parameters and versions, and whether it ended.",
    "core.counter": "Counts of a run by name; read = accepted + rejected + duplicate + late.",
    "core.alert_revision": "One row a revision of an alert in a run, complete in itself. The highest revision holds.",
    "core.event": "Every event that an alert of the run cites, as evidence, baseline or in a figure.",
    "core.fact": "Every context version (profile, threshold, place, ...) that an alert of the run cites.",
    "core.late_event": "Events that came later than their input allows; no alert rests on them.",
    "core.rejected": "Records that could not be used, with place and reason.",
    "core.standing": "The last revision of every alert of the current run, unless withdrawn.",
    "core.retracted_late": "Cited events of the current run that were retracted too late to leave their alerts.",
    "core.alert_retracted_late": "Standing alerts that cite such events, and which.",
    "alerts": "One row an alert: those that stand in the file's current run.",
    "alert_history": "Every revision and withdrawal of every alert, of all runs in the file.",
    "alert_evidence": "Which events a standing alert rests on, and the role each plays.",
    "alert_context": "Which versions of profiles, thresholds, places and lists a standing alert used.",
    "alert_citations": "From which events each figure of a reason is computed.",
    "alert_reasons": "One row a reason of a standing alert, with the query that computes its figure again.",
    "alert_figures": "The alert's own figures (count, amount, times), with the query that computes each again.",
    "alert_queue": "The standing alerts in the order in which to look at them.",
    "events": "All canonical columns of every event that an alert of the current run cites. Not the whole stream.",
    "rejected": "Records of the current run that could not be used, bytes untouched, with place and reason.",
    "late_events": "Events of the current run that came later than their input allows; no alert rests on them.",
    "runs": "One row a run in this file; the views show the one with is_current.",
    "counters": "Counts of all runs by name; read = accepted + rejected + duplicate + late.",
}

MACROS: dict[str, tuple[str, str]] = {
    "alert": ("TABLE", "alert('AL-…'): the row of one standing alert."),
    "explain_alert": (
        "TABLE",
        "explain_alert('AL-…'): one standing alert in reading order, with the query of every figure.",
    ),
    "evidence_for": ("TABLE", "evidence_for('AL-…'): the events of one standing alert in order of time, with names."),
    "sql_literal": ("", "sql_literal(text): the text as an SQL string literal."),
    "recompute_sql": ("", "recompute_sql(alert, code, figure): a whole query from the query of a figure over `cited`."),
    "own_figure_sql": ("", "own_figure_sql(figure, alert): the query that computes a figure of an alert again."),
}

COLUMNS: dict[str, str] = {
    # runs
    "schema_version": "Number of the last migration.",
    "definitions": "Hash of the text of views, macros and comments; they are written again when it differs.",
    "current_run": "run_id of the run that the views show: the last one that ended, or the first one while it runs.",
    "run_id": "Run: hash of inputs, parameters and versions.",
    "is_current": "The views show this run.",
    "is_finished": "The run ended. If not, it was broken off or goes on: the same command again completes it.",
    "started_at": "Wall-clock time at which the run began first.",
    "finished_at": "Wall-clock time at which the run last ended; null if it never has.",
    "n_alerts": "Standing alerts of the run.",
    "n_read": "Records read.",
    "n_accepted": "Events that took part.",
    "n_rejected": "Records that could not be used: see rejected.",
    "n_duplicate": "Events that had come before; they change nothing.",
    "n_late": "Events that came later than their input allows: see late_events.",
    "n_ignored": "Accepted events that no typology looks at.",
    "inputs": "Files or topics: name, fingerprint of the content, size in bytes.",
    "params": "Parameters as JSON.",
    "params_hash": "Hash of the parameters of the run.",
    "versions": "Versions of the program and of each typology.",
    "name": "Name of the count.",
    "value": "The count.",
    # alerts
    "alert_id": "Id of the alert: hash of typology, subject and first trigger; the same in every run.",
    "revision": "1 for the first publication, then one more for every change, settling and withdrawal included.",
    "content_hash": "Hash of the whole row but its times of writing; the digest covers less.",
    "digest": "Hash of what was found; two runs agree if the digests of their standing alerts do.",
    "status": "standing, or withdrawn because late facts or retractions undid or moved the episode.",
    "typology": "Id of the typology: the name of its folder.",
    "typology_version": "Version of the typology.",
    "subject_kind": "account, party, ...",
    "subject_id": "Account or party that the alert is about, as the source spells it.",
    "subject_role": "From which role the subject was seen: account, party, conductor, on_behalf_of, ...",
    "trigger_event_id": "Id of the event (or name of the deadline or context version) at which it was first found.",
    "trigger_kind": "event; deadline: something awaited did not come; context: something became known.",
    "trigger_key": "Event key and side, or key of the deadline or context version, of the first trigger.",
    "triggered_at": "Event time of the first trigger, UTC.",
    "window_start": "Start of the first window judged, excluded.",
    "window_end": "Time of the last trigger in the episode, included.",
    "first_event_time": "Time of the earliest event in evidence, baseline included.",
    "last_event_time": "Time of the latest event in evidence, baseline included.",
    "n_events": "Different events in evidence, without the baseline; also those beyond evidence_omitted.",
    "n_without_usd": "Of the events that add up to amount_usd: how many have no USD value and add nothing.",
    "amount_usd": "USD value at the fixing valid at event time; null: no rate. Exact.",
    "severity": "By the rule alone: low, medium, high. Sorts in this order.",
    "rank_score": "Order for the queue, not a probability; null until the alert is ranked.",
    "reasons": "Reasons of the strongest finding, the heaviest first, then those of others. observed is exact text.",
    "red_flags": "Ids of the published red flags that apply.",
    "modes": "Named modes of the typology that were met.",
    "explanation": "Who, what, when, where and why, from recorded facts: of the strongest finding, then of all.",
    "counter_evidence": "What speaks against the suspicion.",
    "look_alikes": "Which lawful explanations were considered, and why they did not suffice.",
    "not_computed": "Indicators that the data did not allow.",
    "is_retroactive": "It follows from something that held before it became known.",
    "context": "Content hashes of the context versions used; alert_context shows them.",
    "evidence": "Events it rests on: key, role, side.",
    "evidence_omitted": "Rows of evidence left out of a very long list; counts and amounts are of all of it.",
    "principal_roles": "Roles whose events add up to amount_usd; null if no roles of the listed evidence do.",
    "citations": "Events behind each figure: reason code, set within the figure, key, side.",
    "n_findings": "Findings in the episode.",
    "predecessor": "Alert of the same typology and subject shortly before, if any.",
    "is_settled": "Nothing that is still on time can change it.",
    "superseded_by": "Of a withdrawn alert: the alerts that took its place.",
    "retracted_late": "Keys of cited events that were retracted too late to leave the alert: its figures contain them.",
    "raised_at": "Wall-clock time at which the alert was first written in this run.",
    "recorded_at": "Wall-clock time at which this revision was written.",
    # context
    "version": "Content hash of a context version: what alerts.context names.",
    "context_table": "Table of the version: account_profile, threshold, place, ...; null in files of older versions.",
    "key": "Row of that table: an account, a place code, ...",
    "valid_from": "From when it held in the world, UTC.",
    "valid_to": "Until when it held, excluded, UTC; null: open-ended.",
    "known_at": "When the institution learnt it, UTC. An alert uses what was valid and known at its triggers.",
    "content": "The version's values as JSON; unknown ones are left out.",
    # evidence, reasons, figures
    "event_key": "Key of this content of this event: joins evidence, citations and events.",
    "event_id": "Id given by the source; row- and the event key where the source has none.",
    "role": "Role of the event in the alert (deposit, in, out, ...); baseline: shows what is normal, not counted.",
    "side": "How the subject saw it: credit came in, debit went out, none stood beside.",
    "is_retracted_late": "It was retracted too late to leave the alert; figures contain it. See late_events.",
    "code": "Short stable name of the reason.",
    "mark": "Set of events within the figure (all; part and whole of a share).",
    "n": "Running number.",
    "text": "One sentence for an analyst.",
    "observed": "What was observed, exact.",
    "observed_value": "The observed figure as a number; null where ten decimals do not hold it.",
    "expected": "What was expected instead.",
    "unit": "Unit of observed.",
    "weight": "Share of the reason in the finding, above 0 and at most 1. Not a probability.",
    "figure_source": "Where a figure without a query comes from: a profile, a parameter, day sums.",
    "figure_sql": "Query of the figure over `cited`, the events it names; null if it does not come from events alone.",
    "recompute_sql": "A whole query that gives the figure from this file; null if it does not come from listed events.",
    "figure": "Column of alerts.",
    "main_reason": "Sentence of the heaviest reason.",
    # events
    "source": "Name of the feed.",
    "delivery": "Delivery, where a source delivers, withdraws and delivers the same again.",
    "origin": "File name, or topic-partition.",
    "position": "Data row in the file from 1, or offset.",
    "event_time": "When it happened, UTC.",
    "received_at": "When the source's record was received, UTC.",
    "kind": "payment, cash, instrument, card, onchain, retraction.",
    "rail": "How value moved: wire, ach, cash, ...",
    "channel": "Where cash was handed over: teller, atm, night_deposit, ...",
    "purpose": "What the entry was for, where the source says so.",
    "debtor_account": "Account from which value left; null for cash in.",
    "creditor_account": "Account to which value came; null for cash out.",
    "debtor": "Party id of the debtor account's holder.",
    "creditor": "Party id of the creditor account's holder.",
    "debtor_name": "For display only; no detector reads it.",
    "creditor_name": "For display only; no detector reads it.",
    "debtor_agent": "Bank of the debtor.",
    "creditor_agent": "Bank of the creditor.",
    "debtor_country": "Country of the debtor's bank.",
    "creditor_country": "Country of the creditor's bank.",
    "debtor_class": "Class of the debtor, where the source says so: individual, business, school, ...",
    "creditor_class": "Class of the creditor, where the source says so.",
    "ultimate_debtor": "Party behind the debtor.",
    "ultimate_creditor": "Party behind the creditor.",
    "conductor": "Who stood at the counter.",
    "on_behalf_of": "For whom, if not for the account's holder.",
    "ctr_conductor": "Whom the currency transaction report names as conductor.",
    "amount": "Amount on the debtor's side in whole units; null where 18 decimals or 20 digits do not hold it.",
    "amount_minor": "Amount on the debtor's side in minor units, exact.",
    "exponent": "Decimals of amount_minor.",
    "currency": "ISO 4217 code, or asset code on a chain, of amount.",
    "counter_amount": "Amount on the creditor's side in whole units, where it differs.",
    "counter_amount_minor": "Amount on the creditor's side in minor units, exact, where it differs.",
    "counter_exponent": "Decimals of counter_amount_minor.",
    "counter_currency": "Currency or asset of counter_amount.",
    "fx_source": "Which fixing gave amount_usd, with its date; null for USD itself and where there is no rate.",
    "branch": "Branch or machine.",
    "place": "Area of the branch or machine.",
    "institution_type": "Type of the reporting institution.",
    "business_date": "Business day on which a cash event counts.",
    "ctr_filed": "Whether a currency transaction report was filed; null: not said.",
    "reduced_on_notice": "Whether the sum was cut after the customer heard of the report; null: not said.",
    "memo": "Free text of the payment.",
    "instrument_number": "Number of a cheque or draft.",
    "merchant_category": "Merchant category code.",
    "cardholder": "Holder of the card.",
    "chain": "Blockchain.",
    "asset": "Asset on the chain.",
    "retracts_key": "Of a retraction: event key of what it takes out.",
    "has_id_conflict": "Another cited event of the same source has this event_id and other content.",
    "accepted_from": "Earliest event time that the input still accepted when it came.",
    # rejected
    "reason": "What was required and what was found.",
    "raw": "The record's bytes, untouched, cut at 64 KiB.",
}

OVERRIDES: dict[tuple[str, str], str] = {
    ("alerts", "amount_usd"): "USD value of the events in principal_roles, each once; without a rate: nothing. Exact.",
    ("core.run", "status"): "finished, or running: not ended, or changed by a rerun that has not ended.",
    ("core.event", "event_id"): "Id given by the source, null where it has none.",
    ("core.late_event", "event_id"): "Id given by the source, null where it has none.",
    ("core.late_event", "n"): "Running number in order of arrival, from 0.",
    ("core.rejected", "n"): "Running number in order of arrival, from 0.",
    ("rejected", "n"): "Running number in order of arrival, from 0.",
    ("late_events", "n"): "Running number in order of arrival, from 0.",
    ("rejected", "source"): "File name, or topic-partition.",
    ("core.rejected", "source"): "File name, or topic-partition.",
    ("rejected", "position"): "Data row in the file from 1, or offset; null when the whole file is meant.",
    ("core.rejected", "position"): "Data row in the file from 1, or offset; null when the whole file is meant.",
    ("alert_evidence", "source"): "File name, or topic-partition, of the record.",
    (
        "alert_reasons",
        "n",
    ): "Place in the list, from 1: the reasons of the finding that speaks, the heaviest first, then those of others.",
    ("alert_figures", "observed"): "Value in alerts, as text; times in the zone of the session.",
    ("core.alert_revision", "reasons"): "Reasons in the order of alerts, each with query and source of its figure.",
}
for _relation in ("alert_history", "alert_queue", "core.alert_revision", "core.standing"):
    OVERRIDES[_relation, "amount_usd"] = OVERRIDES["alerts", "amount_usd"]


def apply_comments(connection: Connection) -> None:
    """Write the comments of everything in the file that is ours.

    Raises
    ------
    StoreError
        A table, view, column or macro has no text here.
    """
    statements = []
    for schema, name, kind in connection.execute(
        "SELECT schema_name, table_name, 'TABLE' FROM duckdb_tables() WHERE database_name = current_database() "
        "UNION ALL SELECT schema_name, view_name, 'VIEW' FROM duckdb_views() "
        "WHERE NOT internal AND database_name = current_database() ORDER BY ALL"
    ).fetchall():
        label = name if schema == "main" else f"{schema}.{name}"
        if label not in RELATIONS:
            if schema == "main":
                continue  # a view that an analyst left in the file
            raise StoreError(f"{kind.lower()} {label} has no comment")
        statements.append(f"COMMENT ON {kind} {label} IS {literal(RELATIONS[label])}")
        for (column,) in connection.execute(
            "SELECT column_name FROM duckdb_columns() "
            "WHERE database_name = current_database() AND schema_name = ? AND table_name = ?",
            [schema, name],
        ).fetchall():
            text = OVERRIDES.get((label, column)) or COLUMNS.get(column)
            if text is None:
                raise StoreError(f"column {label}.{column} has no comment")
            statements.append(f'COMMENT ON COLUMN {label}."{column}" IS {literal(text)}')
    for name, (kind, text) in MACROS.items():
        statements.append(f"COMMENT ON MACRO {kind} {name} IS {literal(text)}")
    connection.execute("; ".join(statements))
