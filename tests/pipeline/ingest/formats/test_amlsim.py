"""AMLSim: the published sample of the older layout, and the two other layouts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.formats.amlsim import READERS
from pipeline.ingest.open import head
from tests.pipeline.ingest.formats.reading import read, write

(READER,) = READERS

CURRENT = "tran_id,orig_acct,bene_acct,tx_type,base_amt,tran_timestamp,is_sar,alert_id"
OLDER = "TXN_ID,ACCOUNT_ID,COUNTER_PARTY_ACCOUNT_NUM,TXN_SOURCE_TYPE_CODE,tx_count,TXN_AMOUNT_ORIG,start,end"
EDGES = "sourceNodeId,targetNodeId,value,time"


@pytest.fixture
def sample(data: Path) -> Path:
    return data / "amlsim-30acct"


def test_every_file_of_the_sample_is_recognised(sample: Path) -> None:
    for path in sorted(sample.glob("*.csv")):
        assert READER.recognises(path, head(path)) == 1.0
    assert READER.recognises(sample / "NOTICE.txt", head(sample / "NOTICE.txt")) == 0.0


def test_steps_are_days_from_the_base_date(sample: Path) -> None:
    events = read(READER, sample / "tx.csv").events
    assert events.height == 45
    last = events.filter(pl.col("event_id") == "131").row(0, named=True)
    # The same transfer stands in alerts.csv with EVENT_DATE 20170218.
    assert last["event_time"] == datetime(2017, 2, 18, tzinfo=UTC)
    moved = read(READER, sample / "tx.csv", amlsim_base_date="2020-01-01", zone="Asia/Tokyo").events
    assert moved["event_time"].to_list()[0] == datetime(2020, 1, 1, 15, tzinfo=UTC)


def test_transfers_to_oneself_and_amounts_of_any_length_stay_exact(sample: Path) -> None:
    events = read(READER, sample / "tx.csv").events
    own = events.filter(pl.col("debtor_account") == pl.col("creditor_account"))
    assert own["event_id"].to_list() == ["20", "94", "106"]
    amounts = dict(events.select("event_id", "amount").iter_rows())
    assert (amounts["13"], amounts["30"], amounts["131"]) == (13100, 19080, 1117)
    assert events["currency"].unique().to_list() == ["USD"]


def test_types_are_rails_and_a_deposit_between_accounts_is_no_cash(sample: Path) -> None:
    events = read(READER, sample / "tx.csv").events
    assert events["kind"].unique().to_list() == ["payment"]
    assert dict(events.group_by("rail").len().iter_rows()) == {"cheque": 13, "other": 24, "wire": 8}


def test_cash_is_at_a_branch_on_the_side_of_the_account(sample: Path) -> None:
    events = read(READER, sample / "cash_tx.csv").events
    assert events["branch"].unique().to_list() == ["0"]
    deposits = events.filter(pl.col("creditor_account").is_not_null())
    withdrawals = events.filter(pl.col("debtor_account").is_not_null())
    assert (deposits.height, withdrawals.height) == (8, 80)
    assert events["kind"].unique().to_list() == ["cash"]
    # 80 withdrawals of an account that began with 184.44 would be the reading that takes the headers at their word.
    assert withdrawals["debtor_account"].n_unique() == 13
    assert withdrawals.row(0, named=True)["debtor_account"] == "11"
    assert deposits.row(0, named=True)["creditor_account"] == "19"


def test_transfers_and_cash_of_one_run_share_their_numbers_without_meeting(sample: Path) -> None:
    ids = [
        *read(READER, sample / "tx.csv").events["event_id"],
        *read(READER, sample / "cash_tx.csv").events["event_id"],
    ]
    assert len(ids) == len(set(ids)) == 133


def test_holders_come_from_the_accounts_beside(sample: Path, tmp_path: Path) -> None:
    event = read(READER, sample / "tx.csv").row(0)
    assert (event["debtor"], event["creditor"]) == ("C_15", "C_25")
    alone = tmp_path / "tx.csv"
    alone.write_bytes((sample / "tx.csv").read_bytes())
    assert "debtor" not in read(READER, alone).row(0)


def test_accounts_of_the_older_layout_are_facts_and_their_marks_labels(sample: Path) -> None:
    reading = read(READER, sample / "accounts.csv", aside=30)
    opened, closed = reading.facts[:2]
    assert (opened.table, opened.key) == ("account_profile", "0")
    assert dict(opened.values) == {"holders": ("C_0",), "opened_on": "2017-01-02"}
    assert dict(closed.values) == dict(opened.values) | {"closed_on": "2017-02-20", "status": "closed"}
    assert closed.known_at == closed.valid_from == datetime(2017, 2, 20, tzinfo=UTC)
    assert reading.labels is not None
    illicit = reading.labels.filter(pl.col("is_illicit"))["account"].to_list()
    marked = (sample / "accounts.csv").read_text().lower().splitlines()
    assert illicit == [line.split(",")[0] for line in marked if "true" in line]
    assert not any(
        "rue" in str(value) or "raud" in name for fact in reading.facts for name, value in fact.values.items()
    )


def test_alerts_of_the_older_layout_are_labels_on_accounts(sample: Path) -> None:
    labels = read(READER, sample / "alerts.csv", aside=2).labels
    assert labels is not None
    assert labels.select("account", "label", "is_illicit", "group").rows() == [
        ("25", "cycle", True, "0"),
        ("24", "cycle", True, "1"),
    ]


def test_the_current_layout_gives_times_with_zone_ids_and_labels(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "transactions.csv",
        CURRENT,
        "1,1001,2001,TRANSFER,150.5,2017-01-01T10:00:00Z,False,-1",
        "2,2001,3001,TRANSFER,2750.00,2017-01-02T00:00:00Z,True,10",
        "3,77,2001,CASH-OUT,20.00,2017-01-02T00:00:00Z,False,-1",
        "4,2001,77,CASH-IN,30.00,2017-01-02T00:00:00Z,False,-1",
        "5,2001,3001,TRANSFER,1.00,4754-11-29T00:00:00Z,False,-1",
    )
    reading = read(READER, path, zone="Asia/Tokyo")
    assert reading.row(0) == {
        "source": "amlsim",
        "event_id": "1",
        "origin": "transactions.csv",
        "position": 1,
        "event_time": datetime(2017, 1, 1, 10, tzinfo=UTC),
        "kind": "payment",
        "rail": "other",
        "debtor_account": "1001",
        "creditor_account": "2001",
        "amount": 15050,
        "exponent": 2,
        "currency": "USD",
    }
    out, into = reading.row(2), reading.row(3)
    assert (out["debtor_account"], out["branch"], out.get("creditor_account")) == ("2001", "77", None)
    assert (into["creditor_account"], into["branch"], into.get("debtor_account")) == ("2001", "77", None)
    assert "event_time must lie between" in reading.reasons()[0]
    assert reading.labels is not None
    assert reading.labels.select("event_id", "is_illicit", "group").rows()[:2] == [
        ("1", False, None),
        ("2", True, "10"),
    ]


def test_alert_files_of_the_current_layout_are_labels(tmp_path: Path) -> None:
    on_transfers = write(
        tmp_path,
        "alert_transactions.csv",
        "alert_id,alert_type,is_sar,tran_id,orig_acct,bene_acct,tx_type,base_amt,tran_timestamp",
        "10,fan_in,True,2,2001,3001,TRANSFER,2750.00,2017-01-02T00:00:00Z",
    )
    reading = read(READER, on_transfers, aside=1)
    assert reading.events.height == 0
    assert reading.labels is not None
    assert reading.labels.select("event_id", "label", "is_illicit", "group").rows() == [("2", "fan_in", True, "10")]
    on_accounts = write(
        tmp_path,
        "alert_accounts.csv",
        "alert_id,alert_type,acct_id,acct_name,is_sar,model_id,start,end,schedule_id,bank_id",
        "10,fan_in,3001,C_3001,true,1,0,1000000,2,bank_a",
        "10,fan_in,,C_3001,true,1,0,1000000,2,bank_a",
    )
    reading = read(READER, on_accounts, aside=1)
    assert reading.labels is not None
    assert reading.labels.select("account", "label", "is_illicit", "group").rows() == [("3001", "fan_in", True, "10")]
    assert reading.reasons() == ["acct_id is required; found nothing"]
    sar = write(
        tmp_path,
        "sar_accounts.csv",
        "ALERT_ID,ACCOUNT_ID,CUSTOMER_ID,EVENT_DATE,ALERT_TYPE,ACCOUNT_TYPE,IS_SAR",
        "3,5,C_5,20170101,cycle,INDIVIDUAL,NO",
    )
    found = read(READER, sar, aside=1).labels
    assert found is not None
    assert found.select("account", "label", "is_illicit", "group").rows() == [("5", "cycle", False, "3")]


def test_an_account_that_closes_in_the_year_4754_never_closes(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "accounts.csv",
        "acct_id,dsply_nm,type,acct_stat,acct_rptng_crncy,prior_sar_count,branch_id,open_dt,close_dt,bank_id,street_addr",
        '1001,C_1,SAV,A,USD,True,1,2017-01-01T00:00:00Z,4754-11-29T00:00:00Z,bank_a,"1, Main Street"',
        "1002,C_2,SAV,A,USD,False,1,2017-01-01T00:00:00Z,2017-05-01T00:00:00Z,bank_b,2 Main Street",
    )
    reading = read(READER, path, aside=2)
    assert [(fact.key, dict(fact.values)) for fact in reading.facts] == [
        ("1001", {"institution": "bank_a", "branch": "1", "currency": "USD", "opened_on": "2017-01-01"}),
        ("1002", {"institution": "bank_b", "branch": "1", "currency": "USD", "opened_on": "2017-01-01"}),
        (
            "1002",
            {
                "institution": "bank_b",
                "branch": "1",
                "currency": "USD",
                "opened_on": "2017-01-01",
                "closed_on": "2017-05-01",
                "status": "closed",
            },
        ),
    ]
    assert reading.labels is not None
    assert reading.labels.select("account", "is_illicit").rows() == [("1001", True), ("1002", False)]


def test_nodes_and_edges(tmp_path: Path) -> None:
    edges = write(tmp_path, "transactions.csv", EDGES, "1,2,100.5,0", "2,2,3,719", "1,2,4,-1", "1,2,5,1.5", ",2,5,1")
    reading = read(READER, edges)
    assert reading.events["event_time"].to_list() == [
        datetime(2017, 1, 1, tzinfo=UTC),
        datetime(2018, 12, 21, tzinfo=UTC),
    ]
    assert reading.events["event_id"].null_count() == 2
    assert reading.events["amount"].to_list() == [10050, 300]
    assert reading.rejected["position"].to_list() == [3, 4, 5]
    assert "time must be a step from 0 to 1,000,000; found '-1'" in reading.reasons()[0]
    assert "sourceNodeId is required" in reading.reasons()[2]
    nodes = write(tmp_path, "nodes.csv", "nodeid,isFraud,init_balance,fraudStep", "1,1,50.0,12", "2,0,50.0,-1")
    found = read(READER, nodes, aside=2)
    assert found.labels is not None
    assert found.labels.select("account", "is_illicit").rows() == [("1", True), ("2", False)]
    assert found.facts == []


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("1,1,2,WIRE,2,5.00,1,1", "tx_count must be 1, one row for one transfer; found '2'"),
        ("1,1,2,MAGIC,1,5.00,1,1", "txn_source_type_code must be one of WIRE"),
        ("1,1,,WIRE,1,5.00,1,1", "counter_party_account_num is required"),
        (",1,2,WIRE,1,5.00,1,1", "TXN_ID is required"),
        ("1,1,2,WIRE,1,5.001,1,1", "txn_amount_orig must be a number with at most two decimals"),
        ("1,1,2,WIRE,1,-5.00,1,1", "amount must be greater than 0"),
        ("1,1,2,WIRE,1,5.00,99999999999999999999,1", "START must be a step"),
        ("1,1,2,WIRE,1,5.00,1", "expected 8 fields; found 7"),
    ],
)
def test_rows_that_cannot_be_used_are_rejected(tmp_path: Path, row: str, words: str) -> None:
    reading = read(READER, write(tmp_path, "tx.csv", OLDER, row, "2,1,2,WIRE,1,5.00,1,1"))
    assert reading.events["event_id"].to_list() == ["2"]
    assert words in reading.reasons()[0]


def test_party_files_are_known_and_said_to_be_unused(tmp_path: Path) -> None:
    path = write(tmp_path, "accountMapping.csv", "cust_acct_mapping_id,acct_id,cust_id,cust_acct_role", "1,2,2,Primary")
    reading = read(READER, path)
    assert reading.rows_read == 0
    assert reading.said("nothing in it is used")


def test_options_without_meaning_are_refused(sample: Path, tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="amlsim_base_date must be YYYY-MM-DD; found 1 May"):
        read(READER, sample / "tx.csv", amlsim_base_date="1 May")
    with pytest.raises(UnusableInput, match="amlsim_currency must be an ISO 4217 code"):
        read(READER, sample / "tx.csv", amlsim_currency="dollars")
    with pytest.raises(UnusableInput, match="expected the header of an AMLSim file; found a, b"):
        read(READER, write(tmp_path, "x.csv", "a,b", "1,2"))
