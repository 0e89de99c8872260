"""The customer file is read the same, whichever source wrote it."""

from __future__ import annotations

from datetime import UTC, date, datetime

from typologies.base.context import FactStore, JudgeContext
from typologies.base.customer import Customer, allowed_because, customer, customer_of
from typologies.base.facts import Fact, FactValue

SINCE = datetime(2025, 1, 1, tzinfo=UTC)
NOW_US = 1_767_225_600_000_000  # 2026-01-01


def _fact(table: str, key: str, **values: FactValue) -> Fact:
    return Fact(table, key, SINCE, SINCE, values)


def _context(*facts: Fact) -> JudgeContext:
    return JudgeContext(FactStore(facts), frozenset({"account_profile", "allowlist"}), "account", "a1", NOW_US)


def test_whole_dollars_and_minor_units_of_dollars_mean_the_same_expected_cash() -> None:
    dollars = customer_of(_fact("account_profile", "a1", expected_cash_usd_per_month=6_000))
    minor = customer_of(
        _fact(
            "account_profile",
            "a1",
            expected_cash_in_per_month=60_000,
            expected_cash_in_exponent=1,
            expected_cash_in_currency="USD",
        )
    )
    assert dollars.expected_cash_usd_cents == minor.expected_cash_usd_cents == 6_000_00


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
    assert (
        customer_of(_fact("account_profile", "a1", declared_income_usd=18_000)).declared_income_usd_cents == 18_000_00
    )


def test_one_holder_and_a_list_of_holders_are_both_read() -> None:
    assert customer_of(_fact("account_profile", "a1", holder="p1")).holders == ("p1",)
    assert customer_of(_fact("account_profile", "a1", holders=("p1", "p2"))).holders == ("p1", "p2")


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
    assert customer_of(_fact("account_profile", "a1", exempt=True)).is_exempt


def test_without_a_profile_nothing_is_known_and_nothing_is_cited() -> None:
    context = _context()
    assert customer(context, "account") == Customer()
    assert not context.read


def test_reading_a_profile_cites_its_version() -> None:
    fact = _fact("account_profile", "a1", holder="p1")
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
