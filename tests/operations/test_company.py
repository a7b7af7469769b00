"""A company as it stands on a day: its lanes cost what their contracts say on it."""

import datetime as dt

import pytest
from tests.operations.test_lane_freight import EXAMPLE, with_contracts

import evenstock as es
from evenstock.operations.company import Company
from evenstock.operations.import_network import import_network
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

NOW = dt.datetime(2026, 3, 10, 6, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def frames():
    return with_contracts(es.read_folder(EXAMPLE))


@pytest.fixture
def load(tmp_path):
    store, snapshots = MemoryStore(), SnapshotFolder(tmp_path)

    def loaded(frames, on):
        import_network(store, snapshots, frames, NOW)
        return Company.load(store, snapshots, on).network

    return loaded


def test_lanes_cost_what_their_contracts_say_on_the_day_and_the_plan_is_told_how_near_that_is(load, frames):
    network = load(frames, NOW.date())
    assert all(lane.fixed_cents + lane.pallet_cents > 0 for lane in network.lanes if lane.mode == "ltl")
    assert all(lane.truck_cents > 0 and lane.truck_pallets > 0 for lane in network.lanes if lane.mode == "ftl")
    assert [note.split(":")[0] for note in network.lane_notes[:2]] == ["6 lanes by saia", "6 lanes by jbhunt"]
    assert "above the contract" in network.lane_notes[0]


def test_before_a_contract_begins_lanes_keep_the_costs_they_state_and_that_is_said(load, frames):
    stated = {(r["origin"], r["destination"]): r["pallet_cents"] for r in frames["lanes"].iter_rows(named=True)}
    network = load(frames, dt.date(2025, 12, 1))
    assert {(lane.origin, lane.destination): lane.pallet_cents for lane in network.lanes} == stated
    assert "keep the costs that the table lanes states" in network.lane_notes[0]
    assert "no contract of saia:ltl on 2025-12-01" in network.lane_notes[0]


def test_a_tariff_without_a_lane_that_uses_it_is_refused_at_the_door(load, frames):
    with pytest.raises(ValueError, match="ltl_tariffs"):
        load(frames | {"ltl_tariffs": frames["ltl_tariffs"].head(0)}, NOW.date())
