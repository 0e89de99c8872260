"""The few ways in which money moves: ordinary life and planted cases share them, with their clocks and rounding."""

from __future__ import annotations

import numpy as np

from replay.synthetic.clock import Array, Clock, Rng, minutes_of
from replay.synthetic.ledger import MEMOS, MERCHANTS, Ledger, Tag
from replay.synthetic.population import MSB_BANK, Population
from typologies.base.events import Channel, Kind, Purpose, Rail

Numbers = Array | int
"""One value for all events of a call, or one for each."""

CUT_OFF_MINUTES = {Channel.TELLER: 17 * 60, Channel.ATM: 20 * 60, Channel.NIGHT_DEPOSIT: 17 * 60}
"""Cash handed over later counts on the next business day (31 CFR 1010.313: nights, weekends and holidays)."""

CLOCK_OF_RAIL = {
    Rail.WIRE: "office",
    Rail.ACH: "clearing",
    Rail.P2P: "waking",
    Rail.CHEQUE: "clearing",
    Rail.INTERNAL: "waking",
    Rail.INSTRUMENT: "counter",
    Rail.REMITTANCE: "waking",
    Rail.CARD: "shopping",
}
BANKING_DAYS_ONLY = (Rail.WIRE, Rail.ACH, Rail.CHEQUE, Rail.INSTRUMENT)

PURPOSE_SAID = 0.7
"""Share of entries whose purpose the source names; ACH entries carry a code that always does."""


