"""Drafts of mappings: guesses that hold for the examples, and nothing decided that the file does not say."""

from __future__ import annotations

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipeline.ingest.draft import draft_mapping
from pipeline.ingest.draft.shapes import date_layouts, signs_of
from pipeline.ingest.errors import MappingError, UnusableInput
from pipeline.ingest.formats.mapped import READER
from pipeline.ingest.mapping import load_mapping
from pipeline.ingest.reader import ReadOptions
from tests.pipeline.ingest.canonical_rows import merged


def draft(path: Path) -> dict[str, Any]:
    return tomllib.loads(draft_mapping(path))


def csv(folder: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path = folder / "a.csv"
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def choices(value: object, key: str = "") -> set[str]:
    """Return the keys that a draft leaves open."""
    if isinstance(value, dict):
        return set().union(*(choices(inner, f"{key}.{name}".lstrip(".")) for name, inner in value.items()))
    return {key} if isinstance(value, str) and value.startswith("CHOOSE") else set()


EXAMPLES: dict[str, dict[str, str]] = {
    "extracto": {
        "name of the feed, the same for all its files": "caja-extractos",
        "zone of these times, such as Europe/Madrid or UTC": "Europe/Madrid",
        "ISO 4217 code": "EUR",
        "the account of this statement": "ES7921000813610123456789",
    },
    "transfers": {
        "name of the feed, the same for all its files": "payments-hub",
        "zone of these times, such as Europe/Madrid or UTC": "America/New_York",
        "%d/%m/%Y %I:%M %p or %m/%d/%Y %I:%M %p": "%m/%d/%Y %I:%M %p",
        "reverse, absolute or reject": "reverse",
    },
    "movements": {
        "name of the feed, the same for all its files": "core-cn",
        "zone of these times, such as Europe/Madrid or UTC": "Asia/Shanghai",
        "ISO 4217 code": "CUP",
    },
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_draft_with_its_choices_made_reads_the_file(data: Path, tmp_path: Path, name: str) -> None:
    path = data / "mapped" / f"{name}.csv"
    text = draft_mapping(path)
    mapping = tmp_path / "draft.toml"
    mapping.write_text(text, "utf-8")
    with pytest.raises(MappingError, match="still to be chosen: source"):
        load_mapping(mapping)
    for question, answer in EXAMPLES[name].items():
        assert f"CHOOSE: {question}" in text
        text = text.replace(f"CHOOSE: {question}", answer)
    assert not choices(tomllib.loads(text))
    mapping.write_text(text, "utf-8")
    drafted = merged(READER.read(path, ReadOptions(mapping=mapping))).events
    by_hand = merged(READER.read(path, ReadOptions(mapping=path.with_suffix(".toml")))).events
    what = ["position", "event_time", "amount", "exponent"]
    assert {row[0] for row in by_hand.select(what).rows()} <= {row[0] for row in drafted.select(what).rows()}
    common = drafted.filter(pl.col("position").is_in(by_hand["position"].to_list()))
    assert common.select(what).equals(by_hand.select(what))
    for side in ("debtor_account", "creditor_account"):
        assert common[side].to_list() == by_hand[side].str.strip_prefix("hub/").to_list()


def test_a_draft_of_an_english_two_sided_file(tmp_path: Path) -> None:
    made = draft(
        csv(
            tmp_path,
            "Transaction ID,Timestamp,Sender Account,Sender Name,Receiver Account,Beneficiary Bank,Amount,Currency"
            ",MCC,Nationality",
            "T1,2024-03-15T10:00:00Z,001,Ann,002,BIC1,10.50,USD,5411,US",
            "T2,2024-03-16T10:00:00Z,001,Ann,003,BIC2,1.25,EUR,5411,US",
        )
    )
    assert made["time"] == {"column": "Timestamp", "format": "iso"}
    assert made["amount"] == {"column": "Amount", "unit": "major", "currency": "Currency"}
    assert made["fields"] == {
        "kind": {"value": "payment"},
        "debtor_account": "Sender Account",
        "debtor_name": "Sender Name",
        "creditor_account": "Receiver Account",
        "creditor_agent": "Beneficiary Bank",
        "event_id": "Transaction ID",
        "merchant_category": "MCC",
    }
    assert choices(made) == {"source"}


def test_personal_columns_are_named_as_never_read(tmp_path: Path) -> None:
    text = draft_mapping(csv(tmp_path, "Fecha,Importe,Nacionalidad", "2024-03-15,1.50,ES", "2024-03-16,2.50,FR"))
    assert '#   "Nacionalidad": about a person; never read' in text


def test_units_and_days_that_do_not_show_are_left_open(tmp_path: Path) -> None:
    made = draft(csv(tmp_path, "Date;Account;Amount", "03/04/2024;A;1050", "05/06/2024;A;99"))
    assert choices(made) == {
        "source",
        "time.format",
        "time.timezone",
        "amount.unit",
        "amount.negative",
        "amount.currency.value",
    }
    assert made["time"]["format"] == "CHOOSE: %d/%m/%Y or %m/%d/%Y"


def test_one_day_after_the_twelfth_decides_and_broken_records_do_not(tmp_path: Path) -> None:
    lines = [f"{day:02}/01/2024,A,1.50" for day in range(1, 29)]
    made = draft(csv(tmp_path, "Date,Account,Amount", *lines, "yesterday,A,1.50"))
    assert made["time"]["format"] == "%d/%m/%Y"


def test_numbers_of_one_sign_and_three_digits_stay_open(tmp_path: Path) -> None:
    made = draft(csv(tmp_path, "Date;Account;Amount", "2024-03-15;A;1.234", "2024-03-16;A;-5.678"))
    assert {"amount.unit", "amount.decimal"} <= choices(made)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1.234,56", "7,00"], (",", ".")),
        (["1,234.56", "7.00"], (".", ",")),
        (["1 234,5"], (",", " ")),
        (["1'234.50"], (".", "'")),
        (["12.34", "5"], (".", "")),
        (["12,3"], (",", "")),
        (["1.234"], (None, None)),
        (["1234"], (None, None)),
        (["1.5", "1,5"], (None, None)),
        (["1,234,567"], (None, None)),
        (["(1,234.00)", "-7.00", "$5.00"], (".", ",")),
    ],
)
def test_signs_of_numbers_are_told_only_where_they_show(
    values: list[str], expected: tuple[str | None, str | None]
) -> None:
    assert signs_of(values) == expected


