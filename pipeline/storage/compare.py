"""Two stores side by side: are the standing alerts the same (exact), or what did a change of rules do (overlap).

All set work is done by DuckDB over both files; Python sees counts and samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipeline.storage.comparison import AlertRef, Changed, Comparison, Difference, FieldDifference, Group, Match, RunRef
from pipeline.storage.connection import Connection, attach, first, memory
from pipeline.storage.queries import StoreReader

SAMPLE = 20
"""Alerts listed of each kind unless the caller asks for more; counts and amounts are always of all."""

_DIGESTED = (
    *("typology", "typology_version", "subject_kind", "subject_id", "subject_role", "trigger_kind", "trigger_key"),
    *("triggered_at", "window_start", "window_end", "amount_usd", "severity", "context", "evidence_omitted"),
)
"""Columns whose difference explains a difference of digests; reasons and evidence are taken apart further."""

_WHAT_IF = ("severity", "n_events", "amount_usd", "first_event_time", "last_event_time")
"""Columns whose difference makes an alert changed, when rules differ. Texts and expected values always do then."""


def compare(a: Path, b: Path, match: Match = "exact", sample: int = SAMPLE) -> Comparison:
    """Compare the standing alerts of two stores.

    Parameters
    ----------
    a, b
        Stores; the same file twice is allowed.
    match
        "exact": by alert id; a pair is the same if its digests agree. "overlap": alerts of one id and digest are the
        same; of the others, one of A and one of B belong together if typology and subject agree and they share an
        event of their evidence (baseline aside) or their times from first to last event overlap; such a pair is the
        same if count, amount, severity, times, codes of the reasons and evidence agree, and neither alert has another
        counterpart.
    sample
        Alerts listed of each kind, the largest first.

    Raises
    ------
    StoreNotFound, StoreLocked, NotAStore, NewerStore, OlderStore
        A path cannot be opened for reading.
    """
    for path in (a, b):
        with StoreReader(path):
            pass
    with _both(a, b) as connection:
        if match == "exact":
            connection.execute(_EXACT_PAIRS)
        else:
            connection.execute(_OVERLAP_PAIRS)
        return Comparison(
            match,
            _run(connection, "a", a),
            _run(connection, "b", b),
            int(_value(connection, "SELECT count(*) FROM pairs WHERE is_same")),
            _group(connection, "a", sample),
            _group(connection, "b", sample),
            _changed(connection, match, sample),
            _by_typology(connection),
        )


_EXACT_PAIRS = """
    CREATE TEMP TABLE pairs AS
    SELECT a.alert_id AS id_a, b.alert_id AS id_b, a.digest = b.digest AS is_same
    FROM alerts_a a JOIN alerts_b b USING (alert_id)
"""

_OVERLAP_PAIRS = f"""
    CREATE TEMP TABLE pairs AS
    WITH equal AS (
        SELECT a.alert_id FROM alerts_a a JOIN alerts_b b USING (alert_id, digest)
    ),
    free_a AS (FROM alerts_a a ANTI JOIN equal USING (alert_id)),
    free_b AS (FROM alerts_b b ANTI JOIN equal USING (alert_id)),
    together AS (
        SELECT DISTINCT a.alert_id AS id_a, b.alert_id AS id_b
        FROM free_a a
        JOIN evidence_a ea ON ea.alert_id = a.alert_id AND ea.role <> 'baseline'
        JOIN evidence_b eb ON eb.event_key = ea.event_key AND eb.role <> 'baseline'
        JOIN free_b b ON b.alert_id = eb.alert_id
        WHERE (a.typology, a.subject_kind, a.subject_id) = (b.typology, b.subject_kind, b.subject_id)
        UNION
        SELECT a.alert_id, b.alert_id
        FROM free_a a
        JOIN free_b b USING (typology, subject_kind, subject_id)
        WHERE a.first_event_time <= b.last_event_time AND b.first_event_time <= a.last_event_time
    ),
    alone AS (
        SELECT *, count(*) OVER (PARTITION BY id_a) = 1 AND count(*) OVER (PARTITION BY id_b) = 1 AS is_alone
        FROM together
    ),
    evidence AS (
        SELECT file, alert_id, list(DISTINCT (event_key, role) ORDER BY (event_key, role)) AS keys
        FROM (SELECT 'a' AS file, * FROM evidence_a UNION ALL SELECT 'b', * FROM evidence_b)
        GROUP BY file, alert_id
    )
    SELECT
        p.id_a, p.id_b, p.is_alone
        AND {" AND ".join(f"a.{name} IS NOT DISTINCT FROM b.{name}" for name in _WHAT_IF)}
        AND list_sort(list_transform(a.reasons, lambda r: r.code))
          = list_sort(list_transform(b.reasons, lambda r: r.code))
        AND ea.keys = eb.keys AS is_same
    FROM alone p
    JOIN alerts_a a ON a.alert_id = p.id_a
    JOIN alerts_b b ON b.alert_id = p.id_b
    JOIN evidence ea ON ea.file = 'a' AND ea.alert_id = p.id_a
    JOIN evidence eb ON eb.file = 'b' AND eb.alert_id = p.id_b
    UNION ALL
    SELECT alert_id, alert_id, true FROM equal
