"""The real chains of Willems (2008) to their proven optimum, and the textbook's networks as their file has them."""

from __future__ import annotations

import gzip
import json

import pytest
from benchmarks.harness import shared_data
from benchmarks.rebalancing_willems import CHAINS, chain

from evenstock.inventory.multi_echelon.guaranteed_service import Demand, Link, Network, Stage, fixed, place

pytestmark = pytest.mark.real_data
DATA = shared_data("multi_echelon")

if DATA is None:
    pytest.skip("the real supply chains are not on this machine", allow_module_level=True)


@pytest.mark.parametrize("number", CHAINS)
def test_every_chain_is_placed_to_its_proven_optimum(number):
    found = place(chain(DATA, number, random_times=False))
    assert found.gap <= 1e-6


@pytest.mark.parametrize("number", [0, 3, 7, 10, 16, 20])
def test_stage_times_that_vary_cost_more(number):
    certain, varying = (place(chain(DATA, number, random_times=r)) for r in (False, True))
    assert varying.gap <= 1e-6
    assert varying.cost > certain.cost


def test_the_example_chain_as_published():
    # 253 a day, sd 36.62, 95 %; parts of 28, 15 and 10 days, made in 10; values 12, 5, 9 and 39 more.
    network = chain(DATA, 0, random_times=False)
    assert [s.time.mean for s in network.stages] == [10, 28, 15, 10, 0]
    assert [round(s.holding_cost / 0.2) for s in network.stages] == [65, 12, 5, 9, 65]
    # All parts on the shelf, the product too: 1.6449 · 36.62 · 0.2 · (65 √10 + 12 √28 + 5 √15 + 9 √10).
    every = 1.6448536 * 36.62 * 0.2 * (65 * 10**0.5 + 12 * 28**0.5 + 5 * 15**0.5 + 9 * 10**0.5)
    assert place(network).cost == pytest.approx(every, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "cost"), [("example_6_5", 8.277917), ("figure_6_14", 18.824004), ("problem_6_9", 15.649530)]
)
def test_the_textbooks_networks_from_their_file(name, cost):
    with gzip.open(DATA / "stockpyl_instances.json.gz") as file:
        (data,) = [i["data"]["_nodes"] for i in json.load(file)["instances"] if i["name"] == name]

    def demand(node):
        asks = node["demand_source"]
        if asks["type"] is None:
            return None
        factor, promise = node["demand_bound_constant"], node["external_outbound_cst"] or 0
        return Demand(asks["mean"], asks["standard_deviation"], factor, promise)

    stages = tuple(
        Stage(
            str(node["_index"]),
            fixed(node["processing_time"]),
            node["local_holding_cost"],
            demand(node),
            node["external_inbound_cst"] or 0,
        )
        for node in data
    )
    links = tuple(Link(str(node["_index"]), str(k)) for node in data for k in node["_successor_indices"])
    assert place(Network(stages, links)).cost == pytest.approx(cost, abs=1e-5)
