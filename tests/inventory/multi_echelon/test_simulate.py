"""Days of a network under base-stock levels: against formulas, against a walk written for reading, and what must hold."""

import gzip
import json
from collections import defaultdict

import numpy as np
import pytest
from benchmarks.harness import shared_data
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.inventory.multi_echelon.serial import serial_optimum
from evenstock.inventory.multi_echelon.simulate import OUTSIDE, StockNetwork, simulate, stock_network
from evenstock.inventory.multi_echelon.simulate_search import search_levels
from evenstock.inventory.single.demand import NormalDemand

CHAIN = stock_network([2, 4, 7], [0, 0, 37.12], [(OUTSIDE, 0, 2), (0, 1, 1), (1, 2, 1)], sells=[2])
TREE = stock_network(
    [1 / 3, 2 / 3, 2 / 3, 1, 1, 1, 1],
    [20.0] * 7,
    [(OUTSIDE, 0, 1), (0, 1, 1), (0, 2, 1), (1, 3, 1), (1, 4, 1), (2, 5, 1), (2, 6, 1)],
    sells=[3, 4, 5, 6],
)
"""Figure 1(a) of Rong, Atan and Snyder (2017): a centre, two regions, four shops."""


def read_slowly(holding, penalty, arcs, sells, levels, demand):
    """The same days, told with dictionaries and lists of shipments; cost of every day."""
    n = len(holding)
    into = {i: [a for a in arcs if a[1] == i] for i in range(n)}
    from_ = {i: [a for a in arcs if a[0] == i] for i in range(n)}
    placed = []
    while len(placed) < n:
        placed += [i for i in range(n) if i not in placed and all(a[0] in (OUTSIDE, *placed) for a in into[i])]
    stock, parts, owed = dict(enumerate(levels)), defaultdict(float), defaultdict(float)
    shipments, costs = [], []
    for t, today in enumerate(demand):
        wants = defaultdict(float)
        for i in reversed(placed):
            wants[i] = (today[sells.index(i)] if i in sells else 0.0) + sum(wants[a[1]] for a in from_[i])
        cost = 0.0
        for i in placed:
            for arc in into[i]:
                if arc[0] == OUTSIDE:
                    shipments.append((t + arc[2], arc, wants[i]))
                parts[arc] += sum(units for due, other, units in shipments if due == t and other == arc)
            shipments = [s for s in shipments if not (s[0] == t and s[1] in into[i])]
            made = min(parts[arc] for arc in into[i])
            for arc in into[i]:
                parts[arc] -= made
            stock[i] += made
            claims = {arc: owed[arc] + wants[arc[1]] for arc in from_[i]}
            if i in sells:
                claims["shop", i] = owed["shop", i] + today[sells.index(i)]
            total = sum(claims.values())
            share = min(1.0, max(stock[i], 0.0) / total) if total > 0 else 1.0
            for who, units in claims.items():
                owed[who] = units * (1 - share)
                if who in arcs:
                    shipments.append((t + who[2], who, units * share))
            stock[i] -= share * total
            cost += holding[i] * max(stock[i], 0.0) + penalty[i] * sum(owed[who] for who in claims)
        cost += sum(holding[arc[0]] * units for due, arc, units in shipments if arc[0] != OUTSIDE)
        cost += sum(holding[arc[0]] * units for arc, units in parts.items() if arc[0] != OUTSIDE)
        costs.append(cost)
    return costs


@st.composite
def networks(draw):
    """Up to six stages; each takes from one or two earlier ones or from outside, and every end sells."""
    n = draw(st.integers(1, 6))
    arcs = []
    for i in range(n):
        senders = (
            draw(st.sets(st.integers(0, i - 1), min_size=1, max_size=2)) if i and draw(st.booleans()) else {OUTSIDE}
        )
        arcs += [(s, i, draw(st.integers(0, 3))) for s in sorted(senders)]
    ends = sorted(set(range(n)) - {a[0] for a in arcs})
    numbers = st.lists(st.integers(0, 9), min_size=n, max_size=n)
    levels = [float(v) * 2 - 2 for v in draw(numbers)]
    return draw(numbers), draw(numbers), arcs, ends, levels


