"""Frames become nodes, items, lanes and orders; what the frame leaves out takes its default."""

import datetime as dt

import polars as pl
import pytest

from evenstock.domain import Costs, Item, NodeKind, Order, OrderLine, Promise, ShipTo
from evenstock.operations.network import (
    Network,
    costs_from_frame,
    items_from_frame,
    lanes_from_frame,
    nodes_from_frame,
    orders_from_frame,
)

NODES = pl.DataFrame(
    {
        "node": ["TX", "DE"],
        "kind": ["own", "3pl"],
        "postal_code": ["75201", "01067"],
        "timezone": ["America/Chicago", "Europe/Berlin"],
        "country": ["US", "DE"],
        "latitude": [32.7, None],
        "longitude": [-96.8, None],
        "cutoff": ["14:00", "16:30"],
        "working_days": ["12345", "7"],
        "holidays": ["2026-11-26; 2026-12-25;", ""],
        "orders_per_day": [None, 200],
        "certifications": ["hazmat;cold", ""],
    }
)
ITEMS = pl.DataFrame(
    {"sku": ["MUG"], "weight_g": [350], "unit_cost_cents": [200], "price_cents": [999], "requires": ["cold"]}
)


def test_weekdays_are_counted_from_monday_zero_inside_and_monday_one_outside() -> None:
    texas, dresden = nodes_from_frame(NODES)

    assert sorted(texas.working_days) == [0, 1, 2, 3, 4]
    assert sorted(dresden.working_days) == [6]


def test_lists_times_and_holidays_are_read_from_their_cells() -> None:
    texas, dresden = nodes_from_frame(NODES)

    assert texas.certifications == {"hazmat", "cold"}
    assert texas.holidays == {dt.date(2026, 11, 26), dt.date(2026, 12, 25)}
    assert (texas.cutoff, dresden.cutoff) == (dt.time(14), dt.time(16, 30))
    assert (texas.orders_per_day, dresden.orders_per_day) == (None, 200)
    assert (texas.kind, dresden.kind) == (NodeKind.OWN, NodeKind.THIRD_PARTY)
    assert (dresden.certifications, dresden.holidays) == (frozenset(), frozenset())
    assert dresden.postal_code == "01067"


def test_columns_that_are_left_out_take_the_default_of_the_dictionary() -> None:
    (mug,) = items_from_frame(ITEMS)

    assert mug == Item("MUG", 350, unit_cost_cents=200, price_cents=999, requires=frozenset({"cold"}))


def test_a_column_without_default_must_be_there() -> None:
    with pytest.raises(ValueError, match="items: column price_cents is missing; the table needs sku, "):
        list(items_from_frame(ITEMS.drop("price_cents")))


def test_lanes_and_costs() -> None:
    lanes = pl.DataFrame(
        {"origin": ["TX"], "destination": ["DE"], "lead_days": [9], "dispatch_days": ["135"], "unit_cents": [4]}
    )

    (lane,) = lanes_from_frame(lanes)
    assert (lane.mode, lane.fixed_cents, lane.unit_cents, lane.lead_days) == ("ltl", 0, 4, 9)
    assert sorted(lane.dispatch_days) == [0, 2, 4]
    stated = pl.DataFrame({"cost": ["late_order_cents"], "amount": [700]})
    assert costs_from_frame(stated) == Costs(late_order_cents=700)


def test_a_node_may_not_have_the_name_of_a_service() -> None:
    # Places taken in a day are counted by name, of nodes and services alike.
    cards = pl.DataFrame({"service": ["TX"], "valid_from": [dt.date(2026, 1, 1)]})
    rates = cards.with_columns(zone=2, max_weight_g=1_000, cents=900)

    with pytest.raises(ValueError, match="TX is the name of a node and of a carrier's service"):
        Network.from_frames({"nodes": NODES, "items": ITEMS, "rate_cards": cards, "rates": rates})


def test_lines_become_orders_by_the_moment_placed() -> None:
    early, late = dt.datetime(2026, 11, 20, 8, tzinfo=dt.UTC), dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
    frame = pl.DataFrame(
        {
            "order": ["B", "A", "B", "C"],
            "line": ["1", "1", "2", "1"],
            "sku": ["MUG", "MUG", "CUP", "CUP"],
            "units": [2, 1, 3, 1],
            "price_cents": [999, 999, 500, 500],
            "placed_at": [early, late, early, early],
            "postal_code": ["10001", "01067", "10001", "02139"],
            "country": ["US", "DE", "US", "US"],
            "deliver_by": [dt.date(2026, 11, 24), None, dt.date(2026, 11, 24), None],
        }
    )

    orders = orders_from_frame(frame)

    assert [order.id for order in orders] == ["B", "C", "A"]
    assert orders[0] == Order(
        id="B",
        lines=(OrderLine("1", "MUG", 2, 999), OrderLine("2", "CUP", 3, 500)),
        ship_to=ShipTo("10001"),
        placed_at=early,
        promise=Promise(dt.date(2026, 11, 24)),
    )
    # 2 x 9.99 + 3 x 5.00 = 34.98
    assert orders[0].value_cents == 3498
    assert orders[2].ship_to == ShipTo("01067", "DE")


def test_a_network_without_rules_or_rates_has_the_default_policy_and_no_rate_book() -> None:
    network = Network.from_frames({"nodes": NODES, "items": ITEMS})

    assert set(network.nodes) == {"TX", "DE"}
    assert network.rates is None
    assert network.costs == Costs()
    assert "certification" in {rule.id for rule in network.policy.policy.rules}


def test_a_rule_that_names_a_stranger_is_refused_when_the_network_is_built() -> None:
    rules = pl.DataFrame({"rule": ["no_ny"], "kind": ["forbid"], "parameters": ["nodes=NY"]})

    with pytest.raises(ValueError, match="names NY, which does not exist"):
        Network.from_frames({"nodes": NODES, "items": ITEMS, "rules": rules})


def test_a_network_needs_nodes_and_items() -> None:
    with pytest.raises(ValueError, match="a network needs the table items"):
        Network.from_frames({"nodes": NODES})