class Flows:
    """Movements of money, written to a ledger. Amounts come in as dollars and leave as rounded cents."""

    def __init__(self, population: Population, clock: Clock, ledger: Ledger, rng: Rng) -> None:
        self.population = population
        self.clock = clock
        self.ledger = ledger
        self.rng = rng

    def cash_in(
        self,
        account: Numbers,
        day: Numbers,
        dollars: Array,
        conductor: Numbers,
        *,
        branch: Array | None = None,
        channel: Numbers | None = None,
        behalf: Numbers = -1,
        reported: Numbers = -1,
        reduced: Numbers = -1,
        memo: int = -1,
        tag: Tag | None = None,
    ) -> None:
        """Pay cash into an account, at its home branch unless said otherwise.

        `behalf`: for whom, if not for the holder; `reported`: whom a report names, if not the conductor; `reduced`:
        1 where the sum tendered was cut after the customer heard of the report.
        """
        self._cash(account, day, dollars, conductor, branch, channel, True, tag, behalf, reported, reduced, memo)

    def cash_out(self, account: Numbers, day: Numbers, dollars: Array, channel: Numbers | None = None) -> None:
        """Draw cash from an account at its home branch."""
        holder = self.population.account_party[account]
        self._cash(account, day, dollars, holder, None, channel, False, None, -1, -1, -1, -1)

    def _cash(
        self,
        account: Numbers,
        day: Numbers,
        dollars: Array,
        conductor: Numbers,
        branch: Array | None,
        channel: Numbers | None,
        paid_in: bool,
        tag: Tag | None,
        behalf: Numbers,
        reported: Numbers,
        reduced: Numbers,
        memo: int,
    ) -> None:
        n, clock, rng = len(dollars), self.clock, self.rng
        account, day = np.broadcast_to(account, n), np.broadcast_to(day, n)
        where = self.branch(account) if branch is None else branch
        how = self._channel(dollars) if channel is None else np.broadcast_to(channel, n)
        at_remitter = self.population.bank[account] == MSB_BANK
        how = np.where(at_remitter | (clock.business[day] | (how != Channel.TELLER)), how, Channel.ATM)
        minute = np.select(
            [how == Channel.ATM, how == Channel.NIGHT_DEPOSIT, at_remitter],
            [minutes_of(rng, "waking", n), minutes_of(rng, "evening", n), minutes_of(rng, "shopping", n)],
            minutes_of(rng, "counter", n),
        )
        cut_off = np.select([how == c for c in CUT_OFF_MINUTES], list(CUT_OFF_MINUTES.values()), 17 * 60)
        self.ledger.add(
            n,
            {
                "time": clock.to_utc(day, minute, self.population.branch_place[where]),
                "day": day,
                "kind": Kind.CASH,
                "rail": Rail.CASH,
                "channel": how,
                "creditor" if paid_in else "debtor": account,
                "conductor": conductor,
                "behalf": behalf,
                "reported": reported,
                "amount": banknotes(rng, dollars),
                "branch": where,
                "business_day": clock.next_business[day + (minute >= cut_off)],
                "reduced": np.where(how == Channel.TELLER, np.maximum(reduced, 0), reduced),
                "memo": memo,
            },
            tag,
        )

    def pay(
        self,
        rail: Rail,
        debtor: Numbers,
        creditor: Numbers,
        day: Numbers,
        dollars: Array,
        *,
        purpose: Purpose | int = 0,
        minute: Array | None = None,
        memo: int | None = None,
        tag: Tag | None = None,
    ) -> None:
        """Move money from account to account. `minute`: local time of day at the customer's place; None: as usual."""
        n, rng, population = len(dollars), self.rng, self.population
        debtor, creditor, day = (np.broadcast_to(v, n) for v in (debtor, creditor, day))
        if rail in BANKING_DAYS_ONLY:
            day = self.clock.next_business[day]
        payer, payee = population.account_party[debtor], population.account_party[creditor]
        home = population.place[np.where(population.own[payer], payer, payee)]
        said = np.where(rng.random(n) < 0.55, rng.integers(0, len(MEMOS), n), -1) if rail != Rail.CARD else -1
        numbered = rail in (Rail.CHEQUE, Rail.INSTRUMENT)
        person_to_person = rail in (Rail.P2P, Rail.INTERNAL)
        self.ledger.add(
            n,
            {
                "time": self.clock.to_utc(
                    day, minutes_of(rng, CLOCK_OF_RAIL[rail], n) if minute is None else minute, home
                ),
                "day": day,
                "kind": {Rail.INSTRUMENT: Kind.INSTRUMENT, Rail.CARD: Kind.CARD}.get(rail, Kind.PAYMENT),
                "rail": rail,
                "debtor": debtor,
                "creditor": creditor,
                "purpose": purpose if rail == Rail.ACH else np.where(rng.random(n) < PURPOSE_SAID, purpose, 0),
                "cardholder": payer if rail == Rail.CARD else -1,
                "amount": round_sums(rng, dollars) if person_to_person else cents(dollars),
                "memo": said if memo is None else memo,
                "instrument": rng.integers(100_000, 100_000_000, n) if numbered else -1,
                "merchant": self._merchant(creditor) if rail == Rail.CARD else -1,
            },
            tag,
        )

    def branch(self, account: Array, away: float = 0.06) -> Array:
        """Return the branch an account's cash goes to: its own, now and then another one in town."""
        population, rng = self.population, self.rng
        account = np.asarray(account)
        party = population.account_party[account]
        town = population.place[party]
        remitter = population.bank[account] == MSB_BANK
        first = np.where(remitter, population.first_shop[town], population.first_branch[town])
        count = np.where(remitter, population.n_shops[town], population.n_branches[town])
        stray = np.where(rng.random(len(account)) < away, rng.integers(0, 1_000, len(account)), 0)
        return np.asarray(first + (party * 7 + stray) % count)

    def branches_in(self, town: int, count: int, *, remitter: bool = False) -> Array:
        """Return `count` branches (or shops of the remitter) of a town, different ones as far as there are enough."""
        population = self.population
        first = (population.first_shop if remitter else population.first_branch)[town]
        number = (population.n_shops if remitter else population.n_branches)[town]
        return np.asarray(first + np.resize(self.rng.permutation(number), count))

    def _channel(self, dollars: Array) -> Array:
        n = len(dollars)
        large, u = dollars > 1_500, self.rng.random(n)
        return np.where(
            u < np.where(large, 0.62, 0.35),
            Channel.TELLER,
            np.where(u < np.where(large, 0.78, 0.94), Channel.ATM, Channel.NIGHT_DEPOSIT),
        )

    def _merchant(self, creditor: Array) -> Array:
        party = self.population.account_party[creditor]
        return np.asarray(np.where(self.population.kind[party] == "restaurant", 1, (party * 5) % len(MERCHANTS)))


def cents(dollars: Array) -> Array:
    """Return whole cents, at least one."""
    return np.asarray(np.maximum(np.rint(dollars * 100), 1), dtype=np.int64)


def banknotes(rng: Rng, dollars: Array) -> Array:
    """Return cash sums in cents: many to the hundred or the twenty, some to the dollar, a few with coins."""
    unit = rng.choice([100.0, 20.0, 1.0, 0.01], len(dollars), p=[0.2, 0.3, 0.35, 0.15])
    return cents(np.maximum(np.rint(dollars / unit), 1) * unit)


def round_sums(rng: Rng, dollars: Array) -> Array:
    """Return sums as people send them, in cents: half of them round to 5, 10 or 50 dollars."""
    unit = rng.choice([50.0, 10.0, 5.0, 0.01], len(dollars), p=[0.15, 0.2, 0.15, 0.5])
    unit = np.where(dollars < unit, 0.01, unit)
    return cents(np.rint(dollars / unit) * unit)
