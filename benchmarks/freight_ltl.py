"""Less than truckload: one shipment by the readable rating, many at once, a tariff read, lanes priced, a plan re-rated.

Everything is on a made-up tariff (`evenstock.freight.ltl.synthetic`). The fast ways are held to the cent against the readable one.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
from benchmarks.harness import clock, report
from benchmarks.rebalancing_family import instance

from evenstock.domain import Item, Lane, Node, NodeId, NodeKind, Sku
from evenstock.freight.ltl import HandlingUnits, LtlBook
from evenstock.freight.ltl.density import BY_DENSITY, CLASSES
from evenstock.freight.ltl.handling_units import PALLET_TARE_G, billed_lb
from evenstock.freight.ltl.synthetic import synthetic_tariff
from evenstock.operations.lane_freight import (
    FreightContracts,
    LaneContract,
    PricedLanes,
    full_pallets,
    lanes_with_freight,
)
from evenstock.rebalancing import Lanes, Problem, solve

JANUARY, MARCH = date(2026, 1, 5), date(2026, 3, 10)
SHIPMENTS = 300_000
CHECKED = 3_000
ITEMS = 400
LIGHTEST_G, HEAVIEST_G = 150_000, 750_000
"""Full pallets of the plan's goods."""


def places(count: int, seed: int) -> dict[str, tuple[float, float]]:
    rng = np.random.default_rng(seed)
    where = rng.uniform((29.0, -120.0), (46.0, -75.0), (count, 2))
    return {f"{k:03d}": (float(a), float(b)) for k, (a, b) in enumerate(where)}


def book(tariff: pl.DataFrame, **terms: object) -> LtlBook:
    row = {"service": "made:up", "valid_from": JANUARY, "tariff": "synthetic", "discount_bp": 7_000, "minimum_cents": 11_000, "fuel_bp": 2_700}  # fmt: skip
    return LtlBook.from_frames(ltl_tariffs=tariff, ltl_contracts=pl.DataFrame([row | terms]))


