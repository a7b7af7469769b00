"""From the order history to demand at home nodes: the made-up brand's own demand comes out again, whoever shipped."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from evenstock.domain import Account, Bucket, Cause, Movement, MovementId, NodeId, Sku, Units
from evenstock.operations.attribute_demand import POINTER, attribute_demand, available_history
from evenstock.operations.company import Company
from evenstock.operations.forecast_demand import forecast_demand
from evenstock.operations.home_regions import home_regions, item_groups
from evenstock.operations.import_network import import_network
from evenstock.simulation.enrichment import enrich
from evenstock.simulation.world import World, make_world
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder


@pytest.fixture(scope="module")
def world() -> World:
    """Five nodes, Amazon's among them; an eighth of the lines shipped by another node than their home."""
    return enrich(make_world(seed=2, nodes=5, skus=60, days=60, orders_per_day=80), parcels=10).world


def opened(tmp_path: Path, frames: dict[str, pl.DataFrame], world: World):
    store, snapshots = MemoryStore(), SnapshotFolder(tmp_path / "snapshots")
    import_network(store, snapshots, frames, world.opens_at)
    return store, snapshots, Company.load(store, snapshots)


def without(world: World, *names: str, **instead: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {name: frame for name, frame in world.frames.items() if name not in names} | instead


def test_the_brands_demand_comes_out_of_its_orders_though_other_nodes_shipped_an_eighth(tmp_path, world):
    store, snapshots, company = opened(tmp_path, without(world, "demand"), world)
    made = attribute_demand(store, snapshots, company, now=world.opens_at)
    found = made.attributed.demand.filter(pl.col("units") > 0).select("date", "sku", "node", "units")
    true = world.frames["demand"].filter((pl.col("units") > 0) & (pl.col("date") >= found["date"].min()))

    assert found.equals(true.select(found.columns).sort("date", "sku", "node"))
    assert 0.05 < made.attributed.moved_share < 0.2
    assert made.attributed.unplaced.is_empty()


def test_marketplace_orders_are_at_home_with_amazon_and_others_never_are(tmp_path, world):
    store, snapshots, company = opened(tmp_path, without(world, "demand"), world)
    homes = attribute_demand(store, snapshots, company, now=world.opens_at).homes
    amazon = homes.filter(pl.col("node") == "IN-MCF")

    assert set(amazon["channel"]) == {"marketplace"}
    # What Amazon may not hold has another home there too.
    elsewhere = homes.filter((pl.col("channel") == "marketplace") & (pl.col("node") != "IN-MCF"))
    assert {group.split("/")[0] for group in elsewhere["group"]} == {"hazmat", "cold"}


def test_where_no_demand_was_imported_it_is_the_demand_in_force_and_can_be_forecast(tmp_path, world):
    store, snapshots, company = opened(tmp_path, without(world, "demand"), world)
    made = attribute_demand(store, snapshots, company, now=world.opens_at)
    company = Company.load(store, snapshots)

    assert made.in_force
    assert company.digests["demand"] == made.digest
    forecast = forecast_demand(store, snapshots, company, as_of=world.as_of, now=world.opens_at).forecast
    assert forecast.mu.sum() > 0


def test_imported_demand_is_never_replaced(tmp_path, world):
    store, snapshots, company = opened(tmp_path, dict(world.frames), world)
    made = attribute_demand(store, snapshots, company, now=world.opens_at)

    assert not made.in_force
    assert "the demand that was imported stays in force" in made.notes[-1]
    with store.reading() as books:
        assert books.pointer("demand") == company.digests["demand"]
        assert books.pointer(POINTER) == made.digest


def test_demand_made_from_orders_is_replaced_by_what_newer_orders_make(tmp_path, world):
    history = world.frames["order_history"]
    half = history.filter(pl.col("placed_at") < history["placed_at"].median())
    store, snapshots, company = opened(tmp_path, without(world, "demand", order_history=half), world)
    first = attribute_demand(store, snapshots, company, now=world.opens_at)
    import_network(store, snapshots, {**without(world, "demand")}, world.opens_at)
    company = Company.load(store, snapshots)
    second = attribute_demand(store, snapshots, company, now=world.opens_at)

    assert second.in_force
    assert second.digest != first.digest
    # And the same again changes nothing.
    assert attribute_demand(store, snapshots, company, now=world.opens_at).digest == second.digest
    assert Company.load(store, snapshots).digests["demand"] == second.digest


def test_a_closed_node_is_nobodys_home_and_its_regions_go_to_the_next(tmp_path, world):
    nodes = world.frames["nodes"].with_columns(active=pl.col("node") != "GA-3PL")
    store, snapshots, company = opened(tmp_path, without(world, "demand", nodes=nodes), world)
    made = attribute_demand(store, snapshots, company, now=world.opens_at)

    assert "GA-3PL" not in set(made.attributed.demand["node"])
    assert made.attributed.demand["units"].sum() + made.attributed.cancelled == made.attributed.ordered


def test_orders_from_abroad_are_dealt_out_and_counted(tmp_path, world):
    history = world.frames["order_history"].with_row_index("k")
    foreign = history.with_columns(country=pl.when(pl.col("k") % 10 == 0).then(pl.lit("CA")).otherwise("country")).drop(
        "k"
    )
    store, snapshots, company = opened(tmp_path, without(world, "demand", order_history=foreign), world)
    made = attribute_demand(store, snapshots, company, now=world.opens_at)

    assert made.attributed.unplaced["because"].to_list() == ["no node of ours ships in its country"]
    assert made.attributed.demand["units"].sum() + made.attributed.cancelled == made.attributed.ordered


def test_groups_of_items_are_told_apart_by_certificates_and_category(tmp_path, world):
    _, _, company = opened(tmp_path, without(world, "demand"), world)
    groups = item_groups(company.network)

    assert groups.height == world.frames["items"].height
    items = world.frames["items"].select("sku", wanted=pl.col("requires") + "/" + pl.col("category"))
    assert groups.join(items, on="sku").select((pl.col("group") == pl.col("wanted")).all()).item()


def test_a_region_that_no_zone_reaches_has_no_home(tmp_path, world):
    _, _, company = opened(tmp_path, without(world, "demand"), world)
    where = pl.DataFrame({"country": ["US"], "area": ["ZZZ"], "channel": ["web"], "postal_code": ["ZZZ99"]})
    homes = home_regions(company.network, company.shipping, where, world.opens_at)

    assert set(homes["because"]) == {"no service of ours reaches the region"}
    assert set(homes["node"]) == {""}


def test_what_the_books_had_to_promise_is_told_moment_by_moment():
    store, noon = MemoryStore(), datetime(2026, 7, 1, 12, tzinfo=UTC)
    mug, tx = Sku("MUG"), NodeId("TX")
    outside = Account(mug, tx, Bucket.OUTSIDE, cause=Cause.OPENING)
    available, held = Account(mug, tx, Bucket.AVAILABLE), Account(mug, tx, Bucket.HELD)
    moves = [
        Movement(MovementId("1"), Units(5), outside, available, noon, "opening"),
        Movement(MovementId("2"), Units(5), available, held, noon + timedelta(hours=1), "damaged"),
    ]
    with store.transaction() as books:
        books.post(moves, noon)

    assert available_history(store)["units"].to_list() == [5, 0]


def test_without_orders_there_is_nothing_to_make_demand_from(tmp_path, world):
    store, snapshots, company = opened(tmp_path, without(world, "order_history"), world)

    with pytest.raises(ValueError, match="no order history: import a table named order_history"):
        attribute_demand(store, snapshots, company, now=world.opens_at)