@given(networks(), st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_the_compiled_walk_is_the_readable_one(network, seed):
    holding, penalty, arcs, sells, levels = network
    demand = np.random.default_rng(seed).poisson(3, size=(1, 25, len(sells))).astype(float)
    slow = np.mean(read_slowly(holding, penalty, arcs, sells, levels, demand[0])[4:])
    fast = simulate(stock_network(holding, penalty, arcs, sells), levels, demand, skip=4)
    assert fast.cost == pytest.approx(slow, rel=1e-9, abs=1e-9)


def test_clark_and_scarf_cost_what_their_formula_says():
    best = serial_optimum([7, 4, 2], [1, 1, 2], 37.12, NormalDemand(5, 1))
    demand = np.random.default_rng(0).normal(5, 1, size=(100, 2000, 1))
    found = simulate(CHAIN, best.local_levels[::-1], demand, skip=50)
    assert found.cost == pytest.approx(best.cost, rel=0.003)
    assert found.standard_error < 0.001 * best.cost


def test_a_chain_short_upstream_costs_what_the_formula_says_too():
    """Where waiting upstream is dear, stages pass stock on: local levels hold the echelon policy."""
    best = serial_optimum([3.0, 2.9, 0.1], [2, 1, 3], 20, NormalDemand(20, 4))
    network = stock_network([0.1, 2.9, 3.0], [0, 0, 20], [(OUTSIDE, 0, 3), (0, 1, 1), (1, 2, 2)], sells=[2])
    demand = np.random.default_rng(1).normal(20, 4, size=(100, 2000, 1))
    assert simulate(network, best.local_levels[::-1], demand, skip=50).cost == pytest.approx(best.cost, rel=0.003)


def test_an_assembly_waits_for_the_slower_part():
    """Parts come in 1 and 3 days, 4 a day are wanted. Stock of 4 and 12 covers the lead times exactly, so all fit; two fewer
    of the slow part leave two units owed at its end every day, and two of the quick part waiting."""
    network = stock_network([1, 1, 2], [0, 0, 10], [(OUTSIDE, 0, 1), (OUTSIDE, 1, 3), (0, 2, 1), (1, 2, 1)], sells=[2])
    four = np.full((1, 60, 1), 4.0)
    # 4 of each part are on the road every evening: 4 * (1 + 1).
    assert simulate(network, [4, 12, 4], four, skip=20).cost == pytest.approx(8.0)
    # Of the quick part 4 are on the road and 2 wait at the bench; of the slow one 4 on the road; 2 owed to customers.
    assert simulate(network, [4, 10, 4], four, skip=20).cost == pytest.approx(6 + 4 + 2 * 10)


def test_the_fill_rate_counts_units_served_on_their_day():
    """Stock 3 against 2, then 4 wanted by turns: the base is refilled overnight, so 3 of every 4 are served, and all 2."""
    shop = stock_network([1.0], [9.0], [(OUTSIDE, 0, 1)], sells=[0])
    demand = np.tile([2.0, 4.0], 50).reshape(1, 100, 1)
    assert simulate(shop, [3.0], demand, skip=10).fill_rate.tolist() == pytest.approx([5 / 6])


def test_more_stock_at_the_shop_never_lowers_its_fill_rate():
    demand = np.random.default_rng(3).normal(8, 8**0.5, size=(10, 300, 4))
    rates = [simulate(TREE, [45, 25, 25, s, s, s, s], demand, skip=20).fill_rate.min() for s in (6, 8, 10, 12, 14)]
    assert rates == sorted(rates)


def test_a_sample_of_one_path_claims_no_precision():
    shop = stock_network([1.0], [9.0], [(OUTSIDE, 0, 1)], sells=[0])
    assert simulate(shop, [3.0], np.ones((1, 9, 1))).standard_error == float("inf")


def test_no_single_step_from_the_levels_found_is_cheaper():
    demand = np.random.default_rng(4).normal(8, 8**0.5, size=(8, 200, 4))
    found = search_levels(TREE, demand, skip=20)
    assert simulate(TREE, found.levels, demand, skip=20).cost == found.cost
    for i in range(7):
        for step in (-1.0, 1.0):
            other = found.levels.copy()
            other[i] += step
            assert simulate(TREE, other, demand, skip=20).cost >= found.cost


def test_levels_that_are_to_be_alike_are_and_beat_the_published_ones():
    demand = np.random.default_rng(5).normal(8, 8**0.5, size=(20, 400, 4))
    found = search_levels(TREE, demand, skip=20, alike=[[1, 2], [3, 4, 5, 6]])
    assert found.levels[1] == found.levels[2]
    assert len(set(found.levels[3:])) == 1
    fresh = np.random.default_rng(6).normal(8, 8**0.5, size=(40, 500, 4))
    published = simulate(TREE, [45, 25, 25, 12, 12, 12, 12], fresh, skip=20)
    assert simulate(TREE, found.levels, fresh, skip=20).cost < published.cost + published.standard_error


def test_a_search_finds_the_levels_of_a_chain():
    best = serial_optimum([7, 4, 2], [1, 1, 2], 37.12, NormalDemand(5, 1))
    demand = np.random.default_rng(7).normal(5, 1, size=(20, 500, 1))
    found = search_levels(CHAIN, demand, skip=20, steps=(2.0, 0.5, 0.25))
    fresh = np.random.default_rng(8).normal(5, 1, size=(40, 1000, 1))
    assert simulate(CHAIN, found.levels, fresh, skip=20).cost <= 1.02 * best.cost


@pytest.mark.real_data
def test_the_tree_is_the_one_of_the_shared_instances():
    folder = shared_data("multi_echelon")
    if folder is None:
        pytest.skip("the shared multi-echelon instances are not here")
    with gzip.open(folder / "stockpyl_instances.json.gz") as file:
        instances = {item["name"]: item["data"] for item in json.load(file)["instances"]}
    nodes = {node["_index"]: node for node in instances["rong_atan_snyder_figure_1a"]["_nodes"]}
    assert [nodes[i]["local_holding_cost"] for i in range(7)] == pytest.approx(TREE.holding)
    assert [nodes[i]["stockout_cost"] for i in range(7)] == pytest.approx(TREE.penalty)
    arcs = {(i, j) for i, node in nodes.items() for j in node["_successor_indices"]}
    assert arcs == {(a, b) for a, b in zip(TREE.up.tolist(), TREE.down.tolist(), strict=True) if a != OUTSIDE}


@pytest.mark.parametrize(
    ("arcs", "sells", "word"),
    [
        ([(OUTSIDE, 0, 1), (0, 5, 1)], [1], "whole days"),
        ([(OUTSIDE, 0, 1)], [1], "no supply"),
        ([(OUTSIDE, 0, 1), (OUTSIDE, 1, 1)], [1], "no demand"),
        ([(0, 1, 1), (1, 0, 1)], [1], "circle"),
        ([(OUTSIDE, 0, 1), (0, 1, 1)], [1, 1], "different stages"),
    ],
)
def test_networks_that_make_no_sense_are_refused_in_words(arcs, sells, word):
    with pytest.raises(ValueError, match=word):
        stock_network([1, 2], [0, 9], arcs, sells)


def test_levels_and_demand_must_fit_the_network():
    with pytest.raises(ValueError, match="each of 3 stages"):
        simulate(CHAIN, [1, 2], np.ones((1, 5, 1)))
    with pytest.raises(ValueError, match="1 selling stages"):
        simulate(CHAIN, [1, 2, 3], np.ones((1, 5, 2)))
    with pytest.raises(ValueError, match="alike"):
        search_levels(CHAIN, np.ones((1, 5, 1)), alike=[[0], [0]])
    assert isinstance(CHAIN, StockNetwork)
