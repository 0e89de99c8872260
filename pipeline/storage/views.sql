-- The public views and macros (design.md §6). Written again whenever their text changes; tables change by migration only.

CREATE OR REPLACE VIEW core.standing AS
SELECT a.*
FROM core.alert_revision a
JOIN (
    SELECT run_id, alert_id, max(revision) AS revision
    FROM core.alert_revision
    WHERE run_id = (SELECT current_run FROM core.meta)
    GROUP BY run_id, alert_id
) last USING (run_id, alert_id, revision)
WHERE a.run_id = (SELECT current_run FROM core.meta) AND a.status = 'standing';

-- Cited events that are gone but for the hour at which their retraction came. An event is there while some delivery of
-- it is not taken out; a source without deliveries has one, ''. Both sets are read whole, so arrival cannot matter.
CREATE OR REPLACE VIEW core.retracted_late AS
WITH late AS (
    SELECT event_key, kind, source, event_id, event_time, coalesce(delivery, '') AS delivery, retracts_key
    FROM core.late_event
    WHERE run_id = (SELECT current_run FROM core.meta)
),
retraction AS (FROM late WHERE kind = 'retraction'),
delivered AS (
    SELECT event_key, source, event_id, event_time, coalesce(delivery, '') AS delivery
    FROM core.event
    WHERE run_id = (SELECT current_run FROM core.meta) AND EXISTS (FROM retraction)
    UNION
    SELECT l.event_key, l.source, l.event_id, l.event_time, l.delivery
    FROM late l
    JOIN core.event e ON e.run_id = (SELECT current_run FROM core.meta) AND e.event_key = l.event_key
    WHERE l.kind <> 'retraction'
),
taken_out AS (
    SELECT d.event_key, d.delivery
    FROM delivered d JOIN retraction r ON r.retracts_key = d.event_key AND r.delivery = d.delivery
    UNION
    SELECT d.event_key, d.delivery
    FROM delivered d JOIN retraction r USING (source, event_id, event_time, delivery)
    WHERE r.retracts_key IS NULL
)
SELECT event_key
FROM delivered LEFT JOIN (SELECT *, true AS is_gone FROM taken_out) USING (event_key, delivery)
GROUP BY event_key
HAVING bool_and(is_gone IS NOT NULL);

CREATE OR REPLACE VIEW core.alert_retracted_late AS
SELECT c.alert_id, list(DISTINCT c.event_key ORDER BY c.event_key) AS retracted_late
FROM (
    SELECT alert_id, unnest(list_transform(evidence, lambda x: x.event_key)) AS event_key FROM core.standing
    UNION ALL
    SELECT alert_id, unnest(list_transform(citations, lambda x: x.event_key)) FROM core.standing
) c
JOIN core.retracted_late USING (event_key)
GROUP BY c.alert_id;

CREATE OR REPLACE VIEW alerts AS
SELECT
    a.alert_id, a.digest, a.status, a.typology, a.typology_version, a.subject_kind, a.subject_id, a.subject_role,
    a.trigger_event_id, a.trigger_kind, a.trigger_key, a.triggered_at, a.window_start, a.window_end,
    a.first_event_time, a.last_event_time, a.n_events, a.n_without_usd, a.amount_usd, a.severity, a.rank_score,
    list_transform(
        a.reasons,
        lambda r: {'code': r.code, 'text': r.text, 'observed': r.observed, 'expected': r.expected, 'unit': r.unit, 'weight': r.weight}
    ) AS reasons,
    a.red_flags, a.modes, a.explanation, a.counter_evidence, a.look_alikes, a.not_computed, a.is_retroactive,
    a.context, a.evidence_omitted, a.principal_roles, a.n_findings, a.predecessor, a.is_settled,
    r.params_hash, a.run_id, a.revision, a.raised_at, a.recorded_at,
    coalesce(l.retracted_late, []) AS retracted_late
FROM core.standing a
JOIN core.run r USING (run_id)
LEFT JOIN core.alert_retracted_late l USING (alert_id);

CREATE OR REPLACE VIEW alert_history AS
SELECT
    a.run_id, a.revision,
    a.alert_id, a.digest, a.status, a.typology, a.typology_version, a.subject_kind, a.subject_id, a.subject_role,
    a.trigger_event_id, a.trigger_kind, a.trigger_key, a.triggered_at, a.window_start, a.window_end,
    a.first_event_time, a.last_event_time, a.n_events, a.n_without_usd, a.amount_usd, a.severity, a.rank_score,
    list_transform(
        a.reasons,
        lambda r: {'code': r.code, 'text': r.text, 'observed': r.observed, 'expected': r.expected, 'unit': r.unit, 'weight': r.weight}
    ) AS reasons,
    a.red_flags, a.modes, a.explanation, a.counter_evidence, a.look_alikes, a.not_computed, a.is_retroactive,
    a.context, a.evidence_omitted, a.principal_roles, a.n_findings, a.predecessor, a.is_settled,
    a.superseded_by, a.evidence, r.params_hash, a.raised_at, a.recorded_at
