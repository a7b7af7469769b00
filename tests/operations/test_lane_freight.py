import runpy
import shutil
from collections import Counter
from dataclasses import replace
from datetime import date
from math import ceil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import evenstock as es
from evenstock.connectors.files import write_folder
from evenstock.domain import NodeId
from evenstock.freight.lanes import pallets
from evenstock.freight.ltl import HandlingUnits, billed_lb, linear_feet
from evenstock.freight.ltl.by_pallet import most_cents
from evenstock.freight.ltl.handling_units import PALLET_TARE_G
from evenstock.freight.ltl.rating import base_charge, charge
from evenstock.freight.ltl.synthetic import synthetic_tariff
from evenstock.operations.lane_freight import (
    FreightContracts,
    LaneContract,
    full_pallets,
    lane_contracts,
    lanes_with_freight,
    network_with_freight,
)
from evenstock.operations.network import Network
from evenstock.operations.tonight.calendar import calendar
from evenstock.rebalancing import Problem, solve

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "dtc-3-node"
JANUARY, MARCH = date(2026, 1, 5), date(2026, 3, 10)
NODES = {"TX-DC": (32.7, -96.9), "PA-3PL": (40.5, -75.6), "CA-3PL": (34.0, -117.6)}
AREAS = {"TX-DC": "752", "PA-3PL": "180", "CA-3PL": "917"}


def with_contracts(frames, *, ftl=True, **terms):
    """The example network, its lanes by a made-up contract, and truck lanes beside them."""
    places = {AREAS[name]: point for name, point in NODES.items()}
    shared = frames["lanes"].with_columns(service=pl.lit("saia:ltl"), accessorials=pl.lit("liftgate"))
    trucks = shared.with_columns(
        mode=pl.lit("ftl", dtype=shared.schema["mode"]), service=pl.lit("jbhunt:ftl"), accessorials=pl.lit("")
    )
    contract = {
        "service": "saia:ltl", "valid_from": JANUARY, "tariff": "synthetic", "discount_bp": 7_200, "minimum_cents": 11_500,
        "fuel_bp": 2_700,
    }  # fmt: skip
    return dict(frames) | {
        "lanes": pl.concat([shared, trucks]) if ftl else shared,
        "ltl_tariffs": synthetic_tariff(places, tariff="synthetic", valid_from=JANUARY, seed=3),
        "ltl_contracts": pl.DataFrame([contract | terms]),
        "accessorials": pl.DataFrame(
            {"service": ["saia:ltl"], "valid_from": [JANUARY], "accessorial": ["liftgate"], "cents": [8_500]}
        ),
        "truckload_rates": pl.DataFrame(
            {"service": ["jbhunt:ftl"], "valid_from": [JANUARY], "mile_cents": [215], "minimum_cents": [80_000], "fuel_mile_cents": [48]}
        ),
    }  # fmt: skip


@pytest.fixture(scope="module")
def plain():
    return es.read_folder(EXAMPLE)


@pytest.fixture(scope="module")
def frames(plain):
    return with_contracts(plain)


@pytest.fixture(scope="module")
def network(frames):
    return Network.from_frames(frames)


@pytest.fixture(scope="module")
def priced(network, frames):
    return network_with_freight(network, frames, MARCH)[1]


def lane_of(priced, origin, destination, mode):
    return next(x for x in priced.lanes if (x.origin, x.destination, x.mode) == (origin, destination, mode))


def told_of(priced, origin, destination, mode):
    return next(x for x in priced.told if (x.origin, x.destination, x.mode) == (origin, destination, mode))


