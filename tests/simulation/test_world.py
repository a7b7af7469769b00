"""The made-up brand is valid, believable, the same every time, and its future is drawn from what made its past."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from evenstock import forecasting, tables
from evenstock.forecasting import scores
from evenstock.freight.distance import haversine_miles
from evenstock.operations.network import Network
from evenstock.simulation.places import METROS
from evenstock.simulation.process import DemandTraits
from evenstock.simulation.world import World, future_demand, future_orders, future_units, make_world


def small(**changed) -> World:
    return make_world(**({"seed": 5, "skus": 300, "days": 200, "orders_per_day": 250} | changed))


WORLD = small()
FRAMES = WORLD.frames


@pytest.mark.parametrize("nodes", [3, 4, 5, 6])
def test_every_table_is_valid_and_refers_to_what_exists(nodes):
    frames = small(nodes=nodes).frames

    assert set(tables.REQUIRED) <= set(frames) <= set(tables.INPUT)
    for name, frame in frames.items():
        tables.INPUT[name].validate(frame)
    for (table, column), (other, key) in tables.REFERENCES.items():
        if table in frames:
            assert frames[table][column].is_in(frames[other][key].implode()).all(), f"{table}.{column}"
    assert frames["nodes"].height == nodes


@pytest.mark.parametrize("nodes", [3, 6])
def test_decisions_can_be_made_from_its_tables(nodes):
    network = Network.from_frames(small(nodes=nodes).frames)

    assert len(network.nodes) == nodes
    assert network.rates is not None


def test_every_customer_can_be_reached_from_every_node():
    network = Network.from_frames(FRAMES)
    assert network.rates is not None
    for node in network.nodes.values():
        for zip3 in {code[:3] for code in FRAMES["orders"]["postal_code"]}:
            zone = network.rates.zone(node.postal_code, zip3)
            assert zone is not None
            assert any(
                node.ships_by(s) and network.rates.ladder(s, zone, WORLD.as_of) is not None
                for s in network.rates.services
            )


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_brand():
    again, other = small(), small(seed=6)

    assert all(FRAMES[name].equals(again.frames[name]) for name in FRAMES)
    assert not FRAMES["demand"].equals(other.frames["demand"])
    assert not FRAMES["orders"].equals(other.frames["orders"])


def test_orders_of_a_day_add_up_to_its_demand():
    units = future_units(WORLD, 3)
    items = FRAMES["items"]["sku"].to_list()
    for ahead in range(3):
        orders = future_orders(WORLD, WORLD.as_of + timedelta(days=ahead))
        sold = dict(orders.group_by("sku").agg(pl.col("units").sum()).iter_rows())

        assert [sold.get(sku, 0) for sku in items] == units[:, :, ahead].sum(axis=1).tolist()


def test_todays_orders_are_the_first_day_of_the_future():
    assert FRAMES["orders"].equals(future_orders(WORLD, WORLD.as_of))


def test_a_day_to_come_does_not_depend_on_how_far_one_looks():
    assert (future_units(WORLD, 9)[:, :, :4] == future_units(WORLD, 4)).all()
    assert (future_units(WORLD, 4, draw=1) != future_units(WORLD, 4)).any()


def test_the_future_frame_is_demand_in_the_dictionarys_words():
    frame = future_demand(WORLD, 5)

    tables.Demand.validate(frame)
    assert frame["units"].sum() == future_units(WORLD, 5).sum()
    assert frame["date"].min() >= WORLD.as_of
    assert FRAMES["demand"]["date"].max() < WORLD.as_of


def test_the_mean_it_knows_is_the_mean_of_its_futures():
    drawn = np.mean([future_units(WORLD, 14, draw=k).sum(axis=(1, 2)) for k in range(60)], axis=0)
    expected = WORLD.process.expected(14).sum(axis=(1, 2))

    assert drawn.sum() == pytest.approx(expected.sum(), rel=0.02)
    fast = expected > 50
    np.testing.assert_allclose(drawn[fast], expected[fast], rtol=0.2)


def test_the_history_goes_over_into_the_future_without_a_jump():
    # Means of four weeks on both sides, all items together; chance leaves a few per cent, promotions some more.
    steady = small(traits=DemandTraits(promoted_share=0.0, outages_per_year=0.0), orders_per_day=800)
    demand = steady.frames["demand"]
    before = demand.filter(pl.col("date") >= steady.as_of - timedelta(days=28))["units"].sum()
    after = np.mean([future_units(steady, 28, draw=k).sum() for k in range(8)])

    assert after == pytest.approx(before, rel=0.15)


def test_about_as_many_orders_come_as_were_asked_for():
    world = small(orders_per_day=600, skus=2000, days=30)
    orders = [future_orders(world, world.as_of + timedelta(days=k))["order"].n_unique() for k in range(7)]

    assert np.mean(orders) == pytest.approx(600, rel=0.25)


def test_orders_have_one_to_five_lines_and_lie_within_the_day():
    orders = FRAMES["orders"]
    lines = orders.group_by("order").len()["len"]

    assert lines.min() == 1
    assert 3 <= lines.max() <= 5
    assert orders["placed_at"].min() >= WORLD.opens_at
    assert orders["placed_at"].max() < WORLD.opens_at + timedelta(days=1)
    assert (orders["deliver_by"] > WORLD.as_of).all()
    assert set(orders["order_class"]) == {"standard", "two_day", "vip"}
    # An order's columns repeat on its lines, and no item stands twice in it.
    assert orders.group_by("order").agg(pl.col("postal_code", "placed_at", "channel").n_unique()).drop("order").max().row(0) == (1, 1, 1)  # fmt: skip
    assert not orders.select("order", "sku").is_duplicated().any()


def test_goods_that_need_a_certificate_lie_and_are_wanted_only_where_it_is_held():
    holds = {n: set(c.split(";")) for n, c in FRAMES["nodes"].select("node", "certifications").iter_rows()}
    needs = {s: r for s, r in FRAMES["items"].select("sku", "requires").iter_rows() if r}

    assert set(needs.values()) == {"hazmat", "cold"}
    for table in ("stock", "demand"):
        for sku, node in FRAMES[table].select("sku", "node").unique().iter_rows():
            assert sku not in needs or needs[sku] in holds[node]


def test_amazon_serves_marketplaces_and_nobody_else():
    orders = FRAMES["orders"]
    share = orders.unique("order").filter(pl.col("channel") == "marketplace").height / orders["order"].n_unique()
    without = small(nodes=3)

    assert share == pytest.approx(0.12, abs=0.06)
    assert without.frames["orders"].filter(pl.col("channel") == "marketplace").is_empty()
    amazon = FRAMES["demand"].filter(pl.col("node") == "IN-MCF")["units"].sum() / FRAMES["demand"]["units"].sum()
    assert amazon == pytest.approx(0.11, abs=0.03)


def test_there_is_enough_stock_and_much_of_it_is_in_the_wrong_place():
    daily = WORLD.process.expected(28).mean(axis=2)
    order = {s: k for k, s in enumerate(FRAMES["items"]["sku"])}
    place = {s: k for k, s in enumerate(FRAMES["nodes"]["node"])}
    stock = np.zeros(daily.shape)
    for sku, node, units in FRAMES["stock"].select("sku", "node", "on_hand").iter_rows():
        stock[order[sku], place[node]] = units
    need = 28 * daily

    enough = np.minimum(stock.sum(axis=1), need.sum(axis=1)).sum() / need.sum()
    in_place = np.minimum(stock, need).sum() / need.sum()
    assert enough > 0.85
    assert in_place < enough - 0.15


def test_counts_are_of_different_ages_and_never_from_the_future():
    age = FRAMES["stock"].with_columns(hours=(pl.lit(WORLD.opens_at) - pl.col("observed_at")).dt.total_minutes() / 60)
    by_node = dict(age.group_by("node").agg(pl.col("hours").median()).iter_rows())

    assert age["hours"].min() > 0
    assert by_node["TX-DC"] < 1 < by_node["PA-3PL"] < by_node["CA-3PL"]
    assert age["hours"].max() > 48


def test_a_few_fast_items_and_a_long_slow_tail():
    sold = FRAMES["demand"].group_by("sku").agg(pl.col("units").sum())["units"].sort(descending=True).to_numpy()

    assert 0.25 < sold[:30].sum() / sold.sum() < 0.6
    assert np.median(sold) / 200 < 1.0


def test_stock_outs_hide_demand_and_promotions_lift_it():
    demand = FRAMES["demand"]

    assert demand.filter(~pl.col("in_stock"))["units"].sum() == 0
    assert demand.filter(~pl.col("in_stock")).height > 100
    days = 200 * FRAMES["items"].height
    promoted = demand.filter(pl.col("promotion"))
    item_days = promoted.select("sku", "date").unique().height
    per_promoted = promoted["units"].sum() / item_days
    assert per_promoted > 1.3 * demand.filter(~pl.col("promotion"))["units"].sum() / (days - item_days)


def test_transit_adds_up_and_a_rate_card_is_out_of_date():
    total = FRAMES["transit"].group_by("service", "zone").agg(pl.col("probability").sum())["probability"]
    newest = FRAMES["rate_cards"].sort("valid_from").group_by("service").last()

    np.testing.assert_allclose(total.to_numpy(), 1.0, atol=1e-12)
    out_of_date = newest.filter(pl.col("valid_to") < WORLD.as_of)
    assert out_of_date["service"].to_list() == ["regional:ground"]


def test_farther_and_heavier_parcels_never_cost_less():
    for _, rates in FRAMES["rates"].group_by("service", "valid_from"):
        grid = rates.sort("zone", "max_weight_g").pivot("max_weight_g", index="zone", values="cents").drop("zone")

        assert (np.diff(grid.to_numpy(), axis=0) >= 0).all()
        assert (np.diff(grid.to_numpy(), axis=1) > 0).all()


def test_places_are_where_the_names_say():
    # Straight-line miles of three well-known pairs, rounded to the tenth of a degree that coordinates have.
    at = {m.name: (m.latitude, m.longitude) for m in METROS}
    for a, b, miles in (("New York", "Los Angeles", 2446), ("Dallas", "Chicago", 803), ("Seattle", "Miami", 2734)):
        assert float(haversine_miles(*at[a], *at[b])) == pytest.approx(miles, abs=15)
    assert len({m.zip3 for m in METROS}) == len(METROS)


def test_its_demand_can_be_forecast_and_the_forecast_keeps_its_word():
    world = make_world(seed=2, skus=800, days=300, orders_per_day=900)
    forecast = forecasting.fit(
        forecasting.prepare(world.frames["demand"], world.as_of, items=world.frames["items"]), horizon=28
    )
    units = future_units(world, 28)
    sku = {s: k for k, s in enumerate(world.frames["items"]["sku"])}
    node = {s: k for k, s in enumerate(world.frames["nodes"]["node"])}
    sold = units[
        [sku[s] for s in forecast.keys["sku"]],
        [node[s] for s in forecast.keys["node"]],
    ]

    covered = scores.sum_coverage(
        sold, forecast.mu, forecast.alpha, forecast.path_variance, forecast.path_drift, days=28
    )
    assert 0.90 <= covered <= 0.99
    assert abs(scores.bias(sold, forecast.mu)) < 0.15


@pytest.mark.parametrize(
    "changed", [{"nodes": 2}, {"nodes": 7}, {"skus": 0}, {"days": 3}, {"orders_per_day": 0}, {"seed": -1}]
)
def test_a_world_that_cannot_be_is_refused(changed):
    with pytest.raises(ValueError, match=r"the brand has 3 to 6|wants at least one"):
        small(**changed)


def test_the_past_and_the_far_future_are_not_told():
    with pytest.raises(ValueError, match="is before"):
        future_orders(WORLD, WORLD.as_of - timedelta(days=1))
    with pytest.raises(ValueError, match="1 to 120 days"):
        future_units(WORLD, 121)


def test_a_tiny_brand_has_days_without_orders():
    tiny = make_world(skus=1, orders_per_day=1, days=7, as_of=date(2026, 3, 2))
    days = [future_orders(tiny, tiny.as_of + timedelta(days=k)) for k in range(12)]

    assert min(d.height for d in days) == 0
    for frame in days:
        tables.Orders.validate(frame)
