"""Safety stock goes where the network needs least of it, and the proof holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.inventory.multi_echelon.guaranteed_service import instances, oracle

from evenstock.inventory.multi_echelon.guaranteed_service import (
    Demand,
    Link,
    Network,
    Stage,
    fixed,
    place,
    place_by_program,
)

SEEDS = st.integers(0, 10**6)


@pytest.mark.parametrize(
    ("network", "cost"),
    [(instances.example_6_5, 8.277917), (instances.figure_6_14, 18.824004), (instances.problem_6_9, 15.649530)],
)
def test_textbook_values(network, cost):
    found = place(network())
    assert found.cost == pytest.approx(cost, abs=1e-5)
    assert found.bound == pytest.approx(found.cost, abs=1e-9)


def test_example_6_5_promises_as_printed():
    # 2√… by stage: h z σ √(SI + T − S) = 1·√2·√3 + 2·√2·√1 + 3·√1 + 3·0.
    found = place(instances.example_6_5())
    assert dict(zip(found.stages, found.outbound.tolist(), strict=True)) == {"1": 0, "3": 0, "2": 0, "4": 1}
    assert found.stage_cost.tolist() == pytest.approx([6**0.5, 2 * 2**0.5, 3, 0])


@given(SEEDS, st.integers(1, 5), st.booleans())
@settings(max_examples=25, deadline=None)
def test_on_a_tree_nothing_tried_by_hand_is_cheaper(seed, stages, random_times):
    network = instances.tree(seed, stages, random_times)
    found = place(network)
    assert found.method == "dynamic programme over a tree"
    assert found.cost == pytest.approx(oracle.least(network), rel=1e-6)


@given(SEEDS, st.integers(3, 5), st.integers(3, 9), st.booleans())
@settings(max_examples=25, deadline=None)
def test_on_a_network_with_cycles_nothing_tried_by_hand_is_cheaper(seed, stages, links, random_times):
    network = instances.acyclic(seed, stages, links, random_times)
    found = place(network)
    assert found.cost == pytest.approx(oracle.least(network), rel=1e-6)
    assert found.gap <= 1e-9


@given(SEEDS, st.integers(6, 12))
@settings(max_examples=10, deadline=None)
def test_the_whole_number_program_finds_the_same_cost(seed, stages):
    network = instances.acyclic(seed, stages, 2 * stages)
    assert place_by_program(network).cost == pytest.approx(place(network).cost, rel=1e-5)


@given(SEEDS, st.integers(4, 30))
@settings(max_examples=20, deadline=None)
def test_the_cost_lies_between_any_tree_of_the_network_and_that_trees_promises_mended(seed, stages):
    network = instances.acyclic(seed, stages, 2 * stages)
    found = place(network)
    relaxed = Stripped(network)
    assert found.bound <= found.cost
    assert relaxed.bound() <= found.cost * (1 + 1e-9)
    assert found.cost <= relaxed.mended() * (1 + 1e-9)


class Stripped:
    """A network whose links are left out where they close a cycle, its stages priced as in the whole network."""

    def __init__(self, network: Network) -> None:
        self.network = network
        _, _, covered = network.demand
        group = {s.name: s.name for s in network.stages}

        def root(name: str) -> str:
            while group[name] != name:
                name = group[name]
            return name

        kept = []
        for link in network.links:
            a, b = root(link.supplier), root(link.customer)
            if a != b:
                group[a] = b
                kept.append(link)
        supplies = {link.supplier for link in kept}
        stages = [
            replace(
                s,
                safety_stock=lambda net, c=float(c): c * np.sqrt(net),
                # A stage that lost its customers may promise anything; its longest way is enough.
                demand=s.demand if s.demand or s.name in supplies else Demand(0, 0, 0, 10**3),
            )
            for s, c in zip(network.stages, covered, strict=True)
        ]
        self.found = place(Network(tuple(stages), tuple(kept)))

    def bound(self) -> float:
        return self.found.cost

    def mended(self) -> float:
        """The tree's promises, each stage waiting for all its suppliers after all."""
        _, _, covered = self.network.demand
        number = self.network.number
        promised, cost = self.found.outbound.copy(), 0.0
        for i in self.network.order.tolist():
            stage = self.network.stages[i]
            into = [promised[number[k.supplier]] for k in self.network.links if k.customer == stage.name]
            inbound = max([stage.supplied_in, *into])
            net = inbound + stage.time.mean - promised[i]
            cost += stage.holding_cost * covered[i] * max(net, 0) ** 0.5
        return cost