def rerated(contracts, lane, network, units):
    """What the contract asks for a departure, each item with its share of the pallets' own weight, by the readable rating."""
    book = contracts.ltl
    contract = book.contract("saia:ltl", MARCH)
    edition = book.edition(contract.tariff, MARCH)
    classes = {load.name: load.freight_class for load in full_pallets(network.items.values())[0]}
    share = {sku: n / network.items[sku].pallet_units for sku, n in units.items()}
    begun = int(pallets(list(units.values()), [1 / network.items[sku].pallet_units for sku in units]))
    grams: Counter[str] = Counter()
    for sku, n in units.items():
        tare = ceil(begun * PALLET_TARE_G * share[sku] / sum(share.values()))
        grams[contract.fak_class or classes[sku]] += n * network.items[sku].weight_g + tare
    rates = np.array([edition.rates((AREAS[lane.origin], AREAS[lane.destination]), name) for name in grams])
    base = base_charge(np.array([billed_lb(g) for g in grams.values()]), rates, edition.at_least_lb)
    feet = linear_feet([HandlingUnits(begun, 1)])
    terms = charge(contract, base, feet, contract.fuel_bp, {"liftgate": 8_500})
    return begun, sum(term.cents for term in terms)


def tonight(network, lanes, *, seed):
    """An evening of the example's items, badly out of balance."""
    rng = np.random.default_rng(seed)
    items, nodes = list(network.items.values()), sorted(network.nodes)
    share = rng.dirichlet(np.full(3, 3.0), len(items))
    mean = rng.lognormal(3.2, 0.8, len(items))[:, None] * share
    index = {name: k for k, name in enumerate(nodes)}
    return Problem(
        skus=[item.sku for item in items],
        nodes=nodes,
        on_hand=rng.poisson(30 * mean[:, rng.permutation(3)]),
        paths=rng.poisson(mean[:, :, None, None], (len(items), 3, 10, 28)),
        shortage_cents=np.repeat([[item.price_cents - item.unit_cost_cents] for item in items], 3, axis=1),
        unit_cost_cents=np.array([item.unit_cost_cents for item in items]),
        lanes=calendar(lanes, index, MARCH, 28, 1).lanes,
        holding_millicents=np.full(len(items), 50),
        capital_rate=0.12,
        handling_out_cents=np.full(3, 5),
        handling_in_cents=np.full(3, 5),
        case_units=np.array([item.case_units for item in items]),
        pallet_units=np.array([item.pallet_units for item in items]),
    )


@pytest.mark.parametrize("terms", [{}, {"fak_class": "85"}, {"linear_feet": 12, "linear_foot_cents": 5_500}])
def test_a_plan_re_rated_line_by_line_costs_no_more_than_planned_and_as_near_as_said(plain, terms):
    frames = with_contracts(plain, ftl=False, **terms)
    network = Network.from_frames(frames)
    contracts = FreightContracts.from_frames(frames)
    priced = lanes_with_freight(network.lanes, contracts, network.nodes, network.items, MARCH)
    used = 0
    for seed in (1, 2):
        problem = tonight(network, priced.lanes, seed=seed)
        moves = solve(problem).moves
        for a in np.unique(moves.lane).tolist():
            lane = priced.lanes[a]
            on_it = moves.lane == a
            units = {problem.skus[k]: int(n) for k, n in zip(moves.item[on_it], moves.units[on_it], strict=True)}
            begun, paid = rerated(contracts, lane, network, units)
            planned = lane.fixed_cents + begun * lane.pallet_cents
            assert paid <= planned
            freight = told_of(priced, lane.origin, lane.destination, "ltl")
            if begun <= freight.fitted_pallets:
                loads, _ = full_pallets(network.items.values())
                table = contracts.ltl.table("saia:ltl", MARCH)
                dearest = most_cents(table, (AREAS[lane.origin], AREAS[lane.destination]), loads, begun, 8_500)[-1]
                assert planned <= (1 + freight.worst_share) * dearest + 1e-6
                used += 1
    assert used >= 4, "the evenings must use lanes for the test to mean anything"