def test_compact_days_are_not_mistaken() -> None:
    assert date_layouts(["20240315"]) == ["%Y%m%d"]
    assert date_layouts(["240315"]) == []
    assert date_layouts(["2024年3月5日"]) == ["%Y年%m月%d日"]


def test_a_direction_is_seen_by_its_values(tmp_path: Path) -> None:
    made = draft(csv(tmp_path, "Booked,IBAN,X,Amt", "2024-03-15 10:00,A,DR,1.50", "2024-03-16 10:00,A,CR,2.50"))
    assert made["statement"] == {
        "own": {"account": "IBAN"},
        "direction": {"column": "X", "map": {"DR": "debit", "CR": "credit"}, "otherwise": "reject"},
    }
    assert choices(made) == {"source", "time.timezone", "amount.currency.value"}


def test_words_of_a_type_column_suggest_kind_and_rail(tmp_path: Path) -> None:
    made = draft(
        csv(
            tmp_path,
            "日期,账号,对方账号,借方金额,贷方金额,交易类型",
            "2024-03-15,1,2,1.50,,现金",
            "2024-03-16,1,3,,2.50,转账",
            encoding="gb18030",
        )
    )
    assert made["file"]["encoding"] == "gb18030"
    assert (made["amount"]["debit"], made["amount"]["credit"]) == ("借方金额", "贷方金额")
    assert made["fields"]["kind"]["map"] == {"现金": "cash", "转账": "payment"}
    assert made["fields"]["rail"]["map"] == {"现金": "cash", "转账": "wire"}


def test_a_file_without_a_header_is_mapped_by_numbers(tmp_path: Path) -> None:
    made = draft(csv(tmp_path, "1710496800,A1,10.50", "1710496900,A2,11.50"))
    assert made["file"] == {"delimiter": ",", "header": False}
    assert made["time"] == {"column": 1, "format": "epoch_s"}


def test_a_parquet_file_is_drafted_by_its_types(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    at = datetime.fromisoformat("2024-03-15T10:00")
    pl.DataFrame({"booked": [at], "from": ["A"], "to": ["B"], "amount": [1.5], "ccy": ["EUR"]}).write_parquet(path)
    made = draft(path)
    assert made["file"] == {"format": "parquet"}
    assert made["time"]["column"] == "booked"
    assert choices(made) == {"source", "time.timezone", "amount.accept_floats"}


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    for content in ("", "one column only\nand more\n"):
        path = tmp_path / "a.txt"
        path.write_text(content)
        with pytest.raises(UnusableInput, match="expected a table"):
            draft_mapping(path)


def test_names_with_quotes_and_backslashes_stay_names(tmp_path: Path) -> None:
    path = csv(tmp_path, '"Amount ""net"" \\ x",Date,Account', "1.50,2024-03-15,A", "2.50,2024-03-16,A")
    assert draft(path)["amount"]["column"] == 'Amount "net" \\ x'