FROM core.alert_revision a
JOIN core.run r USING (run_id);

CREATE OR REPLACE VIEW events AS
SELECT
    e.event_key, e.source, coalesce(e.event_id, 'row-' || e.event_key) AS event_id, e.delivery, e.origin,
    e.position, e.event_time, e.received_at, e.kind, e.rail, e.channel, e.purpose, e.debtor_account,
    e.creditor_account, e.debtor, e.creditor, e.debtor_name, e.creditor_name, e.debtor_agent, e.creditor_agent,
    e.debtor_country, e.creditor_country, e.debtor_class, e.creditor_class, e.ultimate_debtor, e.ultimate_creditor,
    e.conductor, e.on_behalf_of, e.ctr_conductor, e.amount, e.amount_minor, e.exponent, e.currency,
    e.counter_amount, e.counter_amount_minor, e.counter_exponent, e.counter_currency, e.amount_usd, e.fx_source,
    e.branch, e.place, e.institution_type, e.business_date, e.ctr_filed, e.reduced_on_notice, e.memo,
    e.instrument_number, e.merchant_category, e.cardholder, e.chain, e.asset, e.retracts_key,
    e.has_id_conflict, e.run_id
FROM core.event e
WHERE e.run_id = (SELECT current_run FROM core.meta);

CREATE OR REPLACE VIEW alert_evidence AS
SELECT
    c.alert_id, c.event_key, coalesce(e.event_id, 'row-' || c.event_key) AS event_id, c.role, c.side,
    e.event_time, e.amount_usd, e.origin AS source, e.position,
    c.event_key IN (SELECT event_key FROM core.retracted_late) AS is_retracted_late
FROM (SELECT run_id, alert_id, unnest(evidence, max_depth := 2) FROM core.standing) c
LEFT JOIN core.event e ON e.run_id = c.run_id AND e.event_key = c.event_key;

CREATE OR REPLACE VIEW alert_context AS
SELECT c.alert_id, c.version, f.context_table, f."key", f.valid_from, f.valid_to, f.known_at, f.content
FROM (SELECT run_id, alert_id, unnest(context) AS version FROM core.standing) c
LEFT JOIN core.fact f ON f.run_id = c.run_id AND f.version = c.version;

CREATE OR REPLACE VIEW alert_citations AS
SELECT c.alert_id, c.code, c.mark, c.event_key, c.side
FROM (SELECT alert_id, unnest(citations, max_depth := 2) FROM core.standing) c;

CREATE OR REPLACE MACRO sql_literal(words) AS '''' || replace(words, '''', '''''') || '''';

CREATE OR REPLACE MACRO recompute_sql(alert, code, figure) AS
    'WITH cited AS (' || chr(10)
    || '    SELECT c.mark, c.side, e.* FROM alert_citations c JOIN events e USING (event_key)' || chr(10)
    || '    WHERE c.alert_id = ' || sql_literal(alert) || ' AND c.code = ' || sql_literal(code) || chr(10)
    || ')' || chr(10) || figure;

CREATE OR REPLACE VIEW alert_reasons AS
SELECT
    u.alert_id, u.n, u.r.code AS code, u.r.text AS "text", u.r.observed AS observed,
    TRY_CAST(u.r.observed AS DECIMAL(38, 10)) AS observed_value, u.r.expected AS expected, u.r.unit AS unit,
    u.r.weight AS weight, u.r.figure_source AS figure_source, u.r.figure_sql AS figure_sql,
    recompute_sql(u.alert_id, u.r.code, u.r.figure_sql) AS recompute_sql
FROM (SELECT alert_id, generate_subscripts(reasons, 1) AS n, unnest(reasons) AS r FROM core.standing) u;

