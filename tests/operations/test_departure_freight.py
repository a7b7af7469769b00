from dataclasses import replace

import pytest
from tests.operations.test_lane_freight import (
    EXAMPLE,
    MARCH,
    rerated,
    with_contracts,
)

import evenstock as es
from evenstock.domain import NodeId, Sku
from evenstock.operations.departure_freight import departures_by_contract
from evenstock.operations.lane_freight import FreightContracts, lanes_with_freight
from evenstock.operations.network import Network

TX, PA, CA = NodeId("TX-DC"), NodeId("PA-3PL"), NodeId("CA-3PL")
KITCHEN, FOOD = Sku("KIT-0001"), Sku("FOO-0001")


@pytest.fixture(scope="module")
def here():
    frames = with_contracts(es.read_folder(EXAMPLE))
    network, contracts = Network.from_frames(frames), FreightContracts.from_frames(frames)
    return network, contracts, lanes_with_freight(network.lanes, contracts, network.nodes, network.items, MARCH).lanes


def rated(here, units, **changed):
    network, contracts, lanes = here
    items = network.items | changed.get("items", {})
    return departures_by_contract(units, lanes, contracts, network.nodes, items, MARCH)


def test_a_departure_pays_what_its_lines_come_to(here):
    network, contracts, lanes = here
    units = {KITCHEN: 1_000, FOOD: 200}
    (departure,) = rated(here, {(TX, PA, "ltl"): units})
    lane = next(lane for lane in lanes if (lane.origin, lane.destination, lane.mode) == (TX, PA, "ltl"))
    begun, paid = rerated(contracts, lane, network, units)
    assert (departure.pallets, departure.contract_cents) == (begun, paid)
    assert departure.planned_cents == lane.fixed_cents + begun * lane.pallet_cents >= paid
    assert [term.name for term in departure.terms] == ["linehaul", "fuel", "liftgate"]


def test_a_truck_pays_by_the_mile_whatever_is_on_it(here):
    (departure,) = rated(here, {(TX, PA, "ftl"): {KITCHEN: 720}})
    # 1,553 road miles x 2.15 and x 0.48.
    assert [(term.name, term.cents) for term in departure.terms] == [("linehaul", 1_553 * 215), ("fuel", 1_553 * 48)]
    assert (departure.pallets, departure.planned_cents) == (1, departure.contract_cents)


def test_lanes_stand_in_order_and_empty_ones_do_not_leave(here):
    found = rated(here, {(TX, PA, "ltl"): {KITCHEN: 1}, (CA, TX, "ltl"): {FOOD: 1}, (PA, CA, "ltl"): {FOOD: 0}})
    assert [(departure.origin, departure.destination) for departure in found] == [(CA, TX), (TX, PA)]
    # A unit on a pallet of 20 kg is below the minimum of 115.00: with fuel 146.05, and the liftgate 85.00.
    assert [departure.contract_cents for departure in found] == [23_105, 23_105]


def test_a_lane_without_a_contract_is_left_out(here):
    network, contracts, lanes = here
    few = FreightContracts({}, contracts.ltl, contracts.truckload, contracts.places)
    assert (
        departures_by_contract({(TX, PA, "ltl"): {KITCHEN: 1}}, lanes, few, network.nodes, network.items, MARCH) == ()
    )


def test_goods_without_a_pallet_size_are_refused(here):
    loose = {KITCHEN: replace(here[0].items[KITCHEN], pallet_units=0)}
    with pytest.raises(ValueError, match="KIT-0001 has no pallet_units or no weight"):
        rated(here, {(TX, PA, "ltl"): {KITCHEN: 1}}, items=loose)
