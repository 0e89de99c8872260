-- Runs, alerts with all their revisions, cited events, rejected records and late events.
-- Rows of a run are written once; `meta` and `run` are the only tables whose rows change.

CREATE TABLE core.run (
    run_id VARCHAR NOT NULL,
    status ENUM ('running', 'finished') NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ,
    inputs STRUCT(name VARCHAR, fingerprint VARCHAR, n_bytes BIGINT)[] NOT NULL,
    params VARCHAR NOT NULL,
    params_hash VARCHAR NOT NULL,
    versions STRUCT(name VARCHAR, version VARCHAR)[] NOT NULL
);

CREATE TABLE core.counter (
    run_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    value BIGINT NOT NULL
);

CREATE TABLE core.alert_revision (
    run_id VARCHAR NOT NULL,
    alert_id VARCHAR NOT NULL,
    revision INTEGER NOT NULL,
    content_hash VARCHAR NOT NULL,
    digest VARCHAR NOT NULL,
    status ENUM ('standing', 'withdrawn') NOT NULL,
    typology VARCHAR NOT NULL,
    typology_version VARCHAR NOT NULL,
    subject_kind VARCHAR NOT NULL,
    subject_id VARCHAR NOT NULL,
    subject_role VARCHAR NOT NULL,
    trigger_event_id VARCHAR NOT NULL,
    trigger_kind ENUM ('deadline', 'event', 'context') NOT NULL,
    trigger_key VARCHAR NOT NULL,
    triggered_at TIMESTAMPTZ NOT NULL,
    window_start TIMESTAMPTZ NOT NULL,
    window_end TIMESTAMPTZ NOT NULL,
    first_event_time TIMESTAMPTZ NOT NULL,
    last_event_time TIMESTAMPTZ NOT NULL,
    n_events BIGINT NOT NULL,
    n_without_usd BIGINT NOT NULL,
    amount_usd DECIMAL(38, 2) NOT NULL,
    severity ENUM ('low', 'medium', 'high') NOT NULL,
    rank_score DOUBLE,
    reasons STRUCT(
        code VARCHAR,
        "text" VARCHAR,
        observed VARCHAR,
        expected VARCHAR,
        unit VARCHAR,
        weight DOUBLE,
        figure_sql VARCHAR,
        figure_source VARCHAR
    )[] NOT NULL,
    red_flags VARCHAR[] NOT NULL,
    modes VARCHAR[] NOT NULL,
    explanation VARCHAR NOT NULL,
    counter_evidence VARCHAR[] NOT NULL,
    look_alikes VARCHAR[] NOT NULL,
    not_computed VARCHAR[] NOT NULL,
    is_retroactive BOOLEAN NOT NULL,
    context VARCHAR[] NOT NULL,
    evidence STRUCT(event_key VARCHAR, "role" VARCHAR, side VARCHAR)[] NOT NULL,
    evidence_omitted BIGINT NOT NULL,
    principal_roles VARCHAR[],
    citations STRUCT(code VARCHAR, mark VARCHAR, event_key VARCHAR, side VARCHAR)[] NOT NULL,
    n_findings BIGINT NOT NULL,
    predecessor VARCHAR,
    is_settled BOOLEAN NOT NULL,
    superseded_by VARCHAR[] NOT NULL,
    raised_at TIMESTAMPTZ NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE core.event (
    run_id VARCHAR NOT NULL,
    event_key VARCHAR NOT NULL,
    source VARCHAR,
    event_id VARCHAR,
    delivery VARCHAR,
    origin VARCHAR,
    position BIGINT,
    event_time TIMESTAMPTZ NOT NULL,
    received_at TIMESTAMPTZ,
    kind VARCHAR,
    rail VARCHAR,
    channel VARCHAR,
    purpose VARCHAR,
    debtor_account VARCHAR,
    creditor_account VARCHAR,
    debtor VARCHAR,
    creditor VARCHAR,
    debtor_name VARCHAR,
    creditor_name VARCHAR,
    debtor_agent VARCHAR,
    creditor_agent VARCHAR,
    debtor_country VARCHAR,
    creditor_country VARCHAR,
    debtor_class VARCHAR,
    creditor_class VARCHAR,
    ultimate_debtor VARCHAR,
    ultimate_creditor VARCHAR,
    conductor VARCHAR,
    on_behalf_of VARCHAR,
    ctr_conductor VARCHAR,
    amount DECIMAL(38, 18),
    amount_minor HUGEINT,
    exponent TINYINT,
    currency VARCHAR,
    counter_amount DECIMAL(38, 18),
    counter_amount_minor HUGEINT,
    counter_exponent TINYINT,
    counter_currency VARCHAR,
    amount_usd DECIMAL(38, 2),
    fx_source VARCHAR,
    branch VARCHAR,
    place VARCHAR,
    institution_type VARCHAR,
    business_date DATE,
    ctr_filed BOOLEAN,
    reduced_on_notice BOOLEAN,
    memo VARCHAR,
    instrument_number VARCHAR,
    merchant_category VARCHAR,
    cardholder VARCHAR,
    chain VARCHAR,
    asset VARCHAR,
    retracts_key VARCHAR,
    has_id_conflict BOOLEAN NOT NULL
);

-- The same columns, so that a late event can be read like any other.
CREATE TABLE core.late_event AS FROM core.event;
ALTER TABLE core.late_event DROP COLUMN has_id_conflict;
ALTER TABLE core.late_event ADD COLUMN accepted_from TIMESTAMPTZ;
ALTER TABLE core.late_event ADD COLUMN n BIGINT;

CREATE TABLE core.rejected (
    run_id VARCHAR NOT NULL,
    n BIGINT NOT NULL,
    source VARCHAR,
    position BIGINT,
    reason VARCHAR NOT NULL,
    raw BLOB
);
