"""Planted passage: takeover (S11), student (S12), in and out (S13), running points (S14), with their lawful twins.

Written from the scenario table of the typology reference (section 6.2), in ranges of the generator's own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from replay.synthetic.casebook import QUIET_DAYS_AT_END, Case, Stage
from replay.synthetic.clock import Array
from replay.synthetic.ledger import MEMOS
from typologies.base.events import Channel, Purpose, Rail

TUITION = MEMOS.index("tuition")
LIVING = MEMOS.index("living expenses")
RAILS = (Rail.P2P, Rail.ACH, Rail.WIRE)


def takeover(stage: Stage) -> None:
    """S11: a new account idles on small cash, then takes 10,000-100,000 at a time; twin: a new restaurant."""
    rng, flows = stage.rng, stage.flows
    pop = flows.population
    trader = rng.random() < 0.5
    mule = int(pop.take(rng, (pop.kind == "firm") if trader else (pop.kind == "person"))[0])
    case = stage.scheme("account", mule)
    visits, dollars = _slow_then_large(stage, case, "mule", mule, pop.staff[mule])
    clients = pop.pick(rng, "firm_out", "supplier", "person", "stranger", count=15)
    n = len(clients) if stage.level < 2 else 2 * len(clients)
    share = rng.dirichlet(np.full(n, 3.0)) * dollars.sum() * rng.uniform(0.86, 0.99)
    day = np.minimum(np.sort(rng.choice(visits, n)) + rng.integers(0, 2, n), flows.clock.days - 2)
    _fan(
        case,
        "client",
        "out",
        np.full(n, mule),
        clients[np.arange(n) % 15],
        day,
        share,
        purpose=Purpose.SUPPLIER if trader else 0,
    )
    case.member("mule", mule)
    case.member("client", clients)

    house = int(pop.take(rng, pop.kind == "restaurant")[0])
    pop.own_cash[house] = False
    twin = stage.twin(case, "account", house)
    visits, dollars = _slow_then_large(stage, twin, "employee", house, pop.staff[house])
    pop.expected_cash[house] = int(dollars.sum() // 2)
    suppliers = pop.pick(rng, "supplier", "landlord_out", "person", "person", count=15)
    share = rng.dirichlet(np.full(15, 3.0)) * dollars.sum() * rng.uniform(0.7, 0.95)
    day = np.minimum(np.sort(rng.choice(visits, 15)) + rng.integers(0, 2, 15), flows.clock.days - 2)
    for purpose, kind in ((Purpose.SUPPLIER, "supplier"), (Purpose.RENT, "landlord_out"), (Purpose.PAYROLL, "person")):
        to = pop.kind[suppliers] == kind
        _fan(twin, "payee", "out", np.full(int(to.sum()), house), suppliers[to], day[to], share[to], purpose=purpose)
    twin.member("holder", house)


def _slow_then_large(stage: Stage, case: Case, role: str, account: int, people: Array) -> tuple[Array, Array]:
    """Open the account, pay in little for three to six weeks, then a lot for some days; return the large part."""
    rng, flows = stage.rng, stage.flows
    burst = int(rng.integers(4, 8)) + 2 * stage.level
    weeks = int(rng.integers(21, 43))
    turn = min(max(stage.first_day(burst * 7 // 5 + 4, weeks // 2), 1), flows.clock.days - 3)
    flows.population.opened[account] = turn - weeks
    slow = np.flatnonzero(rng.random(turn) < 0.2)
    slow = slow[slow >= turn - weeks]
    case.cash_in(role, account, slow, rng.uniform(40, 450, len(slow)), people[rng.integers(0, len(people), len(slow))])
    days = flows.clock.business_days(turn, burst)
    days = days[days < flows.clock.days - 3]
    visits = np.sort(np.concatenate([days, days[rng.random(len(days)) < 0.4]]))
    dollars = np.exp(rng.uniform(np.log(9_000), np.log(100_000 if stage.level == 0 else 45_000), len(visits)))
    case.cash_in(role, account, visits, dollars, people[rng.integers(0, len(people), len(visits))])
    return visits, dollars


def student(stage: Stage) -> None:
    """S12: far more cash than a student has, marked tuition, to strangers and cards; twin: a year's tuition paid."""
    rng, flows = stage.rng, stage.flows
    pop, clock = flows.population, flows.clock
    studies = pop.has_occupation("student") & pop.own
    host = int(pop.take(rng, studies)[0])
    total = float(rng.uniform(24_000, 62_000))
    last = clock.days - QUIET_DAYS_AT_END - 1
    case = stage.scheme("party", host)
    accounts = np.array([host])
    if stage.level == 2:
        accounts = np.append(accounts, pop.second[host] if pop.second[host] >= 0 else pop.take(rng, studies)[0])
    n = int(rng.integers(25, 45))
    day = np.sort(rng.integers(1, last - 3, n))
    machine = int(rng.integers(2, last - 3))
    nine = 9 if stage.level == 0 else int(rng.integers(3, 7))
    day = np.concatenate([day, np.full(nine, machine)])
    dollars = rng.dirichlet(np.full(len(day), 4.0)) * total
    channel = np.concatenate([rng.choice([Channel.TELLER, Channel.ATM], n, p=[0.4, 0.6]), np.full(nine, Channel.ATM)])
    account = accounts[rng.integers(0, len(accounts), len(day))]
    case.cash_in("mule", account, day, dollars, host, channel=channel, memo=TUITION)
    strangers = pop.pick(rng, "stranger", count=8 + 4 * stage.level)
    n_out = int(rng.integers(14, 30))
    when = np.sort(rng.integers(4, last, n_out))
    out = rng.dirichlet(np.full(n_out, 4.0)) * total * rng.uniform(0.5, 0.7)
    payee = strangers[rng.integers(0, len(strangers), n_out)]
    memo = {"memo": int(rng.choice([TUITION, LIVING]))}
    case.pay("mule", "out", Rail.P2P, accounts[rng.integers(0, len(accounts), n_out)], payee, when, out, **memo)
    cards = pop.pick(rng, "lender", count=3)
    share = total * rng.uniform(0.07, 0.12, 3)
    case.pay("mule", "out", Rail.ACH, host, cards, last - rng.integers(1, 20, 3), share, purpose=Purpose.CARD_PAYMENT)
    case.member("mule", host)
    case.member("stranger", strangers)

    child = int(pop.take(rng, studies)[0])
    twin = stage.twin(case, "party", child)
    family, school = pop.pick(rng, "stranger"), pop.pick(rng, "school")
    first = stage.first_day(14)
    days = np.array([first])
    how = {"purpose": Purpose.FAMILY_SUPPORT, "memo": TUITION}
    twin.pay("relative", "in", Rail.WIRE, family, child, days, np.array([total * 0.93]), **how)
    twin.pay("holder", "out", Rail.ACH, child, school, days + 3, np.array([total * 0.7]), purpose=Purpose.TUITION)
    rent = np.full(2, total * 0.11)
    landlord = pop.pick(rng, "landlord_out")
    twin.pay("holder", "out", Rail.P2P, child, landlord, np.array([first + 4, first + 9]), rent, purpose=Purpose.RENT)
    twin.member("holder", child)
    twin.member("relative", family)