@given(SEEDS, st.integers(3, 20), st.floats(1.05, 3))
@settings(max_examples=15, deadline=None)
def test_more_safety_and_dearer_stock_cost_in_proportion(seed, stages, times):
    # Every term is h z σ √net: z times 1.5 in all places, or h times 1.5, is cost times 1.5.
    network = instances.acyclic(seed, stages, 2 * stages)
    cost = place(network).cost

    def with_factor(s: Stage) -> Stage:
        return replace(s, demand=s.demand and replace(s.demand, safety_factor=s.demand.safety_factor * times))

    safer = replace(network, stages=tuple(with_factor(s) for s in network.stages))
    dearer = replace(network, stages=tuple(replace(s, holding_cost=s.holding_cost * times) for s in network.stages))
    assert place(safer).cost == pytest.approx(cost * times, rel=1e-7)
    assert place(dearer).cost == pytest.approx(cost * times, rel=1e-7)


@given(SEEDS, st.integers(3, 20))
@settings(max_examples=15, deadline=None)
def test_more_safety_at_one_place_never_costs_less(seed, stages):
    network = instances.acyclic(seed, stages, 2 * stages)
    k = next(i for i, s in enumerate(network.stages) if s.demand)
    one = network.stages[k]
    safer = replace(one, demand=replace(one.demand, safety_factor=one.demand.safety_factor + 1))
    changed = replace(network, stages=(*network.stages[:k], safer, *network.stages[k + 1 :]))
    assert place(changed).cost >= place(network).cost * (1 - 1e-9)


@given(SEEDS)
@settings(max_examples=15, deadline=None)
def test_stopped_early_the_bound_still_holds(seed):
    network = instances.acyclic(seed, 14, 30, random_times=True)
    early, late = place(network, most_boxes=1, most_sweeps=1), place(network)
    assert early.bound <= late.cost * (1 + 1e-9)
    assert early.cost >= late.bound * (1 - 1e-9)
    assert early.gap >= 0


def test_waiting_for_a_slower_supplier_makes_the_faster_one_hold_nothing():
    # b takes 5 days, a takes 1: whatever b promises, a may promise as much and hold nothing.
    network = Network(
        (Stage("a", fixed(1), 1), Stage("b", fixed(5), 9), Stage("c", fixed(1), 1, Demand(10, 2, 2, 6))),
        (Link("a", "c"), Link("b", "c")),
    )
    found = place(network)
    assert found.cost == 0
    assert found.inbound[2] == 5
    assert found.safety_stock.tolist() == [0, 0, 0]


def test_a_bound_on_demand_of_another_shape_is_used_as_given():
    # Stock for two days whatever the net time: holding it once at c (1 a unit) beats holding it at a and c.
    def two_days(net):
        return np.where(net > 0, 20.0, 0.0)

    network = Network(
        (
            Stage("a", fixed(4), 0.5, safety_stock=two_days),
            Stage("c", fixed(1), 1, Demand(10, 2, 2), safety_stock=two_days),
        ),
        (Link("a", "c"),),
    )
    found = place(network)
    assert (found.outbound.tolist(), found.cost) == ([4, 0], 20.0)


def test_a_falling_bound_on_demand_is_refused():
    network = Network((Stage("c", fixed(3), 1, Demand(10, 2, 2), safety_stock=lambda net: 10.0 - net),))
    with pytest.raises(ValueError, match="stage 'c': safety_stock"):
        place(network)


def test_base_stock_is_demand_over_the_net_time_with_the_safety_stock():
    found = place(Network((Stage("c", fixed(4), 1, Demand(10, 3, 2, 0)),)))
    assert found.safety_stock.tolist() == [2 * 3 * 4**0.5]
    assert found.base_stock.tolist() == [10 * 4 + 12]
    assert (
        str(found)
        == "12.00 a period, bound 12.00, gap 0.0000%: 1 of 1 stages hold safety stock (dynamic programme over a tree)"
    )


def test_part_days_are_bridged_and_promises_are_whole():
    # 1.5 days of which 1 may be promised away: half a day is left.
    found = place(Network((Stage("c", fixed(1.5), 1, Demand(10, 3, 2, 1)),)))
    assert found.net_time.tolist() == [0.5]
    assert found.cost == pytest.approx(6 * 0.5**0.5)


def test_years_in_days_are_sent_to_longer_periods():
    stages = tuple(Stage(str(i), fixed(400_000), 1, Demand(1, 1, 1) if i == 59 else None) for i in range(60))
    with pytest.raises(ValueError, match="reckon in longer periods"):
        place(Network(stages, tuple(Link(str(i), str(i + 1)) for i in range(59))))


@pytest.mark.parametrize("wrong", [{"gap": -1.0}, {"most_boxes": 0}, {"most_sweeps": 0}])
def test_limits_that_allow_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match="at least"):
        place(instances.example_6_5(), **wrong)


@pytest.mark.parametrize("seed", [7, 28, 100, 141])
def test_where_trees_do_not_agree_splitting_still_finds_the_least(seed):
    network = instances.acyclic(seed, 6, 9)
    found = place(network)
    assert found.boxes > 1
    assert found.cost == pytest.approx(oracle.least(network), rel=1e-9)
    assert found.gap <= 1e-9
    stopped = place(network, most_boxes=1)
    assert stopped.bound < found.cost * (1 - 1e-6)
    assert stopped.gap > 1e-6
