-- Versions of context (profiles, thresholds, places, ...) that alerts cite: what `context` of an alert names by hash.

CREATE TABLE core.fact (
    run_id VARCHAR NOT NULL,
    version VARCHAR NOT NULL,
    context_table VARCHAR NOT NULL,
    "key" VARCHAR NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    valid_to TIMESTAMPTZ,
    known_at TIMESTAMPTZ NOT NULL,
    content JSON NOT NULL
);
