"""Who lives in the world: parties, their accounts, homes and trades, before anything happens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from replay.synthetic.clock import Array, Rng
from replay.synthetic.places import PLACES
from typologies.base.events import PartyClass

CUSTOMERS: dict[str, tuple[float, PartyClass]] = {
    "shop": (0.06, PartyClass.BUSINESS),
    "restaurant": (0.025, PartyClass.BUSINESS),
    "firm": (0.05, PartyClass.BUSINESS),
    "landlord": (0.012, PartyClass.LANDLORD),
    "lawyer": (0.005, PartyClass.BUSINESS),
    "produce": (0.003, PartyClass.BUSINESS),
    "franchise": (0.004, PartyClass.BUSINESS),
    "big_cash": (0.006, PartyClass.BUSINESS),
}
"""Share of the bank's customers by trade (invented); everybody else is a person."""

OUTSIDE: dict[str, tuple[float, PartyClass]] = {
    "stranger": (0.5, PartyClass.INDIVIDUAL),
    "firm_out": (0.08, PartyClass.BUSINESS),
    "employer": (0.03, PartyClass.EMPLOYER),
    "supplier": (0.04, PartyClass.SUPPLIER),
    "landlord_out": (0.02, PartyClass.LANDLORD),
    "mexican_firm": (0.01, PartyClass.BUSINESS),
    "relative_abroad": (0.05, PartyClass.INDIVIDUAL),
    "online": (0.01, PartyClass.MERCHANT),
    "utility": (0.003, PartyClass.BUSINESS),
    "school": (0.003, PartyClass.SCHOOL),
    "platform": (0.002, PartyClass.MARKETPLACE),
    "government": (0.001, PartyClass.GOVERNMENT),
    "escrow": (0.003, PartyClass.ESCROW),
    "lender": (0.003, PartyClass.BANK),
}
"""Parties who bank elsewhere, as a multiple of the number of customers."""

TRADES: tuple[tuple[str, float, int, float], ...] = (
    # occupation, share, median yearly income in dollars, spread of its logarithm
    ("nurse", 0.08, 68_000, 0.3),
    ("engineer", 0.08, 98_000, 0.35),
    ("warehouse worker", 0.12, 39_000, 0.25),
    ("office clerk", 0.14, 46_000, 0.3),
    ("teacher", 0.08, 57_000, 0.25),
    ("waiter", 0.06, 31_000, 0.3),
    ("day labourer", 0.03, 27_000, 0.35),
    ("contractor", 0.04, 62_000, 0.5),
    ("gig driver", 0.07, 30_000, 0.4),
    ("student", 0.09, 12_000, 0.4),
    ("retired", 0.14, 28_000, 0.4),
    ("homemaker", 0.07, 9_000, 0.6),
)
OCCUPATIONS: tuple[str, ...] = tuple(trade[0] for trade in TRADES)
SALARIED = ("nurse", "engineer", "warehouse worker", "office clerk", "teacher", "waiter", "student")
CASH_PAID = ("waiter", "day labourer", "contractor")
NATIONALITIES = ("US", "US", "US", "US", "US", "MX", "CN", "IN", "PH", "SV", "VN", "CA", "KR", "PL", "NG")

SOLE_TRADERS = 0.4
"""Share of the small trades whose account is held by a person (invented)."""

HOME_BANK = 0
BANKS: tuple[tuple[str, str], ...] = (
    ("US-BANK-01", "US"),
    ("US-BANK-02", "US"),
    ("US-BANK-03", "US"),
    ("US-BANK-04", "US"),
    ("US-MSB-01", "US"),
    ("MX-BANK-01", "MX"),
    ("MX-BANK-02", "MX"),
)
"""Institution and its country. The feed comes from the first and, for cash handed to a remitter, from the fifth."""
MSB_BANK = 4


@dataclass(slots=True)
class Population:
    """Parties and accounts as columns. The main account of party i has the number i.

    Attributes
    ----------
    kind, party_class, place, occupation, income, activity, own
        `(n_parties,)`. `occupation` -1: none; `income` US dollars a year, 0: none; `activity` factor around 1;
        `own`: a customer of the bank.
    thin
        People whose everyday banking is elsewhere.
    second, remitter
        Number of the second account and of the file at the remitter, -1: none.
    staff
        `(n_parties, 3)` who carries a firm's cash; a person carries their own.
    account_party, opened, bank, expected_cash, exempt, own_cash
        `(n_accounts,)`. `opened` day (before the world: negative); `expected_cash` dollars a month, -1: not on file;
        `own_cash`: the everyday cash business of this account is made by `commerce`.
    """

    kind: Array
    party_class: Array
    place: Array
    occupation: Array
    income: Array
    activity: Array
    own: Array
    thin: Array
    second: Array
    remitter: Array
    staff: Array
    account_party: Array
    opened: Array
    bank: Array
    expected_cash: Array
    exempt: Array
    own_cash: Array
    free: Array
    branch_place: Array
    first_branch: Array
    n_branches: Array
    first_shop: Array
    n_shops: Array

    def of(self, *kinds: str) -> Array:
        """Return the parties of these kinds, in order."""
        return np.flatnonzero(np.isin(self.kind, kinds))

    def people(self) -> Array:
        """Return the customers who are persons."""
        return np.flatnonzero((self.kind == "person") & self.own)

    def has_occupation(self, *names: str) -> Array:
        """Return `(n_parties,)`: whether the occupation is one of these."""
        return np.isin(self.occupation, [OCCUPATIONS.index(name) for name in names])

    def take(self, rng: Rng, allowed: Array, count: int = 1) -> Array:
        """Return `count` parties that no case uses yet, and reserve them. `allowed`: a mask over parties.

        Raises
        ------
        ValueError
            The world is too small for its cases.
        """
        candidates = np.flatnonzero(allowed & self.free)
        if len(candidates) < count:
            raise ValueError(
                f"the planted cases need {count} more parties of one kind, {len(candidates)} are left: "
                "use more parties or fewer cases"
            )
        chosen = rng.choice(candidates, count, replace=False)
        self.free[chosen] = False
        return chosen

    def pick(self, rng: Rng, *kinds: str, count: int = 1) -> Array:
        """Return parties of these kinds without reserving them: different ones as far as there are enough."""
        candidates = self.of(*kinds)
        return rng.choice(candidates, count, replace=count > len(candidates))