"""


@contextmanager
def _both(a: Path, b: Path) -> Iterator[Connection]:
    """Attach both files and hold their standing alerts in temporary tables, so that each view is worked out once."""
    connection = memory()
    try:
        attach(connection, a, "file_a")
        same_file = a.resolve() == b.resolve()
        if not same_file:
            attach(connection, b, "file_b")
        for side, database in (("a", "file_a"), ("b", "file_a" if same_file else "file_b")):
            columns = ", ".join(dict.fromkeys(("alert_id", "digest", "reasons", *_DIGESTED, *_WHAT_IF)))
            connection.execute(f"CREATE TEMP TABLE alerts_{side} AS SELECT {columns} FROM {database}.main.alerts")
            connection.execute(
                f"CREATE TEMP TABLE evidence_{side} AS "
                f"SELECT alert_id, event_key, role, side FROM {database}.main.alert_evidence"
            )
            connection.execute(f"CREATE TEMP VIEW runs_{side} AS FROM {database}.main.runs WHERE is_current")
        yield connection
    finally:
        connection.close()


def _value(connection: Connection, query: str) -> Any:
    row = first(connection, query)
    return row[0] if row else None


def _run(connection: Connection, side: str, path: Path) -> RunRef:
    row = first(connection, f"SELECT run_id, is_finished, n_alerts FROM runs_{side}")
    return RunRef(path, *row) if row else RunRef(path, None, False, 0)


def _ref(side: str) -> str:
    """Return the columns of an `AlertRef`."""
    return (
        f"{side}.alert_id, {side}.typology, {side}.subject_kind, {side}.subject_id, CAST({side}.severity AS VARCHAR), "
        f"{side}.triggered_at, {side}.n_events, {side}.amount_usd"
    )


def _group(connection: Connection, side: str, sample: int) -> Group:
    alone = f"FROM alerts_{side} x WHERE NOT EXISTS (FROM pairs p WHERE p.id_{side} = x.alert_id)"
    row = first(connection, f"SELECT count(*), coalesce(sum(amount_usd), 0) {alone}") or (0, Decimal(0))
    listed = connection.execute(
        f"SELECT {_ref('x')} {alone} ORDER BY amount_usd DESC, alert_id LIMIT {int(sample)}"
    ).fetchall()
    return Group(int(row[0]), Decimal(row[1]), tuple(AlertRef(*values) for values in listed))


def _changed(connection: Connection, match: Match, sample: int) -> Changed:
    n = int(_value(connection, "SELECT count(*) FROM pairs WHERE NOT is_same"))
    amounts = [
        Decimal(
            _value(
                connection,
                f"SELECT coalesce(sum(amount_usd), 0) FROM alerts_{side} "
                f"WHERE alert_id IN (SELECT id_{side} FROM pairs WHERE NOT is_same)",
            )
        )
        for side in ("a", "b")
    ]
    listed = connection.execute(
        f"SELECT {_ref('a')}, {_ref('b')} FROM pairs p JOIN alerts_a a ON a.alert_id = p.id_a "
        "JOIN alerts_b b ON b.alert_id = p.id_b WHERE NOT is_same "
        f"ORDER BY greatest(a.amount_usd, b.amount_usd) DESC, a.alert_id, b.alert_id LIMIT {int(sample)}"
    ).fetchall()
    width = len(AlertRef.__slots__)
    pairs = [(AlertRef(*row[:width]), AlertRef(*row[width:])) for row in listed]
    columns = _DIGESTED if match == "exact" else _WHAT_IF
    reason_parts = ("text", "observed", "expected", "unit", "weight") if match == "exact" else ("observed", "expected")
    return Changed(
        n,
        amounts[0],
        amounts[1],
        tuple(Difference(a, b, _fields(connection, a, b, columns, reason_parts)) for a, b in pairs),
    )


def _fields(
    connection: Connection, a: AlertRef, b: AlertRef, columns: Sequence[str], reason_parts: tuple[str, ...]
) -> tuple[FieldDifference, ...]:
    values = {"a": a.alert_id, "b": b.alert_id}
    pairs = ", ".join(f"CAST(a.{c} AS VARCHAR), CAST(b.{c} AS VARCHAR)" for c in columns)
    plain = first(
        connection, f"SELECT {pairs} FROM alerts_a a, alerts_b b WHERE a.alert_id = $a AND b.alert_id = $b", values
    )
    found = []
    if plain:
        sides = zip(columns, plain[::2], plain[1::2], strict=True)
        found += [FieldDifference(name, x, y) for name, x, y in sides if x != y]
    reasons = [_reasons(connection, side, alert.alert_id) for side, alert in (("a", a), ("b", b))]
    for code in sorted(reasons[0].keys() | reasons[1].keys()):
        x, y = (side.get(code) for side in reasons)
        for part in reason_parts if x and y else ("observed",):
            left, right = (None if row is None else str(row[part]) for row in (x, y))
            if left != right:
                found.append(FieldDifference(f"reasons[{code}].{part}", left, right))
    return (*found, *_evidence(connection, values))


def _reasons(connection: Connection, side: str, alert_id: str) -> dict[str, dict[str, Any]]:
    row = first(connection, f"SELECT reasons FROM alerts_{side} WHERE alert_id = $id", {"id": alert_id})
    return {reason["code"]: reason for reason in row[0]} if row else {}


def _evidence(connection: Connection, values: Mapping[str, object]) -> Iterator[FieldDifference]:
    row = first(
        connection,
        "SELECT (SELECT count(*) FROM evidence_a WHERE alert_id = $a), "
        "(SELECT count(*) FROM evidence_b WHERE alert_id = $b), "
        "(SELECT count(*) FROM (SELECT event_key, role, side FROM evidence_a WHERE alert_id = $a "
        "EXCEPT SELECT event_key, role, side FROM evidence_b WHERE alert_id = $b)), "
        "(SELECT count(*) FROM (SELECT event_key, role, side FROM evidence_b WHERE alert_id = $b "
        "EXCEPT SELECT event_key, role, side FROM evidence_a WHERE alert_id = $a))",
        values,
    )
    if row and (row[2] or row[3]):
        yield FieldDifference("evidence", f"{row[0]} rows, {row[2]} only here", f"{row[1]} rows, {row[3]} only here")


def _by_typology(connection: Connection) -> dict[str, tuple[int, int, int, int]]:
    rows = connection.execute(
        "SELECT typology, sum(same)::BIGINT, sum(only_a)::BIGINT, sum(only_b)::BIGINT, sum(changed)::BIGINT FROM ("
        "SELECT typology, is_same::INT AS same, 0 AS only_a, 0 AS only_b, (NOT is_same)::INT AS changed "
        "FROM pairs p JOIN alerts_a a ON a.alert_id = p.id_a UNION ALL "
        "SELECT typology, 0, 1, 0, 0 FROM alerts_a x WHERE NOT EXISTS (FROM pairs p WHERE p.id_a = x.alert_id) "
        "UNION ALL "
        "SELECT typology, 0, 0, 1, 0 FROM alerts_b x WHERE NOT EXISTS (FROM pairs p WHERE p.id_b = x.alert_id)"
        ") GROUP BY typology ORDER BY typology"
    ).fetchall()
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in rows}