def rating() -> dict[str, float]:
    """A tariff of 60 x 60 areas; shipments of one to three classes."""
    areas = places(60, 1)
    tariff = synthetic_tariff(areas, tariff="synthetic", valid_from=JANUARY, seed=1)
    with clock() as read:
        of = book(tariff)
    print(f"a tariff of {tariff.height:,} rows read and checked in {read.cpu_s:.2f} s CPU")
    rng = np.random.default_rng(2)
    names = sorted(areas)
    ends = rng.integers(0, len(names), (SHIPMENTS, 2))
    lines = np.repeat(np.arange(SHIPMENTS), rng.integers(1, 4, SHIPMENTS))
    within = np.arange(len(lines)) - np.searchsorted(lines, lines)
    rated = (rng.integers(0, 4, SHIPMENTS)[lines] + 4 * within).astype(int)
    freight_class = np.array([CLASSES.index(name) for name in BY_DENSITY])[rated]
    grams = rng.integers(20_000, 3_000_000, len(lines))
    pounds = -(-(2 * grams - 1) * 50_000 // 45_359_237)
    table = of.table("made:up", MARCH)
    with clock() as many:
        lane = table.lanes([(names[a], names[b]) for a, b in ends.tolist()])
        charges = table.charges(lane, lines, freight_class, pounds)
    with clock() as one:
        readable = [
            of.quote(
                "made:up", names[ends[k, 0]], names[ends[k, 1]],
                [HandlingUnits(1, int(grams[at]), freight_class=CLASSES[freight_class[at]]) for at in range(*np.searchsorted(lines, [k, k + 1]))],
                MARCH,
            ).cents
            for k in range(CHECKED)
        ]  # fmt: skip
    assert readable == charges.cents[:CHECKED].tolist(), "the fast way and the readable one differ"
    print(
        f"{SHIPMENTS:,} shipments of {len(lines):,} lines in {many.cpu_s:.2f} s CPU; the readable way {1e6 * one.cpu_s / CHECKED:.0f} us each, "
        f"{one.cpu_s / CHECKED * SHIPMENTS:.0f} s for all; {CHECKED:,} equal to the cent"
    )
    return {
        "ltl_quote_us": 1e6 * one.cpu_s / CHECKED,
        "ltl_many_us": 1e6 * many.cpu_s / SHIPMENTS,
        "ltl_read_1m_rows_s": read.cpu_s / tariff.height * 1e6,
    }


def goods(problem: Problem, seed: int) -> dict[Sku, Item]:
    """Items of the evening, with pallets of 150 to 750 kg that stand 0.6 to 1.6 m high."""
    rng = np.random.default_rng(seed)
    full = rng.integers(LIGHTEST_G, HEAVIEST_G, len(problem.skus))
    high = rng.uniform(0.6, 1.6, len(problem.skus))
    return {
        Sku(sku): Item(
            Sku(sku), weight_g=max(1, int(grams // units)), length_mm=max(1, round(float(1.2385e9 * tall / units) ** (1 / 3))),
            width_mm=max(1, round(float(1.2385e9 * tall / units) ** (1 / 3))), height_mm=max(1, round(float(1.2385e9 * tall / units) ** (1 / 3))),
            unit_cost_cents=int(cost), price_cents=int(2 * cost), pallet_units=int(units),
        )
        for sku, units, grams, tall, cost in zip(problem.skus, problem.pallet_units, full, high, problem.unit_cost_cents, strict=True)
    }  # fmt: skip


def evening() -> tuple[Problem, list[Lane], dict[NodeId, Node], FreightContracts, dict[Sku, Item]]:
    problem = instance(ITEMS, 10, 20, alpha=1.5)
    areas = dict(zip(problem.nodes, places(10, 3).items(), strict=True))
    nodes = {
        NodeId(name): Node(NodeId(name), NodeKind.OWN, f"{area}01", "America/Chicago", latitude=at[0], longitude=at[1])
        for name, (area, at) in areas.items()
    }
    lanes = [
        Lane(NodeId(problem.nodes[a]), NodeId(problem.nodes[b]), lead_days=int(days))
        for a, b, days in zip(problem.lanes.origin, problem.lanes.destination, problem.lanes.lead_days, strict=True)
    ]
    tariff = synthetic_tariff(dict(areas.values()), tariff="synthetic", valid_from=JANUARY, seed=5)
    named = {(lane.origin, lane.destination, "ltl"): LaneContract("made:up") for lane in lanes}
    return problem, lanes, nodes, FreightContracts(named, book(tariff), None, {}), goods(problem, 6)


def with_lanes(problem: Problem, priced: PricedLanes) -> Problem:
    fixed, pallet = (
        np.array([getattr(lane, name) for lane in priced.lanes]) for name in ("fixed_cents", "pallet_cents")
    )
    old = problem.lanes
    return replace(
        problem, lanes=Lanes(old.origin, old.destination, fixed, pallet, old.unit_cents, old.lead_days, old.leaves)
    )


def plans() -> dict[str, float]:
    """An evening of 400 items over ten nodes, planned with contract lanes, every departure rated again by the contract."""
    problem, lanes, nodes, contracts, items = evening()
    figures: dict[str, float] = {}
    for covering in (1.0, 0.5):
        with clock() as pricing:
            priced = lanes_with_freight(lanes, contracts, nodes, items, MARCH, covering)
        solved = with_lanes(problem, priced)
        moves = solve(solved).moves
        planned, paid, under = rerated(solved, moves.item, moves.lane, moves.units, contracts, nodes, items)
        worst = max(told.worst_share for told in priced.told)
        print(
            f"covering {covering:.0%} of the goods: {len(lanes)} lanes in {pricing.cpu_s:.2f} s CPU; line at most {worst:.1%} above the dearest mix; plan "
            f"{planned / 100:,.0f} for {paid / 100:,.0f} by contract ({planned / paid - 1:.1%} above), {under} departures below"
        )
        name = "" if covering == 1.0 else f"_covering_{covering:.0%}".replace("%", "")
        figures |= {
            f"lane_line_worst_share{name}": worst,
            f"lane_plan_over_share{name}": planned / paid - 1,
            f"lane_plan_under{name}": under,
        }
        if covering == 1.0:
            figures["lanes_90_s"] = pricing.cpu_s
            assert under == 0, "a departure was priced below its contract"
    return figures


def rerated(problem: Problem, item, lane, units, contracts, nodes, items) -> tuple[int, int, int]:
    """What the plan said for its departures, what the contract asks, and how many departures it asks more for."""
    classes = {load.name: load.freight_class for load in full_pallets(items.values())[0]}
    table = contracts.ltl.table("made:up", MARCH)
    planned = paid = under = 0
    for a in np.unique(lane).tolist():
        on_it = lane == a
        share = units[on_it] / problem.pallet_units[item[on_it]]
        begun = int(np.ceil(share.sum() - 1e-9))
        grams: dict[str, int] = {}
        for k, n, part in zip(item[on_it].tolist(), units[on_it].tolist(), share.tolist(), strict=True):
            sku = problem.skus[k]
            tare = int(np.ceil(begun * PALLET_TARE_G * part / share.sum()))
            grams[classes[sku]] = grams.get(classes[sku], 0) + n * items[Sku(sku)].weight_g + tare
        ends = nodes[problem.nodes[problem.lanes.origin[a]]], nodes[problem.nodes[problem.lanes.destination[a]]]
        asked = table.charges(
            table.lanes([(ends[0].postal_code[:3], ends[1].postal_code[:3])]), np.zeros(len(grams), int),
            [CLASSES.index(name) for name in grams], [billed_lb(g) for g in grams.values()],
        ).cents[0]  # fmt: skip
        said = int(problem.lanes.fixed_cents[a] + begun * problem.lanes.pallet_cents[a])
        planned, paid, under = planned + said, paid + int(asked), under + (int(asked) > said)
    return planned, paid, under


PARTS = {"rating": rating, "plans": plans}


def main() -> None:
    for part in sys.argv[1:] or PARTS:
        report("freight", PARTS[part]())


if __name__ == "__main__":
    main()
