"""Files of banks read through mappings: the examples in tests/data/mapped, and how amounts and times are written."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipeline.ingest.errors import MappingError, UnusableInput
from pipeline.ingest.formats.mapped import READER
from pipeline.ingest.reader import ReadBatch, ReadOptions
from tests.pipeline.ingest.canonical_rows import merged


def read(path: Path, mapping: Path, **options: Any) -> ReadBatch:
    return merged(READER.read(path, ReadOptions(mapping=mapping, **options)))


def example(data: Path, name: str, **options: Any) -> ReadBatch:
    return read(data / "mapped" / f"{name}.csv", data / "mapped" / f"{name}.toml", **options)


OWN = "ES7921000813610123456789"


def test_a_statement_gives_debtor_and_creditor_by_the_direction_of_each_entry(data: Path) -> None:
    batch = example(data, "extracto")
    columns = [
        "event_id",
        "kind",
        "debtor_account",
        "creditor_account",
        "debtor_name",
        "creditor_name",
        "amount",
        "branch",
    ]
    assert batch.events.select(columns).rows() == [
        ("A-1", "payment", "ES1000492352082414205416", OWN, "Ferretería Ñandú S.L.", None, 235_000, "ES-0081"),
        ("A-2", "payment", OWN, "ES1720852066623456789011", None, "Inmobiliaria Sur", 78_050, "ES-0081"),
        ("A-3", "cash", None, OWN, None, None, 990_000, "ES-0434"),
    ]
    assert batch.events["memo"][1] == "Alquiler; marzo"
    assert batch.events["event_time"][0] == datetime(2024, 2, 29, 22, 59, 58, tzinfo=UTC)
    assert batch.events["source"].unique().to_list() == ["caja-extractos"]
    assert batch.rejected["position"].to_list() == [4, 5, 6]
    assert [reason.partition(";")[0] for reason in batch.rejected["reason"]] == [
        "amount must be a number with decimals behind ',' and thousands behind '.'",
        "event_time must be a time written as %d/%m/%Y %H:%M:%S that exists in Europe/Madrid",
        "amount must stand in debit or credit",
    ]
    assert batch.rejected["raw"][0].decode("cp1252").startswith("02/03/2024;10:00:00;Comisión;0081;12.5,00")


def test_both_sides_in_columns_and_negative_amounts_that_reverse_them(data: Path) -> None:
    batch = example(data, "transfers")
    columns = ["event_id", "rail", "purpose", "debtor_account", "creditor_account", "amount", "currency", "ctr_filed"]
    assert batch.events.select(columns).rows() == [
        ("77/1", "wire", "payroll", "hub/0012", "hub/9001", 1050, "USD", True),
        ("77/2", "ach", None, "hub/9002", "hub/0012", 250, "USD", False),
    ]
    assert batch.events["event_time"].to_list() == [
        datetime(2024, 3, 5, 4, 30, tzinfo=UTC),
        datetime(2024, 3, 4, 5, 5, tzinfo=UTC),
    ]
    assert batch.events["business_date"].to_list() == [date(2024, 3, 5), date(2024, 3, 4)]
    assert [reason.partition(";")[0] for reason in batch.rejected["reason"]] == [
        "rail must be one of WIR, ACH, CHK",
        "event_time must be a time written as %m/%d/%Y %I:%M %p that exists in America/New_York",
        "amount must be whole minor units",
        "ctr_filed must be one of Y, N",
    ]


def test_a_signed_amount_is_the_direction_of_a_statement(data: Path) -> None:
    batch = example(data, "movements")
    columns = ["debtor_account", "creditor_account", "debtor_name", "creditor_name", "amount", "currency"]
    assert batch.events.select(columns).rows() == [
        ("6222029999", "6222021001", "张三", None, 123_456_780, "CNY"),
        ("6222021001", "6222029998", None, "李四", 100_000, "USD"),
        ("6222021001", None, None, None, 1, "CNY"),
    ]
    assert batch.events["event_time"][2] == datetime(2024, 3, 1, 16, tzinfo=UTC)
    assert "amount.currency must be one of 人民币, 美元; found 比索" in batch.rejected["reason"][0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_the_encoding_changes_nothing_but_the_bytes(data: Path, tmp_path: Path, encoding: str) -> None:
    text = (data / "mapped" / "movements.csv").read_text("utf-8")
    mapping = (data / "mapped" / "movements.toml").read_text("utf-8")
    (tmp_path / "movements.csv").write_bytes(text.encode(encoding))
    (tmp_path / "m.toml").write_text(mapping.replace("[file]", f'[file]\nencoding = "{encoding}"'), "utf-8")
    batch = read(tmp_path / "movements.csv", tmp_path / "m.toml")
    assert batch.events.equals(example(data, "movements").events)
    assert "比索".encode(encoding.replace("-sig", "").replace("utf-16", "utf-16-le")) in batch.rejected["raw"][0]


def test_batches_of_any_size_give_the_same_rows(data: Path) -> None:
    for name in ("extracto", "transfers", "movements"):
        whole, pieces = example(data, name), example(data, name, batch_rows=1)
        assert pieces.events.equals(whole.events)
        assert pieces.rejected.equals(whole.rejected)


def test_the_feed_can_be_renamed_by_the_options(data: Path) -> None:
    assert example(data, "movements", source="other").events["source"].unique().to_list() == ["other"]


# One amount in all its spellings


def one_amount(folder: Path, text: str, section: str) -> tuple[int, int] | str:
    """Return amount and exponent of one text under a section of the mapping, or the reason why there is none."""
    mapping, path = folder / "m.toml", folder / "a.csv"
    mapping.write_text(
        f"""
        source = "bank"
        [file]
        delimiter = "|"
        [time]
        column = "When"
        format = "iso"
        [amount]
        column = "Amount"
        currency = {{ value = "EUR" }}
        {section}
        [fields]
        kind = {{ value = "payment" }}
        debtor_account = "From"
        """,
        "utf-8",
    )
    path.write_text(f"When|Amount|From\n2024-03-01|{text}|A\n", "utf-8")
    batch = read(path, mapping)
    if batch.events.height:
        return batch.events.select("amount", "exponent").row(0)
    return str(batch.rejected["reason"][0])


@pytest.mark.parametrize(
    ("text", "section", "expected"),
    [
        ("10.50", 'unit = "major"', (1050, 2)),
        ("10", 'unit = "major"', (1000, 2)),
        ("10.505", 'unit = "major"', (10505, 3)),
        ("10,50", 'unit = "major"\ndecimal = ","', (1050, 2)),
        ("1.234.567,8", 'unit = "major"\ndecimal = ","\nthousands = "."', (123_456_780, 2)),
        ("1234567,8", 'unit = "major"\ndecimal = ","\nthousands = "."', (123_456_780, 2)),
        ("12,34,567.80", 'unit = "major"\nthousands = ","', (123_456_780, 2)),
        ("1 234,5", 'unit = "major"\ndecimal = ","\nthousands = " "', (123_450, 2)),
        ("1\u00a0234,5", 'unit = "major"\ndecimal = ","\nthousands = " "', (123_450, 2)),
        ("1\u202f234", 'unit = "major"\ndecimal = ","\nthousands = " "', (123_400, 2)),
        ("1'234.50", 'unit = "major"\nthousands = "\'"', (123_450, 2)),
        ("€ 10.50", 'unit = "major"\nremove = ["€"]', (1050, 2)),
        ("+10.50", 'unit = "major"', (1050, 2)),
        ("1050", 'unit = "minor"', (1050, 2)),
        ("1050", 'unit = "minor"\nexponent = 3', (1050, 3)),
        ("1,050", 'unit = "minor"\nthousands = ","', (1050, 2)),
        ("-10.50", 'unit = "major"\nnegative = "absolute"', (1050, 2)),
        ("10.50-", 'unit = "major"\nnegative = "absolute"', (1050, 2)),
        ("(10.50)", 'unit = "major"\nnegative = "absolute"', (1050, 2)),
        ("−10.50", 'unit = "major"\nnegative = "absolute"', (1050, 2)),
    ],
)
def test_an_amount_is_read_as_the_mapping_says(
    tmp_path: Path, text: str, section: str, expected: tuple[int, int]
) -> None:
    assert one_amount(tmp_path, text, section) == expected


@pytest.mark.parametrize(
    ("text", "section", "reason"),
    [
        # Read with the signs of another country, these would be a hundred or a thousand times wrong.
        ("10.50", 'unit = "major"\ndecimal = ","\nthousands = "."', "decimals behind ',' and thousands behind '.'"),
        ("10,50", 'unit = "major"\nthousands = ","', "decimals behind '.' and thousands behind ','"),
        ("1,23,45", 'unit = "major"\nthousands = ","', "number with decimals"),
        ("1,,234", 'unit = "major"\nthousands = ","', "number with decimals"),
        ("10,50", 'unit = "major"', "number with decimals behind '.'"),
        ("10.50", 'unit = "minor"', "whole minor units"),
        ("1.000", 'unit = "minor"', "whole minor units"),
        ("-10.50", 'unit = "major"', "amount must not be negative by the mapping; found -1050"),
        ("-(10.50)", 'unit = "major"\nnegative = "absolute"', "number with decimals"),
        ("-10.50-", 'unit = "major"\nnegative = "absolute"', "number with decimals"),
        ("--10.50", 'unit = "major"\nnegative = "absolute"', "number with decimals"),
        ("1e3", 'unit = "major"', "number with decimals"),
        ("ten", 'unit = "major"', "number with decimals"),
        ("$10.50", 'unit = "major"', "number with decimals"),
        ("", 'unit = "major"', "amount is required"),
        ("0.00", 'unit = "major"', "amount must be greater than 0"),
        ("9" * 20, 'unit = "major"', "at most 16 digits"),
    ],
)
def test_an_amount_that_is_not_written_so_is_rejected(tmp_path: Path, text: str, section: str, reason: str) -> None:
    assert reason in one_amount(tmp_path, text, section)


# Times


@pytest.mark.parametrize(
    ("text", "section", "expected"),
    [
        ("2024-07-01 12:00", 'column = "a"\nformat = "iso"\ntimezone = "Europe/Madrid"', "2024-07-01T10:00:00"),
        ("2024-07-01", 'column = "a"\nformat = "iso"\ntimezone = "Europe/Madrid"', "2024-06-30T22:00:00"),
        ("1719828000", 'column = "a"\nformat = "epoch_s"', "2024-07-01T10:00:00"),
        ("1719828000123", 'column = "a"\nformat = "epoch_ms"', "2024-07-01T10:00:00.123"),
        ("20240701|235959", 'date = "a"\ntime = "b"\nformat = "%Y%m%d %H%M%S"', "2024-07-01T23:59:59"),
        ("2024-07-01|10:00:00", 'date = "a"\ntime = "b"\nformat = "iso"', "2024-07-01T10:00:00"),
        ("1.7.2024", 'date = "a"\nformat = "%d.%m.%Y"', "2024-07-01T00:00:00"),
        ("1719828000.5", 'column = "a"\nformat = "epoch_s"', None),
        ("99999999999999", 'column = "a"\nformat = "epoch_s"', None),
        ("20240701|", 'date = "a"\ntime = "b"\nformat = "%Y%m%d %H%M%S"', None),
        ("07/13/2024", 'column = "a"\nformat = "%d/%m/%Y"', None),
    ],
)
def test_a_time_is_read_as_the_mapping_says(tmp_path: Path, text: str, section: str, expected: str | None) -> None:
    (tmp_path / "m.toml").write_text(
        f"""
        source = "bank"
        [file]
        delimiter = "|"
        [time]
        {section}
        [amount]
        column = 3
        unit = "minor"
        currency = {{ value = "EUR" }}
        [fields]
        kind = {{ value = "cash" }}
        debtor_account = {{ value = "till" }}
        """
    )
    first, _, second = text.partition("|")
    (tmp_path / "a.csv").write_text(f"a|b|c\n{first}|{second}|100\n")
    batch = read(tmp_path / "a.csv", tmp_path / "m.toml")
    times = [time.replace(tzinfo=None).isoformat() for time in batch.events["event_time"]]
    assert [time.removesuffix("000") if "." in time else time for time in times] == ([expected] if expected else [])
    assert expected or batch.rejected["reason"][0].startswith("event_time ")


# Columns


def test_a_column_that_the_file_lacks_is_named_with_the_key(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("TxnDate,Batch\n1,2\n")
    with pytest.raises(
        UnusableInput, match=r"a\.csv: transfers\.toml, amount: expected the column 'Cents'; found TxnDate"
    ):
        read(path, data / "mapped" / "transfers.toml")


def headerless(folder: Path, header: str, extra: str = "") -> tuple[Path, Path]:
    (folder / "m.toml").write_text(
        f"""
        source = "bank"
        [file]
        header = {header}
        [time]
        column = 1
        format = "iso"
        [amount]
        column = 2
        unit = "minor"
        currency = {{ value = "EUR" }}
        [fields]
        kind = {{ value = "payment" }}
        debtor_account = 3
        {extra}
        """
    )
    path = folder / "a.csv"
    path.write_text(("a,b,b\n" if header == "true" else "") + "2024-03-01,100,007\n")
    return path, folder / "m.toml"


@pytest.mark.parametrize("header", ["true", "false"])
def test_columns_can_be_numbers(tmp_path: Path, header: str) -> None:
    assert read(*headerless(tmp_path, header)).events["debtor_account"].to_list() == ["007"]


def test_a_number_or_a_doubled_name_that_says_no_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match=r"fields\.memo: expected column 4; found 3 columns"):
        read(*headerless(tmp_path, "true", "memo = 4"))
    with pytest.raises(UnusableInput, match=r"fields\.memo: expected one column 'b'; found it at 2, 3: use the number"):
        read(*headerless(tmp_path, "true", 'memo = "b"'))


def test_several_columns_are_joined_without_the_unknown_ones(tmp_path: Path) -> None:
    path, mapping = headerless(tmp_path, "false", 'memo = { column = [4, 5, 6], joiner = " / " }')
    path.write_text("2024-03-01,100,A,x,,z\n2024-03-01,100,A,,,\n")
    assert read(path, mapping).events["memo"].to_list() == ["x / z", None]


def test_a_mapping_is_needed_and_never_guessed(data: Path) -> None:
    path = data / "mapped" / "transfers.csv"
    assert READER.recognises(path, path.read_bytes()) == 0.0
    with pytest.raises(MappingError, match="--mapping FILE"):
        READER.read(path, ReadOptions())


# Parquet


def parquet(folder: Path, amounts: pl.Series, amount: str = "", **columns: pl.Series) -> tuple[Path, Path]:
    (folder / "m.toml").write_text(
        f"""
        source = "lake"
        [file]
        format = "parquet"
        [time]
        column = "at"
        format = "iso"
        timezone = "Europe/Madrid"
        [amount]
        column = "value"
        unit = "major"
        decimal = ","
        negative = "reverse"
        currency = {{ value = "EUR" }}
        {amount}
        [fields]
        kind = {{ value = "payment" }}
        debtor_account = "from"
        creditor_account = "to"
        """
    )
    base = {
        "at": pl.Series([datetime(2024, 7, 1, 10, tzinfo=UTC).replace(tzinfo=None)] * len(amounts)),
        "value": amounts,
        "from": pl.Series([f"A{number}" for number in range(len(amounts))]),
        "to": pl.Series([7] * len(amounts)),
    }
    pl.DataFrame({**base, **columns}).write_parquet(folder / "a.parquet")
    return folder / "a.parquet", folder / "m.toml"


def test_typed_columns_of_parquet_are_read_by_their_types(tmp_path: Path) -> None:
    exact = pl.Series(["10.50", "-3", None]).cast(pl.Decimal(18, 2))
    batch = read(*parquet(tmp_path, exact))
    assert batch.events.select("debtor_account", "creditor_account", "amount").rows() == [
        ("A0", "7", 1050),
        ("7", "A1", 300),
    ]
    assert batch.events["event_time"].to_list() == [datetime(2024, 7, 1, 8, tzinfo=UTC)] * 2
    assert batch.rejected["reason"].to_list() == ["amount is required; found nothing"]
    assert batch.notes == ["a.parquet: ids that are stored as numbers have lost leading zeros, if they had any: to"]
    days = pl.Series([date(2024, 7, 1)])
    batch = read(*parquet(tmp_path, pl.Series(["10,5"]), at=days))
    assert batch.events.select("event_time", "amount").rows() == [(datetime(2024, 6, 30, 22, tzinfo=UTC), 1050)]


def test_floats_are_money_only_where_the_mapping_accepts_them(tmp_path: Path) -> None:
    floats = pl.Series([10.1, 0.07, 1234567.89, float("nan"), 1e17])
    path, mapping = parquet(tmp_path, floats)
    with pytest.raises(UnusableInput, match=r"expected column 'value' to be exact; found Float64; m\.toml can say"):
        read(path, mapping)
    batch = read(*parquet(tmp_path, floats, "accept_floats = true"))
    assert batch.events["amount"].to_list() == [1010, 7, 123_456_789]
    assert batch.rejected["position"].to_list() == [4, 5]


def test_floats_are_never_ids(tmp_path: Path) -> None:
    path, mapping = parquet(tmp_path, pl.Series(["1,0"]), to=pl.Series([7.0]))
    with pytest.raises(UnusableInput, match="expected column 'to' to be exact"):
        read(path, mapping)


def test_a_compressed_file_is_read_like_a_plain_one(data: Path, tmp_path: Path) -> None:
    import gzip

    packed = tmp_path / "transfers.csv"
    with (data / "mapped" / "transfers.csv").open("rb") as plain, gzip.open(packed, "wb") as file:
        shutil.copyfileobj(plain, file)
    assert read(packed, data / "mapped" / "transfers.toml").events.equals(example(data, "transfers").events)