def test_the_error_said_is_the_error_there_is(plain):
    # With one class for all the dearest goods are the heaviest pallets: re-rate 1 to 10 of them and compare.
    frames = with_contracts(plain, ftl=False, fak_class="85")
    network = Network.from_frames(frames)
    contracts = FreightContracts.from_frames(frames)
    priced = lanes_with_freight(network.lanes, contracts, network.nodes, network.items, MARCH)
    loads = sorted(full_pallets(network.items.values())[0], key=lambda load: (load.weight_g, load.name))
    heaviest, middle = network.items[loads[-1].name], network.items[loads[(len(loads) - 1) // 2].name]
    for lane, freight in zip(priced.lanes, priced.told, strict=True):
        assert (freight.fitted_pallets, freight.under_share) == (10, 0.0)
        line = [lane.fixed_cents + n * lane.pallet_cents for n in range(1, 11)]
        dear, usual = (
            [rerated(contracts, lane, network, {item.sku: n * item.pallet_units})[1] for n in range(1, 11)]
            for item in (heaviest, middle)
        )
        over = [a / b - 1 for a, b in zip(line, dear, strict=True)]
        # A gram more for the bound may be a pound more.
        assert min(over) >= 0
        assert max(over) == pytest.approx(freight.worst_share, abs=0.002)
        assert np.mean([a / b - 1 for a, b in zip(line, usual, strict=True)]) == pytest.approx(freight.usual_share)


def test_covering_fewer_goods_prices_nearer_and_says_what_the_dearest_may_pay_beyond(plain):
    frames = with_contracts(plain, ftl=False, fak_class="85")
    network = Network.from_frames(frames)
    contracts = FreightContracts.from_frames(frames)
    args = network.lanes, contracts, network.nodes, network.items, MARCH
    whole, half = lanes_with_freight(*args), lanes_with_freight(*args, covering=0.5)
    heaviest = network.items[max(full_pallets(network.items.values())[0], key=lambda load: load.weight_g).name]
    for lane, sure, freight in zip(half.lanes, whole.lanes, half.told, strict=True):
        assert lane.fixed_cents + 5 * lane.pallet_cents < sure.fixed_cents + 5 * sure.pallet_cents
        short = [
            1
            - (lane.fixed_cents + n * lane.pallet_cents)
            / rerated(contracts, lane, network, {heaviest.sku: n * heaviest.pallet_units})[1]
            for n in range(1, 11)
        ]
        assert max(short) == pytest.approx(freight.under_share, abs=0.002)
        assert (
            f"a plan of the dearest goods may be priced {freight.under_share:.1%} below it".replace("%", " %")
            in freight.said
        )
    with pytest.raises(ValueError, match="covering is a share of the items above 0 and up to 1, not 0"):
        lanes_with_freight(*args, covering=0)


def test_a_truck_lane_costs_what_a_truck_costs(priced, network):
    lane = lane_of(priced, "TX-DC", "PA-3PL", "ftl")
    # 1,294 great-circle miles x 1.2 = 1,553 road miles; x (2.15 + 0.48) = 4,084.39. The heaviest pallet has 719 kg: 26 are within 19.5 t.
    assert lane.truck_cents == 1_553 * (215 + 48)
    assert (lane.fixed_cents, lane.pallet_cents, lane.truck_pallets) == (0, 0, 26)
    assert (lane.lead_days, lane.dispatch_days) == (network.lanes[0].lead_days, network.lanes[0].dispatch_days)


def test_a_truck_takes_fewer_pallets_where_they_are_heavy(frames, network):
    heavy = frames | {"truckload_rates": frames["truckload_rates"].with_columns(max_weight_g=pl.lit(10_000_000))}
    lanes = network_with_freight(network, heavy, MARCH)[1]
    loads, _ = full_pallets(network.items.values())
    assert (
        lane_of(lanes, "TX-DC", "PA-3PL", "ftl").truck_pallets
        == 10_000_000 // max(load.weight_g for load in loads)
        == 13
    )
    none = frames | {"truckload_rates": frames["truckload_rates"].with_columns(max_weight_g=pl.lit(500_000))}
    with pytest.raises(ValueError, match="is above the 500000 g of a truck of jbhunt:ftl"):
        network_with_freight(network, none, MARCH)


def test_where_a_truck_lane_is_beside_it_a_shared_lane_is_fitted_to_where_the_truck_is_cheaper(frames, network, priced):
    assert told_of(priced, "TX-DC", "PA-3PL", "ltl").fitted_pallets == 10
    cheap = frames | {"truckload_rates": frames["truckload_rates"].with_columns(mile_cents=pl.lit(85))}
    beside = network_with_freight(network, cheap, MARCH)[1]
    freight, truck = told_of(beside, "TX-DC", "PA-3PL", "ltl"), lane_of(beside, "TX-DC", "PA-3PL", "ftl")
    lane = lane_of(beside, "TX-DC", "PA-3PL", "ltl")
    n = freight.truckload_from
    assert freight.fitted_pallets == n - 1 < 9
    assert freight.said.endswith(f"from {n} pallets on a truck is cheaper")
    assert lane.fixed_cents + n * lane.pallet_cents > truck.truck_cents


def test_a_lane_without_a_contract_keeps_its_own_costs(frames, plain):
    half = frames["lanes"].with_columns(
        service=pl.when((pl.col("origin") == "TX-DC") & (pl.col("mode") == "ltl"))
        .then(pl.lit("saia:ltl"))
        .otherwise(pl.lit(""))
    )
    network = Network.from_frames(frames | {"lanes": half})
    new, priced = network_with_freight(network, frames | {"lanes": half}, MARCH)
    assert [lane for lane in new.lanes if lane.origin != "TX-DC"] == [
        lane for lane in network.lanes if lane.origin != "TX-DC"
    ]
    assert len(priced.told) == 2
    same, nothing = network_with_freight(network, plain, MARCH)
    assert same is network
    assert nothing.told == ()


def test_the_day_decides_about_contract_and_fuel(frames, network):
    dearer = pl.concat(
        [
            frames["ltl_contracts"],
            frames["ltl_contracts"].with_columns(valid_from=pl.lit(MARCH), fuel_bp=pl.lit(4_000, dtype=pl.Int64)),
        ]
    )
    before, after = (
        lane_of(network_with_freight(network, frames | {"ltl_contracts": dearer}, on)[1], "TX-DC", "PA-3PL", "ltl")
        for on in (date(2026, 3, 9), MARCH)
    )
    # Fuel 27 % becomes 40 %: what is fuelled rises by 1.40 / 1.27.
    assert after.pallet_cents / before.pallet_cents == pytest.approx(1.40 / 1.27, rel=0.001)


def test_what_cannot_be_priced_is_said_lane_by_lane(frames, network):
    contracts = FreightContracts.from_frames(frames)
    named = dict(contracts.lanes)
    named[NodeId("TX-DC"), NodeId("PA-3PL"), "ltl"] = LaneContract("odfl:ltl")
    named[NodeId("TX-DC"), NodeId("CA-3PL"), "ltl"] = LaneContract("saia:ltl", ("crane",))
    named[NodeId("TX-DC"), NodeId("CA-3PL"), "ftl"] = LaneContract("saia:ltl")
    wrong = FreightContracts(named, contracts.ltl, contracts.truckload, contracts.places)
    with pytest.raises(ValueError) as refused:
        lanes_with_freight(network.lanes, wrong, network.nodes, network.items, MARCH)
    assert str(refused.value).splitlines() == [
        "lane TX-DC→CA-3PL by ftl: truckload_rates has no rate of saia:ltl on 2026-03-10; add it",
        "lane TX-DC→PA-3PL by ltl: ltl_contracts has no contract of odfl:ltl on 2026-03-10; add it",
        "lane TX-DC→CA-3PL by ltl: saia:ltl has no charge for crane on 2026-03-10; add it to accessorials",
    ]


def test_a_parcel_lane_has_no_contract(frames, network):
    contracts = FreightContracts.from_frames(frames)
    parcel = replace(network.lanes[0], mode="parcel")
    key = (parcel.origin, parcel.destination, "parcel")
    wrong = FreightContracts({key: LaneContract("ups:ground")}, contracts.ltl, contracts.truckload, contracts.places)
    with pytest.raises(ValueError, match="by parcel: only ltl and ftl lanes have a contract"):
        lanes_with_freight([parcel], wrong, network.nodes, network.items, MARCH)


def test_a_lane_that_names_a_service_without_a_contract_is_refused_when_read(frames):
    first = pl.int_range(pl.len()) == 0
    lanes = frames["lanes"].with_columns(service=pl.when(first).then(pl.lit("odfl:ltl")).otherwise(pl.col("service")))
    with pytest.raises(ValueError) as refused:
        FreightContracts.from_frames(frames | {"lanes": lanes})
    assert str(refused.value) == (
        "lanes TX-DC→PA-3PL by ltl: service 'odfl:ltl' is not in ltl_contracts; add its contract, or leave it empty"
    )
    without = {name: frame for name, frame in frames.items() if name != "truckload_rates"}
    with pytest.raises(ValueError, match="by ftl: service 'jbhunt:ftl' is not in truckload_rates"):
        FreightContracts.from_frames(without)


def test_a_lane_that_its_tariff_lacks_is_refused_when_read(frames):
    without = frames["ltl_tariffs"].filter((pl.col("origin_zip3") != "752") | (pl.col("destination_zip3") != "180"))
    with pytest.raises(ValueError, match="has no lane 752-180, which the network uses; add it"):
        FreightContracts.from_frames(frames | {"ltl_tariffs": without})


def test_items_that_no_pallet_is_known_of_are_named(network, frames):
    items = {
        sku: replace(item, pallet_units=0) if n < 2 else item for n, (sku, item) in enumerate(network.items.items())
    }
    priced = lanes_with_freight(network.lanes, FreightContracts.from_frames(frames), network.nodes, items, MARCH)
    first = next(iter(items))
    assert priced.notes[0].startswith(f"2 items have no pallet_units or no weight ({first} is the first)")


def test_contracts_of_lanes_are_read_from_their_table(frames, plain):
    assert lane_contracts(plain["lanes"]) == {}
    assert lane_contracts(frames["lanes"])[NodeId("TX-DC"), NodeId("PA-3PL"), "ltl"] == LaneContract(
        "saia:ltl", ("liftgate",)
    )


def test_many_lanes_are_told_in_a_sentence_for_each_service(frames, network, priced):
    shared = [told for told in priced.told if told.mode == "ltl"]
    worst, usual = max(told.worst_share for told in shared), max(told.usual_share for told in shared)
    assert priced.said == (
        f"6 lanes by saia:ltl: priced 0 to {worst:.1%} above the contract for up to 10 pallets (at most {usual:.1%} on average "
        "for your middle item)".replace("%", " %"),
        "6 lanes by jbhunt:ftl: priced as the contract for the heaviest pallets",
    )
    cheap = frames | {"truckload_rates": frames["truckload_rates"].with_columns(mile_cents=pl.lit(85))}
    later = network_with_freight(network, cheap, date(2027, 6, 1), covering=0.5)[1]
    soonest = [told.truckload_from for told in later.told if told.truckload_from]
    assert f"on {len(soonest)} a truck is cheaper, soonest from {min(soonest)} pallets on" in later.said[0]
    assert "a plan of the dearest goods may be priced" in later.said[0]
    # 5 January 2026 to 1 June 2027.
    assert later.said[0].endswith("; saia:ltl: its contract is 512 days old; ask for this year's")


def test_the_example_contracts_are_what_their_script_writes_and_price_the_example_network(tmp_path):
    contracts = EXAMPLE.parent / "ltl-contracts"
    script = runpy.run_path(str(EXAMPLE.parent / "make_ltl_contracts.py"))
    write_folder(script["tables"](), tmp_path / "again")
    for file in contracts.iterdir():
        assert file.read_text("utf-8") == (tmp_path / "again" / file.name).read_text("utf-8"), file.name
    for folder in (EXAMPLE, contracts):
        shutil.copytree(folder, tmp_path / "both", dirs_exist_ok=True)
    frames = es.read_folder(tmp_path / "both")
    priced = network_with_freight(Network.from_frames(frames), frames, MARCH)[1]
    assert Counter(freight.mode for freight in priced.told) == {"ltl": 6, "ftl": 6}
    assert all(freight.worst_share < 0.2 for freight in priced.told)
