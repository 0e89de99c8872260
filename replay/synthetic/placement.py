"""Planted cash: structuring (S01-S04), funnel account (S05), bulk cash (S10), each with its lawful twins.

Written from the scenario table of the typology reference (section 6.2), in ranges of the generator's own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from replay.synthetic.casebook import QUIET_DAYS_AT_END, Case, Stage
from replay.synthetic.clock import Array
from replay.synthetic.ledger import Tag
from replay.synthetic.life import remit
from replay.synthetic.places import ORDERS, PLACES
from typologies.base.events import Channel, Purpose, Rail


def smurfing(stage: Stage) -> None:
    """S01: depositors carry sums near the line to several branches; twin: a shop with takings of that size."""
    rng, flows = stage.rng, stage.flows
    pop = flows.population
    host = int(pop.take(rng, _small_customers(stage) & (pop.second >= 0))[0])
    accounts = np.array([host, pop.second[host]])
    behalf = np.array([-1, -1])
    if stage.level == 2:
        relative = int(pop.take(rng, _persons(stage))[0])
        accounts, behalf = np.append(accounts, relative), np.append(behalf, host)
    days = stage.banking_days((6, 8, 8)[stage.level])
    n = int(rng.integers(len(days) + 3, 2 * len(days) + 1))
    crew = pop.pick(rng, "person", count=(3, 4, 6)[stage.level])
    branches = flows.branches_in(int(pop.place[host]), (5, 5, 6)[stage.level])
    case = stage.scheme("party", host)
    slot = np.arange(n)
    account = (slot % len(days) + slot // len(days)) % len(accounts)  # never two of one day
    dollars = stage.jitter(7_000, 9_980, n)
    case.cash_in(
        "depositor",
        accounts[account],
        days[slot % len(days)],
        dollars,
        crew[rng.integers(0, len(crew), n)],
        branch=branches[rng.integers(0, len(branches), n)],
        behalf=behalf[account],
        channel=_by_day(stage, n),
    )
    received = np.bincount(account, weights=dollars, minlength=len(accounts))
    payees = pop.pick(rng, "firm_out", count=len(accounts))
    case.pay("beneficiary", "out", Rail.WIRE, accounts, payees, int(days[-1]) + 1, received * rng.uniform(0.8, 0.98))
    case.member("beneficiary", host)
    case.member("depositor", crew)
    case.member("controller", pop.pick(rng, "stranger"))
    _busy_shop(stage, case, len(days), both_tills=rng.random() < 0.5)


def _busy_shop(stage: Stage, scheme: Case, length: int, *, both_tills: bool) -> None:
    """A shop pays in takings of the same size through the whole world, twice on Mondays and on some other days."""
    rng, flows = stage.rng, stage.flows
    pop, clock = flows.population, flows.clock
    allowed = (pop.kind == "shop") & ((pop.second >= 0) if both_tills else True)
    shop = int(pop.take(rng, allowed)[0])
    pop.own_cash[shop] = False
    pop.exempt[shop] = not both_tills
    window = stage.banking_days(length)
    case = stage.twin(scheme, "account", shop)
    days = np.flatnonzero(clock.business[: clock.days])
    twice = days[(clock.weekday[days] == 0) | (rng.random(len(days)) < 0.5)]
    till = int(pop.second[shop]) if both_tills else shop
    for account, when in ((shop, days), (till, twice)):
        dollars = stage.jitter(7_000, 9_980, len(when))
        carrier = pop.staff[shop][rng.integers(0, 3, len(when))]
        inside = np.isin(when, window)
        _labelled(case, "employee", inside, account, when, dollars, carrier, channel=_by_day(stage, len(when)))
    case.member("holder", shop)
    case.member("employee", np.unique(pop.staff[shop]))


def same_day_pair(stage: Stage) -> None:
    """S02: two conductors at two branches on one business day, and a Sunday night; twins: one owner's two firms etc."""
    rng, flows = stage.rng, stage.flows
    pop, clock = flows.population, flows.clock
    host = int(pop.take(rng, _small_customers(stage) & (pop.second >= 0))[0])
    crew = pop.pick(rng, "person", count=2 + stage.level)
    accounts = np.array([host, pop.second[host], *pop.take(rng, _persons(stage), stage.level)])
    behalf = np.where(pop.account_party[accounts] == host, -1, host)
    branches = flows.branches_in(int(pop.place[host]), 3 + stage.level)
    mondays = _week_starts(stage)
    case = stage.scheme("party", host)
    for monday in mondays:
        n = 2 + stage.level
        pair = stage.jitter(5_300, 8_200, n)
        pair[1] = min(pair[1], rng.uniform(5_300, 6_400))  # room for the night before, which counts on the same day
        case.cash_in(
            "depositor",
            accounts[:n],
            int(monday),
            pair,
            crew,
            branch=branches[:n],
            behalf=behalf[:n],
            channel=_by_day(stage, n),
        )
        night = {"branch": branches[-1:], "channel": int(Channel.NIGHT_DEPOSIT), "behalf": -1}
        case.cash_in("depositor", accounts[1:2], int(monday) - 1, stage.jitter(2_000, 3_400, 1), crew[:1], **night)
    case.member("beneficiary", host)
    case.member("depositor", crew)

    twins = rng.permutation(4)[:2]
    if 0 in twins:
        firms = pop.take(rng, pop.kind == "firm", 2)
        owner = int(pop.staff[firms[0], 0])
        twin = stage.twin(case, "party", owner)
        for monday in _week_starts(stage):
            twin.cash_in("owner", firms, int(monday), stage.jitter(5_300, 8_200, 2), owner)
        twin.member("owner", owner)
        twin.member("holder", firms)
    for number, dollars in ((1, 10_000.0), (2, 9_800.0)):
        if number in twins:
            person = pop.take(rng, _small_customers(stage))
            twin = stage.twin(case, "party", int(person[0]))
            twin.cash_in("holder", person, _week_starts(stage)[:1], np.array([dollars]), _carrier(stage, person))
            twin.member("holder", person)
    if 3 in twins:
        shop = pop.take(rng, pop.kind == "shop")
        pop.own_cash[shop] = False
        twin = stage.twin(case, "account", int(shop[0]))
        day = np.arange(1, clock.days - QUIET_DAYS_AT_END)
        taken = stage.jitter(2_500, 4_400, len(day))
        carrier = pop.staff[shop[0]][rng.integers(0, 3, len(day))]
        weekend = ~clock.business[day]
        inside = np.isin(clock.next_business[day + weekend], _week_starts(stage))
        for at_night, channel in ((True, int(Channel.NIGHT_DEPOSIT)), (False, None)):
            some = weekend == at_night
            args = (int(shop[0]), day[some], taken[some], carrier[some])
            _labelled(twin, "employee", inside[some], *args, channel=channel)
        twin.member("holder", shop)


