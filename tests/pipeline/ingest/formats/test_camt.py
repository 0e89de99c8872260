"""camt.052, 053 and 054: entries, details, reversals, and the same payment twice."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.formats.camt import READERS
from pipeline.ingest.open import head
from tests.pipeline.ingest.formats.messages import (
    IBAN_A,
    IBAN_B,
    OTHER_UETR,
    UETR,
    balance,
    camt,
    detail,
    element,
    entry,
    pacs008,
    path,
    save,
    statement,
    transfer,
)
from tests.pipeline.ingest.formats.reading import Reading, read
from typologies.base.identity import content_hashes, event_keys, key_text

(READER,) = READERS


def keys(reading: Reading) -> list[str]:
    found = event_keys(reading.events, content_hashes(reading.events))
    return [key_text(hi, lo) for hi, lo in found.tolist()]


def read_entry(folder: Path, text: str) -> Reading:
    return read(READER, save(folder, camt(statement(text))))


def test_a_credit_entry_is_money_into_the_account(tmp_path: Path) -> None:
    details = detail(
        uetr=UETR,
        end_to_end="e1",
        debtor="Beta Ltd",
        debtor_account=IBAN_B,
        debtor_agent="NWBKGB2LXXX",
        creditor="Alpha Ltd",
        text="Invoice 7",
    )
    event = read_entry(tmp_path, entry(details=[details], info="thanks")).one()
    assert event == {
        "source": "camt",
        "event_id": f"uetr:{UETR}",
        "origin": "message.xml",
        "position": 1,
        "event_time": datetime(2024, 3, 5, tzinfo=UTC),
        "business_date": date(2024, 3, 5),
        "kind": "payment",
        "rail": "ach",
        "debtor_account": IBAN_B,
        "debtor": "name:beta ltd",
        "debtor_name": "Beta Ltd",
        "debtor_agent": "NWBKGB2L",
        "debtor_country": "GB",
        "creditor_account": IBAN_A,
        "creditor": "name:alpha ltd",
        "creditor_name": "Alpha Ltd",
        "creditor_agent": "DEUTDEFF",
        "creditor_country": "DE",
        "amount": 10000,
        "exponent": 2,
        "currency": "EUR",
        "memo": "Invoice 7 thanks",
    }


def test_a_debit_entry_is_money_out_of_the_account(tmp_path: Path) -> None:
    details = detail(creditor="Beta Ltd", creditor_account=IBAN_B)
    event = read_entry(tmp_path, entry(direction="DBIT", details=[details])).one()
    assert (event["debtor_account"], event["debtor"]) == (IBAN_A, "name:alpha ltd")
    assert (event["creditor_account"], event["creditor"]) == (IBAN_B, "name:beta ltd")


def test_old_and_new_versions_of_an_entry_are_the_same_event(tmp_path: Path) -> None:
    new = detail(end_to_end="e1", debtor="Beta Ltd", debtor_account=IBAN_B)
    old = detail(end_to_end="e1", debtor="Beta Ltd", debtor_account=IBAN_B, old=True)
    first = read(READER, save(tmp_path, camt(statement(entry(details=[new])), version="08")))
    second = read(READER, save(tmp_path, camt(statement(entry(details=[old], old=True)), version="02")))
    assert first.events.equals(second.events)


@pytest.mark.parametrize("kind", ["052", "053", "054"])
def test_all_three_messages_are_recognised_and_read(tmp_path: Path, kind: str) -> None:
    file = save(tmp_path, camt(statement(entry()), kind=kind))
    assert READER.recognises(file, head(file)) == 1.0
    reading = read(READER, file)
    assert reading.events.height == 1
    assert reading.said(f"has camt.{kind}")


def test_only_booked_entries_are_money(tmp_path: Path) -> None:
    entries = [entry(status=status) for status in ("BOOK", "PDNG", "INFO", "FUTR", "MAYB")]
    reading = read(READER, save(tmp_path, camt(statement(*entries))), aside=3)
    assert reading.events["position"].to_list() == [1]
    assert reading.said("3 entries are not booked (pending, for information, future) and were left out")
    assert reading.reasons() == ["Sts must be BOOK, PDNG, INFO or FUTR; found 'MAYB'"]


def test_one_message_kind_can_be_chosen(tmp_path: Path) -> None:
    text = camt(statement(entry()), kind="054") + camt(statement(entry(amount="7.00")), kind="053")
    chosen = read(READER, save(tmp_path, text), aside=1, camt_messages="053")
    assert chosen.events["amount"].to_list() == [700]
    assert chosen.said("1 entries are in messages that were not asked for")
    with pytest.raises(UnusableInput, match="camt_messages must name some of 052, 053, 054; found 055"):
        read(READER, save(tmp_path, text), camt_messages="055")


@pytest.mark.parametrize(
    ("booked", "dates", "zone", "expected"),
    [
        ("2024-03-05", "", "UTC", datetime(2024, 3, 5, tzinfo=UTC)),
        ("2024-03-05", "", "Europe/Berlin", datetime(2024, 3, 4, 23, tzinfo=UTC)),
        ("2024-03-05T10:15:00+01:00", "", "UTC", datetime(2024, 3, 5, 9, 15, tzinfo=UTC)),
        ("2024-03-05T10:15:00", "", "Europe/Berlin", datetime(2024, 3, 5, 9, 15, tzinfo=UTC)),
        ("2024-03-05", element("TxDtTm", "2024-03-05T14:00:00Z"), "UTC", datetime(2024, 3, 5, 14, tzinfo=UTC)),
        ("2024-03-05", element("TxDtTm", "2024-03-04T14:00:00Z"), "UTC", datetime(2024, 3, 5, tzinfo=UTC)),
        (
            "2024-03-05T10:15:00Z",
            element("TxDtTm", "2024-03-05T14:00:00Z"),
            "UTC",
            datetime(2024, 3, 5, 10, 15, tzinfo=UTC),
        ),
    ],
)
def test_event_time_is_the_booking(tmp_path: Path, booked: str, dates: str, zone: str, expected: datetime) -> None:
    file = save(tmp_path, camt(statement(entry(booked=booked, details=[detail(end_to_end="e", dates=dates)]))))
    event = read(READER, file, zone=zone).one()
    assert event["event_time"] == expected
    assert event["business_date"] == date(2024, 3, 5)


@pytest.mark.parametrize(
    ("code", "kind", "rail", "channel"),
    [
        ("PMNT/RCDT/ESCT", "payment", "ach", None),
        ("PMNT/RCDT/XBCT", "payment", "wire", None),
        ("PMNT/ICDT/BOOK", "payment", "internal", None),
        ("PMNT/RDDT/ESDD", "payment", "ach", None),
        ("PMNT/RCHQ/UPCQ", "payment", "cheque", None),
        ("PMNT/CCRD/POSD", "card", "card", None),
        ("PMNT/CCRD/CWDL", "cash", "cash", "atm"),
        ("PMNT/CNTR/CDPT", "cash", "cash", "teller"),
        ("ACMT/MDOP/CHRG", "payment", "other", None),
        ("XXXX/YYYY/ZZZZ", "payment", "other", None),
    ],
)
def test_bank_transaction_codes(tmp_path: Path, code: str, kind: str, rail: str, channel: str | None) -> None:
    event = read_entry(tmp_path, entry(code=code)).one()
    assert (event["kind"], event["rail"], event.get("channel")) == (kind, rail, channel)


def test_purposes_of_entries(tmp_path: Path) -> None:
    entries = [entry(code="PMNT/RCDT/SALA"), entry(code="ACMT/MDOP/CHRG"), entry(direction="DBIT")]
    events = read(READER, save(tmp_path, camt(statement(*entries)))).events
    assert events["purpose"].to_list() == ["payroll", "fee", None]


def test_cash_has_one_account(tmp_path: Path) -> None:
    notes = element(
        "CshDpst",
        element("NoteDnmtn", "50.00", Ccy="EUR"),
        element("NbOfNotes", "2"),
        element("Amt", "100.00", Ccy="EUR"),
    )
    deposit = detail(cash=notes, debtor="Somebody", debtor_account=IBAN_B)
    event = read_entry(tmp_path, entry(code="PMNT/OTHR/OTHR", details=[deposit])).one()
    assert (event["kind"], event["creditor_account"]) == ("cash", IBAN_A)
    assert "debtor_account" not in event
    assert "debtor" not in event


def test_the_other_currency_of_an_entry_is_kept_on_its_side(tmp_path: Path) -> None:
    foreign = path("InstdAmt/Amt", "110.00", Ccy="USD")
    credit = read_entry(tmp_path, entry(details=[detail(end_to_end="e", foreign=foreign)])).one()
    assert (credit["amount"], credit["currency"]) == (11000, "USD")
    assert (credit["counter_amount"], credit["counter_currency"]) == (10000, "EUR")
    debit = read_entry(tmp_path, entry(direction="DBIT", details=[detail(end_to_end="e", foreign=foreign)])).one()
    assert (debit["amount"], debit["currency"]) == (10000, "EUR")
    assert (debit["counter_amount"], debit["counter_currency"]) == (11000, "USD")


def batch(count: str, total: str) -> str:
    return element("Btch", element("NbOfTxs", count), element("TtlAmt", total, Ccy="EUR"))


def test_details_are_the_transactions_of_a_batch(tmp_path: Path) -> None:
    details = [detail(end_to_end="a", amount="60.00"), detail(end_to_end="b", amount="40.00")]
    reading = read_entry(tmp_path, entry(reference="R1", details=details, batch=batch("2", "100.00")))
    assert reading.events["amount"].to_list() == [6000, 4000]
    assert reading.events["event_id"].to_list() == [f"{IBAN_A}|svcr:R1|1", f"{IBAN_A}|svcr:R1|2"]
    assert reading.events["position"].to_list() == [1, 2]


def test_details_that_do_not_add_up_reject_the_entry(tmp_path: Path) -> None:
    details = [detail(amount="60.00"), detail(amount="39.00")]
    bad = entry(details=details)
    reading = read(READER, save(tmp_path, camt(statement(bad, entry()))))
    assert reading.events["position"].to_list() == [2]
    assert reading.reasons() == ["2 details must add up to the entry; found 99.00 in an entry of 100.00"]
    assert reading.rejected["raw"].to_list() == [bad.encode()]


def test_details_may_differ_from_the_entry_by_its_charges(tmp_path: Path) -> None:
    details = [detail(amount="60.00"), detail(amount="41.50")]
    charges = element("Chrgs", element("TtlChrgsAndTaxAmt", "1.50", Ccy="EUR"))
    assert read_entry(tmp_path, entry(details=details, charges=charges)).events["amount"].to_list() == [6000, 4150]


def test_a_detail_in_the_other_direction_counts_against_the_rest(tmp_path: Path) -> None:
    details = [detail(amount="130.00", debtor="B"), detail(amount="30.00", direction="DBIT", creditor="C")]
    events = read_entry(tmp_path, entry(details=details)).events
    assert events["creditor_account"].to_list() == [IBAN_A, None]
    assert events["debtor_account"].to_list() == [None, IBAN_A]


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (detail(text="x"), "every detail must have an amount in EUR; found no amount in number 2"),
        (detail(amount="40.00", currency="USD"), "every detail must have an amount in EUR; found USD in number 2"),
    ],
)
def test_every_detail_of_several_needs_an_amount_in_the_currency_of_the_entry(
    tmp_path: Path, second: str, words: str
) -> None:
    reading = read_entry(tmp_path, entry(details=[detail(amount="60.00"), second]))
    assert reading.reasons() == [words]


def test_batches_that_announce_something_else_are_said(tmp_path: Path) -> None:
    details = [detail(amount="60.00"), detail(amount="40.00")]
    entries = [
        entry(reference="R1", details=details, batch=batch("3", "100.00")),
        entry(reference="R2", details=details, batch=batch("2", "90.00")),
        entry(reference="R3", batch=batch("5", "100.00")),
    ]
    reading = read(READER, save(tmp_path, camt(statement(*entries))))
    assert reading.events.height == 5
    assert reading.said("batch with another number of details, kept: 'R1: 3 announced, 2 found'")
    assert reading.said("batch with another total than its entry, kept: 'R2'")
    assert reading.said("batch without details, kept: 'R3: 5 transactions in one entry'")


@pytest.mark.parametrize(
    ("reference", "details", "expected"),
    [
        ("R1", {"uetr": UETR, "tx_id": "T", "end_to_end": "E", "reference": "D"}, f"uetr:{UETR}"),
        ("R1", {"tx_id": "T", "end_to_end": "E", "reference": "D"}, f"{IBAN_A}|svcr:D"),
        ("R1", {"tx_id": "T", "end_to_end": "E"}, f"{IBAN_A}|svcr:R1"),
        ("", {"tx_id": "T", "end_to_end": "E"}, "txid:T"),
        ("", {"end_to_end": "E"}, f"{IBAN_A}|e2e:E|2024-03-05"),
        ("NOTPROVIDED", {"end_to_end": "NOTPROVIDED"}, None),
        ("", {"text": "nothing to go by"}, None),
    ],
)
def test_the_id_is_the_best_reference_there_is(
    tmp_path: Path, reference: str, details: dict[str, str], expected: str | None
) -> None:
    reading = read_entry(tmp_path, entry(reference=reference, details=[detail(**details)]))  # type: ignore[arg-type]
    assert reading.one().get("event_id") == expected


def test_the_same_entry_in_three_messages_is_one_event(tmp_path: Path) -> None:
    booked = entry(reference="R1", details=[detail(end_to_end="e1", debtor="Beta Ltd", debtor_account=IBAN_B)])
    found = [
        read(READER, save(tmp_path, camt(statement(booked, identification=kind), kind=kind)))
        for kind in ("052", "053", "054")
    ]
    assert len({key for reading in found for key in keys(reading)}) == 1


def test_both_statements_of_a_payment_with_a_uetr_are_one_event_if_they_name_both_sides(tmp_path: Path) -> None:
    both = detail(
        uetr=UETR,
        debtor="Alpha Ltd",
        debtor_account=IBAN_A,
        debtor_agent="DEUTDEFF",
        creditor="Beta Ltd",
        creditor_account=IBAN_B,
        creditor_agent="NWBKGB2L",
    )
    mine = camt(statement(entry(direction="DBIT", details=[both])))
    theirs = camt(
        statement(entry(details=[both]), account=path("Id/IBAN", IBAN_B), owner="Beta Ltd", servicer="NWBKGB2L")
    )
    assert len(set(keys(read(READER, save(tmp_path, mine + theirs))))) == 1


def test_what_the_documentation_says_is_not_matched_stays_two_events(tmp_path: Path) -> None:
    plain = entry()
    timed = entry(reference="R1", booked="2024-03-05T10:00:00Z")
    dated = entry(reference="R1")
    reading = read(READER, save(tmp_path, camt(statement(plain, plain, timed, dated))))
    assert reading.events["event_id"].to_list() == [None, None, f"{IBAN_A}|svcr:R1", f"{IBAN_A}|svcr:R1"]
    assert len(set(keys_with_ids(reading))) == 2


def keys_with_ids(reading: Reading) -> list[str]:
    with_ids = reading.events.filter(pl.col("event_id").is_not_null())
    return [key_text(hi, lo) for hi, lo in event_keys(with_ids, content_hashes(with_ids)).tolist()]


def test_payments_of_known_pacs008_files_are_left_out(tmp_path: Path) -> None:
    wires = tmp_path / "wires"
    wires.mkdir()
    save(wires, pacs008(transfer(InstdAmt="110.00", instructed_in="USD")), "a.xml")
    save(wires, "not a message", "b.txt")
    entries = [
        entry(details=[detail(uetr=UETR)]),
        entry(details=[detail(uetr=UETR)], amount="99.00"),
        entry(details=[detail(end_to_end="e1")]),
        entry(details=[detail(end_to_end="e1")], booked="2024-03-06"),
        entry(details=[detail(uetr=OTHER_UETR, end_to_end="e2")]),
        entry(details=[detail(uetr=UETR, foreign=path("InstdAmt/Amt", "110.00", Ccy="USD"))], amount="97.00"),
    ]
    file = save(tmp_path, camt(statement(*entries)))
    assert read(READER, file).events.height == 6
    left = read(READER, file, aside=3, camt_known_payments=str(wires))
    assert left.events["position"].to_list() == [2, 4, 5]
    assert left.said("3 entries are payments of the pacs.008 files and were left out")
    with pytest.raises(UnusableInput, match=r"camt_known_payments: expected pacs\.008 files; found none"):
        read(READER, file, camt_known_payments=str(wires / "b.txt"))


def test_a_reversal_takes_back_the_entry_it_names(tmp_path: Path) -> None:
    original = entry(
        direction="DBIT", reference="R1", booked="2024-03-04", details=[detail(uetr=UETR, creditor="Beta Ltd")]
    )
    back = entry(reference="R2", reversal=True, details=[detail(uetr=UETR, creditor="Beta Ltd")])
    for order in ([original, back], [back, original]):
        reading = read(READER, save(tmp_path, camt(statement(*order))))
        first, retraction = reading.row(0), reading.row(1)
        assert retraction["kind"] == "retraction"
        assert retraction["retracts_key"] == keys(read(READER, save(tmp_path, camt(statement(original)))))[0]
        changed = {"kind", "retracts_key", "position"}
        assert {k: v for k, v in retraction.items() if k not in changed} == {
            k: v for k, v in first.items() if k not in changed
        }
        assert reading.said("1 reversals take back an entry of this file")


@pytest.mark.parametrize(
    ("originals", "reversal"),
    [
        ([], {"uetr": UETR}),
        ([{"uetr": OTHER_UETR}], {"uetr": UETR}),
        ([{"uetr": UETR}], {"uetr": UETR, "amount": "99.00"}),
        ([{"uetr": UETR}], {"uetr": UETR, "direction": "DBIT"}),
        (
            [{"end_to_end": "e", "booked": "2024-03-01"}, {"end_to_end": "e", "booked": "2024-03-02"}],
            {"end_to_end": "e"},
        ),
        ([{"end_to_end": "NOTPROVIDED"}], {"end_to_end": "NOTPROVIDED"}),
        ([{"text": "x"}], {"text": "x"}),
    ],
    ids=["none", "another", "other amount", "same direction", "two fit", "placeholder", "no reference"],
)
def test_a_reversal_without_exactly_one_original_is_a_payment_in_its_direction(
    tmp_path: Path, originals: list[dict[str, str]], reversal: dict[str, str]
) -> None:
    def booked(parts: dict[str, str], default: str, *, reversal: bool) -> str:
        parts = dict(parts)
        amount, direction = parts.pop("amount", "100.00"), parts.pop("direction", default)
        day = parts.pop("booked", "2024-03-05")
        return entry(
            amount,
            direction,
            booked=day,
            reversal=reversal,
            details=[detail(creditor="Beta Ltd", **parts)],  # type: ignore[arg-type]
        )

    entries = [booked(parts, "DBIT", reversal=False) for parts in originals]
    reading = read(READER, save(tmp_path, camt(statement(*entries, booked(reversal, "CRDT", reversal=True)))))
    assert "retraction" not in reading.events["kind"].to_list()
    assert reading.said("1 reversals name no entry of this file and count as payments in their direction")
    last = reading.row(len(originals))
    if reversal.get("direction") != "DBIT":
        # Who was paid gives back: parties of a reversal keep their roles.
        assert (last["creditor_account"], last["debtor"]) == (IBAN_A, "name:beta ltd")


def test_an_event_is_taken_back_once_and_a_repeated_reversal_is_the_same(tmp_path: Path) -> None:
    original = entry(direction="DBIT", details=[detail(uetr=UETR)])
    back = entry(reversal=True, details=[detail(uetr=UETR)])
    other = entry(reversal=True, booked="2024-03-09", details=[detail(uetr=UETR)])
    reading = read(READER, save(tmp_path, camt(statement(original, back, back, other))))
    assert reading.events["kind"].to_list() == ["payment", "retraction", "retraction", "payment"]
    assert reading.said("2 reversals take back")
    assert reading.said("1 reversals name no entry")


def test_a_reversal_is_not_the_event_it_reverses(tmp_path: Path) -> None:
    back = entry(direction="DBIT", reversal=True, reference="R1")
    reading = read_entry(tmp_path, back)
    assert reading.one()["event_id"] == f"{IBAN_A}|svcr:R1|rvsl"


@pytest.mark.parametrize(
    ("closing", "agrees"), [(("CLBD", "130.00", "CRDT"), True), (("CLBD", "131.00", "CRDT"), False)]
)
def test_opening_balance_and_entries_make_the_closing_balance(
    tmp_path: Path, closing: tuple[str, str, str], agrees: bool
) -> None:
    entries = (
        entry("200.00"),
        entry("50.00", "DBIT"),
        entry("9.00", status="PDNG"),
        entry("20.00", "DBIT", reversal=True),
    )
    for opening in ("OPBD", "PRCD"):
        balances = balance(opening, "0.00") + balance(*closing) + balance("CLAV", "1.00")
        reading = read(READER, save(tmp_path, camt(statement(*entries, balances=balances))), aside=1)
        assert reading.said("do not lead from opening to closing balance") is not agrees
    overdrawn = balance("OPBD", "70.00", "DBIT") + balance("CLBD", "60.00")
    reading = read(READER, save(tmp_path, camt(statement(*entries, balances=overdrawn))), aside=1)
    assert not reading.said("do not lead")


def test_balances_of_one_page_of_several_are_not_compared(tmp_path: Path) -> None:
    pages = element("StmtPgntn", element("PgNb", "1"), element("LastPgInd", "false"))
    balances = balance("OPBD", "0.00") + balance("CLBD", "500.00")
    assert not read(READER, save(tmp_path, camt(statement(entry(), balances=balances, pages=pages)))).said("balance")


def test_a_missing_statement_is_noticed_by_its_number(tmp_path: Path) -> None:
    text = camt(*(statement(entry(), sequence=number) for number in ("7", "8", "8", "10")))
    reading = read(READER, save(tmp_path, text))
    assert reading.said(f"gap in the numbers of statements: one or more are missing, kept: '053 {IBAN_A}: 8 to 10'")


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (entry(direction="BOTH"), "CdtDbtInd must be CRDT or DBIT; found 'BOTH'"),
        (entry(currency="ABC"), "Amt must have a currency of ISO 4217; found 'ABC'"),
        (entry(amount="-5.00"), "Amt must be a number without sign"),
        (entry(amount="0.00"), "amount must be greater than 0"),
        (entry(booked=""), "BookgDt or ValDt is required"),
        (entry(booked="2024-02-30"), "BookgDt or ValDt is required"),
        (entry(status="<Cd>"), "expected well-formed XML"),
    ],
)
def test_an_entry_that_cannot_be_used_is_rejected_with_its_bytes(tmp_path: Path, bad: str, words: str) -> None:
    reading = read(READER, save(tmp_path, camt(statement(entry(), bad, entry()))))
    assert reading.events["position"].to_list() == [1, 3]
    assert words in reading.reasons()[0]
    assert reading.rejected["raw"].to_list() == [bad.encode()]


def test_entries_of_a_statement_without_account_are_rejected(tmp_path: Path) -> None:
    text = camt(statement(entry(), account=element("Ccy", "EUR")), statement(entry(), identification="S2"))
    reading = read(READER, save(tmp_path, text))
    assert reading.events.height == 1
    assert reading.reasons() == [
        "the statement of the entry cannot be used: expected Acct with an IBAN or another number; found none"
    ]


def test_accounts_without_iban_carry_their_bank(tmp_path: Path) -> None:
    text = camt(statement(entry(), account=path("Id/Othr/Id", "778899"), servicer="DEUTDEFFXXX"))
    assert read(READER, save(tmp_path, text)).one()["creditor_account"] == "DEUTDEFF/778899"


def test_batch_size_changes_nothing(tmp_path: Path) -> None:
    details = [detail(amount="10.00", end_to_end=str(n)) for n in range(10)]
    text = camt(statement(*(entry(f"{n}.00") for n in range(1, 8)), entry(details=details), entry(currency="ABC")))
    whole = read(READER, save(tmp_path, text))
    small = read(READER, save(tmp_path, text), batch_rows=4)
    assert max(small.sizes) == 4
    assert small.events.equals(whole.events)
    assert small.rejected.equals(whole.rejected)
    assert small.notes == whole.notes


@settings(max_examples=120)
@given(st.data())
def test_whatever_happens_to_bytes_counts_add_up(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    entries = [
        entry(
            f"{n}.25", details=[detail(uetr=UETR, debtor="B")], reversal=n == 4, direction="DBIT" if n == 4 else "CRDT"
        )
        for n in range(1, 6)
    ]
    text = camt(statement(*entries), statement(entry("7.25"), identification="S2"))
    body = bytearray(text.encode())
    place = data.draw(st.integers(0, len(body) - 1), label="place")
    kind = data.draw(st.sampled_from(["change", "drop", "cut"]), label="kind")
    if kind == "change":
        body[place] = data.draw(st.integers(0, 255), label="byte")
    elif kind == "drop":
        del body[place : place + data.draw(st.integers(1, 300), label="length")]
    else:
        del body[place:]
    file = tmp_path_factory.mktemp("corrupt") / "message.xml"
    file.write_bytes(bytes(body))
    try:
        reading = read(READER, file, aside=None)
    except UnusableInput:
        assert place < text.index("<Stmt>")
        return
    assert reading.rows_read >= reading.events.height + reading.rejected.height
    assert set(reading.events["amount"].to_list()) <= {*range(10_000)}
