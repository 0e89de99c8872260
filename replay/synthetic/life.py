"""Ordinary life of persons: wages, rent, groceries by card, utilities, cash, friends, study, remittances."""

from __future__ import annotations

from typing import Any

import numpy as np

from replay.synthetic.clock import Array, scatter
from replay.synthetic.flows import Flows
from replay.synthetic.population import SALARIED
from typologies.base.events import Channel, Purpose, Rail

NO_PURPOSE = 0


def live(flows: Flows) -> None:
    """Write the ordinary life of every person."""
    people = flows.population.people()
    _wages(flows, people)
    _homes(flows, people)
    _cards(flows, people)
    _cash(flows, people)
    _friends(flows, people)
    _savings(flows, people)
    _study(flows)
    _gigs(flows)
    _remittances(flows)


def lognormal(flows: Flows, median: Array | float, spread: float, n: int) -> Array:
    """Return `(n,)` dollars with the given median and spread of the logarithm: heavy-tailed."""
    return np.asarray(median * np.exp(spread * flows.rng.standard_normal(n)))


def skewed(flows: Flows, candidates: Array, n: int, power: float = 2.5) -> Array:
    """Return `(n,)` candidates, the first ones far more often than the last ones."""
    return candidates[(len(candidates) * flows.rng.random(n) ** power).astype(np.int64)]


def _everyday(people: Array, flows: Flows) -> Array:
    return people[~flows.population.thin[people]]


def _wages(flows: Flows, people: Array) -> None:
    pop, rng = flows.population, flows.rng
    workers = _everyday(people[pop.has_occupation(*SALARIED)[people]], flows)
    employer = skewed(
        flows, rng.permutation(pop.of("employer", "shop", "restaurant", "firm", "franchise")), len(workers)
    )
    cycle = rng.choice(4, len(workers), p=[0.2, 0.27, 0.27, 0.26])
    net = pop.income[workers] * 0.78 / np.array([52, 26, 26, 24])[cycle]
    for number in range(4):
        paid = np.flatnonzero(cycle == number)
        for day in flows.clock.paydays(number):
            wage = net[paid] * np.exp(0.04 * rng.standard_normal(len(paid)))
            flows.pay(Rail.ACH, employer[paid], workers[paid], day, wage, purpose=Purpose.PAYROLL, memo=-1)
    pensioners = _everyday(people[pop.has_occupation("retired")[people]], flows)
    government = skewed(flows, pop.of("government"), len(pensioners))
    for day in flows.clock.monthly(3):
        pension = pop.income[pensioners] * 0.95 / 12
        flows.pay(Rail.ACH, government, pensioners, day, pension, purpose=Purpose.PENSION, memo=-1)


def _homes(flows: Flows, people: Array) -> None:
    pop, rng = flows.population, flows.rng
    residents = _everyday(people, flows)
    n = len(residents)
    rent = np.maximum(pop.income[residents] / 12 * rng.uniform(0.18, 0.38, n), 450)
    owner = rng.random(n) < 0.35
    payee = np.where(
        owner, skewed(flows, pop.of("lender"), n), skewed(flows, rng.permutation(pop.of("landlord", "landlord_out")), n)
    )
    due, rail = rng.integers(1, 6, n), rng.choice([Rail.ACH, Rail.P2P, Rail.CHEQUE], n, p=[0.6, 0.22, 0.18])
    for day_of_month in range(1, 6):
        for day in flows.clock.monthly(day_of_month):
            for how in (Rail.ACH, Rail.P2P, Rail.CHEQUE):
                for purpose, mine in ((Purpose.LOAN, owner), (Purpose.RENT, ~owner)):
                    who = np.flatnonzero((due == day_of_month) & (rail == how) & mine)
                    flows.pay(how, residents[who], payee[who], day, rent[who], purpose=purpose)
    bill_day = rng.integers(1, 28, (n, 3))
    for day_of_month in range(1, 28):
        for day in flows.clock.monthly(day_of_month):
            who, _ = np.nonzero(bill_day == day_of_month)
            bill = lognormal(flows, 85.0, 0.5, len(who))
            utility = skewed(flows, pop.of("utility"), len(who))
            flows.pay(Rail.ACH, residents[who], utility, day, bill, purpose=Purpose.UTILITIES, memo=-1)


