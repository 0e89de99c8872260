"""The customer file is read the same, whichever source wrote it."""

from __future__ import annotations

from datetime import UTC, date, datetime

from typologies.base.context import FactStore, JudgeContext
from typologies.base.customer import Customer, allowed_because, customer, customer_of
from typologies.base.facts import Fact, FactValue, cash_values, income_values

SINCE = datetime(2025, 1, 1, tzinfo=UTC)
NOW_US = 1_767_225_600_000_000  # 2026-01-01


def _fact(table: str, key: str, **values: FactValue) -> Fact:
    return Fact(table, key, SINCE, SINCE, values)


def _context(*facts: Fact) -> JudgeContext:
    return JudgeContext(FactStore(facts), frozenset({"account_profile", "allowlist"}), "account", "a1", NOW_US)


def test_expected_cash_is_minor_units_of_dollars_by_their_exponent() -> None:
    tenths = _fact(
        "account_profile",
        "a1",
        expected_cash_in_per_month=60_000,
        expected_cash_in_exponent=1,
        expected_cash_in_currency="USD",
    )
    assert customer_of(tenths).expected_cash_usd_cents == 6_000_00
    assert customer_of(_fact("account_profile", "a1", **cash_values(6_000))).expected_cash_usd_cents == 6_000_00


def test_expected_cash_in_another_currency_is_not_taken_for_dollars() -> None:
    fact = _fact(
        "account_profile",
        "a1",
        expected_cash_in_per_month=60_000,
        expected_cash_in_exponent=2,
        expected_cash_in_currency="MXN",
    )
    assert customer_of(fact).expected_cash_usd_cents is None


def test_a_monthly_income_is_taken_for_a_year() -> None:
    fact = _fact(
        "account_profile",
        "a1",
        declared_income=150_000,
        declared_income_exponent=2,
        declared_income_currency="USD",
        declared_income_period="month",
    )
    assert customer_of(fact).declared_income_usd_cents == 18_000_00
    assert customer_of(_fact("account_profile", "a1", **income_values(18_000))).declared_income_usd_cents == 18_000_00


def test_a_profile_is_read_by_the_fields_of_its_own_table() -> None:
    values: dict[str, FactValue] = {"opened_on": "2020-01-02", "holder_class": "msb", "holders": ("p1", "p2")}
    values |= {"customer_since": "2010-03-04", "party_class": "individual"}
    account, party = (customer_of(_fact(table, "x", **values)) for table in ("account_profile", "party_profile"))
    assert (account.opened_on, account.holder_class) == (date(2020, 1, 2), "msb")
    assert (party.opened_on, party.holder_class) == (date(2010, 3, 4), "individual")
    assert account.holders == ("p1", "p2")


def test_the_class_comes_from_the_holder_else_from_the_type_of_account() -> None:
    assert customer_of(_fact("account_profile", "a1", holder_class="msb", account_type="business")).is_institution
    assert customer_of(_fact("account_profile", "a1", account_type="business")).is_business
    assert not customer_of(_fact("account_profile", "a1", account_type="personal")).is_business
    assert not customer_of(_fact("account_profile", "a1", account_type="other")).is_business


def test_a_shell_gets_no_credit_for_being_a_business() -> None:
    assert not customer_of(_fact("party_profile", "p1", party_class="shell")).is_business


def test_opening_day_and_exemption_are_read() -> None:
    read = customer_of(_fact("account_profile", "a1", opened_on="2025-12-24", is_ctr_exempt=True))
    assert (read.opened_on, read.is_exempt) == (date(2025, 12, 24), True)


def test_without_a_profile_nothing_is_known_and_nothing_is_cited() -> None:
    context = _context()
    assert customer(context, "account") == Customer()
    assert not context.read


def test_reading_a_profile_cites_its_version() -> None:
    fact = _fact("account_profile", "a1", holders=("p1",))
    context = _context(fact)
    assert customer(context, "account").version == fact.content_hash()
    assert context.read == {fact.content_hash()}


def test_an_allowlist_row_covers_what_it_lists_or_everything() -> None:
    everything = _context(_fact("allowlist", "a1", reason="branch cash of the bank itself"))
    assert allowed_because(everything, "a1", "structuring") == "branch cash of the bank itself"
    one = _context(_fact("allowlist", "a1", typologies=("bulk_cash",)))
    assert allowed_because(one, "a1", "bulk_cash") == "allowlisted"
    assert allowed_because(one, "a1", "structuring") is None
    assert allowed_because(one, "a2", "bulk_cash") is None
