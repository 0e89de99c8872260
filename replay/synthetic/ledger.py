"""Where every event is written, ordinary or planted, and how the columns become a canonical frame."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from replay.synthetic.clock import Array, Clock, Rng
from replay.synthetic.names import Names
from replay.synthetic.places import PLACES
from replay.synthetic.population import BANKS, HOME_BANK, MSB_BANK, Population
from typologies.base.events import FRAME_SCHEMA, Channel, Kind, PartyClass, Purpose, Rail

SOURCE = "synthetic"
CTR_LINE_CENTS = 10_000_00
"""31 CFR 1010.311: more than 10,000 dollars in currency on one business day."""

MERCHANTS: tuple[str, ...] = ("5411", "5812", "5541", "5912", "5651", "5732", "5999", "4121", "5331", "5944")
MEMOS: tuple[str, ...] = (
    "rent", "dinner", "groceries", "tuition", "living expenses", "thank you", "loan", "invoice", "gift",
    "utilities", "trip", "car", "order", "services", "deposit",
)  # fmt: skip
ROLES: tuple[str, ...] = (
    "depositor", "courier", "mule", "controller", "beneficiary", "shell", "client", "stranger",
    "holder", "employee", "owner", "customer", "tenant", "payee", "supplier", "platform", "relative",
)  # fmt: skip
LEGS: tuple[str, ...] = ("cash_in", "cash_out", "in", "out", "probe", "reduced", "return")

COLUMNS: dict[str, tuple[type[np.generic], int]] = {
    "time": (np.int64, 0),
    "day": (np.int32, 0),
    "kind": (np.int8, 0),
    "rail": (np.int8, 0),
    "channel": (np.int8, 0),
    "purpose": (np.int8, 0),
    "debtor": (np.int32, -1),
    "creditor": (np.int32, -1),
    "conductor": (np.int32, -1),
    "behalf": (np.int32, -1),
    "reported": (np.int32, -1),
    "cardholder": (np.int32, -1),
    "amount": (np.int64, 0),
    "branch": (np.int32, -1),
    "business_day": (np.int32, -1),
    "reduced": (np.int8, -1),
    "memo": (np.int16, -1),
    "instrument": (np.int64, -1),
    "merchant": (np.int8, -1),
    "case": (np.int32, -1),
    "role": (np.int8, -1),
    "leg": (np.int8, -1),
}
"""Columns of the ledger: type and value where an event does not say. Accounts, parties and branches by number."""


class Tag(NamedTuple):
    """What truth says about an event: the case, who acts in it, and which leg it is."""

    case: int
    role: str
    leg: str


class Ledger:
    """Blocks of events in the order in which they were written."""

    def __init__(self) -> None:
        self._blocks: list[tuple[int, dict[str, Array | int]]] = []

    def add(self, n: int, columns: dict[str, Array | int], tag: Tag | None = None) -> None:
        """Write `n` events."""
        unknown = columns.keys() - COLUMNS.keys()
        if unknown:
            raise KeyError(f"the ledger has no column {sorted(unknown)}")
        if tag is not None:
            columns = columns | {"case": tag.case, "role": ROLES.index(tag.role), "leg": LEGS.index(tag.leg)}
        if n:
            self._blocks.append((n, columns))

    def columns(self) -> dict[str, Array]:
        """Return all events as columns."""
        return {
            name: np.concatenate(
                [np.broadcast_to(np.asarray(c.get(name, default), dtype=dtype), (n,)) for n, c in self._blocks]
            )
            for name, (dtype, default) in COLUMNS.items()
        }


def settle(ledger: Ledger, population: Population, clock: Clock) -> dict[str, Array]:
    """Return the ledger's columns without what cannot have happened, and with the reports the bank made.

    An ordinary event before its account was opened or after the end of the world never was.
    """
    columns = ledger.columns()
    day, case = columns["day"], columns["case"]
    opened = population.opened
    early = (day < opened[columns["debtor"]]) & (columns["debtor"] >= 0)
    early |= (day < opened[columns["creditor"]]) & (columns["creditor"] >= 0)
    keep = (case >= 0) | ~(early | (day >= clock.days))
    columns = {name: values[keep] for name, values in columns.items()}
    columns["filed"] = _reports(columns, population)
    return columns


def _reports(columns: dict[str, Array], population: Population) -> Array:
    """Return 1, 0 or -1 (no cash): whether the bank reported the currency of that account and business day."""
    cash = np.flatnonzero(columns["kind"] == Kind.CASH)
    paid_in = columns["creditor"][cash] >= 0
    account = np.where(paid_in, columns["creditor"][cash], columns["debtor"][cash]).astype(np.int64)
    key = (account * 4_096 + columns["business_day"][cash]) * 2 + paid_in
    _, group = np.unique(key, return_inverse=True)
    total = np.bincount(group, weights=columns["amount"][cash].astype(np.float64))[group]
    filed = np.full(len(columns["kind"]), -1, dtype=np.int8)
    filed[cash] = (total > CTR_LINE_CENTS) & ~population.exempt[account]
    return filed


def frame(columns: dict[str, Array], population: Population, clock: Clock, names: Names, rng: Rng) -> pl.DataFrame:
    """Return the canonical frame, in order of event time, with the columns `case`, `role` and `leg` of truth beside it.

    Event ids are a random numbering: neither time nor the order of writing can be read from them.
    """
    n = len(columns["time"])
    number = rng.permutation(n)
    order = np.lexsort((number, columns["time"]))
    columns = {name: values[order] for name, values in columns.items()}
    number = number[order]

    party_of, bank_of = population.account_party, population.bank
    agents = [bank for bank, _ in BANKS]
    countries = [country for _, country in BANKS]
    out: dict[str, pl.Series] = {}
    for side in ("debtor", "creditor"):
        account = columns[side]
        party = np.where(account >= 0, party_of[account], -1)
        bank = np.where(account >= 0, bank_of[account], -1)
        out[f"{side}_account"] = _texts(names.accounts, account)
        out[side] = _texts(names.parties, party)
        out[f"{side}_name"] = _texts(names.display, party)
        out[f"{side}_agent"] = _texts(agents, bank)
        out[f"{side}_country"] = _texts(countries, bank)
        out[f"{side}_class"] = _names(PartyClass, np.where(party >= 0, population.party_class[party], 0))
    for name, column in (("conductor", "conductor"), ("on_behalf_of", "behalf"), ("cardholder", "cardholder")):
        out[name] = _texts(names.parties, columns[column])
    cash, filed = columns["kind"] == Kind.CASH, columns["filed"]
    reported = np.where(columns["reported"] >= 0, columns["reported"], columns["conductor"])
    out["ctr_conductor"] = _texts(names.parties, np.where(filed == 1, reported, -1))
    out["ctr_filed"] = _yes_no(filed)
    out["reduced_on_notice"] = _yes_no(columns["reduced"])
    out["kind"] = _names(Kind, columns["kind"])
    out["rail"] = _names(Rail, columns["rail"])
    out["channel"] = _names(Channel, columns["channel"])
    out["purpose"] = _names(Purpose, columns["purpose"])
    branch = columns["branch"]
    out["branch"] = _texts(names.branches, branch)
    out["place"] = _texts([p.code for p in PLACES], np.where(branch >= 0, population.branch_place[branch], -1))
    remitter = np.maximum(_bank(columns["creditor"], bank_of), _bank(columns["debtor"], bank_of)) == MSB_BANK
    out["institution_type"] = _texts(["bank", "msb"], np.where(cash, remitter, -1))
    business = np.where(columns["business_day"] >= 0, columns["business_day"] + clock.ordinal, -1)
    out["business_date"] = pl.Series(business, dtype=pl.Int32).replace({-1: None}).cast(pl.Date)
    out["memo"] = _texts(list(MEMOS), columns["memo"])
    out["merchant_category"] = _texts(list(MERCHANTS), columns["merchant"])
    instrument = pl.Series(columns["instrument"]).replace({-1: None})
    out["instrument_number"] = instrument.cast(pl.String)
    out["amount"] = pl.Series(columns["amount"]).cast(pl.Int128)
    out["event_time"] = pl.Series(columns["time"]).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    delay = np.minimum(rng.exponential(90.0, n), 3_600.0) * 1e6
    out["received_at"] = (
        pl.Series(columns["time"] + delay.astype(np.int64)).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    )
    out["event_id"] = pl.Series(number).cast(pl.String).str.zfill(9)
    constants = {"source": SOURCE, "exponent": 2, "currency": "USD"}
    table = pl.DataFrame(out).with_columns(
        pl.lit(constants.get(name)).cast(dtype).alias(name) for name, dtype in FRAME_SCHEMA.items() if name not in out
    )
    truth = {
        "case": pl.Series(columns["case"]),
        "role": _texts(list(ROLES), columns["role"]),
        "leg": _texts(list(LEGS), columns["leg"]),
    }
    return table.select(pl.col(name).cast(dtype) for name, dtype in FRAME_SCHEMA.items()).with_columns(
        series.alias(f"truth_{name}") for name, series in truth.items()
    )


def _bank(account: Array, bank_of: Array) -> Array:
    return np.where(account >= 0, bank_of[account], HOME_BANK)


def _texts(values: list[str], code: Array) -> pl.Series:
    """Return the texts that the codes stand for; a negative code is null."""
    texts = pl.Series([*values, None], dtype=pl.String)
    return texts.gather(pl.Series(np.where(code < 0, len(values), code).astype(np.uint32)))


def _names(enum: type[Kind | Rail | Channel | Purpose | PartyClass], code: Array) -> pl.Series:
    """Return the lower-case names of an enum's members; 0 is null."""
    members = [member.name.lower() for member in enum]
    position = {int(member): i for i, member in enumerate(enum)}
    table = np.full(max(position) + 1, -1)
    for value, i in position.items():
        table[value] = i
    return _texts(members, table[code])


def _yes_no(flag: Array) -> pl.Series:
    return pl.Series(flag, dtype=pl.Int8).replace({-1: None}).cast(pl.Boolean)
