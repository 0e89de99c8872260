"""SAML-D: one CSV of synthetic transfers with normal and suspicious behaviour types.

What a row becomes
------------------
- There is one amount. Its distribution is the same in every currency of the file (medians of 6,000 to 7,700 in pounds,
  yen and naira alike), so it is not in local units: it is taken as GBP, unconverted. Option `samld_currency` names
  another ISO 4217 code, or `payment` for the row's own payment currency. Decimals: two, always.
- Payment and received currency have no column of their own then; where they differ from each other or from the currency
  taken, `memo` says both.
- Accounts are numbers without a bank. Locations belong to the row: 6,507 accounts occur with several of them. They
  become the countries of the two banks.
- Cash Deposit is kind `cash` into the receiver's account, Cash Withdrawal kind `cash` out of the sender's. The account
  on the other side takes no part in the money: its holder is the `conductor`, as `holder:` + account.
- Credit card and Debit card are kind `card`; Cheque, ACH and Cross-border are `payment` on the rails cheque, ach and
  wire (the file does not name a rail for payments across borders).
- There is no operation id: `event_id` is null.

`Is_laundering` and `Laundering_type` leave as labels on (`origin`, `position`) and never reach events. Rows of one
type are not one case: `group` is null.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from pipeline.ingest.currencies import ISO_4217
from pipeline.ingest.delimited import DelimitedFile
from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.known_files import note_if_known
from pipeline.ingest.reader import ReadBatch, Reader, ReadOptions
from pipeline.ingest.tabular.batches import Check, Column, event_batch, with_notes
from pipeline.ingest.tabular.files import header_of, named, names_of
from pipeline.ingest.tabular.labels import Given, labels, truth
from pipeline.ingest.tabular.text_values import Words, local_times, minor_units, only

REQUIRED = (
    "Time",
    "Date",
    "Sender_account",
    "Receiver_account",
    "Amount",
    "Payment_currency",
    "Received_currency",
    "Sender_bank_location",
    "Receiver_bank_location",
    "Payment_type",
)
LABEL_COLUMNS = ("is_laundering", "laundering_type")

EXPONENT = 2
"""Amounts are written with up to two decimals, whatever the currency."""

_NAMED = {
    "UK pounds": "GBP",
    "Euro": "EUR",
    "US dollar": "USD",
    "Swiss franc": "CHF",
    "Turkish lira": "TRY",
    "Dirham": "AED",
    "Moroccan dirham": "MAD",
    "Pakistani rupee": "PKR",
    "Indian rupee": "INR",
    "Naira": "NGN",
    "Yen": "JPY",
    "Mexican Peso": "MXN",
    "Albanian lek": "ALL",
}
CURRENCIES = _NAMED | {code: code for code in _NAMED.values()}
"""Names as published, and the ISO codes that some copies have instead."""

LOCATIONS = {
    "UK": "GB",
    "USA": "US",
    "UAE": "AE",
    "Switzerland": "CH",
    "Turkey": "TR",
    "Morocco": "MA",
    "Pakistan": "PK",
    "India": "IN",
    "Nigeria": "NG",
    "Japan": "JP",
    "Mexico": "MX",
    "Albania": "AL",
    "Spain": "ES",
    "Germany": "DE",
    "Italy": "IT",
    "France": "FR",
    "Austria": "AT",
    "Netherlands": "NL",
}

DEPOSIT = "Cash Deposit"
WITHDRAWAL = "Cash Withdrawal"
TYPES = {
    "Credit card": ("card", "card"),
    "Debit card": ("card", "card"),
    "Cheque": ("payment", "cheque"),
    "ACH": ("payment", "ach"),
    "Cross-border": ("payment", "wire"),
    WITHDRAWAL: ("cash", "cash"),
    DEPOSIT: ("cash", "cash"),
}
"""Payment_type to kind and rail."""

_CURRENCY = Words(tuple(CURRENCIES))
_CODES = tuple(CURRENCIES.values())
_LOCATION = Words(tuple(LOCATIONS))
_COUNTRIES = tuple(LOCATIONS.values())
_TYPE = Words(tuple(TYPES))
_KINDS = tuple(kind for kind, _ in TYPES.values())
_RAILS = tuple(rail for _, rail in TYPES.values())

_TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S")
_HEADER = tuple(name.lower() for name in REQUIRED)
_OWN_CURRENCY = "payment"


class SamlDReader:
    """Reads the file by column names, in any order; the two label columns may be missing, others are left out.

    Options
    -------
    samld_currency
        Currency of the amounts: an ISO 4217 code or `payment`. Default GBP.
    known_files
        See `pipeline.ingest.known_files`.
    """

    name = "saml-d"
    default_source = "saml-d"

    def recognises(self, path: Path, head: bytes) -> float:
        """Return 1.0 where all columns are there, else 0.0."""
        return 1.0 if set(_HEADER) <= {name.lower() for name in header_of(head)} else 0.0

    def read(self, path: Path, options: ReadOptions) -> Iterator[ReadBatch]:
        """Yield batches in file order.

        Raises
        ------
        UnusableInput
            A column is missing, an option has no such value, or the file has the name of the published one and other
            content.
        """
        currency = options.extra.get("samld_currency", "GBP")
        if currency != _OWN_CURRENCY and currency not in ISO_4217:
            raise UnusableInput(
                f"option samld_currency must be an ISO 4217 code or {_OWN_CURRENCY}; found {currency[:20]}"
            )
        notes = note_if_known(path, options)
        file = DelimitedFile(path)
        names = names_of(path, file.header, REQUIRED)
        taken = "each row's payment currency" if currency == _OWN_CURRENCY else currency
        notes.append(f"{path.name}: amounts are taken as {taken}, unconverted")
        notes.append(f"{path.name}: times have no zone; read as {options.timezone.key}")
        if set(LABEL_COLUMNS) & set(names):
            notes.append(f"{path.name}: labels stand apart from events, on (origin, position)")
        extra = [name for name in names if name not in _HEADER + LABEL_COLUMNS]
        if extra:
            notes.append(f"{path.name}: columns that SAML-D does not have were left out: {', '.join(extra)[:200]}")
        source = options.source or self.default_source
        yield from with_notes(_batches(file, names, options, currency, source), notes)


def _batches(
    file: DelimitedFile, names: list[str], options: ReadOptions, currency: str, source: str
) -> Iterator[ReadBatch]:
    for rows in file.rows(options.batch_rows):
        text = named(rows, names)
        columns, checks = _parse(text, options, currency)
        found = _labels(file.path.name, rows.position, text)
        yield event_batch(file.path.name, rows, {"source": source, **columns}, checks, found)


def _labels(origin: str, position: pl.Series, text: pl.DataFrame) -> pl.DataFrame | None:
    given: dict[str, Given] = {"origin": origin, "position": position}
    if "is_laundering" in text.columns:
        given["is_illicit"] = truth(text["is_laundering"])
    if "laundering_type" in text.columns:
        given["label"] = text["laundering_type"]
    return labels(text.height, given) if len(given) > 2 else None


def _parse(text: pl.DataFrame, options: ReadOptions, taken: str) -> tuple[dict[str, Column], list[Check]]:
    times = local_times(text["date"] + " " + text["time"], _TIMES, options.timezone)
    paid = _CURRENCY.find(text["payment_currency"])
    received = _CURRENCY.find(text["received_currency"])
    sender_place = _LOCATION.find(text["sender_bank_location"])
    receiver_place = _LOCATION.find(text["receiver_bank_location"])
    kinds = _TYPE.find(text["payment_type"])
    amount = minor_units(text["amount"], EXPONENT)
    paid_code = Words.column(paid, _CODES, pl.String())
    columns: dict[str, Column] = {
        "event_time": times,
        "kind": Words.column(kinds, _KINDS, pl.String()),
        "rail": Words.column(kinds, _RAILS, pl.String()),
        "debtor_country": Words.column(sender_place, _COUNTRIES, pl.String()),
        "creditor_country": Words.column(receiver_place, _COUNTRIES, pl.String()),
        "amount": amount,
        "exponent": EXPONENT,
        "currency": paid_code if taken == _OWN_CURRENCY else taken,
        **_sides(text),
        **_memo(text, paid, received, taken),
    }
    known = ", ".join(_NAMED)
    return columns, [
        (
            times.is_null(),
            f"Date and Time must be YYYY-MM-DD HH:MM:SS and exist in {options.timezone.key}",
            (text["date"], text["time"]),
        ),
        (~only(text["sender_account"], "0-9"), "Sender_account must be digits", (text["sender_account"],)),
        (~only(text["receiver_account"], "0-9"), "Receiver_account must be digits", (text["receiver_account"],)),
        (amount.is_null(), "Amount must be a number with at most two decimals", (text["amount"],)),
        (paid.is_null(), f"Payment_currency must be one of {known}, or its ISO code", (text["payment_currency"],)),
        (
            received.is_null(),
            f"Received_currency must be one of {known}, or its ISO code",
            (text["received_currency"],),
        ),
        (sender_place.is_null(), f"Sender_bank_location must be one of {_LOCATION}", (text["sender_bank_location"],)),
        (
            receiver_place.is_null(),
            f"Receiver_bank_location must be one of {_LOCATION}",
            (text["receiver_bank_location"],),
        ),
        (kinds.is_null(), f"Payment_type must be one of {_TYPE}", (text["payment_type"],)),
    ]


def _sides(text: pl.DataFrame) -> dict[str, Column]:
    kind = pl.col("payment_type")
    sender, receiver = pl.col("sender_account"), pl.col("receiver_account")
    made = text.select(
        pl.when(kind != DEPOSIT).then(sender).alias("debtor_account"),
        pl.when(kind != WITHDRAWAL).then(receiver).alias("creditor_account"),
        pl.when(kind == DEPOSIT)
        .then(pl.lit("holder:") + sender)
        .when(kind == WITHDRAWAL)
        .then(pl.lit("holder:") + receiver)
        .alias("conductor"),
    )
    return {name: made[name] for name in made.columns}


def _memo(text: pl.DataFrame, paid: pl.Series, received: pl.Series, taken: str) -> dict[str, Column]:
    codes = pl.DataFrame(
        {"paid": Words.column(paid, _CODES, pl.String()), "received": Words.column(received, _CODES, pl.String())}
    )
    differ = pl.col("paid") != pl.col("received")
    if taken != _OWN_CURRENCY:
        differ |= pl.col("paid") != taken
    said = pl.format("payment currency {}, received currency {}", "paid", "received")
    return {"memo": codes.select(pl.when(differ).then(said).alias("memo"))["memo"]}


READERS: tuple[Reader, ...] = (SamlDReader(),)
