"""SAML-D: what its rows mean, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.formats.saml_d import LOCATIONS, READERS, REQUIRED
from tests.pipeline.ingest.formats.reading import Reading, read, write

(READER,) = READERS

NAMES = (*REQUIRED, "Is_laundering", "Laundering_type")
ROW = "10:35:19,2022-10-07,0724731955,2769355426,1459.15,UK pounds,UK pounds,UK,UAE,Cheque,0,Normal_Foward"


def changed(**fields: str) -> str:
    values = dict(zip(NAMES, ROW.split(","), strict=True)) | fields
    return ",".join(values[name] for name in NAMES)


def saml(folder: Path, *rows: str) -> Path:
    return write(folder, "saml.csv", ",".join(NAMES), *rows)


def read_row(folder: Path, **fields: str) -> Reading:
    return read(READER, saml(folder, changed(**fields)))


def test_a_row_becomes_a_payment_in_pounds(tmp_path: Path) -> None:
    reading = read_row(tmp_path)
    assert reading.one() == {
        "source": "saml-d",
        "origin": "saml.csv",
        "position": 1,
        "event_time": datetime(2022, 10, 7, 10, 35, 19, tzinfo=UTC),
        "kind": "payment",
        "rail": "cheque",
        "debtor_account": "0724731955",
        "creditor_account": "2769355426",
        "debtor_country": "GB",
        "creditor_country": "AE",
        "amount": 145915,
        "exponent": 2,
        "currency": "GBP",
    }
    assert reading.said("amounts are taken as GBP, unconverted")


def test_the_currency_of_amounts_is_an_option(tmp_path: Path) -> None:
    path = saml(tmp_path, changed(Payment_currency="Yen", Received_currency="Euro"))
    assert read(READER, path).one()["currency"] == "GBP"
    assert read(READER, path, samld_currency="USD").one()["currency"] == "USD"
    own = read(READER, path, samld_currency="payment").one()
    assert (own["amount"], own["exponent"], own["currency"]) == (145915, 2, "JPY")
    with pytest.raises(UnusableInput, match="samld_currency must be an ISO 4217 code or payment; found pounds"):
        read(READER, path, samld_currency="pounds")


def test_both_currencies_are_said_where_they_are_not_the_one_taken(tmp_path: Path) -> None:
    assert "memo" not in read_row(tmp_path).one()
    event = read_row(tmp_path, Payment_currency="Naira", Received_currency="Albanian lek").one()
    assert event["memo"] == "payment currency NGN, received currency ALL"
    same = read(
        READER, saml(tmp_path, changed(Payment_currency="Yen", Received_currency="Yen")), samld_currency="payment"
    )
    assert "memo" not in same.one()


def test_names_and_codes_of_currencies_mean_the_same(tmp_path: Path) -> None:
    named = read_row(tmp_path, Payment_currency="Dirham", Received_currency="Moroccan dirham").one()
    coded = read_row(tmp_path, Payment_currency="AED", Received_currency="MAD").one()
    assert named == coded


def test_cash_goes_into_or_out_of_one_account(tmp_path: Path) -> None:
    deposit = read_row(tmp_path, Payment_type="Cash Deposit").one()
    assert (deposit["kind"], deposit["rail"]) == ("cash", "cash")
    assert deposit["creditor_account"] == "2769355426"
    assert "debtor_account" not in deposit
    assert deposit["conductor"] == "holder:0724731955"
    withdrawal = read_row(tmp_path, Payment_type="Cash Withdrawal").one()
    assert withdrawal["debtor_account"] == "0724731955"
    assert "creditor_account" not in withdrawal
    assert withdrawal["conductor"] == "holder:2769355426"


@pytest.mark.parametrize(
    ("written", "kind", "rail"),
    [
        ("Credit card", "card", "card"),
        ("Debit card", "card", "card"),
        ("Cheque", "payment", "cheque"),
        ("ACH", "payment", "ach"),
        ("Cross-border", "payment", "wire"),
    ],
)
def test_payment_types_become_kinds_and_rails(tmp_path: Path, written: str, kind: str, rail: str) -> None:
    event = read_row(tmp_path, Payment_type=written).one()
    assert (event["kind"], event["rail"]) == (kind, rail)


def test_a_location_belongs_to_the_row_and_not_to_the_account(tmp_path: Path) -> None:
    events = read(READER, saml(tmp_path, ROW, changed(Sender_bank_location="Japan"))).events
    assert events["debtor_account"].n_unique() == 1
    assert events["debtor_country"].to_list() == ["GB", "JP"]
    for place in LOCATIONS:
        assert len(read_row(tmp_path, Receiver_bank_location=place).one()["creditor_country"]) == 2


def test_labels_stay_out_of_events(tmp_path: Path) -> None:
    plain = read(READER, saml(tmp_path, ROW, ROW))
    marked = read(
        READER,
        saml(
            tmp_path,
            changed(Is_laundering="1", Laundering_type="Stacked Bipartite"),
            changed(Is_laundering="", Laundering_type=""),
        ),
    )
    assert plain.events.equals(marked.events)
    assert marked.labels is not None
    assert marked.labels.select("origin", "position", "label", "is_illicit", "group").rows() == [
        ("saml.csv", 1, "Stacked Bipartite", True, None),
        ("saml.csv", 2, None, None, None),
    ]


def test_columns_may_come_in_any_order_without_labels_and_with_others(tmp_path: Path) -> None:
    names = [name for name in reversed(NAMES) if name not in {"Is_laundering", "Laundering_type"}]
    values = dict(zip(NAMES, ROW.split(","), strict=True)) | {"index": "0"}
    path = write(tmp_path, "saml.csv", ",".join([*names, "index"]), ",".join(values[n] for n in [*names, "index"]))
    reading = read(READER, path)
    assert reading.one() == read(READER, saml(tmp_path, ROW)).one()
    assert reading.labels is None
    assert reading.said("were left out: index")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"Time": "25:00:00"}, "Date and Time must be"),
        ({"Date": "2022-02-30"}, "Date and Time must be"),
        ({"Sender_account": "8.724E9"}, "Sender_account must be digits; found '8.724E9'"),
        ({"Receiver_account": ""}, "Receiver_account must be digits; found nothing"),
        ({"Amount": "12.345"}, "Amount must be a number with at most two decimals"),
        ({"Amount": "-1"}, "amount must be greater than 0"),
        ({"Payment_currency": "Groats"}, "Payment_currency must be one of UK pounds"),
        ({"Received_currency": "uk pounds"}, "Received_currency must be one of"),
        ({"Sender_bank_location": "Atlantis"}, "Sender_bank_location must be one of UK, USA"),
        ({"Receiver_bank_location": ""}, "Receiver_bank_location must be one of"),
        ({"Payment_type": "Barter"}, "Payment_type must be one of Credit card"),
    ],
)
def test_unknown_values_are_rejected_and_never_guessed(tmp_path: Path, fields: dict[str, str], words: str) -> None:
    reading = read(READER, saml(tmp_path, ROW, changed(**fields)))
    assert reading.events["position"].to_list() == [1]
    assert words in reading.reasons()[0]
    assert reading.rejected["raw"].to_list() == [changed(**fields).encode()]


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "saml.csv", ",".join(NAMES[1:]), ROW)
    assert READER.recognises(path, path.read_bytes()) == 0.0
    with pytest.raises(UnusableInput, match="expected the columns Time; found Date"):
        read(READER, path)
