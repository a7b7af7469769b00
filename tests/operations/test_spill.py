"""An empty node costs the smaller of the lost sale and the next node's extra freight."""

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from evenstock.domain import Cents, Costs, Grams, Item, Millimetres, Node, NodeId, NodeKind, Sku
from evenstock.freight.rates import RateBook
from evenstock.operations.spill import UNREACHABLE, home_nodes, region_freight_cents, regions_from, shortage

ON = date(2026, 11, 20)


def node(name: str, postal: str, **more: Any) -> Node:
    return Node(NodeId(name), NodeKind.OWN, postal, "America/Chicago", **more)


def book() -> RateBook:
    """One service: zone 2 costs 500 cents, zone 5 costs 800, up to 1 kg; 10 % fuel. Texas is 750.., Pennsylvania 190.."""
    return RateBook.from_frames(
        rate_cards=pl.DataFrame(
            {"service": ["g:ground"], "valid_from": [date(2026, 1, 1)], "fuel_bp": [1000], "max_weight_g": [1000]}
        ),
        rates=pl.DataFrame(
            {
                "service": ["g:ground"] * 2,
                "valid_from": [date(2026, 1, 1)] * 2,
                "zone": [2, 5],
                "max_weight_g": [1000] * 2,
                "cents": [500, 800],
            }
        ),
        zones=pl.DataFrame(
            {
                "origin_zip3": ["750", "750", "190", "190"],
                "destination_zip3": ["750", "190", "750", "190"],
                "zone": [2, 5, 5, 2],
            }
        ),
    )


TX, PA = node("TX", "75001", pick_order_cents=Cents(100)), node("PA", "19001", pick_order_cents=Cents(150))
MUG = Item(Sku("MUG"), Grams(400), price_cents=Cents(2000), unit_cost_cents=Cents(1200))
REGIONS = {0: {"750": 1.0}, 1: {"190": 1.0}}


def test_the_next_nodes_extra_freight_and_handling_is_the_spill() -> None:
    found = shortage(book(), [TX, PA], [MUG], np.array([[5, 5]]), REGIONS, Costs(), ON)

    # Texas empty: Pennsylvania ships zone 5 (800 + 80) with 150 of handling instead of zone 2 (500 + 50) with 100.
    assert found.spill_cents[0, 0] == (880 + 150) - (550 + 100)
    assert found.spill_cents[0, 1] == (880 + 100) - (550 + 150)
    assert found.next_node.tolist() == [[1, 0]]
    assert found.shortage_cents.tolist() == found.spill_cents.tolist()


def test_where_no_other_node_has_stock_the_sale_is_lost() -> None:
    found = shortage(book(), [TX, PA], [MUG], np.array([[5, 0]]), REGIONS, Costs(goodwill_bp=1000), ON)

    assert found.spill_cents[0, 0] == UNREACHABLE
    assert found.shortage_cents[0, 0] == (2000 - 1200) + 200  # margin and 10 % goodwill


def test_a_cheap_item_is_rather_lost_than_sent_across_the_country() -> None:
    pin = Item(Sku("PIN"), Grams(5), price_cents=Cents(150), unit_cost_cents=Cents(50))

    found = shortage(book(), [TX, PA], [pin], np.array([[5, 5]]), REGIONS, Costs(goodwill_bp=1000), ON)

    assert found.shortage_cents[0, 0] == 100 + 15 < found.spill_cents[0, 0]


@pytest.mark.parametrize("barred", [{"active": False}, {"certifications": frozenset()}])
def test_a_node_that_may_not_ship_the_item_is_no_help(barred: dict[str, Any]) -> None:
    paint = Item(
        Sku("PAINT"), Grams(400), price_cents=Cents(2000), unit_cost_cents=Cents(1200), requires=frozenset({"hazmat"})
    )
    here = node("TX", "75001", certifications=frozenset({"hazmat"}))
    there = node("PA", "19001", **({"certifications": frozenset({"hazmat"})} | barred))

    found = shortage(book(), [here, there], [paint], np.array([[5, 5]]), REGIONS, Costs(), ON)

    assert found.next_node[0, 0] == -1


def test_customers_belong_to_the_node_in_their_lowest_zone() -> None:
    assert home_nodes(book(), [TX, PA], ["75099", "19055", "99999"]).tolist() == [0, 1, -1]


def test_regions_are_weighted_by_the_orders_seen_and_every_node_has_one() -> None:
    orders = pl.DataFrame({"order": ["1", "1", "2"], "postal_code": ["75001", "75001", "75002"]})

    assert regions_from(book(), [TX, PA], orders, None) == {0: {"750": 2.0}, 1: {"190": 1.0}}


def test_unhandy_goods_and_remote_places_cost_what_they_cost() -> None:
    """Ground at 5.00; 20.00 for a second side above 300 mm or for hazard, whichever is dearer; 4.00 in 190."""
    begins = date(2026, 1, 1)
    rates = RateBook.from_frames(
        rate_cards=pl.DataFrame({"service": ["g:ground"], "valid_from": [begins]}),
        rates=pl.DataFrame(
            {"service": ["g:ground"], "valid_from": [begins], "zone": [2], "max_weight_g": [20_000], "cents": [500]}
        ),
        surcharges=pl.DataFrame(
            {
                "service": ["g:ground"] * 3,
                "valid_from": [begins] * 3,
                "surcharge": ["wide", "hazard", "remote"],
                "applies": ["second_longest_over", "hazmat", "delivery_area"],
                "above": [300, 0, 0],
                "cents": [1_700, 2_000, 400],
                "dearest_of": ["handling", "handling", ""],
                "area_list": ["", "", "remote"],
            }
        ),
        zones=pl.DataFrame({"origin_zip3": ["750"] * 2, "destination_zip3": ["750", "190"], "zone": [2, 2]}),
        delivery_areas=pl.DataFrame({"area_list": ["remote"], "postal_code": ["19"]}),
    )
    sizes = {"length_mm": Millimetres(400), "height_mm": Millimetres(10)}
    goods = [
        Item(Sku("TRAY"), Grams(400), width_mm=Millimetres(300), **sizes),
        Item(Sku("DOOR"), Grams(400), width_mm=Millimetres(301), **sizes),
        Item(Sku("PAINT"), Grams(400), width_mm=Millimetres(301), requires=frozenset({"hazmat"}), **sizes),
    ]
    found = region_freight_cents(rates, [TX], goods, {0: {"750": 1.0}}, ON)
    assert found.tolist() == [[[500, 500 + 1_700, 500 + 2_000]]]
    assert region_freight_cents(rates, [TX], goods, {0: {"190": 1.0}}, ON)[0, 0, 0] == 500 + 400
