"""The canonical format: what is written is read back; what is wrong is said, with its place."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from polars.testing import assert_frame_equal

from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.formats.canonical import READER, write_canonical
from pipeline.ingest.formats.canonical.write import UnwritableFormat
from pipeline.ingest.open import head
from pipeline.ingest.reader import ReadOptions
from tests.pipeline.ingest.canonical_rows import DAY, FRAMES, content, frame, read, row
from typologies.base.facts import Fact

SUFFIXES = ["parquet", "csv", "tsv", "jsonl", "ndjson", "csv.gz", "csv.zst", "jsonl.gz", "jsonl.zst"]
HEADER = "event_id,event_time,kind,debtor_account,creditor_account,amount,exponent,currency"


def write_text(folder: Path, *lines: str, header: str = HEADER, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def write_json(folder: Path, *records: Any) -> Path:
    path = folder / "a.jsonl"
    path.write_text("".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in records), "utf-8")
    return path


def json_row(**changes: Any) -> dict[str, Any]:
    made = row(**changes)
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in made.items()}


@pytest.mark.parametrize("suffix", SUFFIXES[:4])
@given(rows=FRAMES)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, rows: pl.DataFrame
) -> None:
    path = tmp_path_factory.mktemp("trip") / f"rows.{suffix}"
    write_canonical(rows, path)
    assert READER.recognises(path, head(path)) == 1.0
    back = read(path)
    assert back.rejected.height == 0, back.rejected["reason"].to_list()
    assert_frame_equal(content(back.events), content(rows))
    assert back.events["origin"].to_list() == [path.name] * rows.height
    assert back.events["position"].to_list() == list(range(1, rows.height + 1))
    assert not back.notes


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_size_of_batches_changes_nothing(tmp_path: Path, suffix: str) -> None:
    rows = frame([row(event_id=f"e{number}", amount=number, memo='a "b",\nc') for number in range(50)])
    path = tmp_path / f"rows.{suffix}"
    write_canonical(rows, path)
    whole = read(path)
    assert whole.rejected["position"].to_list() == [1]
    assert whole.rejected["reason"].to_list() == ["amount must be greater than 0; found 0"]
    for size in (1, 7, 49):
        pieces = read(path, batch_rows=size)
        assert_frame_equal(pieces.events, whole.events)
        assert_frame_equal(pieces.rejected, whole.rejected)
        assert all(batch.events.height <= size for batch in READER.read(path, ReadOptions(batch_rows=size)))


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    rows = frame([row()])
    for suffix in SUFFIXES:
        first, second = tmp_path / f"1.{suffix}", tmp_path / f"2.{suffix}"
        write_canonical(rows, first)
        write_canonical(rows, second)
        assert first.read_bytes() == second.read_bytes()


def test_other_names_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(UnwritableFormat, match=r"\.parquet"):
        write_canonical(frame([row()]), tmp_path / "rows.xlsx")
    with pytest.raises(UnwritableFormat, match="jsonl"):
        write_canonical(frame([row()]), tmp_path / "rows.csv", facts=[Fact("place", "x", DAY, DAY, {})])


# Columns and files as a whole


def test_only_the_required_columns_are_enough(tmp_path: Path) -> None:
    path = write_text(
        tmp_path, "2024-03-01T09:30:00Z,payment,10.50,USD,A", header="event_time,kind,amount,currency,debtor_account"
    )
    events = read(path).events
    assert events.select("source", "event_id", "creditor_account", "amount", "exponent").row(0) == (
        "canonical",
        None,
        None,
        1050,
        2,
    )


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("event_id,event_time,kind,debtor_account,amount", "currency"),
        ("event_time,amount,currency,debtor_account", "kind"),
        ("event_time,kind,amount,currency", "debtor_account or creditor_account"),
        (HEADER + ",amount", "amount several times"),
    ],
)
def test_missing_and_doubled_columns_are_refused_by_name(tmp_path: Path, header: str, message: str) -> None:
    with pytest.raises(UnusableInput, match=message):
        read(write_text(tmp_path, "x", header=header))


def test_the_delimiter_is_taken_from_the_header(tmp_path: Path) -> None:
    for delimiter in (";", "\t", ","):
        path = write_text(
            tmp_path,
            delimiter.join(["e1", "2024-03-01T09:30:00Z", "payment", "A", "B", "1050", "2", "USD"]),
            header=HEADER.replace(",", delimiter),
        )
        assert read(path).events.height == 1


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbf" + (HEADER + "\r\ne1,2024-03-01T09:30:00Z,payment,A,B,1050,2,USD\r\n").encode())
    assert read(path).events["event_id"].to_list() == ["e1"]
    assert READER.recognises(path, head(path)) == 1.0


def test_a_header_alone_is_an_empty_file_of_events(tmp_path: Path) -> None:
    batch = read(write_text(tmp_path))
    assert (batch.events.height, batch.rejected.height, batch.rows_read) == (0, 0, 0)


def test_foreign_personal_and_computed_columns_are_named_and_not_read(tmp_path: Path) -> None:
    path = write_text(
        tmp_path,
        "e1,2024-03-01T09:30:00Z,payment,A,B,1050,2,USD,CN,9,x",
        header=HEADER + ",nationality,amount_usd,colour",
    )
    batch = read(path, batch_rows=1)
    assert batch.events["amount_usd"].to_list() == [None]
    assert batch.notes == [
        "a.csv: nationality dropped: behaviour is judged, not people",
        "a.csv: amount_usd not read: amounts in USD are computed from the fixings",
        "a.csv: columns that are not canonical are ignored: colour",
    ]


def test_the_rows_own_source_holds_and_the_option_fills_the_rest(tmp_path: Path) -> None:
    path = write_text(
        tmp_path,
        "e1,2024-03-01T09:30:00Z,payment,A,B,1050,2,USD,core",
        "e2,2024-03-01T09:30:00Z,payment,A,B,1050,2,USD,",
        header=HEADER + ",source",
    )
    assert read(path, source="branch").events["source"].to_list() == ["core", "branch"]
    assert read(path).events["source"].to_list() == ["core", "canonical"]


def test_times_without_a_zone_are_in_the_zone_of_the_options(tmp_path: Path) -> None:
    path = write_text(
        tmp_path,
        "e1,2024-07-01T12:00:00,payment,A,B,1050,2,USD",
        "e2,2024-07-01T12:00:00Z,payment,A,B,1050,2,USD",
        "e3,2024-03-31T02:30:00,payment,A,B,1050,2,USD",
    )
    batch = read(path, timezone=ZoneInfo("Europe/Berlin"))
    noon = datetime(2024, 7, 1, 12, tzinfo=UTC)
    assert batch.events["event_time"].to_list() == [noon - timedelta(hours=2), noon]
    assert "exists in Europe/Berlin" in batch.rejected["reason"][0]


# Rows

GOOD = ["e1", "2024-03-01T09:30:00Z", "payment", "A", "B", "1050", "2", "USD"]
COLUMNS = HEADER.split(",")


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("event_time", "", "event_time is required"),
        ("event_time", "yesterday", "event_time must be a time such as 2024-01-31T23:59:59Z"),
        ("event_time", "1969-12-31T23:59:59Z", "event_time must lie between 1970-01-01 and 2200-01-01"),
        ("event_time", "2200-01-01T00:00:01Z", "event_time must lie between"),
        ("event_time", "9999-12-31T23:59:59Z", "event_time must lie between"),
        ("kind", "", "kind is required"),
        ("kind", "Payment", "kind must be one of payment, cash"),
        ("kind", "retraction", "a retraction needs"),
        ("amount", "", "amount is required"),
        ("amount", "0", "amount must be greater than 0; found 0"),
        ("amount", "-1050", "amount must be greater than 0; found -1050"),
        ("amount", "1e3", "amount must be a number in digits"),
        ("amount", "10.50", "amount must be an integer of minor units"),
        ("amount", "9" * 30, "amount must be at most 1,000,000,000,000,000 major units"),
        ("amount", "9" * 60, "reasonable size"),
        ("amount", str(2**126), "amount must be at most"),
        ("exponent", "19", "exponent must be 0 to 18"),
        ("exponent", "-1", "exponent must be 0 to 18"),
        ("exponent", "two", "exponent must be a small integer; found two"),
        ("exponent", "300", "exponent must be a small integer"),
        ("currency", "", "currency is required"),
        ("currency", "usd", "currency must be an ISO 4217 code"),
        ("currency", "DOLLAR", "currency must be an ISO 4217 code"),
        ("debtor_account", "A\x01", "debtor_account must not hold control characters"),
        ("debtor_account", "A\x7f", "debtor_account must not hold control characters"),
        ("creditor_account", '"B\rC"', "creditor_account must not hold control characters"),
        ("debtor_account", "A" * 513, "debtor_account must be at most 512 bytes; found 513"),
    ],
)
def test_a_row_that_cannot_be_used_is_rejected_with_place_reason_and_bytes(
    tmp_path: Path, column: str, value: str, reason: str
) -> None:
    bad = [value if name == column else field for name, field in zip(COLUMNS, GOOD, strict=True)]
    if column == "kind" and value == "retraction":
        bad[0] = ""
    line = ",".join(bad)
    batch = read(write_text(tmp_path, ",".join(GOOD), line, ",".join(GOOD)))
    assert batch.events["position"].to_list() == [1, 3]
    assert batch.rejected["position"].to_list() == [2]
    assert batch.rejected["source"].to_list() == ["a.csv"]
    assert reason in batch.rejected["reason"][0]
    assert batch.rejected["raw"].to_list() == [line.encode()]


def test_a_row_needs_one_of_its_accounts(tmp_path: Path) -> None:
    lines = [
        ",".join([*GOOD[:3], debtor, creditor, *GOOD[5:]]) for debtor, creditor in (("A", ""), ("", "B"), ("", " "))
    ]
    batch = read(write_text(tmp_path, *lines))
    assert batch.events["position"].to_list() == [1, 2]
    assert "debtor_account or creditor_account" in batch.rejected["reason"][0]


def test_empty_and_blank_text_is_unknown(tmp_path: Path) -> None:
    path = write_text(
        tmp_path, '"",2024-03-01T09:30:00Z,payment,A,  ,1050,2,USD,"",x', header=HEADER + ",memo,debtor_name"
    )
    event = read(path).events.row(0, named=True)
    assert (event["event_id"], event["creditor_account"], event["memo"], event["debtor_name"]) == (
        None,
        None,
        None,
        "x",
    )


def test_ids_that_look_like_numbers_stay_text(tmp_path: Path) -> None:
    ids = ["007", "8036095E0", "8031E6280", "1e5", "NaN", "null", "0x1F", "1_000", "+5", "true"]
    path = write_text(tmp_path, *(f"{each},2024-03-01T09:30:00Z,payment,{each},{each},1050,2,USD" for each in ids))
    events = read(path).events
    for column in ("event_id", "debtor_account", "creditor_account"):
        assert events[column].to_list() == ids


def test_reasons_hold_no_escape_sequences_of_strangers(tmp_path: Path) -> None:
    batch = read(write_text(tmp_path, "e1,2024-03-01T09:30:00Z,\x1b[31mred\u202e,A,B,1050,2,USD"))
    assert batch.rejected["reason"].to_list()[0].endswith("found ?[31mred?")


def test_assets_without_iso_code_need_a_chain(tmp_path: Path) -> None:
    lines = [
        "e1,2024-03-01T09:30:00Z,onchain,A,B,1,18,WETH,ethereum",
        "e2,2024-03-01T09:30:00Z,payment,A,B,1,18,WETH,",
        "e3,2024-03-01T09:30:00Z,onchain,A,B,1,18,<script>,ethereum",
    ]
    batch = read(write_text(tmp_path, *lines, header=HEADER + ",chain"))
    assert batch.events["event_id"].to_list() == ["e1"]
    assert batch.rejected["position"].to_list() == [2, 3]


def test_counter_amounts_come_whole_or_not_at_all(tmp_path: Path) -> None:
    header = HEADER + ",counter_amount,counter_exponent,counter_currency"
    good = ",".join(GOOD)
    batch = read(
        write_text(tmp_path, f"{good},900,2,EUR", f"{good},,,", f"{good},900,2,", f"{good},,,EUR", header=header)
    )
    assert batch.events["position"].to_list() == [1, 2]
    assert batch.events["counter_amount"].to_list() == [900, None]


def test_a_retraction_names_what_it_takes_out(tmp_path: Path) -> None:
    lines = [
        "r1,2024-03-01T09:30:00Z,retraction,A,B,1050,2,USD,k1",
        "r2,2024-03-01T09:30:00Z,retraction,A,B,,,,k2",
        "e1,2024-03-01T09:30:00Z,payment,A,B,1050,2,USD,k3",
    ]
    batch = read(write_text(tmp_path, *lines, header=HEADER + ",retracts_key"))
    assert batch.events["retracts_key"].to_list() == ["k1", "k2"]
    assert "retracts_key belongs to rows of kind retraction" in batch.rejected["reason"][0]


def test_dates_and_flags_are_read_strictly(tmp_path: Path) -> None:
    lines = [
        f"{','.join(GOOD)},{day},{flag}"
        for day, flag in (
            ("2024-03-01", "true"),
            ("", ""),
            ("2024-3-1", "false"),
            ("2024-03-01", "1"),
            ("1969-12-31", ""),
        )
    ]
    batch = read(write_text(tmp_path, *lines, header=HEADER + ",business_date,ctr_filed"))
    assert batch.events.select("business_date", "ctr_filed").rows() == [(date(2024, 3, 1), True), (None, None)]
    assert [reason.split(";")[0] for reason in batch.rejected["reason"]] == [
        "business_date must be a day such as 2024-01-31",
        "ctr_filed must be true or false",
        "business_date must lie between 1970-01-01 and 2200-01-01",
    ]


def test_a_plain_integer_without_exponents_is_not_guessed(tmp_path: Path) -> None:
    header = HEADER.replace(",exponent", "")
    lines = [
        f"e,2024-03-01T09:30:00Z,payment,A,B,{amount},{code}"
        for amount, code in (("1050", "USD"), ("10.5", "USD"), ("1050", "JPY"))
    ]
    batch = read(write_text(tmp_path, *lines, header=header))
    assert batch.events.select("amount", "exponent").rows() == [(1050, 2), (1050, 0)]
    assert "ambiguous" in batch.rejected["reason"][0]


# Parquet


def write_parquet(folder: Path, **columns: pl.Series) -> Path:
    base = {
        "event_time": pl.Series([DAY, DAY]),
        "kind": pl.Series(["payment", "payment"]),
        "debtor_account": pl.Series(["A", "A"]),
        "amount": pl.Series([1050, 99]),
        "currency": pl.Series(["USD", "KWD"]),
    }
    path = folder / "a.parquet"
    pl.DataFrame({**base, **columns}).write_parquet(path)
    return path


def amounts(path: Path) -> list[tuple[int, int]]:
    return read(path).events.select("amount", "exponent").rows()


def test_parquet_integers_are_minor_units_of_their_currency(tmp_path: Path) -> None:
    assert amounts(write_parquet(tmp_path)) == [(1050, 2), (99, 3)]
    assert amounts(write_parquet(tmp_path, exponent=pl.Series([1, None]))) == [(1050, 1), (99, 3)]
    assert amounts(write_parquet(tmp_path, amount=pl.Series([1050, 99], dtype=pl.UInt16))) == [(1050, 2), (99, 3)]


def test_parquet_decimals_and_text_are_major_units(tmp_path: Path) -> None:
    exact = pl.Series([Decimal("10.50"), Decimal("0.099")], dtype=pl.Decimal(18, 4))
    assert amounts(write_parquet(tmp_path, amount=exact)) == [(1050, 2), (99, 3)]
    assert amounts(write_parquet(tmp_path, amount=pl.Series(["10.5", "0.099"]))) == [(1050, 2), (99, 3)]


def test_parquet_decimals_without_places_need_exponents(tmp_path: Path) -> None:
    whole = pl.Series([Decimal(1050), Decimal(99)], dtype=pl.Decimal(38, 0))
    exponents = pl.Series([2, 3])
    assert amounts(write_parquet(tmp_path, amount=whole, exponent=exponents)) == [(1050, 2), (99, 3)]
    assert "ambiguous" in read(write_parquet(tmp_path, amount=whole)).rejected["reason"][0]


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("amount", [1.5, 2.5], "a float is no money"),
        ("debtor_account", [1, 2], "text, as all ids"),
        ("event_time", [date(2024, 3, 1)] * 2, "times or text"),
        ("event_time", [1, 2], "times or text"),
        ("exponent", [2.0, 2.0], "integers"),
        ("ctr_filed", [0, 1], "boolean"),
    ],
)
def test_parquet_columns_of_types_that_lose_something_are_refused(
    tmp_path: Path, column: str, values: list[Any], message: str
) -> None:
    with pytest.raises(UnusableInput, match=f"column {column} must hold.*{message}"):
        read(write_parquet(tmp_path, **{column: pl.Series(values)}))


def test_parquet_times_of_other_units_and_zones_are_utc(tmp_path: Path) -> None:
    local = pl.Series([DAY, DAY]).dt.convert_time_zone("Asia/Tokyo").dt.cast_time_unit("ms")
    assert read(write_parquet(tmp_path, event_time=local)).events["event_time"].to_list() == [DAY, DAY]
    text = pl.Series(["2024-03-01T09:30:00Z", "2024-03-01T10:30:00+01:00"])
    assert read(write_parquet(tmp_path, event_time=text)).events["event_time"].to_list() == [DAY, DAY]


def test_parquet_times_beyond_the_calendar_are_rejected_rows(tmp_path: Path) -> None:
    far = pl.Series([2**62, 1_709_285_400_000]).cast(pl.Datetime("ms", "UTC"))
    batch = read(write_parquet(tmp_path, event_time=far))
    assert batch.events["event_time"].to_list() == [DAY]
    assert "event_time must lie between" in batch.rejected["reason"][0]
    assert json.loads(batch.rejected["raw"][0])["event_time"] == str(2**62)


def test_parquet_categories_and_null_columns_are_text(tmp_path: Path) -> None:
    path = write_parquet(tmp_path, kind=pl.Series(["cash", "card"], dtype=pl.Categorical), memo=pl.Series([None, None]))
    assert read(path).events.select("kind", "memo").rows() == [("cash", None), ("card", None)]


def test_rejected_parquet_rows_are_kept_as_json(tmp_path: Path) -> None:
    batch = read(write_parquet(tmp_path, amount=pl.Series([1050, -1])))
    assert json.loads(batch.rejected["raw"][0]) == {
        "event_time": "2024-03-01T09:30:00.000000Z",
        "kind": "payment",
        "debtor_account": "A",
        "amount": "-1",
        "currency": "KWD",
    }


def test_a_truncated_or_packed_parquet_file_is_refused(tmp_path: Path) -> None:
    path = write_parquet(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    with pytest.raises(UnusableInput, match="expected a whole Parquet file"):
        read(path)
    path.write_bytes(gzip.compress(whole))
    with pytest.raises(UnusableInput, match="unpack it first"):
        read(path)


def test_a_broken_row_group_is_lost_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    rows = frame([row(event_id=f"event-{number:04}") for number in range(300)])
    rows = rows.select(
        "event_id", "event_time", "kind", "debtor_account", "currency", amount=pl.col("amount").cast(pl.Int64)
    )
    pq.write_table(rows.to_arrow(), path, row_group_size=100, use_dictionary=False, compression="none")
    damaged = bytearray(path.read_bytes())
    place = damaged.find(b"event-0150")
    assert place > 0
    damaged[place - 4 : place] = b"\xff" * 4  # the length of the text that follows
    path.write_bytes(damaged)
    batch = read(path)
    assert batch.rows_read == 300
    assert set(range(1, 101)) | set(range(201, 301)) <= set(batch.events["position"])
    assert batch.rejected.height > 0
    assert set(batch.rejected["position"]) <= set(range(101, 201))


# JSON lines


def test_json_types_are_strict(tmp_path: Path) -> None:
    records = [
        json_row(event_id=7),
        json_row(amount=10.5),
        json_row(amount=True),
        json_row(ctr_filed="true"),
        json_row(exponent="2"),
        json_row(exponent=1000),
        json_row(debtor_account=["A"]),
        json_row(event_time=1_709_285_400),
        json_row(),
    ]
    batch = read(write_json(tmp_path, *records))
    assert batch.events["position"].to_list() == [9]
    assert [reason.partition(";")[0] for reason in batch.rejected["reason"]] == [
        "event_id must be a JSON string",
        "amount must be a JSON integer or string, never a number with a fraction",
        "amount must be a JSON integer or string, never a number with a fraction",
        "ctr_filed must be true or false",
        "exponent must be a JSON integer",
        "exponent must be a small integer",
        "debtor_account must be a JSON string",
        "event_time must be a JSON string",
    ]


def test_json_integers_are_minor_units_and_text_is_major(tmp_path: Path) -> None:
    plain = {name: value for name, value in json_row().items() if name != "exponent"}
    values: list[Any] = [1050, "10.50", 10**30, "1050"]
    batch = read(write_json(tmp_path, *({**plain, "amount": value} for value in values)))
    assert batch.events.select("amount", "exponent").rows() == [(1050, 2), (1050, 2)]
    assert batch.rejected["position"].to_list() == [3, 4]


def test_lines_that_are_no_objects_are_rejected(tmp_path: Path) -> None:
    good = json.dumps(json_row())
    lines = [
        "[1]",
        "7",
        '{"kind"',
        good + good,
        "[" * 5000,
        '{"kind":"payment","memo":"\\ud800"}',
        '{"kind":NaN}',
        "{}",
        good,
    ]
    batch = read(write_json(tmp_path, *lines))
    assert batch.events["position"].to_list() == [9]
    assert batch.rejected["position"].to_list() == list(range(1, 9))
    assert batch.rejected["raw"].to_list() == [line.encode() for line in lines[:-1]]


def test_unknown_kinds_and_records_for_other_readers_are_rejected(tmp_path: Path) -> None:
    batch = read(write_json(tmp_path, {"kind": "gossip"}, {"kind": "trade_document"}, {"kind": "registry_statement"}))
    assert all("kind must be that of an event or of context" in reason for reason in batch.rejected["reason"])


def test_fields_that_are_not_canonical_are_named_once(tmp_path: Path) -> None:
    batch = read(write_json(tmp_path, *[json_row(colour="red", birthplace="X")] * 3), batch_rows=1)
    assert batch.events.height == 3
    assert batch.notes == [
        "a.jsonl: birthplace dropped: behaviour is judged, not people",
        "a.jsonl: columns that are not canonical are ignored: colour",
    ]


PROFILE = {
    "kind": "account_profile",
    "key": "A",
    "valid_from": "2024-01-01T00:00:00Z",
    "known_at": "2024-01-02T01:00:00+01:00",
    "values": {"account_type": "business", "holders": ["p1", "p2"], "nationality": "CN", "name": "X", "age": None},
}


def test_context_stands_beside_events_and_personal_values_are_dropped(tmp_path: Path) -> None:
    place = {
        **PROFILE,
        "kind": "place",
        "key": "US-TX",
        "valid_to": "2025-01-01T00:00:00Z",
        "values": {"name": "Texas"},
    }
    batch = read(write_json(tmp_path, PROFILE, json_row(), place))
    start = datetime(2024, 1, 1, tzinfo=UTC)
    assert batch.rows_read == 3
    assert batch.facts == [
        Fact(
            "account_profile",
            "A",
            start,
            start + timedelta(days=1),
            {"account_type": "business", "holders": ("p1", "p2")},
        ),
        Fact("place", "US-TX", start, start + timedelta(days=1), {"name": "Texas"}, datetime(2025, 1, 1, tzinfo=UTC)),
    ]
    assert batch.notes == [
        "a.jsonl: nationality dropped: behaviour is judged, not people",
        "a.jsonl: columns that are not canonical are ignored: name",
    ]


def test_a_field_that_no_profile_has_is_kept_and_said(tmp_path: Path) -> None:
    values = {"holders": ["p1"], "declared_income_usd": 24_000}
    batch = read(write_json(tmp_path, {**PROFILE, "values": values}, json_row()))
    assert [dict(fact.values) for fact in batch.facts] == [{"holders": ("p1",), "declared_income_usd": 24_000}]
    assert batch.notes == ["a.jsonl: columns that are not canonical are ignored: declared_income_usd"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"key": ""}, "key must be text"),
        ({"key": 7}, "key must be text"),
        ({"key": "a\x00"}, "key must be text"),
        ({"valid_from": None}, "valid_from must be a time"),
        ({"valid_from": "2024-01-01"}, "valid_from must be a time"),
        ({"valid_from": "1492-01-01T00:00:00Z"}, "valid_from must lie between"),
        ({"valid_to": "2023-01-01T00:00:00Z"}, "valid_to must lie after valid_from"),
        ({"known_at": 5}, "known_at must be a time"),
        ({"values": {"income": 1.5}}, "values.income must be text, an integer"),
        ({"values": {"income": 2**63}}, "values.income must be text, an integer"),
        ({"values": {"nested": {"a": 1}}}, "values.nested must be text, an integer"),
        ({"values": {"list": [1]}}, "values.list must be text, an integer"),
        ({"values": []}, "values must be an object"),
        ({"kind": "place", "values": {"latitude": "33.75", "longitude": "-84.39"}}, "whole millionths of a degree"),
        ({"colour": "red"}, "context holds"),
    ],
)
def test_context_that_is_wrong_is_rejected(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    batch = read(write_json(tmp_path, {**PROFILE, **changes}))
    assert not batch.facts
    assert reason in batch.rejected["reason"][0]


def test_context_that_is_written_is_read_back(tmp_path: Path) -> None:
    facts = [
        Fact(
            "party_profile",
            "p1",
            DAY,
            DAY + timedelta(microseconds=1),
            {"party_class": "business", "is_ctr_exempt": True},
        ),
        Fact("threshold", "bank:US", DAY, DAY, {"amount": 10_000_00}, DAY + timedelta(days=1)),
        Fact("party_class", "p2", DAY, DAY, {"codes": ("é", "b")}),
    ]
    path = tmp_path / "rows.jsonl.zst"
    rows = frame([row()])
    write_canonical(rows, path, facts)
    batch = read(path)
    assert batch.facts == facts
    assert_frame_equal(content(batch.events), content(rows))
    assert READER.recognises(path, head(path)) == 1.0


def test_records_of_the_wire_contract_are_read(tmp_path: Path) -> None:
    payment = {**json_row(), "event_time": "2024-03-01T09:30:00Z"}
    on_chain = {
        "kind": "onchain",
        "source": "node",
        "event_id": "tx1",
        "event_time": "2024-03-01T09:30:00Z",
        "chain": "bitcoin",
        "asset": "BTC",
        "exponent": 8,
        "transaction": "tx1",
        "block_height": 1,
        "transfer": {
            "model": "utxo",
            "inputs": [{"spent_transaction": "tx0", "spent_index": 0, "address": "a1", "value": 900}],
            "outputs": [{"index": 0, "address": "b1", "value": 500}, {"index": 1, "address": "a1", "value": 300}],
        },
    }
    profile = {
        "kind": "account_profile",
        "source": "core",
        "event_id": "p1",
        "valid_from": "2024-01-01T00:00:00Z",
        "known_at": "2024-01-01T00:00:00Z",
        "account": "A",
        "account_type": "business",
    }
    retraction = {"kind": "retraction", "source": "core", "event_id": "r1", "retracts": payment}
    batch = read(write_json(tmp_path, payment, on_chain, profile, retraction, {"kind": "onchain", "transfer": {}}))
    assert batch.events.select("kind", "position").rows() == [
        ("payment", 1),
        ("onchain", 2),
        ("onchain", 2),
        ("retraction", 4),
    ]
    assert batch.events["retracts_key"].null_count() == 3
    assert [(fact.table, fact.key) for fact in batch.facts] == [("account_profile", "A")]
    assert batch.rejected["position"].to_list() == [5]


def test_a_truncated_archive_of_json_lines_keeps_what_it_holds(tmp_path: Path) -> None:
    rows = frame([row(event_id=f"e{number:05}", memo=f"note {number * 7919 % 1000}") for number in range(5_000)])
    path = tmp_path / "rows.jsonl.gz"
    write_canonical(rows, path)
    path.write_bytes(path.read_bytes()[:-4000])
    batch = read(path)
    assert 1000 < batch.events.height < 5000
    assert_frame_equal(content(batch.events), content(rows[: batch.events.height]))
    assert batch.rejected.height == 1
    assert "the file ends before the compressed data does" in batch.rejected["reason"][0]


# Recognition


@pytest.mark.parametrize(
    ("content_", "least", "most"),
    [
        (HEADER + "\n", 1.0, 1.0),
        (HEADER.replace("currency", "ccy") + "\n", 0.5, 0.9),
        ("Timestamp,From Bank,Account\n", 0.0, 0.0),
        ('{"kind":"payment","event_time":"x"}\n', 1.0, 1.0),
        ('{"kind":"payment"\n{"kind":"place","valid_from":"x"}\n', 1.0, 1.0),
        ('{"hash":"00","inputs":[]}\n', 0.0, 0.0),
        ("<Document/>", 0.0, 0.0),
        ("", 0.0, 0.0),
        ("\x00\x01\x02\xff", 0.0, 0.0),
        ('"never closed', 0.0, 0.0),
    ],
)
def test_files_are_recognised_by_content(tmp_path: Path, content_: str, least: float, most: float) -> None:
    path = tmp_path / "file"
    path.write_text(content_, encoding="latin-1")
    assert least <= READER.recognises(path, head(path)) <= most


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(zstandard.compress(b""))
    with pytest.raises(UnusableInput, match="found nothing"):
        read(path)