def in_and_out(stage: Stage) -> None:
    """S13: twenty credits and eighteen debits that have nothing to do with each other, gone the same day.

    Twins: a lawyer's client account, a landlord, a house move.
    """
    rng, flows = stage.rng, stage.flows
    pop = flows.population
    idle = (pop.kind == "person") & pop.own & pop.has_occupation("retired", "homemaker", "student")
    hosts = pop.take(rng, idle & (pop.thin if stage.level < 2 else True), 1 + (stage.level == 2))
    case = stage.scheme("account", int(hosts[0]))
    _ladder(stage, case, "mule", hosts, ("stranger", "firm_out"), ("stranger", "firm_out"))
    case.member("mule", hosts)
    kinds = (
        ("lawyer", ("stranger", "firm_out"), ("escrow", "stranger", "firm_out")),
        ("landlord", ("stranger",), ("supplier", "lender")),
    )
    for kind, payers, payees in kinds:
        host = pop.take(rng, pop.kind == kind)
        twin = stage.twin(case, "account", int(host[0]))
        _ladder(stage, twin, "holder", host, payers, payees)
        twin.member("holder", host)
    mover = pop.take(rng, (pop.kind == "person") & pop.own & ~pop.thin)
    twin = stage.twin(case, "account", int(mover[0]))
    day = stage.banking_days(2)
    price = np.array([rng.uniform(9_000, 90_000)])
    twin.pay("payee", "in", Rail.WIRE, pop.pick(rng, "escrow"), mover, day[:1], price, purpose=Purpose.PROPERTY)
    parts = price * rng.dirichlet(np.full(4, 2.0)) * 0.97
    paid = pop.pick(rng, "escrow", "supplier", "lender", count=4)
    minute = rng.uniform(15 * 60, 18 * 60, 4)
    twin.pay("holder", "out", Rail.WIRE, mover, paid, day[:1], parts, purpose=Purpose.PROPERTY, minute=minute)
    twin.member("holder", mover)


