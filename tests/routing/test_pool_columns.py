"""Orders of several lines decided together find the plans that stock and places leave them, not only their own best."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from tests.routing.orders import Case, partitions, random_book, random_case, slow_cents

from evenstock.routing.pool_columns import Asked, Joined, join, options_of, plan_cents
from evenstock.routing.priced import Ladders, Priced

NODES, ITEMS = 3, 4


def flat(units: list[int], stock: list[list[int]], cents: list[int], most: int = 3) -> Priced:
    """An order of different items where a shipment from node k costs ``cents[k]`` whatever is in it."""
    lines, nodes = len(units), len(cents)
    one, none = np.ones(1, np.int64), np.zeros(0, np.int64)
    return Priced(
        node=np.arange(nodes),
        ladder=np.zeros(nodes, np.int64),
        permitted=np.ones((nodes, lines), np.bool_),
        atp=np.array(stock, np.int64),
        item=np.arange(lines),
        units=np.array(units),
        weight_g=np.ones(lines, np.int64) * units,
        volume_mm3=np.ones(lines, np.int64) * units,
        longest_mm=np.ones(lines, np.int64),
        value_cents=np.ones(lines, np.int64),
        shipment_cents=np.array(cents),
        unit_cents=np.zeros((nodes, lines), np.int64),
        ladders=Ladders(np.array([0, 1]), one * 10**9, one * 0, one * 0, np.array([0, 0]), none, none),
        max_shipments=most,
    )


def of_network(priced: Priced, item: list[int], nodes_have_places: bool = False) -> Asked:
    """Supply ``node * ITEMS + item`` is stock; from ``NODES * ITEMS`` on come places of the nodes."""
    nodes = priced.nodes
    stock = np.arange(nodes)[:, None] * ITEMS + np.array(item)
    places = nodes * ITEMS + priced.node if nodes_have_places else np.full(len(priced.node), -1)
    return Asked(priced, stock[None], places[None])


def test_two_orders_share_the_last_units_so_that_both_ship():
    # Each alone takes items 0 and 1 from node 0 for 500. Node 0 has one unit of each; node 1 has items 0 and 1, once.
    stock = [[1, 1], [1, 1]]
    one = of_network(flat([1, 1], stock, [500, 800]), [0, 1])
    left = np.array([1, 1, 0, 0, 1, 1, 0, 0])
    found = join([one, one], left)
    assert (found.pooled.served, found.pooled.cents, found.proven) == (2, 1_300, True)


def test_a_split_is_found_that_no_order_would_take_alone():
    # Item 0 is once at node 0 and once at node 1, item 1 twice at node 2: both orders must split, 300 + 300 or 400 + 300.
    stock = [[1, 0], [1, 0], [0, 2]]
    one = of_network(flat([1, 1], stock, [300, 400, 300]), [0, 1])
    left = np.zeros(12, np.int64)
    left[[0, 4, 9]] = 1, 1, 2
    found = join([one, one], left)
    assert (found.pooled.served, found.pooled.cents) == (2, 600 + 700)
    assert found.proven


def test_lines_are_torn_only_where_an_order_would_be_left_out():
    # Four units each; node 0 has four, nodes 1 and 2 have two. Alone each ships from node 0; together one is torn.
    stock = [[4], [2], [2]]
    one = of_network(flat([4], stock, [300, 400, 500]), [0])
    left = np.zeros(12, np.int64)
    left[[0, 4, 8]] = 4, 2, 2
    found = join([one, one], left)
    assert found.torn
    assert (found.pooled.served, found.pooled.gave_up, found.pooled.cents) == (2, 1, 300 + 900)
    assert not join([one], left).torn


def test_a_wish_falls_before_an_order_does():
    lawful = flat([1], [[2], [2]], [500, 200])
    kept = lawful.under(np.array([[True], [False]]), 3, 0)  # a wish: not from node 1
    one = replace(of_network(kept, [0], nodes_have_places=True), lawful=lawful)
    places = np.concatenate([np.full(8, 2), [1, 2]])
    found = join([one, one], places)
    assert (found.pooled.served, found.pooled.gave_up, found.pooled.cents) == (2, 1, 700)
    assert join([one], places).pooled.gave_up == 0


def test_the_cents_of_a_plan_are_those_of_the_search():
    rng = np.random.default_rng(5)
    book = random_book(rng)
    for _ in range(20):
        case = random_case(rng, book, 4, 3, scarce=0.1)
        one = Asked(case.priced, np.full((1, 4, 3), -1), np.full((1, len(case.priced.node)), -1))
        options = options_of(one)
        assert len(options) <= 1  # nothing is short: the cheapest is all there is to know
        for option in options:
            assert plan_cents(case.priced, option.shipments) == option.cents


def test_a_line_weighs_what_it_says_though_its_units_do_not_divide_it():
    # Seven units of 1,000 g together, in cartons of at most 999 g for 5 cents, above for 9.
    none = np.zeros(0, np.int64)
    ladders = Ladders(
        np.array([0, 2]), np.array([999, 9_999]), np.array([5, 9]), np.zeros(1, np.int64), np.array([0, 0]), none, none
    )
    one = replace(flat([7], [[7]], [0]), weight_g=np.array([1_000]), ladders=ladders)
    assert plan_cents(one, ((0, (7,)),)) == 9
    assert [option.cents for option in options_of(of_network(one, [0]))] == [9]
    assert plan_cents(one, ((0, (6,)),)) == 5  # 6 of 142 g


def every_plan(case: Case, asked: Asked) -> list[tuple[int, dict[int, int]]]:
    """Cents and takings of every whole-line plan by the readable price: of those that take the same, the cheapest."""
    p, least = case.priced, {}
    price: dict[tuple[int, tuple[int, ...]], int | None] = {}
    for blocks in partitions(list(range(p.lines)), p.max_shipments):
        if len(blocks) > 1 and any(p.value_cents[b].sum() < p.min_split_value_cents for b in blocks):
            continue
        for where in itertools.product(range(len(p.node)), repeat=len(blocks)):
            cents, shipments = (len(blocks) - 1) * p.extra_shipment_cents, []
            for candidate, block in zip(where, blocks, strict=True):
                key = (candidate, tuple(block))
                if key not in price:
                    price[key] = slow_cents(case, candidate, block)
                if price[key] is None:
                    break
                cents += price[key]
                shipments.append((candidate, tuple(int(p.units[i]) * (i in block) for i in range(p.lines))))
            else:
                takes = tuple(sorted(asked.takes(tuple(shipments)).items()))
                least[takes] = min(least.get(takes, cents), cents)
    return [(cents, dict(takes)) for takes, cents in least.items()]


def best_of_all(plans: list[list[tuple[int, dict[int, int]]]], left: np.ndarray) -> tuple[int, int]:
    """Served and cents by one weighted program over every plan."""
    every = [(o, *plan) for o, own in enumerate(plans) for plan in own]
    limits = np.zeros((len(plans) + len(left), len(every)))
    for column, (o, _, takes) in enumerate(every):
        limits[o, column] = 1
        for s, n in takes.items():
            limits[len(plans) + s, column] = n
    found = milp(
        np.array([cents - 10.0**7 for _, cents, _ in every]),
        constraints=LinearConstraint(limits, ub=np.concatenate([np.ones(len(plans)), left])),
        integrality=np.ones(len(every)),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 0.0},
    )
    chosen = [every[k] for k in np.flatnonzero(found.x > 0.5)]
    return len(chosen), sum(cents for _, cents, _ in chosen)


def within(found: Joined, asked: list[Asked], left: np.ndarray) -> None:
    used = np.zeros(len(left), np.int64)
    for o, one in enumerate(asked):
        option = found.chosen(o)
        for s, n in (one.takes(option.shipments) if option else {}).items():
            used[s] += n
    assert (used <= left).all()
    assert (found.pooled.left == left - used).all()


@pytest.mark.parametrize("seed", range(10))
def test_a_pool_of_real_ladders_is_the_best_of_every_plan_there_is(seed):
    rng = np.random.default_rng(seed)
    book = random_book(rng, services=2)
    stock = rng.integers(0, 9, (NODES, ITEMS))
    cases, asked = [], []
    for _ in range(6):
        case = random_case(rng, book, NODES, int(rng.integers(1, 4)), same_item=0.0, max_shipments=2)
        item = rng.choice(ITEMS, case.priced.lines, replace=False)
        case = replace(case, priced=replace(case.priced, atp=stock[:, item]))
        cases.append(case)
        p = case.priced
        service = np.array([int(name[2:]) for name in case.service])
        of_node = NODES * ITEMS + p.node
        of_service = NODES * ITEMS + NODES + service
        stock_of = (np.arange(NODES)[:, None] * ITEMS + item)[None]
        credit = int(rng.integers(0, 3_000)) * (seed % 2)
        asked.append(Asked(p, stock_of, np.stack([of_node, of_service]), credit_cents=credit))
    left = np.concatenate([stock.ravel(), rng.integers(1, 4, NODES), rng.integers(2, 6, 2)])
    found = join(asked, left, most_nodes=2_000)
    within(found, asked, left)
    plans = [every_plan(case, one) for case, one in zip(cases, asked, strict=True)]
    net = [[(cents - one.credit_cents, takes) for cents, takes in own] for own, one in zip(plans, asked, strict=True)]
    served, cents = best_of_all(net, left)
    cents += sum(one.credit_cents for o, one in enumerate(asked) if found.chosen(o))
    assert found.most_served >= served
    if not found.torn:
        assert found.pooled.served == served
        assert found.least_cents <= cents <= found.pooled.cents
        assert found.pooled.cents <= 1.01 * cents
        if found.proven:
            assert found.pooled.cents == cents
    else:
        assert found.pooled.served >= served
