"""The demo world: reproducible, exact, with labels apart, and with the rhythms of ordinary life."""

from __future__ import annotations

import ast
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import replay.synthetic
from replay.synthetic.dirt import with_dirt
from replay.synthetic.places import PLACES
from replay.synthetic.population import BANKS, CUSTOMERS
from replay.synthetic.world import SCENARIOS, World, WorldConfig, generate, write
from typologies.base.events import FRAME_SCHEMA

SMALL = WorldConfig(seed=3, days=40, parties=300, cases_per_typology=1)


@pytest.fixture(scope="module")
def world() -> World:
    return generate(WorldConfig())


def _case_events(world: World, scenario: str, *, illicit: bool) -> pl.DataFrame:
    cases = world.truth["cases"].filter((pl.col("scenario") == scenario) & (pl.col("is_illicit") == illicit))
    return world.truth["events"].join(cases, on="case_id").join(world.events, on="event_id")


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    manifests = [write(generate(SMALL), tmp_path / name) for name in ("a", "b")]
    assert manifests[0]["sha256"] == manifests[1]["sha256"]
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file())
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)
    other = write(generate(WorldConfig(seed=4, days=40, parties=300, cases_per_typology=1)), tmp_path / "c")
    assert other["sha256"] != manifests[0]["sha256"]


def test_events_have_exactly_the_canonical_columns_and_no_rates(world: World) -> None:
    assert dict(world.events.schema) == {name: pl.Series([], dtype=dtype).dtype for name, dtype in FRAME_SCHEMA.items()}
    assert world.events["amount_usd"].null_count() == world.events.height
    assert world.events["event_id"].n_unique() == world.events.height
    assert world.events["event_time"].is_sorted()
    assert not any(world.events.select((pl.selectors.string() == "").any()).row(0))


def test_amounts_are_positive_whole_cents_and_times_are_aware(world: World) -> None:
    assert world.events.schema["amount"] == pl.Int128
    assert (world.events["amount"] > 0).all()
    assert world.events["exponent"].unique().to_list() == [2]
    assert world.events.schema["event_time"] == pl.Datetime("us", "UTC")
    assert (world.events["received_at"] >= world.events["event_time"]).all()
    start = datetime(2026, 1, 5, tzinfo=UTC)
    first, last = world.events["event_time"].min(), world.events["event_time"].max()
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    assert start <= first
    assert last < start + timedelta(days=61)


