"""Ordinary life of firms: takings and their weekly rhythm, card sales, suppliers, rent, payroll cash, client money."""

from __future__ import annotations

import numpy as np

from replay.synthetic.clock import Array, scatter
from replay.synthetic.flows import Flows
from replay.synthetic.life import lognormal, skewed
from replay.synthetic.places import PLACES
from typologies.base.events import Channel, Purpose, Rail

WEEK_OF_TAKINGS = np.array([0.8, 0.8, 0.9, 1.0, 1.3, 1.45, 0.9])


def trade(flows: Flows) -> None:
    """Write the ordinary life of every firm."""
    pop = flows.population
    shops = pop.of("shop", "restaurant")
    daily = np.clip(lognormal(flows, 1_250.0, 0.95, len(shops)), 120, 16_000)
    takings(flows, shops, daily)
    upkeep(flows, shops, daily * 2.2)
    card_sales(flows, shops, daily * flows.rng.uniform(0.6, 3.0, len(shops)))
    big = pop.of("big_cash")
    daily = np.clip(lognormal(flows, 30_000.0, 0.6, len(big)), 9_000, 160_000)
    takings(flows, big, daily, exempt_share=0.4)
    upkeep(flows, big, daily * 1.6)
    card_sales(flows, big, daily * 1.5)
    firms = pop.of("firm")
    turnover = lognormal(flows, 900.0, 1.3, len(firms)) * np.where(flows.rng.random(len(firms)) < 0.2, 0.1, 1.0)
    _invoices(flows, firms, turnover)
    upkeep(flows, firms, turnover * 0.8)
    _landlords(flows)
    _client_accounts(flows)
    _produce(flows)
    _franchises(flows)


def takings(flows: Flows, shops: Array, daily: Array, *, exempt_share: float = 0.04) -> None:
    """Pay each shop's cash in on every business day, what was taken since the last one together: Mondays peak.

    Parameters
    ----------
    shops, daily
        `(n,)` parties and their mean takings of a day in dollars.
    exempt_share
        Share of the shops that the bank exempted from reports (31 CFR 1020.315).
    """
    pop, rng, clock = flows.population, flows.rng, flows.clock
    n = len(shops)
    pop.exempt[shops] |= rng.random(n) < exempt_share
    pop.expected_cash[shops] = np.where(rng.random(n) < 0.9, np.round(daily * 30 * rng.uniform(0.8, 1.3, n), -2), -1)
    week = WEEK_OF_TAKINGS[clock.weekday[: clock.days]]
    taken = daily[:, None] * week[None, :] * np.exp(0.28 * rng.standard_normal((n, clock.days)))
    paid_in = np.zeros((n, len(clock.dates) + 1))
    for taken_on in range(clock.days):
        paid_in[:, clock.next_business[taken_on]] += taken[:, taken_on]
    who, day = np.nonzero((paid_in[:, : clock.days] > 150) & pop.own_cash[shops][:, None])
    carrier = pop.staff[shops[who], rng.integers(0, 3, len(who))]
    van = (daily > 12_000)[who] & (rng.random(len(who)) < 0.5)
    for by_van in (True, False):
        these = van == by_van
        channel = int(Channel.ARMOURED_CAR) if by_van else None
        flows.cash_in(shops[who[these]], day[these], paid_in[who, day][these], carrier[these], channel=channel)


def card_sales(flows: Flows, shops: Array, daily: Array) -> None:
    """Settle the card sales of people who bank elsewhere, once a business day."""
    rng, clock = flows.rng, flows.clock
    acquirer = skewed(flows, flows.population.of("lender"), len(shops))
    for day in np.flatnonzero(clock.business[: clock.days]):
        dollars = daily * np.exp(0.3 * rng.standard_normal(len(shops)))
        flows.pay(Rail.ACH, acquirer, shops, int(day), dollars, purpose=Purpose.SALES, memo=-1)


def upkeep(flows: Flows, firms: Array, daily: Array) -> None:
    """Pay suppliers through the week, rent and tax by the month. `daily`: mean spending of a day in dollars."""
    pop, rng, clock = flows.population, flows.rng, flows.clock
    n = len(firms)
    business = clock.business[: clock.days].astype(float)
    for rail, rate in ((Rail.ACH, 0.28), (Rail.CHEQUE, 0.09), (Rail.WIRE, 0.04)):
        who, day = scatter(rng, np.full(n, rate), business)
        supplier = pop.of("supplier", "firm_out")
        supplier = supplier[(firms[who] * 11 + rng.integers(0, 6, len(who))) % len(supplier)]
        dollars = daily[who] * 1.5 * np.exp(0.7 * rng.standard_normal(len(who)))
        flows.pay(rail, firms[who], supplier, day, dollars, purpose=Purpose.SUPPLIER)
    for day_of_month, share, purpose, kinds in (
        (1, 2.5, Purpose.RENT, ("landlord", "landlord_out")),
        (15, 1.2, Purpose.TAX, ("government",)),
        (20, 0.4, Purpose.UTILITIES, ("utility",)),
    ):
        payees = pop.of(*kinds)
        for due in clock.monthly(day_of_month):
            dollars = np.maximum(daily * share * np.exp(0.1 * rng.standard_normal(n)), 60)
            flows.pay(Rail.ACH, firms, payees[firms % len(payees)], due, dollars, purpose=purpose, memo=-1)


