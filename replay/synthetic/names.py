"""Ids and display names, given out in an order that has nothing to do with who someone is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from replay.synthetic.clock import Array, Rng
from replay.synthetic.population import NATIONALITIES, Population

FIRST = ("Ada", "Ben", "Carla", "Dario", "Elin", "Farid", "Grace", "Hana", "Ivo", "Jun", "Kai", "Lena", "Mei", "Noor")
LAST = ("Abel", "Brandt", "Castillo", "Dang", "Ekwueme", "Fischer", "Gupta", "Huang", "Ito", "Jansen", "Kim", "Lopez")
FIRM = ("Trading", "Logistics", "Market", "Supply", "Services", "Foods", "Group", "Partners", "Imports", "Works")


@dataclass(frozen=True, slots=True)
class Names:
    """Ids and names by number of the party, account or branch."""

    parties: list[str]
    accounts: list[str]
    branches: list[str]
    display: list[str]
    nationality: list[str]


def baptise(rng: Rng, population: Population) -> Names:
    """Draw ids and names. All ids of one sort are of one pattern, drawn without replacement from one range."""
    n = len(population.kind)
    person = population.party_class == 1
    first, last, firm = (rng.integers(0, len(pool), n) for pool in (FIRST, LAST, FIRM))
    display = [
        f"{FIRST[f]} {LAST[s]}" if is_person else f"{LAST[s]} {FIRM[w]} LLC"
        for f, s, w, is_person in zip(first, last, firm, person, strict=True)
    ]
    nation = rng.integers(0, len(NATIONALITIES), n)
    return Names(
        parties=[f"P{i:08d}" for i in _draw(rng, 100_000_000, n)],
        accounts=[f"A{i:010d}" for i in _draw(rng, 10_000_000_000, len(population.account_party))],
        branches=[f"B{i:05d}" for i in _draw(rng, 100_000, len(population.branch_place))],
        display=display,
        nationality=[NATIONALITIES[i] for i in nation],
    )


def _draw(rng: Rng, below: int, count: int) -> Array:
    """Return `count` different numbers in random order."""
    drawn = np.unique(rng.integers(0, below, count + count // 8 + 64))
    while len(drawn) < count:
        drawn = np.unique(np.concatenate([drawn, rng.integers(0, below, count)]))
    return rng.permutation(drawn)[:count]
