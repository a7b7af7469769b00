"""What a departure costs as a whole."""

from __future__ import annotations

import numpy as np
import pytest
from tests.rebalancing import instances

from evenstock.rebalancing.departures.lane_costs import Room, departure_cents, earned, least_prices
from evenstock.rebalancing.problem import Lanes


def lane(*, fixed=0, pallet=100, truck=0, size=0, trucks=0):
    one = instances.lanes([(0, 1)], fixed=fixed, pallet=pallet)
    names = ("origin", "destination", "fixed_cents", "pallet_cents", "unit_cents", "lead_days", "leaves")
    return Lanes(
        **{name: getattr(one, name) for name in names},
        truck_cents=np.array([truck]), truck_pallets=np.array([size]), trucks=np.array([trucks]),
    )  # fmt: skip


def room(pallets, loose=0.0):
    return Room(np.array([pallets]), np.array([loose]), np.array([pallets]))


def test_a_begun_pallet_and_a_begun_truck_cost_whole_ones():
    # 5 pallets in trucks of 4: two trucks.
    assert departure_cents(lane(fixed=60, truck=300, size=4), np.array([5]), np.array([True])).tolist() == [
        60 + 5 * 100 + 2 * 300
    ]
    assert departure_cents(lane(fixed=60), np.array([0]), np.array([False])).tolist() == [0]


def test_the_least_price_of_a_pallet_is_that_of_the_kindest_load():
    # Up to 2.5 pallets: 2 cost (60 + 200) / 2 = 130 each, 2.5 cost (60 + 300) / 2.5 = 144.
    assert least_prices(lane(fixed=60), room(2.5)).pallet.tolist() == [130]
    # Up to 5 in trucks of 4 at 300: 4 cost (400 + 300) / 4 = 175 each, 5 cost (500 + 600) / 5 = 220.
    assert least_prices(lane(truck=300, size=4), room(5.0)).pallet.tolist() == [175]
    # A lane that never carries more than a third of a pallet pays the whole of it for that third.
    assert least_prices(lane(fixed=60), room(1 / 3)).pallet.tolist() == pytest.approx([480])


def test_departure_cost_is_spread_over_loose_and_palletised_items_alike():
    # 60 over 2 pallets and 4 loads: 10 each; a pallet costs its own 100 as well.
    prices = least_prices(lane(fixed=60), room(2.0, 4.0))
    assert prices.loose.tolist() == [10]
    assert prices.pallet.tolist() == [110]


@pytest.mark.parametrize("load", [0.2, 1.0, 1.7, 3.0, 4.4, 7.9, 8.0, 9.3])
def test_at_the_least_prices_no_load_earns_anything(load):
    ours, full = lane(fixed=75, truck=300, size=4), room(9.3, 2.0)
    prices = least_prices(ours, full)
    cost = departure_cents(ours, np.array([int(np.ceil(load))]), np.array([True]))
    assert prices.pallet[0] * load + prices.loose[0] * 2.0 <= cost[0] + 1e-6
    assert earned(ours, full, prices, np.zeros(1), 0.0)[1].tolist() == [0]


def test_scarce_room_earns_what_is_asked_beyond_its_cost():
    # 2 pallets fit: at 130 + 50 each they bring 360 and cost 260.
    ours = lane(fixed=60, trucks=1, size=2)
    load, profit = earned(ours, room(2.0), least_prices(ours, room(2.0)), np.array([50.0]), 0.0)
    assert (load.tolist(), profit.tolist()) == ([2], [100])