def cut_on_notice(stage: Stage) -> None:
    """S03: 14,000 tendered, cut to under the line on hearing of the report, the rest later elsewhere."""
    rng, flows = stage.rng, stage.flows
    pop = flows.population
    host = int(pop.take(rng, _small_customers(stage))[0])
    days = stage.banking_days(2 + stage.level)
    branches = flows.branches_in(int(pop.place[host]), 3)
    tendered = float(stage.jitter(11_500, 17_500, 1)[0] if stage.level else rng.uniform(12_500, 15_500))
    kept = float(rng.uniform(8_200, 9_900))
    rest = max(tendered, kept + 1_200) - kept
    people = pop.pick(rng, "person", count=3)
    people[:1] = _carrier(stage, np.array([host]))
    parts = rest * (np.array([1.0]) if stage.level < 2 else np.array([0.55, 0.45]))
    case = stage.scheme("party", host)
    cut = {"branch": branches[:1], "channel": int(Channel.TELLER), "reduced": 1, "leg": "reduced"}
    case.cash_in("holder", host, days[:1], np.array([kept]), people[:1], **cut)
    back = people[: len(parts)] if stage.level < 2 else people[[0, 1]]
    case.cash_in("holder", host, days[-len(parts) :], parts, back, branch=branches[1 : 1 + len(parts)], leg="return")
    case.member("holder", host)
    case.member("depositor", np.unique(people[: len(parts)]))

    person = int(pop.take(rng, _small_customers(stage))[0])
    carrier = _carrier(stage, np.array([person]))
    twin = stage.twin(case, "party", person)
    whole = np.array([kept + rest])
    twin.cash_in("holder", person, stage.banking_days(1), whole, carrier, channel=int(Channel.TELLER))
    twin.member("holder", person)
    shop = pop.take(rng, pop.kind == "shop")
    twin = stage.twin(case, "account", int(shop[0]))
    twin.cash_in("employee", int(shop[0]), stage.banking_days(2), np.array([kept, rest]), pop.staff[shop[0], :2])
    twin.member("holder", shop)


