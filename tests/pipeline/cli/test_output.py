"""Rows as tables, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from pipeline.cli import console, jsontext, tables
from pipeline.cli.options import Output
from pipeline.cli.tables import Column

COLUMNS = (
    Column("id", "ID"),
    Column("name", "NAME", shrinks=True),
    Column("amount", "AMOUNT", right=True),
)


class Colour(Enum):
    RED = "red"


def test_decimals_keep_all_their_digits_in_json() -> None:
    amount = Decimal("12345678901234567890.123456789012345678")
    text = jsontext.dumps({"amount": amount, "large": 10**30})
    assert json.loads(text, parse_float=Decimal) == {"amount": amount, "large": 10**30}


def test_every_value_of_a_store_has_a_json_form() -> None:
    value = {
        "time": datetime(2026, 2, 14, 15, 30, tzinfo=UTC),
        "day": date(2026, 2, 14),
        "span": timedelta(hours=1),
        "raw": b"\x00\xff",
        "path": Path("a/b"),
        "kind": Colour.RED,
        "nan": float("nan"),
        "none": None,
        "yes": True,
        "set": {2, 1},
        "empty": [],
    }
    assert json.loads(jsontext.dumps(value)) == {
        "time": "2026-02-14T15:30:00Z",
        "day": "2026-02-14",
        "span": 3600.0,
        "raw": "00ff",
        "path": "a/b",
        "kind": "red",
        "nan": None,
        "none": None,
        "yes": True,
        "set": [1, 2],
        "empty": [],
    }


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError, match="found object"):
        jsontext.dumps([object()])


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(JSON_VALUES, st.booleans())
def test_json_is_what_the_standard_library_reads_back(value: object, indent: bool) -> None:
    text = jsontext.dumps(value, indent=indent)
    assert json.loads(text) == value
    assert indent or "\n" not in text


def test_a_table_has_no_blanks_at_the_ends_of_lines_and_cuts_nothing_without_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    long = "x" * 500
    tables.put_table(COLUMNS, [{"id": "a", "name": long, "amount": Decimal("1234567.50")}, {"id": "b"}])
    lines = capsys.readouterr().out.splitlines()
    assert long in lines[1]
    assert lines[1].endswith("1,234,567.50")
    assert all(line == line.rstrip() for line in lines)


def test_a_table_is_cut_to_the_terminal_where_it_may_be(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "terminal_width", lambda: 40)
    tables.put_table(COLUMNS, [{"id": "AL-12345678", "name": "x" * 500, "amount": 12}])
    lines = capsys.readouterr().out.splitlines()
    assert all(cell_len(line) <= 40 for line in lines)
    assert "AL-12345678" in lines[1]
    assert lines[1].endswith("12")
    assert "…" in lines[1]


@given(
    st.lists(st.tuples(st.integers(1, 200), st.booleans()), min_size=1, max_size=6),
    st.integers(min_value=1, max_value=300),
)
def test_fitted_widths_fit_where_they_can_and_spare_what_may_not_shrink(
    columns: list[tuple[int, bool]], available: int
) -> None:
    widths, may = [w for w, _ in columns], [m for _, m in columns]
    fit = tables.fitted(widths, may, available)
    assert all(f == w or (m and tables.MIN_WIDTH <= f < w) for f, w, m in zip(fit, widths, may, strict=True))
    least = sum(min(w, tables.MIN_WIDTH) if m else w for w, m in columns)
    assert sum(fit) <= max(available, least)
    assert sum(widths) > available or fit == widths


def test_names_in_wide_letters_stand_in_line(capsys: pytest.CaptureFixture[str]) -> None:
    tables.put_table(COLUMNS, [{"id": "a", "name": "张伟", "amount": 1}, {"id": "b", "name": "Wei Zhang", "amount": 2}])
    lines = capsys.readouterr().out.splitlines()
    assert len({cell_len(line) for line in lines}) == 1


def test_data_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    tables.put_table(COLUMNS, [{"id": "a", "name": "\x1b[31mred\x1b[0m\r\n[bold]x[/bold] \u202etxt", "amount": None}])
    written = capsys.readouterr().out
    assert "\x1b" not in written
    assert "\u202e" not in written
    assert "[bold]x[/bold]" in written
    assert len(written.splitlines()) == 2


def test_csv_is_exact_and_reads_back(capsys: pytest.CaptureFixture[str]) -> None:
    row = {
        "text": 'a "quoted", one\nof two',
        "amount": Decimal("0.10"),
        "time": datetime(2026, 1, 1, tzinfo=UTC),
        "flags": ["A003-1", "A003-6"],
        "nothing": None,
        "yes": True,
    }
    tables.emit(Output.CSV, "things", (), [row], list(row))
    found = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert found == [
        {
            "text": row["text"],
            "amount": "0.10",
            "time": "2026-01-01T00:00:00Z",
            "flags": '["A003-1", "A003-6"]',
            "nothing": "",
            "yes": "true",
        }
    ]


def test_json_names_its_schema(capsys: pytest.CaptureFixture[str]) -> None:
    tables.emit(Output.JSON, "things", COLUMNS, [{"id": "a"}], more={"total": 1})
    assert json.loads(capsys.readouterr().out) == {
        "schema": "feiqian.things.v1",
        "total": 1,
        "things": [{"id": "a", "name": None, "amount": None}],
    }


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "settings", "expected"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
        (io.StringIO(), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour_is_for_terminals_and_as_the_user_wants(
    stream: io.StringIO, settings: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert console.uses_colour(stream) is expected


@given(st.text())
def test_printable_text_holds_no_control_characters(text: str) -> None:
    shown = console.printable(text)
    assert all(ch in "\n\t" or ch.isprintable() or not ch.isascii() for ch in shown)
    assert not set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068") & set(shown)
    assert "\n" not in console.one_line(text)
