"""AMLworld: the published excerpt in two spellings, and every quirk of the format."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.formats.amlworld import READERS
from pipeline.ingest.formats.amlworld.rows import COLUMNS
from pipeline.ingest.open import head
from pipeline.ingest.tabular.labels import CONTENT_KEYS
from tests.pipeline.ingest.formats.reading import Reading, read, write

(READER,) = READERS

HEADER = (
    "Timestamp,From Bank,Account,To Bank,Account,Amount Received,Receiving Currency,Amount Paid,Payment Currency,"
    "Payment Format,Is Laundering"
)
ROW = "2022/09/01 00:20,010,8000EBD30,010,8000EBD30,3697.34,US Dollar,3697.34,US Dollar,Reinvestment,0"


@pytest.fixture
def excerpt(data: Path) -> Path:
    return data / "amlworld-excerpt"


def trans(folder: Path, *rows: str, header: str = HEADER) -> Path:
    return write(folder, "small_Trans.csv", header, *rows)


def changed(**fields: str) -> str:
    """Return `ROW` with some fields changed."""
    values = dict(zip(COLUMNS, ROW.split(","), strict=True)) | fields
    return ",".join(values[name] for name in COLUMNS)


def read_row(folder: Path, **fields: str) -> Reading:
    return read(READER, trans(folder, changed(**fields)))


def test_ibm_and_pandas_spellings_of_one_file_give_the_same_rows(excerpt: Path) -> None:
    published = read(READER, excerpt / "excerpt_Trans.csv")
    resaved = read(READER, excerpt / "excerpt_Trans.pandas-resaved.csv")
    assert published.events.height == 39
    assert published.events.drop("origin").equals(resaved.events.drop("origin"))


def test_all_three_headers_are_recognised_and_others_are_not(tmp_path: Path, excerpt: Path) -> None:
    for header in (HEADER, HEADER.replace("To Bank,Account", "To Bank,Account.1")):
        assert READER.recognises(Path("x"), header.encode() + b"\n") == 1.0
    renamed = HEADER.replace("From Bank,Account", "From Bank,From Account").replace(
        "To Bank,Account", "To Bank,To Account"
    )
    assert READER.recognises(Path("x"), renamed.encode() + b"\r\n") == 1.0
    assert read(READER, trans(tmp_path, ROW, header=renamed)).events.height == 1
    assert READER.recognises(Path("x"), b"Timestamp,From Bank,Account\n") == 0.0
    assert READER.recognises(Path("x"), b"\x00\xff\x00") == 0.0
    assert READER.recognises(excerpt / "excerpt_Patterns.txt", head(excerpt / "excerpt_Patterns.txt")) == 1.0


def test_ids_that_look_like_numbers_stay_text(excerpt: Path) -> None:
    events = read(READER, excerpt / "excerpt_Trans.pandas-resaved.csv").events
    accounts = set(events["debtor_account"]) | set(events["creditor_account"])
    assert {"9/807051670", "18475/8036095E0", "14/8031E6280"} <= accounts


def test_bank_ids_lose_their_zeros_and_an_all_zero_one_keeps_one(tmp_path: Path) -> None:
    event = read_row(tmp_path, from_bank="0021174", to_bank="000").one()
    assert (event["debtor_account"], event["debtor_agent"]) == ("21174/8000EBD30", "21174")
    assert (event["creditor_account"], event["creditor_agent"]) == ("0/8000EBD30", "0")


def test_two_accounts_of_one_bank_that_share_a_prefix_stay_two(excerpt: Path) -> None:
    events = read(READER, excerpt / "excerpt_Trans.csv").events
    assert events.filter(pl.col("creditor_account") == "225/8000E43B1").height == 1
    assert events.filter(pl.col("debtor_account") == "225/8000E43B0").height == 1


@pytest.mark.parametrize(
    ("currency", "text", "expected"),
    [
        ("US Dollar", "3697.34", (369734, 2, "USD")),
        ("US Dollar", "8012.6", (801260, 2, "USD")),
        ("US Dollar", "8012", (801200, 2, "USD")),
        ("Yen", "12.34", (1234, 2, "JPY")),
        ("Saudi Riyal", "1046302363293.48", (104630236329348, 2, "SAR")),
        ("Bitcoin", "0.370287", (37028700, 8, "BTC")),
        ("Bitcoin", "1e-06", (100, 8, "BTC")),
        ("Bitcoin", "0.00000001", (1, 8, "BTC")),
        ("Rupee", "1.5e3", (150000, 2, "INR")),
    ],
)
def test_amounts_are_exact_integers(tmp_path: Path, currency: str, text: str, expected: tuple[int, int, str]) -> None:
    event = read_row(tmp_path, paid=text, paid_currency=currency, received=text, received_currency=currency).one()
    assert (event["amount"], event["exponent"], event["currency"]) == expected
    assert "counter_amount" not in event


def test_what_was_received_is_kept_where_it_differs(tmp_path: Path) -> None:
    event = read_row(tmp_path, received="0.000251", received_currency="Bitcoin").one()
    assert (event["amount"], event["currency"]) == (369734, "USD")
    assert (event["counter_amount"], event["counter_exponent"], event["counter_currency"]) == (25100, 8, "BTC")


@pytest.mark.parametrize(
    ("written", "kind", "rail"),
    [
        ("Cash", "cash", "cash"),
        ("Cheque", "payment", "cheque"),
        ("Credit Card", "card", "card"),
        ("ACH", "payment", "ach"),
        ("Wire", "payment", "wire"),
        ("Bitcoin", "payment", "crypto"),
        ("Reinvestment", "payment", "reinvestment"),
    ],
)
def test_payment_formats_become_kinds_and_rails(tmp_path: Path, written: str, kind: str, rail: str) -> None:
    event = read_row(tmp_path, format=written).one()
    assert (event["kind"], event["rail"]) == (kind, rail)
    assert event["debtor_account"] == event["creditor_account"] == "10/8000EBD30"


def test_identical_rows_and_self_transfers_all_stay_in_file_order(tmp_path: Path) -> None:
    early = changed(time="2022/09/01 00:00")
    events = read(READER, trans(tmp_path, ROW, ROW, early)).events
    assert events["position"].to_list() == [1, 2, 3]
    assert events["event_id"].null_count() == 3
    assert events["event_time"].to_list()[2] == datetime(2022, 9, 1, tzinfo=UTC)


def test_no_label_reaches_the_events(tmp_path: Path, excerpt: Path) -> None:
    plain = read(READER, trans(tmp_path, ROW, changed(laundering="0")))
    marked = read(READER, trans(tmp_path, changed(laundering="1"), changed(laundering="maybe")))
    assert plain.events.equals(marked.events)
    assert marked.labels is not None
    assert marked.labels["is_illicit"].to_list() == [True, None]
    events = read(READER, excerpt / "excerpt_Trans.csv").events
    everything = " ".join(str(value) for row in events.iter_rows() for value in row)
    assert "aunder" not in everything
    assert "FAN-OUT" not in everything


def test_labels_of_trans_join_on_file_and_row(excerpt: Path) -> None:
    reading = read(READER, excerpt / "excerpt_Trans.csv")
    assert reading.labels is not None
    joined = reading.events.join(reading.labels, on=["origin", "position"])
    assert joined.height == 39
    assert joined["is_illicit"].all()


def test_labels_of_patterns_join_on_the_content_of_rows(excerpt: Path) -> None:
    patterns = read(READER, excerpt / "excerpt_Patterns.txt", aside=39)
    assert patterns.events.height == 0
    assert patterns.labels is not None
    assert patterns.labels["group"].unique().sort().to_list() == [f"excerpt_Patterns.txt#{n}" for n in range(1, 9)]
    stack = patterns.labels.filter(pl.col("group") == "excerpt_Patterns.txt#6")
    assert (stack.height, stack["label"].unique().to_list()) == (10, ["STACK"])
    for name in ("excerpt_Trans.csv", "excerpt_Trans.pandas-resaved.csv"):
        events = read(READER, excerpt / name).events
        keys = patterns.labels.select(*CONTENT_KEYS, "group")
        joined = events.join(keys, on=list(CONTENT_KEYS), nulls_equal=True)
        assert joined.height == 39
    assert patterns.said("they join events on event_time, debtor_account")


def test_broken_blocks_of_patterns_are_said_and_stray_rows_rejected(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "x_Patterns.txt",
        "BEGIN LAUNDERING ATTEMPT - CYCLE:  Max 1 hops",
        ROW,
        "END LAUNDERING ATTEMPT - STACK",
        "",
        changed(format="Wire"),
        "BEGIN LAUNDERING ATTEMPT - SPIRAL",
        "BEGIN LAUNDERING ATTEMPT - RANDOM",
        ROW,
        "2022/09/01 00:20,010",
    )
    reading = read(READER, path, aside=2)
    assert reading.labels is not None
    assert reading.labels["label"].to_list() == ["CYCLE", "RANDOM"]
    assert reading.labels["group"].to_list() == ["x_Patterns.txt#1", "x_Patterns.txt#3"]
    assert reading.rejected["position"].to_list() == [4, 2]
    assert reading.rejected["raw"].to_list() == [b"2022/09/01 00:20,010", changed(format="Wire").encode()]
    for words in ("ends STACK inside CYCLE", "names the type SPIRAL", "attempt 2 has no end", "the file is cut off"):
        assert reading.said(words)


def accounts(*rows: str) -> str:
    header = "Bank Name,Bank ID,Account Number,Entity ID,Entity Name"
    return "".join(f"{line}\n" for line in (header, *rows))


def test_the_accounts_file_gives_facts(tmp_path: Path) -> None:
    path = tmp_path / "small_accounts.csv"
    rows = (
        "First Bank,10,8000EBD30,800EA,Corporation #1",
        "Second,20,8000EBD30,800EB,",
        "Third,x,1,E,N",
        "Fourth,1,2,,N",
    )
    path.write_text(accounts(*rows))
    reading = read(READER, path, aside=2)
    assert [(fact.table, fact.key, dict(fact.values)) for fact in reading.facts] == [
        ("account_profile", "10/8000EBD30", {"holders": ("800EA",), "institution": "10"}),
        ("account_profile", "20/8000EBD30", {"holders": ("800EB",), "institution": "20"}),
    ]
    assert reading.rejected["position"].to_list() == [3, 4]
    assert "Bank ID must be digits" in reading.reasons()[0]
    assert "Entity ID is required" in reading.reasons()[1]


@pytest.mark.parametrize(("ending", "pack"), [("", bytes), (".gz", gzip.compress), (".zst", zstandard.compress)])
def test_holders_come_from_the_accounts_file_beside(
    tmp_path: Path, ending: str, pack: Callable[[bytes], bytes]
) -> None:
    text = accounts(
        "First,10,8000EBD30,800EA,Corporation #1",
        "First,10,8000EBD30,800EZ,A second row for one account",
        "Other,20,8000EBD30,800EB,Partnership #2",
    ).encode()
    (tmp_path / f"small_Accounts.csv{ending}").write_bytes(pack(text))
    path = trans(tmp_path, ROW, changed(to_bank="020"), changed(to_bank="030"))
    reading = read(READER, path)
    assert reading.events["debtor"].to_list() == ["800EA"] * 3
    assert reading.events["creditor"].to_list() == ["800EA", "800EB", None]
    assert reading.row(1)["creditor_name"] == "Partnership #2"
    assert reading.said(f"holders of accounts come from small_Accounts.csv{ending}")
    without = read(READER, path, amlworld_accounts="none")
    assert without.events["debtor"].null_count() == 3
    named = read(READER, path, amlworld_accounts=str(tmp_path / f"small_Accounts.csv{ending}"))
    assert named.events.equals(reading.events)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"time": "2022/13/01 00:20"}, "Timestamp must be YYYY/MM/DD HH:MM"),
        ({"time": ""}, "Timestamp must be YYYY/MM/DD HH:MM and exist in UTC; found nothing"),
        ({"time": "1662000000"}, "Timestamp must be"),
        ({"from_account": "8036095.0"}, "From must be a bank id of digits"),
        ({"to_account": "inf"}, "To must be a bank id"),
        ({"from_bank": "10.0"}, "From must be a bank id of digits"),
        ({"to_bank": ""}, "To must be a bank id"),
        ({"paid_currency": "Groat"}, "Payment Currency must be one of US Dollar, Euro"),
        ({"received_currency": "Groat"}, "Receiving Currency must be one of"),
        ({"paid": "3,697"}, "expected 11 fields; found 12"),
        ({"paid": "3697.345"}, "Amount Paid must be a number without more decimals than the unit"),
        ({"paid": "NaN"}, "Amount Paid must be a number"),
        ({"paid": "5.000000000000001"}, "Amount Paid must be a number without more decimals"),
        ({"received": "abc"}, "Amount Received must be a number"),
        ({"received": ""}, "Amount Received must be a number"),
        ({"paid": "-5.00"}, "amount must be greater than 0"),
        ({"paid": "0.00"}, "amount must be greater than 0"),
        ({"paid": "1e999"}, "Amount Paid must be a number"),
        ({"paid": "9e17"}, "amount must be at most"),
        ({"format": "Pigeon"}, "Payment Format must be one of Cheque, Credit Card"),
        ({"time": "4748/01/01 00:00"}, "event_time must lie between"),
    ],
)
def test_a_row_that_cannot_be_used_is_rejected_with_place_reason_and_bytes(
    tmp_path: Path, fields: dict[str, str], words: str
) -> None:
    reading = read(READER, trans(tmp_path, ROW, changed(**fields), ROW))
    assert reading.events["position"].to_list() == [1, 3]
    assert reading.rejected["position"].to_list() == [2]
    assert reading.rejected["source"].to_list() == ["small_Trans.csv"]
    assert words in reading.reasons()[0]
    assert reading.rejected["raw"].to_list() == [changed(**fields).encode()]


def test_times_are_of_the_stated_zone_and_hours_that_never_came_are_rejected(tmp_path: Path) -> None:
    path = trans(tmp_path, ROW, changed(time="2022/03/13 02:30"))
    reading = read(READER, path, zone="America/New_York")
    assert reading.one()["event_time"] == datetime(2022, 9, 1, 4, 20, tzinfo=UTC)
    assert "exist in America/New_York" in reading.reasons()[0]
    assert reading.said("times have no zone; read as America/New_York")


def test_damaged_bytes_cost_their_own_row_only(tmp_path: Path) -> None:
    path = tmp_path / "small_Trans.csv"
    rows = [HEADER.encode(), ROW.encode(), b"\xff\xfe" + ROW.encode(), ROW.encode() + b"\0", b'"' + ROW.encode(), b"x"]
    path.write_bytes(b"\r\n".join([*rows, ROW.encode()]))
    reading = read(READER, path)
    assert reading.events["position"].to_list() == [1, 6]
    assert reading.rejected["position"].to_list() == [2, 3, 4, 5]
    assert "expected UTF-8" in reading.reasons()[0]
    assert "NUL" in reading.reasons()[1]


def test_a_cut_archive_gives_the_rows_before_the_cut_and_says_so(tmp_path: Path) -> None:
    text = "\n".join([HEADER, *(changed(paid=f"{n}.17", received=f"{n}.17") for n in range(1, 20_001))]).encode()
    packed = gzip.compress(text, mtime=0)
    path = tmp_path / "small_Trans.csv.gz"
    path.write_bytes(packed[: len(packed) // 2])
    reading = read(READER, path)
    assert 0 < reading.events.height < 20_000
    assert "the file ends before the compressed data does" in reading.reasons()[-1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "found none of them"),
        (b"Timestamp,From Bank\n", "found Timestamp, From Bank"),
        ("\ufeffTimestamp".encode("utf-16"), "expected the header of an AMLworld"),
        (b"\x89PNG\r\n\x1a\n", "expected the header of an AMLworld"),
    ],
)
def test_a_file_that_is_none_of_the_three_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(UnusableInput, match=words):
        read(READER, path)


def test_a_file_without_rows_is_read_as_nothing(tmp_path: Path) -> None:
    reading = read(READER, trans(tmp_path))
    assert reading.rows_read == 0
    assert reading.said("bank ids are compared without leading zeros")


def test_batch_size_changes_nothing(excerpt: Path) -> None:
    whole = read(READER, excerpt / "excerpt_Trans.csv")
    small = read(READER, excerpt / "excerpt_Trans.csv", batch_rows=7)
    assert small.sizes == [7, 7, 7, 7, 7, 4]
    assert small.events.equals(whole.events)
    assert small.labels is not None
    assert whole.labels is not None
    assert small.labels.equals(whole.labels)
    assert small.notes == whole.notes


@settings(max_examples=60)
@given(st.data())
def test_whatever_happens_to_bytes_counts_add_up_and_whole_rows_survive(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    rows = [changed(paid=f"{n}.25", received=f"{n}.25") for n in range(1, 30)]
    body = bytearray("".join(f"{row}\n" for row in rows).encode())
    hit = set()
    for _ in range(data.draw(st.integers(1, 8), label="faults")):
        place = data.draw(st.integers(0, len(body) - 2), label="place")
        if body[place] == ord("\n"):
            continue
        byte = data.draw(st.integers(0, 255).filter(lambda b: b != ord("\n")), label="byte")
        hit.add(bytes(body[:place]).count(b"\n") + 1)
        body[place] = byte
    path = tmp_path_factory.mktemp("corrupt") / "small_Trans.csv"
    path.write_bytes(HEADER.encode() + b"\n" + bytes(body))
    reading = read(READER, path)
    assert reading.rows_read == 29
    # Two stray quotes can enclose the rows between them, which is what a quoted field with line breaks looks like.
    if body.count(b'"') < 2:
        assert {n for n in range(1, 30) if n not in hit} <= set(reading.events["position"])