def under_the_order(stage: Stage) -> None:
    """S04: linked persons stay under the line of a border order at several shops of a remitter, within its dates."""
    rng, flows = stage.rng, stage.flows
    pop, clock = flows.population, flows.clock
    length = (2, 3, 4)[stage.level]
    payday = int(rng.choice([d for d in clock.paydays(0) if d < clock.days - 2 * QUIET_DAYS_AT_END - 4]))
    days = clock.business_days(payday, length)
    if not _order_holds(stage, int(days[0]), int(days[-1])):
        return
    towns = [i for i, place in enumerate(PLACES) if 0 < place.order <= 2]
    allowed = _persons(stage) & (pop.remitter >= 0)
    count = (2, 3, 4)[stage.level]
    crew = pop.take(rng, allowed, count)
    town = int(rng.choice(towns))
    pop.place[crew] = town
    shops = flows.branches_in(town, (3, 3, 5)[stage.level], remitter=True)
    n = int(rng.integers(6, 9)) + stage.level
    controller = int(pop.pick(rng, "stranger")[0])
    who = np.arange(n) % count
    named = rng.random(n) < (1.0, 0.6, 0.0)[stage.level]
    case = stage.scheme("party", controller if stage.level < 2 else int(crew[0]))
    remit(
        flows,
        pop.remitter[crew[who]],
        crew[who],
        np.sort(days[rng.integers(0, length, n)]),
        stage.jitter(845, 996, n),
        branch=shops[np.arange(n) % len(shops)],
        behalf=np.where(named, controller, -1),
        tag=Tag(case.number, "courier", "cash_in"),
    )
    case.member("courier", crew)
    case.member("controller", controller)

    worker = pop.take(rng, allowed)
    pop.place[worker] = rng.choice(towns)
    paydays = np.array([d for d in clock.paydays(int(rng.integers(0, 3))) if d < clock.days - QUIET_DAYS_AT_END])
    twin = stage.twin(case, "party", int(worker[0]))
    worker_each = np.repeat(worker, len(paydays))
    dollars = stage.jitter(845, 996, len(paydays))
    remit(flows, pop.remitter[worker_each], worker_each, paydays, dollars, tag=Tag(twin.number, "customer", "cash_in"))
    twin.member("customer", worker)