def populate(rng: Rng, parties: int, cases: int) -> Population:
    """Draw the population.

    Parameters
    ----------
    parties
        Customers of the bank.
    cases
        Number of planted schemes: there must be customers enough to carry them and their twins.
    """
    customers = {kind: max(int(share * parties), 6 + 2 * cases) for kind, (share, _) in CUSTOMERS.items()}
    customers["person"] = max(parties - sum(customers.values()), 120 + 20 * cases)
    outside = {kind: max(int(share * parties), 4) for kind, (share, _) in OUTSIDE.items()}
    outside["stranger"] = max(outside["stranger"], 200)
    outside["firm_out"] = max(outside["firm_out"], 60)
    counts = customers | outside
    classes = {kind: cls for kind, (_, cls) in (CUSTOMERS | OUTSIDE).items()} | {"person": PartyClass.INDIVIDUAL}
    kind = np.repeat(list(counts), list(counts.values()))
    n = len(kind)
    own = np.isin(kind, list(customers))
    weights = np.array([place.weight for place in PLACES])
    place = rng.choice(len(PLACES), n, p=weights / weights.sum())
    person = kind == "person"
    occupation = np.where(person, rng.choice(len(TRADES), n, p=[trade[1] for trade in TRADES]), -1)
    median = np.array([trade[2] for trade in TRADES])[occupation]
    spread = np.array([trade[3] for trade in TRADES])[occupation]
    income = np.where(person, np.round(median * np.exp(spread * rng.standard_normal(n)), -2), 0).astype(np.int64)
    thin = person & (rng.random(n) < np.where(np.isin(occupation, [9, 10, 11]), 0.25, 0.06))
    party_class = np.array([classes[k] for k in counts], dtype=np.int8).repeat(list(counts.values()))
    sole = np.isin(kind, ["shop", "restaurant", "firm", "landlord"]) & (rng.random(n) < SOLE_TRADERS)
    party_class[sole] = PartyClass.INDIVIDUAL
    activity = np.minimum(np.exp(0.7 * rng.standard_normal(n)), 12.0) * np.where(thin, 0.08, 1.0)

    has_second = np.flatnonzero(own & (rng.random(n) < np.where(person, 0.22, 0.3)))
    has_remitter = np.flatnonzero(person & (rng.random(n) < 0.08))
    account_party = np.concatenate([np.arange(n), has_second, has_remitter])
    second, remitter = np.full(n, -1), np.full(n, -1)
    second[has_second] = n + np.arange(len(has_second))
    remitter[has_remitter] = n + len(has_second) + np.arange(len(has_remitter))
    bank = np.where(own[account_party], HOME_BANK, rng.integers(1, 4, len(account_party)))
    bank[n + len(has_second) :] = MSB_BANK
    abroad = np.isin(kind, ["mexican_firm", "relative_abroad"])[account_party]
    bank[abroad] = rng.integers(5, 7, int(abroad.sum()))
    age = np.maximum(rng.exponential(2_400, len(account_party)), 5)
    young = rng.random(len(account_party)) < 0.08
    opened = -np.where(young, rng.integers(-30, 240, len(account_party)), age).astype(np.int64)

    branches, shops = rng.integers(3, 7, len(PLACES)), rng.integers(4, 9, len(PLACES))
    places = np.arange(len(PLACES))
    population = Population(
        kind=kind,
        party_class=party_class,
        place=place,
        occupation=occupation,
        income=income,
        activity=activity,
        own=own,
        thin=thin,
        second=second,
        remitter=remitter,
        staff=np.repeat(np.arange(n)[:, None], 3, axis=1),
        account_party=account_party,
        opened=opened,
        bank=bank,
        expected_cash=np.full(len(account_party), -1),
        exempt=np.zeros(len(account_party), dtype=bool),
        own_cash=np.ones(len(account_party), dtype=bool),
        free=np.ones(n, dtype=bool),
        branch_place=np.concatenate([np.repeat(places, branches), np.repeat(places, shops)]),
        first_branch=np.cumsum(branches) - branches,
        n_branches=branches,
        first_shop=branches.sum() + np.cumsum(shops) - shops,
        n_shops=shops,
    )
    _hire(rng, population)
    _expect(rng, population)
    return population


def _hire(rng: Rng, population: Population) -> None:
    """Give every firm three people of its own town (anyone, where the town is too small)."""
    people = population.people()
    homes = population.place[people]
    for town in range(len(PLACES)):
        firms = np.flatnonzero((population.kind != "person") & (population.place == town))
        local = people[homes == town] if (homes == town).sum() >= 5 else people
        population.staff[firms] = rng.choice(local, (len(firms), 3))


def _expect(rng: Rng, population: Population) -> None:
    """Put the expected monthly cash on file for persons; trades get theirs from their takings."""
    people = population.people()
    usual = np.where(population.has_occupation(*CASH_PAID)[people], 1_500, 300)
    expected = np.round(usual * np.exp(0.5 * rng.standard_normal(len(people))), -2)
    population.expected_cash[people] = np.where(rng.random(len(people)) < 0.85, expected, -1)