def _invoices(flows: Flows, firms: Array, daily: Array) -> None:
    pop, rng, clock = flows.population, flows.rng, flows.clock
    business = clock.business[: clock.days].astype(float)
    for rail, rate in ((Rail.ACH, 0.2), (Rail.WIRE, 0.07), (Rail.CHEQUE, 0.07)):
        who, day = scatter(rng, np.full(len(firms), rate), business)
        client = skewed(flows, rng.permutation(pop.of("firm_out", "employer")), len(who), 1.5)
        dollars = daily[who] * 4 * np.exp(0.8 * rng.standard_normal(len(who)))
        flows.pay(rail, client, firms[who], day, dollars, purpose=Purpose.SALES)


def _landlords(flows: Flows) -> None:
    """Pass most of each month's rents on to the lender and the trades, some days after they come in."""
    pop, rng, clock = flows.population, flows.rng, flows.clock
    landlords = pop.of("landlord")
    lender = skewed(flows, pop.of("lender"), len(landlords))
    for due in clock.monthly(7):
        dollars = lognormal(flows, 9_000.0, 0.5, len(landlords))
        flows.pay(Rail.ACH, landlords, lender, due, dollars, purpose=Purpose.LOAN, memo=-1)
    who, day = scatter(rng, np.full(len(landlords), 0.12), np.ones(clock.days))
    supplier = skewed(flows, pop.of("supplier"), len(who))
    flows.pay(Rail.CHEQUE, landlords[who], supplier, day, lognormal(flows, 420.0, 0.9, len(who)))


def _client_accounts(flows: Flows) -> None:
    """Hold client money for some days: in from one side of a settlement, out to the other."""
    pop, rng, clock = flows.population, flows.rng, flows.clock
    lawyers = pop.of("lawyer")
    who, day = scatter(rng, np.full(len(lawyers), 0.3), clock.business[: clock.days].astype(float))
    dollars = np.minimum(lognormal(flows, 14_000.0, 1.1, len(who)), 900_000)
    client = pop.pick(rng, "stranger", "firm_out", count=len(who))
    payee = pop.pick(rng, "escrow", "stranger", "firm_out", count=len(who))
    flows.pay(Rail.WIRE, client, lawyers[who], day, dollars)
    later = day + rng.geometric(0.45, len(who)) - 1
    inside = later < clock.days
    flows.pay(Rail.WIRE, lawyers[who][inside], payee[inside], later[inside], dollars[inside] * 0.97)


def _produce(flows: Flows) -> None:
    """Draw about 9,000 in cash for the pickers on most days of the harvest, now and then much more."""
    pop, rng, clock = flows.population, flows.rng, flows.clock
    farms = pop.of("produce")
    pop.expected_cash[farms] = 210_000
    upkeep(flows, farms, np.full(len(farms), 4_000.0))
    who, day = np.nonzero((rng.random((len(farms), clock.days)) < 0.8) & clock.business[None, : clock.days])
    usual = rng.normal(9_000, 450, len(who))
    dollars = np.where(rng.random(len(who)) < 0.07, rng.uniform(15_000, 22_000, len(who)), usual)
    flows.cash_out(farms[who], day, dollars, channel=Channel.TELLER)
    buyers = skewed(flows, pop.of("firm_out"), len(who))
    flows.pay(Rail.WIRE, buyers, farms[who], day, dollars * rng.uniform(1.2, 2.4, len(who)), purpose=Purpose.SALES)


def _franchises(flows: Flows) -> None:
    """Collect the cash of outlets in several states on one account, and pay wages, rent and suppliers from it."""
    pop = flows.population
    owners = pop.of("franchise")
    owners = owners[pop.own_cash[owners]]
    for owner in owners:
        outlets(flows, int(owner), float(flows.rng.uniform(400, 2_500)))
    pop.expected_cash[pop.of("franchise")] = flows.rng.integers(60, 400, len(pop.of("franchise"))) * 1_000
    upkeep(flows, pop.of("franchise"), np.full(len(pop.of("franchise")), 6_000.0))
    card_sales(flows, pop.of("franchise"), flows.rng.uniform(2_000, 9_000, len(pop.of("franchise"))))


def outlets(flows: Flows, owner: int, daily: float) -> None:
    """Pay in the cash of four outlets in four towns, two or three times a week, by van or by the outlet's people."""
    pop, rng, clock = flows.population, flows.rng, flows.clock
    towns = rng.choice(len(PLACES), 4, replace=False)
    for town in towns:
        days = np.flatnonzero(clock.business[: clock.days] & (rng.random(clock.days) < 0.5))
        branch = np.full(len(days), flows.branches_in(int(town), 1)[0])
        dollars = daily * 2 * np.exp(0.35 * rng.standard_normal(len(days)))
        channel = np.where(rng.random(len(days)) < 0.5, Channel.ARMOURED_CAR, Channel.TELLER)
        people = pop.staff[owner][rng.integers(0, 3, len(days))]
        flows.cash_in(owner, days, dollars, people, branch=branch, channel=channel)