def funnel(stage: Stage) -> None:
    """S05: strangers in four states feed a new border account that empties abroad; twin: a franchise."""
    rng, flows = stage.rng, stage.flows
    pop = flows.population
    border = np.array([place.border for place in PLACES])
    length = (14, 18, 18)[stage.level]
    first = stage.first_day(length + 4)
    hosts = pop.take(rng, _small_customers(stage), 1 + (stage.level == 2))
    pop.place[hosts] = rng.choice(np.flatnonzero(border), len(hosts))
    pop.opened[hosts] = first - rng.integers(5, 70, len(hosts))
    towns = rng.choice(np.flatnonzero(~border), 4 + stage.level, replace=False)
    strangers = pop.pick(rng, "person", count=6 + 2 * stage.level)
    n = int(rng.integers(10, 26))
    day = np.sort(flows.clock.next_business[first + rng.integers(0, length, n)])
    day = np.minimum(day, first + length)
    who = rng.integers(0, len(strangers), n)
    account = hosts[rng.integers(0, len(hosts), n)]
    where = np.array([flows.branches_in(int(towns[i % len(towns)]), 1)[0] for i in who])
    dollars = stage.jitter(2_000, 9_900, n)
    case = stage.scheme("account", int(hosts[0]))
    case.cash_in("depositor", account, day, dollars, strangers[who], branch=where)
    leaves = rng.random(n) < (0.92, 0.88, 0.85)[stage.level]
    payee = pop.pick(rng, "mexican_firm", count=int(rng.integers(2, 5)))
    payee = payee[rng.integers(0, len(payee), int(leaves.sum()))]
    lag = rng.integers(1, (3, 4, 4)[stage.level], int(leaves.sum()))
    case.pay(
        "mule",
        "out",
        Rail.CHEQUE,
        account[leaves],
        payee,
        day[leaves] + lag,
        dollars[leaves] * 0.97,
        purpose=_said(stage),
    )
    case.member("mule", hosts)
    case.member("depositor", strangers)

    owner = int(pop.take(rng, pop.kind == "franchise")[0])
    pop.own_cash[owner] = False
    twin = stage.twin(case, "account", owner)
    start = stage.first_day(length + 4)
    for town in rng.choice(len(PLACES), 4, replace=False):
        days = np.flatnonzero(flows.clock.business[: flows.clock.days] & (rng.random(flows.clock.days) < 0.42))
        branch = np.full(len(days), flows.branches_in(int(town), 1)[0])
        taken = stage.jitter(2_000, 9_900, len(days))
        van = rng.random(len(days)) < 0.3
        people = pop.staff[owner][rng.integers(0, 3, len(days))]
        inside = (days >= start) & (days < start + length)
        for by_van, channel in ((True, int(Channel.ARMOURED_CAR)), (False, None)):
            mine = van == by_van
            more = {"branch": branch[mine], "channel": channel}
            _labelled(twin, "employee", inside[mine], owner, days[mine], taken[mine], people[mine], **more)
        out = np.flatnonzero(inside)
        payees = pop.pick(rng, "supplier", "landlord_out", "firm_out", "mexican_firm", count=len(out))
        lag = rng.integers(1, 3, len(out))
        twin.pay(
            "holder", "out", Rail.CHEQUE, owner, payees, days[out] + lag, taken[out] * 0.9, purpose=Purpose.SUPPLIER
        )
    twin.member("holder", owner)


def bulk_cash(stage: Stage) -> None:
    """S10: couriers place huge sums on a nominee's firm, reported under the wrong name; twin: a store of that size."""
    rng, flows = stage.rng, stage.flows
    pop = flows.population
    hosts = pop.take(rng, pop.kind == "firm", 1 + (stage.level == 2))
    days = stage.banking_days(int(rng.integers(5, 16)))
    pop.opened[hosts] = days[0] - rng.integers(25, 260, len(hosts))
    pop.expected_cash[hosts] = rng.integers(5, 60, len(hosts)) * 100
    nominee = int(pop.staff[hosts[0], 0])
    couriers = pop.pick(rng, "stranger", count=2 + stage.level)
    town = int(pop.place[hosts[0]])
    branches = np.append(flows.branches_in(town, 2 + stage.level), flows.branches_in(_neighbour(town), 1))
    case = stage.scheme("account", int(hosts[0]))
    visits = np.repeat(days, 1 + rng.integers(0, 3, len(days)))
    n = len(visits)
    account = hosts[rng.integers(0, len(hosts), n)]
    dollars = stage.jitter(45_000, 240_000, n) if stage.level == 0 else rng.uniform(28_000, 150_000, n)
    case.cash_in(
        "courier",
        account,
        visits,
        dollars,
        couriers[rng.integers(0, len(couriers), n)],
        branch=branches[np.arange(n) % len(branches)],
        reported=nominee,
        **_bulk_channel(stage, n),
    )
    payees = pop.pick(rng, "firm_out", "escrow", "supplier", count=int(rng.integers(3, 7)))
    for rail, share in ((Rail.INSTRUMENT, 0.45), (Rail.WIRE, 0.5)):
        payee = payees[rng.integers(0, len(payees), n)]
        case.pay("shell", "out", rail, account, payee, visits + 1, dollars * share, purpose=_said(stage))
    case.member("shell", hosts)
    case.member("courier", couriers)
    case.member("mule", nominee)

    store = int(pop.take(rng, pop.kind == "big_cash")[0])
    pop.own_cash[store] = False
    twin = stage.twin(case, "account", store)
    every = np.flatnonzero(flows.clock.business[: flows.clock.days])
    every = np.repeat(every, 1 + rng.integers(0, 3, len(every)))
    dollars = (
        stage.jitter(45_000, 240_000, len(every)) if stage.level == 0 else rng.uniform(28_000, 150_000, len(every))
    )
    pop.expected_cash[store] = int(dollars.sum() * 30 / flows.clock.days)
    if rng.random() < 0.3:
        pop.opened[store] = -rng.integers(20, 200)
    inside = np.isin(every, stage.banking_days(len(days)))
    people = pop.staff[store][rng.integers(0, 3, len(every))]
    _labelled(twin, "employee", inside, store, every, dollars, people, **_bulk_channel(stage, len(every)))
    suppliers = pop.pick(rng, "supplier", "firm_out", count=5)
    for rail, share in ((Rail.INSTRUMENT, 0.15), (Rail.WIRE, 0.75)):
        payee = suppliers[rng.integers(0, 5, int(inside.sum()))]
        twin.pay(
            "holder", "out", rail, store, payee, every[inside] + 1, dollars[inside] * share, purpose=Purpose.SUPPLIER
        )
    twin.member("holder", store)
    twin.member("employee", np.unique(pop.staff[store]))


