"""pacs.008: the published Fedwire samples (where present), and cases of our own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.formats.pacs008 import READERS
from pipeline.ingest.open import head
from tests.pipeline.ingest.formats.messages import (
    IBAN_A,
    NAMESPACE,
    OTHER_UETR,
    UETR,
    bic,
    element,
    hybrid,
    member,
    pacs008,
    party,
    path,
    save,
    structured,
    transfer,
    unstructured,
)
from tests.pipeline.ingest.formats.reading import read
from typologies.base.identity import content_hashes, event_keys

(READER,) = READERS


@pytest.fixture
def fedwire(shared_fixtures: Path) -> list[Path]:
    folder = shared_fixtures / "fedwire-pacs008"
    if not folder.is_dir():
        pytest.skip("needs the Fedwire samples, whose licence is not settled: no folder fedwire-pacs008")
    return sorted(folder.glob("*.xml"))


def test_ten_published_messages_are_ten_events(fedwire: list[Path]) -> None:
    readings = [read(READER, file) for file in fedwire]
    events = pl.concat([reading.events for reading in readings])
    assert events.height == 10
    keys = event_keys(events, content_hashes(events))
    assert len({tuple(key) for key in keys.tolist()}) == 10
    # Three share a MsgId, two of them the bank as well; two more differ in nothing but a reference to remittance.
    assert events["event_id"].n_unique() == 8
    assert all(READER.recognises(file, head(file)) == 1.0 for file in fedwire)


def test_a_published_message_with_two_currencies(fedwire: list[Path]) -> None:
    (file,) = [file for file in fedwire if "Variation5" in file.name]
    reading = read(READER, file)
    event = reading.one()
    assert (event["amount"], event["exponent"], event["currency"]) == (100_000_000, 2, "EUR")
    assert (event["counter_amount"], event["counter_exponent"], event["counter_currency"]) == (100_985_899, 2, "USD")
    assert (event["debtor_account"], event["debtor_agent"], event["debtor_country"]) == (
        "BE34001216371411",
        "BANZBEBB",
        "BE",
    )
    assert event["event_time"] == datetime(2025, 3, 10, 13, tzinfo=UTC)
    assert reading.said("IBAN with wrong check digits (mod 97), kept: 'BE34001216371411'")


def test_published_ultimate_parties_stay(fedwire: list[Path]) -> None:
    events = {file.name: read(READER, file).one() for file in fedwire}
    (with_debtor,) = [event for event in events.values() if "ultimate_debtor" in event]
    (with_creditor,) = [event for event in events.values() if "ultimate_creditor" in event]
    assert with_debtor["ultimate_debtor"] == "name:corporation aa"
    assert with_creditor["ultimate_creditor"] == "name:corporation bb"


def test_a_transfer_becomes_an_event(tmp_path: Path) -> None:
    reading = read(
        READER, save(tmp_path, pacs008(transfer(RmtInf=path("Ustrd", "Invoice  7\n")), agent=bic("COBADEFF")))
    )
    assert reading.one() == {
        "source": "pacs008",
        "event_id": "COBADEFF|M1|1",
        "origin": "message.xml",
        "position": 1,
        "event_time": datetime(2024, 3, 5, 8, 30, tzinfo=UTC),
        "kind": "payment",
        "rail": "wire",
        "debtor_account": IBAN_A,
        "creditor_account": "NWBKGB2L/778899",
        "debtor": "name:alpha ltd",
        "creditor": "name:beta ltd",
        "debtor_name": "Alpha Ltd",
        "creditor_name": "Beta Ltd",
        "debtor_agent": "DEUTDEFF",
        "creditor_agent": "NWBKGB2L",
        "debtor_country": "DE",
        "creditor_country": "GB",
        "amount": 10000,
        "exponent": 2,
        "currency": "EUR",
        "business_date": date(2024, 3, 5),
        "memo": "Invoice 7",
    }


@pytest.mark.parametrize("version", ["pacs.008.001.02", "pacs.008.001.08", "pacs.008.001.13"])
def test_any_version_is_read_by_local_names(tmp_path: Path, version: str) -> None:
    old = transfer(DbtrAgt=path("FinInstnId/BIC", "DEUTDEFF"), CdtrAgt=path("FinInstnId/BIC", "NWBKGB2LXXX"))
    assert read(READER, save(tmp_path, pacs008(old, version=version))).one()["debtor_agent"] == "DEUTDEFF"


def test_prefixed_messages_are_read_like_others(tmp_path: Path) -> None:
    plain = pacs008(transfer())
    prefixed = plain.replace("<", "<x:").replace("<x:/", "</x:").replace("<x:?", "<?").replace("xmlns=", "xmlns:x=")
    assert read(READER, save(tmp_path, prefixed)).events.equals(read(READER, save(tmp_path, plain)).events)


def test_settlement_date_and_agent_of_the_header_hold_for_all_transfers(tmp_path: Path) -> None:
    own = transfer(InstgAgt=member("021040078"), IntrBkSttlmDt="2024-03-07")
    message = pacs008(
        transfer(IntrBkSttlmDt=""), own, header=element("IntrBkSttlmDt", "2024-03-06"), agent=member("011104238")
    )
    events = read(READER, save(tmp_path, message)).events
    assert events["event_id"].to_list() == ["USABA011104238|M1|1", "USABA021040078|M1|2"]
    assert events["business_date"].to_list() == [date(2024, 3, 6), date(2024, 3, 7)]


def test_the_uetr_is_no_key_and_the_place_in_the_message_is_one(tmp_path: Path) -> None:
    events = read(READER, save(tmp_path, pacs008(transfer(), transfer(), transfer(amount="5.00")))).events
    assert events["event_id"].to_list() == ["-|M1|1", "-|M1|2", "-|M1|3"]


def test_several_messages_of_a_file_count_their_own_transfers(tmp_path: Path) -> None:
    messages = pacs008(transfer(), transfer()) + pacs008(transfer(), message_id="M2")
    enveloped = "<Envelope>" + messages.replace('<?xml version="1.0"?>', "<AppHdr/>") + "</Envelope>"
    for text in (messages, enveloped):
        reading = read(READER, save(tmp_path, text))
        assert reading.events["event_id"].to_list() == ["-|M1|1", "-|M1|2", "-|M2|1"]
        assert reading.events["position"].to_list() == [1, 2, 3]


@pytest.mark.parametrize(
    ("created", "parts", "zone", "expected"),
    [
        ("2024-03-05T09:30:00Z", {}, "Asia/Tokyo", datetime(2024, 3, 5, 9, 30, tzinfo=UTC)),
        ("2024-03-05T09:30:00.250", {}, "Asia/Tokyo", datetime(2024, 3, 5, 0, 30, 0, 250_000, tzinfo=UTC)),
        ("nonsense", {}, "Asia/Tokyo", datetime(2024, 3, 4, 15, tzinfo=UTC)),
        ("nonsense", {"IntrBkSttlmDt": "2024-03-05+09:00"}, "UTC", datetime(2024, 3, 5, tzinfo=UTC)),
        (
            "2024-03-05T09:30:00Z",
            {"AccptncDtTm": "2024-03-05T01:02:03-05:00"},
            "UTC",
            datetime(2024, 3, 5, 6, 2, 3, tzinfo=UTC),
        ),
    ],
)
def test_event_time_is_acceptance_else_creation_else_settlement(
    tmp_path: Path, created: str, parts: dict[str, str], zone: str, expected: datetime
) -> None:
    file = save(tmp_path, pacs008(transfer(**parts), created=created))
    assert read(READER, file, zone=zone).one()["event_time"] == expected


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("100", "EUR", (10000, 2)),
        ("100.5", "EUR", (10050, 2)),
        ("100.50000", "EUR", (10050, 2)),
        ("100.12345", "EUR", (10012345, 5)),
        ("1000.00", "JPY", (1000, 0)),
        ("1.5", "KWD", (1500, 3)),
        ("999999999999999.99999", "USD", (99999999999999999999, 5)),
    ],
)
def test_amounts_are_exact_in_minor_units(
    tmp_path: Path, amount: str, currency: str, expected: tuple[int, int]
) -> None:
    event = read(READER, save(tmp_path, pacs008(transfer(amount=amount, currency=currency)))).one()
    assert (event["amount"], event["exponent"], event["currency"]) == (*expected, currency)


def test_instructed_and_settled_amounts_are_both_kept(tmp_path: Path) -> None:
    same = read(READER, save(tmp_path, pacs008(transfer(InstdAmt="100.00", instructed_in="EUR")))).one()
    assert "counter_amount" not in same
    charged = read(READER, save(tmp_path, pacs008(transfer(InstdAmt="102.50", instructed_in="EUR")))).one()
    assert (charged["amount"], charged["counter_amount"]) == (10250, 10000)


def test_all_five_parties_are_kept(tmp_path: Path) -> None:
    message = pacs008(
        transfer(
            UltmtDbtr=party("Behind A"),
            UltmtCdtr=party("Behind B"),
            InitgPty=party("Agent X"),
        )
    )
    event = read(READER, save(tmp_path, message)).one()
    assert [event[name] for name in ("debtor", "creditor", "ultimate_debtor", "ultimate_creditor", "conductor")] == [
        "name:alpha ltd",
        "name:beta ltd",
        "name:behind a",
        "name:behind b",
        "name:agent x",
    ]


def numbered(number: str, scheme: str, issuer: str) -> str:
    return element("Id", number) + path("SchmeNm/Cd", scheme) + element("Issr", issuer)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (party("  GOLDEN\n Dragon  Straße "), "name:golden dragon strasse"),
        (party("N", identification=path("Id/OrgId/LEI", "529900T8BM49AURSDO55")), "lei:529900T8BM49AURSDO55"),
        (party("N", identification=path("Id/OrgId/AnyBIC", "cobadeff")), "bic:COBADEFF"),
        (party("N", identification=path("Id/OrgId/Othr", numbered("77", "TXID", "HMRC"))), "TXID:77@HMRC"),
        (party("N", identification=path("Id/PrvtId/Othr", numbered("P1", "CCPT", "CN"))), "CCPT:P1"),
        (party("N", identification=path("Id/OrgId/Othr/Id", "9") + path("Id/OrgId/Othr/Id", "8")), "id:8"),
        (party("NOTPROVIDED"), None),
        ("", None),
    ],
)
def test_party_ids_join_across_messages(tmp_path: Path, content: str, expected: str | None) -> None:
    assert read(READER, save(tmp_path, pacs008(transfer(Dbtr=content)))).one().get("debtor") == expected


def test_the_country_of_a_passport_changes_nothing(tmp_path: Path) -> None:
    def person(issuer: str, residence: str) -> str:
        document = path("Id/PrvtId/Othr", numbered("P1", "CCPT", issuer))
        return party("Li Na", identification=document) + element("CtryOfRes", residence)

    first = read(READER, save(tmp_path, pacs008(transfer(Dbtr=person("CN", "CN")))))
    second = read(READER, save(tmp_path, pacs008(transfer(Dbtr=person("FR", "US")))))
    assert first.events.equals(second.events)
    assert first.facts == second.facts


def test_renaming_everybody_maps_ids_one_to_one(tmp_path: Path) -> None:
    names = {"Alpha Ltd": "Jin Long", "Beta Ltd": "Maria Lopez"}
    text = pacs008(transfer(), transfer(Dbtr=party("Beta Ltd"), Cdtr=party("Alpha Ltd")))
    renamed = text
    for old, new in names.items():
        renamed = renamed.replace(old, new)
    before, after = (read(READER, save(tmp_path, t)).events for t in (text, renamed))
    ids = {f"name:{old.lower()}": f"name:{new.lower()}" for old, new in names.items()}
    same = [name for name in before.columns if not name.endswith("_name")]
    mapped = before.with_columns(pl.col("debtor", "creditor").replace(ids)).select(same)
    assert mapped.equals(after.select(same))


@pytest.mark.parametrize(
    ("account", "agent", "expected"),
    [
        (path("Id/IBAN", "de89 3704 0044 0532 0130 00"), bic("DEUTDEFF"), "DE89370400440532013000"),
        (path("Id/Othr/Id", "0012"), bic("DEUTDEFFXXX"), "DEUTDEFF/0012"),
        (path("Id/Othr/Id", "0012"), bic("DEUTDEFF500"), "DEUTDEFF500/0012"),
        (path("Id/Othr/Id", "0012"), member("011104238"), "USABA011104238/0012"),
        (path("Id/Othr/Id", "0012"), path("FinInstnId/LEI", "529900T8BM49AURSDO55"), "lei:529900T8BM49AURSDO55/0012"),
        (path("Id/Othr/Id", "0012"), path("FinInstnId/Nm", "Bank  A"), "name:bank a/0012"),
        (path("Id/Othr/Id", "0012"), "", "?/0012"),
        (path("Prxy", path("Tp/Cd", "EMAL"), element("Id", "a@b.c")), "", "proxy:EMAL:a@b.c"),
        ("", bic("DEUTDEFF"), None),
    ],
)
def test_account_keys(tmp_path: Path, account: str, agent: str, expected: str | None) -> None:
    event = read(READER, save(tmp_path, pacs008(transfer(DbtrAcct=account, DbtrAgt=agent)))).one()
    assert event.get("debtor_account") == expected


@pytest.mark.parametrize(
    ("agent", "account", "expected"),
    [
        (path("FinInstnId", element("BICFI", "DEUTDEFF"), path("PstlAdr/Ctry", "LU")), path("Id/Othr/Id", "1"), "LU"),
        (bic("DEUTDEFF"), path("Id/IBAN", "GB29NWBK60161331926819"), "DE"),
        (member("011104238"), path("Id/Othr/Id", "1"), "US"),
        (member("X", "GBDSC"), path("Id/Othr/Id", "1"), "GB"),
        (path("FinInstnId/Nm", "Bank"), path("Id/IBAN", "GB29NWBK60161331926819"), "GB"),
        (path("FinInstnId/Nm", "Bank"), path("Id/Othr/Id", "1"), None),
    ],
)
def test_the_country_is_that_of_the_bank(tmp_path: Path, agent: str, account: str, expected: str | None) -> None:
    home = party("Alpha Ltd", address=path("PstlAdr/Ctry", "MX"))
    event = read(READER, save(tmp_path, pacs008(transfer(Dbtr=home, DbtrAgt=agent, DbtrAcct=account)))).one()
    assert event.get("debtor_country") == expected


def test_three_kinds_of_addresses_are_read_and_none_is_split(tmp_path: Path) -> None:
    message = pacs008(
        transfer(Dbtr=party("S", address=structured()), Cdtr=party("H", address=hybrid())),
        transfer(Dbtr=party("U", address=unstructured()), Cdtr=party("S", address=structured())),
    )
    reading = read(READER, save(tmp_path, message))
    facts = {fact.key: dict(fact.values) for fact in reading.facts}
    assert facts == {
        "name:s": {
            "address_kind": "structured",
            "address_street": "Main",
            "address_post_code": "1000",
            "address_town": "Bern",
            "address_country": "CH",
        },
        "name:h": {
            "address_kind": "hybrid",
            "address_lines": ("Main 1", "Back yard"),
            "address_town": "Bern",
            "address_country": "CH",
        },
        "name:u": {"address_kind": "unstructured", "address_lines": ("Main 1", "1000 Bern", "Switzerland")},
    }
    assert len(reading.facts) == 3
    assert {fact.table for fact in reading.facts} == {"party_profile"}
    assert {fact.valid_from for fact in reading.facts} == {datetime(2024, 3, 5, tzinfo=UTC)}
    assert {fact.known_at for fact in reading.facts} == {datetime(2024, 3, 6, tzinfo=UTC)}
    assert reading.said("addresses of parties: 1 hybrid, 2 structured, 1 unstructured")


def test_addresses_do_not_depend_on_the_order_of_messages(tmp_path: Path) -> None:
    early = pacs008(transfer(Dbtr=party("A", address=structured())), created="2024-03-05T08:00:00Z")
    later = pacs008(transfer(Dbtr=party("A", address=hybrid())), created="2024-03-05T18:00:00Z", message_id="M2")
    forth = read(READER, save(tmp_path, early + later + early))
    back = read(READER, save(tmp_path, later + early + later))
    assert {fact.content_hash() for fact in forth.facts} == {fact.content_hash() for fact in back.facts}


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"DbtrAcct": path("Id/IBAN", "DE89370400440532013001")}, "IBAN with wrong check digits (mod 97), kept"),
        ({"DbtrAgt": member("011104239")}, "ABA routing number with wrong check digit, kept: '011104239'"),
        ({"DbtrAgt": bic("DEUTZZFF")}, "BIC of another shape or with an unknown country, kept: 'DEUTZZFF'"),
        ({"DbtrAgt": path("FinInstnId/LEI", "529900T8BM49AURSDO56")}, "LEI with wrong check digits, kept"),
        ({"PmtId": element("UETR", UETR.upper())}, "UETR that is no lower-case UUID of version 4, kept"),
        ({"Dbtr": party("A", address=hybrid("1", "2", "3"))}, "hybrid address with more than two lines, kept"),
        ({"Dbtr": party("A", address=hybrid("x" * 71))}, "address line of more than 70 characters, kept"),
        ({"Dbtr": party("A", address=path("PstlAdr/Ctry", "QQ"))}, "country code that is not in ISO 3166, kept: 'QQ'"),
    ],
)
def test_what_fails_a_check_is_kept_and_said(tmp_path: Path, parts: dict[str, str], words: str) -> None:
    reading = read(READER, save(tmp_path, pacs008(transfer(**parts))))
    assert reading.events.height == 1
    assert reading.said(words)
    assert not read(READER, save(tmp_path, pacs008(transfer()))).said("kept")


def test_purposes_and_words(tmp_path: Path) -> None:
    strd = element(
        "Strd", path("RfrdDocInf/Nb", "INV-1"), path("CdtrRefInf/Ref", "RF18"), element("AddtlRmtInf", "March")
    )
    message = pacs008(
        transfer(Purp=path("Cd", "SALA"), RmtInf=path("Ustrd", "a") + path("Ustrd", "b") + strd),
        transfer(Purp=path("Cd", "WXYZ")),
        transfer(),
    )
    events = read(READER, save(tmp_path, message)).events
    assert events["purpose"].to_list() == ["payroll", "other", None]
    assert events["memo"].to_list() == ["a b INV-1 RF18 March", None, None]


def test_a_header_that_announces_something_else_is_said(tmp_path: Path) -> None:
    total = element("TtlIntrBkSttlmAmt", "250.00", Ccy="EUR")
    reading = read(READER, save(tmp_path, pacs008(transfer(), transfer(), count="3", header=total)))
    assert reading.events.height == 2
    assert reading.said("header that announces another number of transfers, kept: 'M1: 3 announced, 2 found'")
    assert reading.said("header that announces another total, kept: 'M1: 250.00, 200.00 found'")
    right = element("TtlIntrBkSttlmAmt", "200", Ccy="EUR")
    assert not read(READER, save(tmp_path, pacs008(transfer(), transfer(), header=right, count="02"))).said("announces")


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"currency": "XXZ"}, "IntrBkSttlmAmt must have a currency of ISO 4217; found 'XXZ'"),
        ({"amount": "1,5"}, "IntrBkSttlmAmt must be a number without sign; found '1,5'"),
        ({"amount": "-5"}, "IntrBkSttlmAmt must be a number without sign"),
        ({"amount": "1e3"}, "IntrBkSttlmAmt must be a number without sign"),
        ({"amount": "0.00"}, "amount must be greater than 0"),
        ({"IntrBkSttlmAmt": ""}, "IntrBkSttlmAmt is required; found none"),
        ({"InstdAmt": "5", "instructed_in": "usd"}, "InstdAmt must have a currency of ISO 4217"),
        ({"DbtrAcct": "", "CdtrAcct": ""}, "debtor_account or creditor_account is required"),
        ({"Dbtr": "<Nm>A</Mn>"}, "expected well-formed XML"),
        ({"Dbtr": "<Nm>&secret;</Nm>"}, "expected well-formed XML"),
    ],
)
def test_a_transfer_that_cannot_be_used_is_rejected_with_its_bytes(
    tmp_path: Path, parts: dict[str, str], words: str
) -> None:
    bad = transfer(**parts)
    reading = read(READER, save(tmp_path, pacs008(transfer(), bad, transfer())))
    assert reading.events["position"].to_list() == [1, 3]
    assert reading.events["event_id"].to_list() == ["-|M1|1", "-|M1|3"]
    assert reading.rejected["position"].to_list() == [2]
    assert words in reading.reasons()[0]
    assert reading.rejected["raw"].to_list() == [bad.encode()]


def test_a_time_is_required(tmp_path: Path) -> None:
    reading = read(READER, save(tmp_path, pacs008(transfer(IntrBkSttlmDt=""), created="yesterday")))
    assert "one of AccptncDtTm, CreDtTm and IntrBkSttlmDt is required" in reading.reasons()[0]


def test_a_message_without_a_usable_header_is_rejected_transfer_by_transfer(tmp_path: Path) -> None:
    broken = pacs008(transfer(), transfer()).replace("<MsgId>M1</MsgId>", "<MsgId>M1</MsgXd>")
    reading = read(READER, save(tmp_path, broken + pacs008(transfer(), message_id="M2")))
    assert reading.events["event_id"].to_list() == ["-|M2|1"]
    assert all("the header of the message cannot be used" in reason for reason in reading.reasons())


def test_a_first_transfer_without_start_tag_costs_only_itself(tmp_path: Path) -> None:
    broken = pacs008(transfer(), transfer()).replace("<CdtTrfTxInf>", "<CdtTrXTxInf>", 1)
    reading = read(READER, save(tmp_path, broken))
    assert reading.events.height == 1
    assert reading.rejected.height == 1


def test_entities_are_never_expanded_and_nothing_is_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("TOP SECRET")
    doctype = f'<!DOCTYPE d [<!ENTITY s SYSTEM "{secret.as_uri()}"><!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    text = pacs008(transfer(Dbtr=party("&s;")), transfer(Dbtr=party("&b;")), transfer())
    reading = read(READER, save(tmp_path, text.replace("<Document", doctype + "<Document")))
    assert reading.events["position"].to_list() == [3]
    assert "SECRET" not in str(reading.events.rows())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1"])
def test_declared_and_marked_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    text = pacs008(transfer(Dbtr=party("Zürich Ö"))).replace('"1.0"?', f'"1.0" encoding="{encoding[:10]}"?')
    file = save(tmp_path, text.replace("utf-8-sig", "utf-8"), encoding=encoding)
    assert READER.recognises(file, head(file)) == 1.0
    assert read(READER, file).one()["debtor_name"] == "Zürich Ö"


def test_the_encoding_of_a_record_that_lies_is_found_out(tmp_path: Path) -> None:
    text = pacs008(transfer(Dbtr=party("Zürich")), transfer())
    reading = read(READER, save(tmp_path, text, encoding="latin-1"))
    assert reading.events["position"].to_list() == [2]
    assert "expected well-formed XML" in reading.reasons()[0]


def test_other_messages_are_refused(tmp_path: Path) -> None:
    other = f'<Document xmlns="{NAMESPACE}pain.001.001.09"><CstmrCdtTrfInitn/></Document>'
    file = save(tmp_path, other)
    assert READER.recognises(file, head(file)) == 0.0
    reading = read(READER, file)
    assert (
        "expected a Document with FIToFICstmrCdtTrf; found urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
        in (reading.reasons()[0])
    )
    with pytest.raises(UnusableInput, match="found no such element"):
        read(READER, save(tmp_path, "<html/>"))


def test_batch_size_changes_nothing(tmp_path: Path) -> None:
    message = pacs008(*(transfer(amount=f"{n}.00") for n in range(1, 12)), "<CdtTrfTxInf>")
    whole = read(READER, save(tmp_path, message))
    small = read(READER, save(tmp_path, message), batch_rows=3)
    assert [size for size in small.sizes if size] == [3, 3, 3, 2]
    assert small.events.equals(whole.events)
    assert small.rejected.equals(whole.rejected)
    assert small.notes == whole.notes


@settings(max_examples=150)
@given(st.data())
def test_whatever_happens_to_bytes_counts_add_up(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    text = pacs008(*(transfer(amount=f"{n}.25", PmtId=element("UETR", OTHER_UETR)) for n in range(1, 8)))
    body = bytearray(text.encode())
    kind = data.draw(st.sampled_from(["change", "drop", "insert", "cut"]), label="kind")
    place = data.draw(st.integers(0, len(body) - 1), label="place")
    if kind == "change":
        body[place] = data.draw(st.integers(0, 255), label="byte")
    elif kind == "drop":
        del body[place : place + data.draw(st.integers(1, 300), label="length")]
    elif kind == "insert":
        body[place:place] = data.draw(st.binary(min_size=1, max_size=8), label="bytes")
    else:
        del body[place:]
    file = tmp_path_factory.mktemp("corrupt") / "message.xml"
    file.write_bytes(bytes(body))
    try:
        reading = read(READER, file)
    except UnusableInput:
        assert place < text.index("<CdtTrfTxInf>")
        return
    amounts = set(reading.events["amount"].to_list())
    whole = {n * 100 + 25 for n in range(1, 8)}
    if place > text.index("<CdtTrfTxInf>") and kind != "cut":
        # Damage in one transfer costs that transfer, and at most the one that a longer hole reaches into.
        assert len(amounts & whole) >= 5
    assert reading.rejected.height + reading.events.height <= 9