-- `alert` is SQL text that gives the alert id: a literal, or a column where many alerts are checked at once.
CREATE OR REPLACE MACRO own_figure_sql(figure, alert) AS CASE figure
    WHEN 'n_events' THEN
        'SELECT count(DISTINCT event_key) FROM alert_evidence' || chr(10)
        || 'WHERE alert_id = ' || alert || ' AND role <> ''baseline'''
    WHEN 'amount_usd' THEN
        'SELECT coalesce(sum(amount_usd), 0) FROM (' || chr(10)
        || '    SELECT DISTINCT event_key, amount_usd FROM alert_evidence' || chr(10)
        || '    WHERE alert_id = ' || alert || chr(10)
        || '    AND role IN (SELECT unnest(principal_roles) FROM alerts WHERE alert_id = ' || alert || ')' || chr(10)
        || ')'
    WHEN 'n_without_usd' THEN
        'SELECT count(DISTINCT event_key) FROM alert_evidence' || chr(10)
        || 'WHERE alert_id = ' || alert || ' AND amount_usd IS NULL' || chr(10)
        || 'AND role IN (SELECT unnest(principal_roles) FROM alerts WHERE alert_id = ' || alert || ')'
    WHEN 'first_event_time' THEN
        'SELECT min(event_time) FROM alert_evidence WHERE alert_id = ' || alert
    WHEN 'last_event_time' THEN
        'SELECT max(event_time) FROM alert_evidence WHERE alert_id = ' || alert
    END;

CREATE OR REPLACE VIEW alert_figures AS
SELECT
    f.alert_id, f.figure, f.observed, f.unit,
    CASE WHEN f.is_recomputable THEN own_figure_sql(f.figure, sql_literal(f.alert_id)) END AS recompute_sql
FROM (
    SELECT alert_id, 'n_events' AS figure, CAST(n_events AS VARCHAR) AS observed, 'events' AS unit, evidence_omitted = 0 AS is_recomputable
    FROM core.standing
    UNION ALL
    SELECT alert_id, 'amount_usd', CAST(amount_usd AS VARCHAR), 'USD', evidence_omitted = 0 FROM core.standing
    UNION ALL
    SELECT alert_id, 'n_without_usd', CAST(n_without_usd AS VARCHAR), 'events', evidence_omitted = 0 FROM core.standing
    UNION ALL
    SELECT alert_id, 'first_event_time', CAST(first_event_time AS VARCHAR), 'time', true FROM core.standing
    UNION ALL
    SELECT alert_id, 'last_event_time', CAST(last_event_time AS VARCHAR), 'time', true FROM core.standing
) f;

CREATE OR REPLACE VIEW rejected AS
SELECT source, position, reason, raw, n, run_id
FROM core.rejected
WHERE run_id = (SELECT current_run FROM core.meta);

CREATE OR REPLACE VIEW late_events AS
SELECT
    e.event_key, e.source, coalesce(e.event_id, 'row-' || e.event_key) AS event_id, e.delivery, e.origin,
    e.position, e.event_time, e.received_at, e.kind, e.rail, e.channel, e.purpose, e.debtor_account,
    e.creditor_account, e.debtor, e.creditor, e.debtor_name, e.creditor_name, e.debtor_agent, e.creditor_agent,
    e.debtor_country, e.creditor_country, e.debtor_class, e.creditor_class, e.ultimate_debtor, e.ultimate_creditor,
    e.conductor, e.on_behalf_of, e.ctr_conductor, e.amount, e.amount_minor, e.exponent, e.currency,
    e.counter_amount, e.counter_amount_minor, e.counter_exponent, e.counter_currency, e.amount_usd, e.fx_source,
    e.branch, e.place, e.institution_type, e.business_date, e.ctr_filed, e.reduced_on_notice, e.memo,
    e.instrument_number, e.merchant_category, e.cardholder, e.chain, e.asset, e.retracts_key,
    e.accepted_from, e.n, e.run_id
FROM core.late_event e
WHERE e.run_id = (SELECT current_run FROM core.meta);

CREATE OR REPLACE VIEW counters AS
SELECT run_id, name, value FROM core.counter;

CREATE OR REPLACE VIEW runs AS
SELECT
    r.run_id,
    r.run_id IS NOT DISTINCT FROM (SELECT current_run FROM core.meta) AS is_current,
    r.status = 'finished' AS is_finished,
    r.started_at, r.finished_at, coalesce(a.n_alerts, 0) AS n_alerts,
    c.n_read, c.n_accepted, c.n_rejected, c.n_duplicate, c.n_late, c.n_ignored,
    r.inputs, r.params_hash, r.params, r.versions
