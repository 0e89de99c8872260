"""Rows in the layout of AMLworld Trans, which Patterns repeats, to canonical columns."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import polars as pl

from pipeline.ingest.formats.amlworld.accounts import account_keys
from pipeline.ingest.tabular.batches import Check, Column
from pipeline.ingest.tabular.text_values import Words, local_times, minor_units

COLUMNS = (
    "time",
    "from_bank",
    "from_account",
    "to_bank",
    "to_account",
    "received",
    "received_currency",
    "paid",
    "paid_currency",
    "format",
    "laundering",
)

FIAT_EXPONENT = 2
"""Every fiat amount of the sets is written with two decimals, yen and ruble alike."""

SATOSHI_EXPONENT = 8

CURRENCIES = {
    "US Dollar": "USD",
    "Euro": "EUR",
    "Swiss Franc": "CHF",
    "Yuan": "CNY",
    "Shekel": "ILS",
    "Rupee": "INR",
    "UK Pound": "GBP",
    "Ruble": "RUB",
    "Yen": "JPY",
    "Bitcoin": "BTC",
    "Canadian Dollar": "CAD",
    "Australian Dollar": "AUD",
    "Mexican Peso": "MXN",
    "Saudi Riyal": "SAR",
    "Brazil Real": "BRL",
}

FORMATS = {
    "Cheque": ("payment", "cheque"),
    "Credit Card": ("card", "card"),
    "ACH": ("payment", "ach"),
    "Cash": ("cash", "cash"),
    "Reinvestment": ("payment", "reinvestment"),
    "Wire": ("payment", "wire"),
    "Bitcoin": ("payment", "crypto"),
}
"""Payment Format to kind and rail."""

_CURRENCY = Words(tuple(CURRENCIES))
_CODES = tuple(CURRENCIES.values())
_EXPONENTS = tuple(SATOSHI_EXPONENT if code == "BTC" else FIAT_EXPONENT for code in _CODES)
_FORMAT = Words(tuple(FORMATS))
_KINDS = tuple(kind for kind, _ in FORMATS.values())
_RAILS = tuple(rail for _, rail in FORMATS.values())

_TIMES = ("%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S")
_ID = "must be a bank id of digits and an account id of capital hexadecimal digits"
_AMOUNT = "must be a number without more decimals than the unit of its currency"


@dataclass(frozen=True, slots=True)
class Parsed:
    """n rows.

    Attributes
    ----------
    columns
        Canonical columns, without source, origin and position.
    checks
        What makes a row unusable; see `batches.first_reason`.
    debtor, creditor
        (n,) account keys.
    """

    columns: dict[str, Column]
    checks: list[Check]
    debtor: pl.Series
    creditor: pl.Series


def parse(text: pl.DataFrame, zone: ZoneInfo) -> Parsed:
    """Parse n rows of text with the columns `COLUMNS`; their times are of `zone`."""
    times = local_times(text["time"], _TIMES, zone)
    debtor, debtor_bank, bad_debtor = account_keys(text["from_bank"], text["from_account"])
    creditor, creditor_bank, bad_creditor = account_keys(text["to_bank"], text["to_account"])
    paid_in = _CURRENCY.find(text["paid_currency"])
    exponent = Words.column(paid_in, _EXPONENTS, pl.Int8())
    amount = minor_units(text["paid"], exponent)
    form = _FORMAT.find(text["format"])
    counter, counter_checks = _counter(text)
    columns: dict[str, Column] = {
        "event_time": times,
        "kind": Words.column(form, _KINDS, pl.String()),
        "rail": Words.column(form, _RAILS, pl.String()),
        "debtor_account": debtor,
        "creditor_account": creditor,
        "debtor_agent": debtor_bank,
        "creditor_agent": creditor_bank,
        "amount": amount,
        "exponent": exponent,
        "currency": Words.column(paid_in, _CODES, pl.String()),
        **counter,
    }
    checks: list[Check] = [
        (times.is_null(), f"Timestamp must be YYYY/MM/DD HH:MM and exist in {zone.key}", (text["time"],)),
        (bad_debtor, f"From {_ID}", (text["from_bank"], text["from_account"])),
        (bad_creditor, f"To {_ID}", (text["to_bank"], text["to_account"])),
        (paid_in.is_null(), f"Payment Currency must be one of {_CURRENCY}", (text["paid_currency"],)),
        (amount.is_null(), f"Amount Paid {_AMOUNT}", (text["paid"],)),
        *counter_checks,
        (form.is_null(), f"Payment Format must be one of {_FORMAT}", (text["format"],)),
    ]
    return Parsed(columns, checks, debtor, creditor)


def _counter(text: pl.DataFrame) -> tuple[dict[str, Column], list[Check]]:
    """Return the creditor's side of the money, filled only where it differs: in 1.4 % of the rows of HI-Small."""
    differs = (text["received"] != text["paid"]) | (text["received_currency"] != text["paid_currency"])
    rows = differs.fill_null(value=True).arg_true()
    few = text.select("received", "received_currency")[rows]
    received_in = _CURRENCY.find(few["received_currency"])
    exponent = Words.column(received_in, _EXPONENTS, pl.Int8())
    amount = minor_units(few["received"], exponent)
    bad_currency = _spread(received_in.is_null(), rows, text.height, pl.Boolean(), fill=False)
    bad_amount = _spread(amount.is_null(), rows, text.height, pl.Boolean(), fill=False)
    columns: dict[str, Column] = {
        "counter_amount": _spread(amount, rows, text.height, pl.Int128()),
        "counter_exponent": _spread(exponent, rows, text.height, pl.Int8()),
        "counter_currency": _spread(Words.column(received_in, _CODES, pl.String()), rows, text.height, pl.String()),
    }
    return columns, [
        (bad_currency, f"Receiving Currency must be one of {_CURRENCY}", (text["received_currency"],)),
        (bad_amount, f"Amount Received {_AMOUNT}", (text["received"],)),
    ]


def _spread(few: pl.Series, rows: pl.Series, n: int, kind: pl.DataType, *, fill: bool | None = None) -> pl.Series:
    """Return (n,) values: `few` at `rows`, `fill` elsewhere."""
    return pl.repeat(fill, n, dtype=kind, eager=True).scatter(rows, few)