def _cards(flows: Flows, people: Array) -> None:
    pop, rng, clock = flows.population, flows.rng, flows.clock
    week = np.array([0.85, 0.85, 0.9, 0.95, 1.25, 1.35, 1.0])[clock.weekday[: clock.days]]
    who, day = scatter(rng, 1.15 * pop.activity[people], week)
    shops, online = rng.permutation(pop.of("shop", "restaurant")), pop.of("online")
    shops = shops[np.argsort(pop.place[shops], kind="stable")]
    towns = pop.place[shops]
    first, after = np.searchsorted(towns, pop.place[people]), np.searchsorted(towns, pop.place[people], side="right")
    local = first[who] + ((after - first)[who] * rng.random(len(who)) ** 2.2).astype(np.int64)
    at_home = (rng.random(len(who)) < 0.72) & (after - first > 0)[who]
    merchant = np.where(at_home, shops[np.minimum(local, len(shops) - 1)], skewed(flows, online, len(who)))
    spending = np.sqrt(np.maximum(pop.income[people], 12_000) / 50_000)[who]
    dollars = np.minimum(lognormal(flows, 31.0 * spending, 0.95, len(who)), 9_000)
    purpose = np.where(rng.random(len(who)) < 0.5, Purpose.GROCERIES, Purpose.LIVING_EXPENSES)
    for value in (Purpose.GROCERIES, Purpose.LIVING_EXPENSES):
        these = purpose == value
        payers = people[who[these]]
        flows.pay(Rail.CARD, payers, merchant[these], day[these], dollars[these], purpose=value)


def _cash(flows: Flows, people: Array) -> None:
    pop, rng, clock = flows.population, flows.rng, flows.clock
    flat = np.ones(clock.days)
    who, day = scatter(rng, 0.06 * pop.activity[people], flat)
    flows.cash_out(people[who], day, lognormal(flows, 90.0, 0.6, len(who)), channel=Channel.ATM)
    paid = pop.has_occupation("waiter", "day labourer", "contractor")[people]
    rate = np.where(paid, 0.22, 0.011) * np.minimum(pop.activity[people], 3)
    who, day = scatter(rng, rate, flat)
    dollars = np.where(paid[who], lognormal(flows, 190.0, 0.7, len(who)), lognormal(flows, 260.0, 1.15, len(who)))
    depositor = people[who]
    helper = np.where(rng.random(len(who)) < 0.04, rng.choice(people, len(who)), depositor)
    flows.cash_in(depositor, day, np.minimum(dollars, 18_000), helper)


def _friends(flows: Flows, people: Array) -> None:
    pop, rng, clock = flows.population, flows.rng, flows.clock
    others = rng.permutation(np.concatenate([people, pop.of("stranger")]))
    flat = np.ones(clock.days)
    base = np.maximum(pop.activity[people], 0.35)
    for outward in (True, False):
        who, day = scatter(rng, 0.045 * base, flat)
        friend = skewed(flows, others, len(who), 1.3)
        dollars = np.minimum(lognormal(flows, 55.0, 1.2, len(who)), 9_500)
        mine = people[who]
        apart = friend != mine
        debtor, creditor = (mine, friend) if outward else (friend, mine)
        flows.pay(Rail.P2P, debtor[apart], creditor[apart], day[apart], dollars[apart])


def _savings(flows: Flows, people: Array) -> None:
    pop, rng, clock = flows.population, flows.rng, flows.clock
    savers = people[pop.second[people] >= 0]
    day_of_month = rng.integers(1, 28, len(savers))
    for number in range(1, 28):
        for day in clock.monthly(number):
            who = savers[day_of_month == number]
            dollars = lognormal(flows, 180.0, 0.8, len(who))
            flows.pay(Rail.INTERNAL, who, pop.second[who], day, dollars, purpose=Purpose.SAVINGS)
    debtors = _everyday(people, flows)
    debtors = debtors[rng.random(len(debtors)) < 0.35]
    lender = skewed(flows, pop.of("lender"), len(debtors))
    for day in clock.monthly(21):
        dollars = lognormal(flows, 420.0, 0.8, len(debtors))
        flows.pay(Rail.ACH, debtors, lender, day, dollars, purpose=Purpose.CARD_PAYMENT, memo=-1)