def test_labels_lie_apart_from_the_stream(world: World, tmp_path: Path) -> None:
    write(world, tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {"transactions.parquet", "context.jsonl", "truth", "manifest.json"}
    assert not set(pl.read_parquet_schema(tmp_path / "transactions.parquet")) & {"case_id", "role", "leg", "is_illicit"}
    context = (tmp_path / "context.jsonl").read_text(encoding="utf-8")
    assert not any(f'"{case}"' in context for case in world.truth["cases"]["case_id"])
    assert set(json.loads(context.splitlines()[0])) == {"kind", "key", "valid_from", "valid_to", "known_at", "values"}


def test_every_scenario_is_planted_with_twins_that_outnumber_it_or_match_it(world: World) -> None:
    cases = world.truth["cases"]
    schemes = cases.filter(pl.col("is_illicit"))
    twins = cases.filter(~pl.col("is_illicit"))
    planned = {(typology, number) for typology, found in SCENARIOS.items() for number, _ in found}
    assert set(schemes.select("typology", "scenario").iter_rows()) == planned
    assert set(twins["twin_of"]) == set(schemes["case_id"])
    assert twins.height >= schemes.height
    assert schemes["twin_of"].null_count() == schemes.height
    assert set(schemes["evasion"]) == {0, 1, 2}


def test_every_case_has_events_that_exist_within_its_span(world: World) -> None:
    labelled = world.truth["events"].join(world.events, on="event_id", how="left")
    assert labelled["event_time"].null_count() == 0
    assert world.truth["events"]["event_id"].n_unique() == world.truth["events"].height
    spans = labelled.group_by("case_id").agg(
        pl.col("event_time").min().alias("a"), pl.col("event_time").max().alias("b")
    )
    joined = world.truth["cases"].join(spans, on="case_id", how="left")
    assert (joined["a"] == joined["first_time"]).all()
    assert (joined["b"] == joined["last_time"]).all()


def test_every_subject_and_member_is_in_the_stream_or_on_file(world: World) -> None:
    stream = set[str]()
    for column in ("debtor", "creditor", "debtor_account", "creditor_account", "conductor", "on_behalf_of"):
        stream |= set(world.events[column].drop_nulls())
    on_file = {fact.key for fact in world.facts}
    assert set(world.truth["cases"]["subject_id"]) <= stream | on_file


def test_the_background_outlives_the_last_scheme(world: World) -> None:
    last = world.truth["cases"]["last_time"].max()
    after = world.events.filter(pl.col("event_time") > last)
    assert after.height > 1_000


def test_no_cases_means_ordinary_life_only() -> None:
    plain = generate(WorldConfig(days=30, parties=200, cases_per_typology=0))
    assert plain.truth["cases"].height == 0
    assert plain.truth["events"].height == 0
    assert plain.events.height > 5_000


@pytest.mark.parametrize(("seed", "days", "cases"), [(1, 30, 3), (2, 30, 1), (3, 45, 12)])
def test_the_smallest_worlds_hold_their_cases(seed: int, days: int, cases: int) -> None:
    small = generate(WorldConfig(seed=seed, days=days, parties=50, cases_per_typology=cases))
    assert set(small.truth["cases"]["scenario"]) == {number for found in SCENARIOS.values() for number, _ in found}
    assert small.truth["cases"].height >= 20
    last = small.events["event_time"].max()
    assert isinstance(last, datetime)
    assert last < datetime(2026, 1, 5, tzinfo=UTC) + timedelta(days=days + 1)


def test_shops_pay_in_on_business_days_and_most_on_mondays(world: World) -> None:
    cash = world.events.filter((pl.col("kind") == "cash") & (pl.col("creditor_account").is_not_null()))
    counts = cash.group_by("creditor_account").len().filter(pl.col("len") > 30)
    weekday = pl.col("business_date").dt.weekday().alias("weekday")
    takings = cash.join(counts, on="creditor_account").with_columns(weekday)
    assert set(takings["weekday"]) <= {1, 2, 3, 4, 5}
    holiday = date(2026, 1, 19)
    assert cash.filter(pl.col("business_date") == holiday).height == 0
    amount = pl.col("amount").cast(pl.Float64)
    rhythm = takings.group_by("creditor_account").agg(
        amount.filter(pl.col("weekday") == 1).mean().alias("monday"),
        amount.filter(pl.col("weekday") > 2).mean().alias("rest"),
    )
    assert float((rhythm["monday"] / rhythm["rest"]).median() or 0) > 1.7  # type: ignore[arg-type]


def test_tellers_work_in_local_office_hours(world: World) -> None:
    zones = {place.code: place.zone for place in PLACES}
    tellers = world.events.filter((pl.col("channel") == "teller") & (pl.col("institution_type") == "bank"))
    for (place,), rows in tellers.partition_by("place", as_dict=True).items():
        local = rows["event_time"].dt.convert_time_zone(zones[str(place)])
        assert local.dt.hour().is_between(9, 16).all(), place
        assert local.dt.weekday().is_between(1, 5).all(), place


def test_amounts_and_activity_are_heavy_tailed(world: World) -> None:
    cards = world.events.filter(pl.col("kind") == "card")
    amount = cards["amount"].cast(pl.Float64).to_numpy()
    assert np.quantile(amount, 0.99) > 8 * np.median(amount)
    per_account = cards.group_by("debtor_account").len()["len"].to_numpy()
    assert np.quantile(per_account, 0.99) > 3 * np.median(per_account)


def test_trades_file_reports_over_ten_thousand_unless_exempt(world: World) -> None:
    exempt = {f.key for f in world.facts if f.table == "account_profile" and f.values["is_ctr_exempt"]}
    cash = world.events.filter((pl.col("kind") == "cash") & (pl.col("amount") > 1_000_000))
    account = pl.coalesce("creditor_account", "debtor_account")
    assert cash.filter(~account.is_in(list(exempt)))["ctr_filed"].all()
    assert not cash.filter(account.is_in(list(exempt)))["ctr_filed"].any()
    assert cash.filter("ctr_filed").height > 100
    assert cash.filter(~pl.col("ctr_filed")).height > 10


def test_smurfed_deposits_stay_unreported_while_their_sum_is_over_the_line(world: World) -> None:
    deposits = _case_events(world, "S01", illicit=True).filter(pl.col("leg") == "cash_in")
    assert deposits["ctr_filed"].sum() <= 0.1 * deposits.height  # a late hour may move one to the next day
    assert deposits["branch"].n_unique() >= 3
    assert int(deposits["amount"].sum()) > 5 * 1_000_000


def test_a_cut_deposit_says_so_and_the_rest_comes_later_elsewhere(world: World) -> None:
    scheme = _case_events(world, "S03", illicit=True)
    cut, rest = scheme.filter(pl.col("leg") == "reduced"), scheme.filter(pl.col("leg") == "return")
    assert cut["reduced_on_notice"].all()
    assert not rest["reduced_on_notice"].fill_null(False).any()
    assert rest["business_date"].min() > cut["business_date"].max()  # type: ignore[operator]
    assert not _case_events(world, "S03", illicit=False)["reduced_on_notice"].fill_null(False).any()


def test_the_border_order_scenario_lies_inside_place_and_dates_of_an_order(world: World) -> None:
    rows = _case_events(world, "S04", illicit=True).filter(pl.col("kind") == "cash")
    assert rows["institution_type"].unique().to_list() == ["msb"]
    assert rows["branch"].n_unique() >= 3
    lines = [f for f in world.facts if f.table == "threshold" and f.values["line_usd_cents"] == 1_000_00]
    for place, moment in rows.select("place", "event_time").iter_rows():
        assert any(
            f.values["place"] == place and f.valid_from <= moment and f.valid_to > moment for f in lines if f.valid_to
        )


def test_without_an_order_in_force_its_scenario_is_left_out() -> None:
    earlier = generate(WorldConfig(days=30, parties=200, start=date(2024, 1, 8), cases_per_typology=1))
    assert "S04" not in set(earlier.truth["cases"]["scenario"])
    assert "S03" in set(earlier.truth["cases"]["scenario"])


def test_a_funnel_is_fed_from_several_states_and_empties(world: World) -> None:
    scheme = _case_events(world, "S05", illicit=True)
    paid_in, out = scheme.filter(pl.col("leg") == "cash_in"), scheme.filter(pl.col("leg") == "out")
    assert paid_in.group_by("case_id").agg(pl.col("place").n_unique())["place"].min() >= 2  # type: ignore[operator]
    assert int(out["amount"].sum()) >= 0.6 * int(paid_in["amount"].sum())


def test_bulk_cash_is_reported_under_another_name_than_the_carriers(world: World) -> None:
    scheme = _case_events(world, "S10", illicit=True).filter(pl.col("leg") == "cash_in")
    assert scheme["ctr_filed"].all()
    assert (scheme["ctr_conductor"] != scheme["conductor"]).all()
    twin = _case_events(world, "S10", illicit=False).filter(pl.col("ctr_filed"))
    assert (twin["ctr_conductor"] == twin["conductor"]).all()


@pytest.mark.parametrize("scenario", ["S13", "S14"])
def test_what_passes_through_leaves_again_in_scheme_and_twin(world: World, scenario: str) -> None:
    for illicit in (True, False):
        rows = _case_events(world, scenario, illicit=illicit)
        came = int(rows.filter(pl.col("leg") == "in")["amount"].sum())
        left = int(rows.filter(pl.col("leg") == "out")["amount"].sum())
        assert 0.5 * came < left <= 1.3 * came


def test_profiles_carry_what_is_known_of_every_customer_account(world: World) -> None:
    profiles = {f.key: f for f in world.facts if f.table == "account_profile"}
    agents = {bank for bank, _ in BANKS[:1]}
    own = world.events.filter(pl.col("creditor_agent").is_in(list(agents)))["creditor_account"].unique()
    assert set(own) <= set(profiles)
    assert len(profiles) >= 2_000
    assert all(
        {"opened_on", "holders", "holder_class", "place", "is_ctr_exempt"} <= set(f.values) for f in profiles.values()
    )
    places = {f.key for f in world.facts if f.table == "place"}
    assert {str(f.values["place"]) for f in profiles.values()} <= places
    assert set(world.events["place"].drop_nulls()) <= places
    assert sum("declared_income" in f.values for f in profiles.values()) > 1_000
    assert set(CUSTOMERS) >= {"produce", "franchise", "lawyer", "landlord"}


def test_dirt_repeats_and_delays_rows_without_changing_their_content(world: World) -> None:
    rng = np.random.default_rng(5)
    dirty = with_dirt(world.events, rng, duplicates=0.1, late=0.05, late_by=timedelta(hours=6))
    assert dirty.height == pytest.approx(1.1 * world.events.height, rel=0.01)
    assert dirty["received_at"].is_sorted()
    assert not dirty["event_time"].is_sorted()
    behaviour = [name for name in FRAME_SCHEMA if name != "received_at"]
    assert dirty.select(behaviour).unique().height == world.events.height
    assert with_dirt(world.events, rng).drop("received_at").height == world.events.height


@pytest.mark.parametrize("change", [{"days": 5}, {"parties": 3}, {"evasion": 3}, {"cases_per_typology": -1}])
def test_a_config_outside_its_range_says_what_it_was(change: dict[str, int]) -> None:
    name, value = next(iter(change.items()))
    with pytest.raises(ValueError, match=rf"{name} must lie in .* was {value}"):
        WorldConfig(**change)  # type: ignore[arg-type]


def test_the_generator_knows_no_detector_and_no_parameters() -> None:
    folder = Path(replay.synthetic.__file__).parent
    modules = sorted(folder.rglob("*.py"))
    assert len(modules) > 5
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [str(node.module), *(f"{node.module}.{a.name}" for a in node.names)]
            for name in names:
                if name.startswith("typologies"):
                    assert name.startswith(("typologies.base.events", "typologies.base.facts")), (module.name, name)
                assert not name.startswith("pipeline"), (module.name, name)
