"""The demo world: ordinary lives and planted cases from one seed, with the truth kept apart from the stream."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from replay.synthetic import passage, placement
from replay.synthetic.casebook import CaseBook, Scenario, Stage
from replay.synthetic.clock import Clock
from replay.synthetic.commerce import trade
from replay.synthetic.flows import Flows
from replay.synthetic.ledger import Ledger, frame, settle
from replay.synthetic.life import live
from replay.synthetic.names import Names, baptise
from replay.synthetic.places import PLACES, midnight, place_facts, reporting_lines
from replay.synthetic.population import BANKS, OCCUPATIONS, Population, populate
from typologies.base.events import FRAME_SCHEMA, PartyClass
from typologies.base.facts import Fact, FactValue, cash_values, income_values

SCENARIOS: dict[str, tuple[tuple[str, Scenario], ...]] = {
    "structuring": (
        ("S01", placement.smurfing),
        ("S02", placement.same_day_pair),
        ("S03", placement.cut_on_notice),
        ("S04", placement.under_the_order),
    ),
    "funnel_account": (("S05", placement.funnel),),
    "bulk_cash": (("S10", placement.bulk_cash), ("S11", passage.takeover)),
    "pass_through": (("S12", passage.student), ("S13", passage.in_and_out), ("S14", passage.running_points)),
}
"""Scenarios by the typology they are planted for; numbers of the typology reference, section 6.2."""

MIN_DAYS = 30


@dataclass(frozen=True)
class WorldConfig:
    """What a world is made from.

    Attributes
    ----------
    seed
        Same seed, same bytes.
    days
        Length, at least 30.
    parties
        Customers of the bank, at least 50; small worlds get the few more that their cases need.
    start
        First day.
    cases_per_typology
        Schemes for each typology, each with its twins. Every scenario is planted at least once; 0: none at all.
    evasion
        Highest evasion level, 0 to 2: cases take the levels up to it in turn.
    """

    seed: int = 7
    days: int = 60
    parties: int = 2_000
    start: date = date(2026, 1, 5)
    cases_per_typology: int = 3
    evasion: int = 2

    def __post_init__(self) -> None:
        for name, low, high in (("days", MIN_DAYS, 3_650), ("parties", 50, 1_000_000), ("evasion", 0, 2)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} must lie in {low} to {high}, was {value}")
        if not 0 <= self.cases_per_typology <= 1_000:
            raise ValueError(f"cases_per_typology must lie in 0 to 1000, was {self.cases_per_typology}")


@dataclass(frozen=True)
class World:
    """A generated world.

    Attributes
    ----------
    events
        Canonical frame (`FRAME_SCHEMA`) in order of event time; `amount_usd` null; every event has an id.
    facts
        Context: profiles, reporting lines, places.
    truth
        `events` (event_id, case_id, role, leg), `cases`, `parties` (party_id, role, case_id): the labels.
    """

    config: WorldConfig
    events: pl.DataFrame
    facts: list[Fact]
    truth: dict[str, pl.DataFrame]


def generate(config: WorldConfig) -> World:
    """Generate a world. Parts draw from streams of their own, so that one more case does not change the others."""
    people, life, business, naming, numbering, cases = np.random.SeedSequence(config.seed).spawn(6)
    plan = _plan(config)
    clock = Clock(config.start, config.days)
    population = populate(np.random.default_rng(people), config.parties, len(plan))
    ledger, book = Ledger(), CaseBook()
    for (typology, number, scenario, level), seed in zip(plan, cases.spawn(len(plan)), strict=True):
        flows = Flows(population, clock, ledger, np.random.default_rng(seed))
        scenario(Stage(flows, book, typology, number, level))
    live(Flows(population, clock, ledger, np.random.default_rng(life)))
    trade(Flows(population, clock, ledger, np.random.default_rng(business)))
    names = baptise(np.random.default_rng(naming), population)
    rng = np.random.default_rng(numbering)
    table = frame(settle(ledger, population, clock), population, clock, names, rng)
    return World(
        config=config,
        events=table.select(list(FRAME_SCHEMA)),
        facts=_facts(population, names, config),
        truth=_truth(table, book, names),
    )


def _plan(config: WorldConfig) -> list[tuple[str, str, Scenario, int]]:
    plan = []
    for typology, scenarios in SCENARIOS.items():
        count = max(config.cases_per_typology, len(scenarios)) if config.cases_per_typology else 0
        for i in range(count):
            number, scenario = scenarios[i % len(scenarios)]
            plan.append((typology, number, scenario, (i + i // len(scenarios)) % (config.evasion + 1)))
    return plan


def _facts(population: Population, names: Names, config: WorldConfig) -> list[Fact]:
    facts = reporting_lines() + place_facts()
    customers = np.flatnonzero(population.own)
    owners = set(customers.tolist())
    for number, party in enumerate(population.account_party.tolist()):
        if party not in owners:
            continue
        opened = config.start + timedelta(days=int(population.opened[number]))
        facts.append(
            _profile(
                "account_profile",
                names.accounts[number],
                opened,
                {
                    "opened_on": opened.isoformat(),
                    "holders": (names.parties[party],),
                    "holder_class": PartyClass(int(population.party_class[party])).name.lower(),
                    "place": PLACES[int(population.place[party])].code,
                    "institution": BANKS[int(population.bank[number])][0],
                    "occupation": _occupation(population, party),
                    **_income(population, party),
                    **_expected_cash(int(population.expected_cash[number])),
                    "is_ctr_exempt": bool(population.exempt[number]),
                },
            )
        )
    for party in customers.tolist():
        since = config.start + timedelta(days=int(population.opened[party]))
        facts.append(
            _profile(
                "party_profile",
                names.parties[party],
                since,
                {
                    "name": names.display[party],
                    "nationalities": (names.nationality[party],),
                    "document_country": names.nationality[party],
                    "party_class": PartyClass(int(population.party_class[party])).name.lower(),
                    "occupation": _occupation(population, party),
                    **_income(population, party),
                },
            )
        )
    end = midnight(config.start + timedelta(days=config.days))
    return sorted((fact for fact in facts if fact.known_at < end), key=lambda f: (f.table, f.key, f.valid_from))


def _profile(table: str, key: str, since: date, values: dict[str, FactValue]) -> Fact:
    known = {name: value for name, value in values.items() if value is not None}
    return Fact(table=table, key=key, valid_from=midnight(since), known_at=midnight(since), values=known)


def _occupation(population: Population, party: int) -> str | None:
    code = int(population.occupation[party])
    return OCCUPATIONS[code] if code >= 0 else None


def _income(population: Population, party: int) -> dict[str, FactValue]:
    dollars = int(population.income[party])
    return income_values(dollars) if dollars else {}


def _expected_cash(dollars: int) -> dict[str, FactValue]:
    return cash_values(dollars) if dollars >= 0 else {}


def _truth(table: pl.DataFrame, book: CaseBook, names: Names) -> dict[str, pl.DataFrame]:
    """Return the labels. Case ids are numbered in order of time, so that they say nothing either."""
    planted = table.filter(pl.col("truth_case") >= 0)
    spans = {
        int(case): (first, last)
        for case, first, last in planted.group_by("truth_case")
        .agg(pl.col("event_time").min().alias("first"), pl.col("event_time").max().alias("last"))
        .iter_rows()
    }
    order = sorted(range(len(book.cases)), key=lambda case: (spans[case][0], case))
    ids = {case: f"C{rank:04d}" for rank, case in enumerate(order, 1)}
    events = planted.select(
        "event_id",
        pl.col("truth_case").replace_strict(ids, return_dtype=pl.String).alias("case_id"),
        pl.col("truth_role").alias("role"),
        pl.col("truth_leg").alias("leg"),
    )
    rows = []
    for case in order:
        row = book.cases[case]
        subjects = names.parties if row.subject_kind == "party" else names.accounts
        rows.append(
            {
                "case_id": ids[case],
                "typology": row.typology,
                "scenario": row.scenario,
                "is_illicit": row.is_illicit,
                "twin_of": None if row.twin_of is None else ids[row.twin_of],
                "subject_kind": row.subject_kind,
                "subject_id": subjects[row.subject],
                "evasion": row.evasion,
                "first_time": spans[case][0],
                "last_time": spans[case][1],
            }
        )
    time = pl.Datetime("us", "UTC")
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "case_id": pl.String,
        "typology": pl.String,
        "scenario": pl.String,
        "is_illicit": pl.Boolean,
        "twin_of": pl.String,
        "subject_kind": pl.String,
        "subject_id": pl.String,
        "evasion": pl.Int8,
        "first_time": time,
        "last_time": time,
    }
    members = sorted((names.parties[party], role, ids[case]) for party, role, case in set(book.members))
    parties = pl.DataFrame(
        members, schema={"party_id": pl.String, "role": pl.String, "case_id": pl.String}, orient="row"
    )
    return {"events": events.sort("event_id"), "cases": pl.DataFrame(rows, schema=schema), "parties": parties}


def write(world: World, out_dir: Path) -> dict[str, object]:
    """Write a world to a folder and return its manifest.

    `transactions.parquet`, `context.jsonl` (one fact a line), `truth/*.parquet`, `manifest.json` (configuration,
    counts, SHA-256 of every file). Same world, same bytes (with the same version of Polars).
    """
    (out_dir / "truth").mkdir(parents=True, exist_ok=True)
    world.events.write_parquet(out_dir / "transactions.parquet", compression="zstd", statistics=True)
    with (out_dir / "context.jsonl").open("w", encoding="utf-8", newline="\n") as lines:
        lines.writelines(json.dumps(_line(fact), ensure_ascii=False) + "\n" for fact in world.facts)
    for name, table in world.truth.items():
        table.write_parquet(out_dir / "truth" / f"{name}.parquet", compression="zstd")
    files = ["transactions.parquet", "context.jsonl", *(f"truth/{name}.parquet" for name in sorted(world.truth))]
    cases = world.truth["cases"]
    manifest: dict[str, object] = {
        "generator": "feiqian synthetic world",
        "config": asdict(world.config) | {"start": world.config.start.isoformat()},
        "counts": {
            "events": world.events.height,
            "facts": len(world.facts),
            "schemes": int(cases["is_illicit"].sum()),
            "twins": int((~cases["is_illicit"]).sum()),
            "events_in_cases": world.truth["events"].height,
        },
        "sha256": {name: hashlib.sha256((out_dir / name).read_bytes()).hexdigest() for name in files},
    }
    text = json.dumps(manifest, indent=2, sort_keys=True) + "\n"
    (out_dir / "manifest.json").write_text(text, encoding="utf-8", newline="\n")
    return manifest


def _line(fact: Fact) -> dict[str, object]:
    return {
        "kind": fact.table,
        "key": fact.key,
        "valid_from": fact.valid_from.isoformat(),
        "valid_to": fact.valid_to.isoformat() if fact.valid_to else None,
        "known_at": fact.known_at.isoformat(),
        "values": dict(fact.values),
    }