def _study(flows: Flows) -> None:
    pop, rng, clock = flows.population, flows.rng, flows.clock
    students = pop.people()[pop.has_occupation("student")[pop.people()]]
    students = students[rng.random(len(students)) < 0.6]
    family = pop.pick(rng, "stranger", count=len(students))
    day = rng.integers(1, max(clock.days // 3, 2), len(students))
    fee = rng.uniform(1_800, 14_000, len(students))
    flows.pay(Rail.WIRE, family, students, day, fee * rng.uniform(1.0, 1.3, len(fee)), purpose=Purpose.FAMILY_SUPPORT)
    school = skewed(flows, pop.of("school"), len(students))
    flows.pay(Rail.ACH, students, school, day + rng.integers(1, 8, len(day)), fee, purpose=Purpose.TUITION)
    supported = pop.people()[rng.random(len(pop.people())) < 0.06]
    relative = pop.pick(rng, "stranger", count=len(supported))
    for number in (2, 16):
        for when in clock.monthly(number):
            dollars = lognormal(flows, 350.0, 0.6, len(supported))
            flows.pay(Rail.P2P, relative, supported, when, dollars, purpose=Purpose.FAMILY_SUPPORT)


def _gigs(flows: Flows) -> None:
    pop, rng, clock = flows.population, flows.rng, flows.clock
    drivers = pop.people()[pop.has_occupation("gig driver")[pop.people()]]
    who, day = scatter(rng, np.minimum(0.45 * pop.activity[drivers], 2.0), np.ones(clock.days))
    platform = pop.of("platform")[drivers[who] % len(pop.of("platform"))]
    dollars = lognormal(flows, 95.0, 0.6, len(who))
    minute = rng.uniform(60, 1_300, len(who))
    flows.pay(Rail.P2P, platform, drivers[who], day, dollars, minute=minute)
    forwards = drivers[who] % 4 == 0
    elsewhere = pop.of("stranger")[drivers[who] % len(pop.of("stranger"))]
    later = minute + rng.exponential(20.0, len(who))
    flows.pay(
        Rail.P2P, drivers[who][forwards], elsewhere[forwards], day[forwards], dollars[forwards], minute=later[forwards]
    )


def _remittances(flows: Flows) -> None:
    pop, rng, clock = flows.population, flows.rng, flows.clock
    senders = np.flatnonzero(pop.remitter >= 0)
    paydays = np.zeros(clock.days)
    paydays[clock.paydays(0)] = 0.28
    who, day = scatter(rng, np.ones(len(senders)), paydays + 0.015)
    file, sender = pop.remitter[senders[who]], senders[who]
    remit(flows, file, sender, day, np.minimum(lognormal(flows, 310.0, 0.65, len(who)), 2_800))


def remit(flows: Flows, file: Array, sender: Array, day: Array, dollars: Array, **more: Any) -> None:
    """Pay cash over the counter of a remitter; the money goes abroad from the sender's file the same evening.

    `more`: as `Flows.cash_in`.
    """
    pop, rng = flows.population, flows.rng
    flows.cash_in(file, day, dollars, sender, channel=int(Channel.TELLER), **more)
    relative = pop.of("relative_abroad")[
        (sender * 3 + rng.integers(0, 2, len(sender))) % len(pop.of("relative_abroad"))
    ]
    minute = rng.uniform(21 * 60, 23.5 * 60, len(sender))
    tag = more["tag"]._replace(leg="out") if more.get("tag") else None
    how: dict[str, Any] = {"purpose": Purpose.FAMILY_SUPPORT, "minute": minute, "tag": tag}
    flows.pay(Rail.REMITTANCE, file, relative, day, dollars * 0.97, **how)