FROM core.run r
LEFT JOIN (
    SELECT run_id, count(*) FILTER (WHERE status = 'standing') AS n_alerts
    FROM (SELECT run_id, alert_id, arg_max(status, revision) AS status FROM core.alert_revision GROUP BY run_id, alert_id)
    GROUP BY run_id
) a USING (run_id)
LEFT JOIN (
    SELECT
        run_id,
        max(value) FILTER (WHERE name = 'read') AS n_read,
        max(value) FILTER (WHERE name = 'accepted') AS n_accepted,
        max(value) FILTER (WHERE name = 'rejected') AS n_rejected,
        max(value) FILTER (WHERE name = 'duplicate') AS n_duplicate,
        max(value) FILTER (WHERE name = 'late') AS n_late,
        max(value) FILTER (WHERE name = 'ignored') AS n_ignored
    FROM core.counter
    GROUP BY run_id
) c USING (run_id);

CREATE OR REPLACE VIEW alert_queue AS
SELECT
    alert_id, severity, rank_score, typology, subject_kind, subject_id, triggered_at, n_events, amount_usd,
    reasons[1].text AS main_reason, red_flags, explanation, is_settled, revision, raised_at
FROM alerts
ORDER BY severity DESC, rank_score DESC NULLS LAST, amount_usd DESC, triggered_at, alert_id;

CREATE OR REPLACE MACRO alert(id VARCHAR) AS TABLE
SELECT * FROM alerts WHERE alert_id = id;

CREATE OR REPLACE MACRO evidence_for(id VARCHAR) AS TABLE
SELECT
    v.role, v.side, e.event_time, e.kind, e.rail, e.amount, e.currency, v.amount_usd, e.debtor_account, e.debtor_name,
    e.creditor_account, e.creditor_name, e.branch, e.memo, v.event_id, v.event_key, v.source, v.position
FROM alert_evidence v
LEFT JOIN events e USING (event_key)
WHERE v.alert_id = id
ORDER BY e.event_time, v.event_key, v.side, v.role;

CREATE OR REPLACE MACRO explain_alert(id VARCHAR) AS TABLE
SELECT part, item, "text", observed, expected, unit, weight, recompute_sql
FROM (
    SELECT
        1 AS part_n, 'alert' AS part, 1::BIGINT AS item,
        format('{} {} ({}): {} {} seen as {}', alert_id, typology, severity, subject_kind, subject_id, subject_role) AS "text",
        NULL::VARCHAR AS observed, NULL::VARCHAR AS expected, NULL::VARCHAR AS unit, NULL::DOUBLE AS weight,
        NULL::VARCHAR AS recompute_sql
    FROM alerts WHERE alert_id = id
    UNION ALL
    SELECT 2, 'explanation', 1, explanation, NULL, NULL, NULL, NULL, NULL FROM alerts WHERE alert_id = id
    UNION ALL
    SELECT 3, 'reason', n, "text", observed, expected, unit, weight, recompute_sql FROM alert_reasons WHERE alert_id = id
    UNION ALL
    SELECT 4, 'figure', row_number() OVER (), figure, observed, NULL, unit, NULL, recompute_sql
    FROM alert_figures WHERE alert_id = id
    UNION ALL
    SELECT 5, 'red flag', generate_subscripts(red_flags, 1), unnest(red_flags), NULL, NULL, NULL, NULL, NULL
    FROM alerts WHERE alert_id = id
    UNION ALL
    SELECT 6, 'against', generate_subscripts(counter_evidence, 1), unnest(counter_evidence), NULL, NULL, NULL, NULL, NULL
    FROM alerts WHERE alert_id = id
    UNION ALL
    SELECT 7, 'look-alike', generate_subscripts(look_alikes, 1), unnest(look_alikes), NULL, NULL, NULL, NULL, NULL
    FROM alerts WHERE alert_id = id
    UNION ALL
    SELECT 8, 'not computed', generate_subscripts(not_computed, 1), unnest(not_computed), NULL, NULL, NULL, NULL, NULL
    FROM alerts WHERE alert_id = id
    UNION ALL
    SELECT
        9, 'context', row_number() OVER (ORDER BY context_table, "key", valid_from, version),
        coalesce(format('{} {}: {}', context_table, "key", content), version),
        strftime(valid_from AT TIME ZONE 'UTC', 'valid from %Y-%m-%d'), NULL, NULL, NULL, NULL
    FROM alert_context WHERE alert_id = id
    UNION ALL
    SELECT
        10, 'retracted too late', row_number() OVER (ORDER BY e.event_time, e.event_key),
        format('event {} was retracted after alerts of its time were final; it still counts here', e.event_id),
        NULL, NULL, NULL, NULL, NULL
    FROM events e
    WHERE e.event_key IN (SELECT unnest(retracted_late) FROM alerts WHERE alert_id = id)
)
ORDER BY part_n, item;