def _by_day(stage: Stage, n: int) -> Array:
    """Return channels for cash that is meant to count on the day it is carried."""
    return stage.rng.choice([Channel.TELLER, Channel.ATM], n, p=[0.85, 0.15])


def _bulk_channel(stage: Stage, n: int) -> dict[str, Array]:
    return {"channel": stage.rng.choice([Channel.TELLER, Channel.ARMOURED_CAR], n, p=[0.75, 0.25])}


def _said(stage: Stage) -> int:
    """Return the purpose that a front states for what it sends on: goods, or nothing."""
    return int(Purpose.SUPPLIER) if stage.rng.random() < 0.7 else 0


def _persons(stage: Stage) -> Array:
    pop = stage.flows.population
    return np.asarray((pop.kind == "person") & pop.own & ~pop.thin)


def _carrier(stage: Stage, holder: Array) -> Array:
    """Return who carries the holder's cash: themselves, or the first of a firm's staff."""
    return np.asarray(stage.flows.population.staff[holder, 0])


def _small_customers(stage: Stage) -> Array:
    """Return persons or small firms, by the toss of a coin: the holder's class must not mark a case."""
    return _persons(stage) if stage.rng.random() < 0.5 else stage.flows.population.kind == "firm"


def _week_starts(stage: Stage) -> Array:
    """Return one to three business days that follow a weekend or a holiday: Mondays, as a rule."""
    clock = stage.flows.clock
    last = clock.days - QUIET_DAYS_AT_END
    mondays = np.flatnonzero(clock.business[1:last] & ~clock.business[: last - 1]) + 1
    count = min(int(stage.rng.integers(1, 3)) + (stage.level > 0), len(mondays))
    return np.sort(stage.rng.choice(mondays, count, replace=False))


def _order_holds(stage: Stage, first: int, last: int) -> bool:
    dates = stage.flows.clock.dates
    return any(order.line_usd_cents == 1_000_00 and order.first <= dates[first] and dates[last] < order.after
               for order in ORDERS)  # fmt: skip


def _neighbour(town: int) -> int:
    """Return the nearest other place of the map."""
    here = PLACES[town]
    return min(
        (i for i in range(len(PLACES)) if i != town),
        key=lambda i: (PLACES[i].latitude - here.latitude) ** 2 + (PLACES[i].longitude - here.longitude) ** 2,
    )


def _labelled(
    case: Case, role: str, inside: Array, account: int, day: Array, dollars: Array, people: Array, **more: Any
) -> None:
    """Pay in a long series of which only the part inside the window belongs to the case."""
    split = {name: value for name, value in more.items() if isinstance(value, np.ndarray)}
    fixed = {name: value for name, value in more.items() if name not in split}
    for mine in (True, False):
        part = inside == mine
        args = (account, day[part], dollars[part], people[part])
        chosen = fixed | {name: value[part] for name, value in split.items()}
        if mine:
            case.cash_in(role, *args, **chosen)
        else:
            case.flows.cash_in(*args, **chosen)