def _ladder(
    stage: Stage, case: Case, role: str, hosts: Array, payers: tuple[str, ...], payees: tuple[str, ...]
) -> None:
    """Credits over ten days, and nearly the same sum out on the same day (later and less closely at higher levels)."""
    rng, flows = stage.rng, stage.flows
    pop = flows.population
    days = stage.banking_days(int(rng.integers(5, 8)) + 2 * stage.level)
    n_in, n_out = int(rng.integers(14, 27)), int(rng.integers(12, 24))
    host_in = hosts[rng.integers(0, len(hosts), n_in)]
    day_in = np.sort(days[rng.integers(0, len(days), n_in)])
    dollars = np.clip(np.exp(rng.normal(7.1, 0.8, n_in)), 150, 14_000)
    minute_in = rng.uniform(6 * 60, 15 * 60, n_in)
    _fan(case, role, "in", pop.pick(rng, *payers, count=n_in), host_in, day_in, dollars, minute=minute_in)
    lag = 0 if stage.level == 0 else rng.integers(0, 2 + stage.level, n_out)
    pairs = np.sort(rng.integers(0, n_in, n_out))
    day_out = np.minimum(day_in[pairs] + lag, flows.clock.days - 2)
    due = np.bincount(day_in, weights=dollars)[day_in[pairs]] / np.bincount(day_in[pairs])[day_in[pairs]]
    amount = due * rng.uniform(0.9, 1.0, n_out)
    minute_out = rng.uniform(15 * 60, 22 * 60, n_out)
    _fan(case, role, "out", host_in[pairs], pop.pick(rng, *payees, count=n_out), day_out, amount, minute=minute_out)


def _fan(
    case: Case, role: str, leg: str, debtor: Array, creditor: Array, day: Array, dollars: Array, **more: Any
) -> None:
    """Pay over a mixture of rails."""
    rail = case.flows.rng.choice(RAILS, len(dollars), p=[0.5, 0.3, 0.2])
    for number in RAILS:
        mine = rail == number
        chosen = {k: v[mine] if isinstance(v, np.ndarray) else v for k, v in more.items()}
        case.pay(role, leg, number, debtor[mine], creditor[mine], day[mine], dollars[mine], **chosen)


def running_points(stage: Stage) -> None:
    """S14: rented accounts tried with a probe, filled to a limit, emptied in minutes, then all move to the next set.

    Twin: contractors whose platform pays them out and who forward it within the hour.
    """
    rng, flows = stage.rng, stage.flows
    pop, clock = flows.population, flows.clock
    rented = pop.take(rng, (pop.kind == "person") & pop.own & (pop.thin | (stage.level == 2)), 12)
    case = stage.scheme("account", int(rented[0]))
    sets = rented.reshape(4, 3)
    first = stage.first_day(4 * (2 + stage.level) + 1)
    payers, payees = pop.pick(rng, "stranger", count=24), pop.pick(rng, "stranger", "firm_out", count=8)
    for turn, group in enumerate(sets):
        day = first + turn * (2 + stage.level)
        case.pay("controller", "probe", Rail.P2P, payers[:3], group, np.full(3, day), rng.uniform(1, 10, 3))
        for account in group:
            limit = float(np.exp(rng.uniform(np.log(5_000), np.log(40_000))))
            n = int(rng.integers(8, 18))
            _relay(stage, case, "mule", int(account), payers, payees, day + 1, limit * rng.dirichlet(np.full(n, 3.0)))
    case.member("mule", rented)

    workers = pop.take(rng, (pop.kind == "person") & pop.own, 12)
    twin = stage.twin(case, "account", int(workers[0]))
    first = stage.first_day(4 * (2 + stage.level) + 1)
    platform = pop.pick(rng, "platform", count=2)
    for i, account in enumerate(workers):
        limit = float(np.exp(rng.uniform(np.log(5_000), np.log(40_000))))
        n = int(rng.integers(8, 18))
        day = min(first + i // 3 * (2 + stage.level) + 1, clock.days - 3)
        elsewhere = pop.pick(rng, "stranger")
        _relay(stage, twin, "holder", int(account), platform, elsewhere, day, limit * rng.dirichlet(np.full(n, 3.0)))
    twin.member("holder", workers)


def _relay(
    stage: Stage, case: Case, role: str, account: int, payers: Array, payees: Array, day: int, dollars: Array
) -> None:
    """Credits through one day, each sent on after some minutes (up to hours at higher levels)."""
    rng, n = stage.rng, len(dollars)
    minute = np.sort(rng.uniform(7 * 60, 19 * 60, n))
    dwell = rng.exponential((12.0, 45.0, 120.0)[stage.level], n) + 1
    when = np.full(n, day)
    sent = dollars * rng.uniform(0.96, 1.0, n)
    case.pay(role, "in", Rail.P2P, payers[rng.integers(0, len(payers), n)], account, when, dollars, minute=minute)
    later = np.minimum(minute + dwell, 24 * 60 - 1)
    case.pay(role, "out", Rail.P2P, account, payees[rng.integers(0, len(payees), n)], when, sent, minute=later)
