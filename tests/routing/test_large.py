"""Orders beyond the exact search: good plans, honest about what is proven."""

from dataclasses import replace

import numpy as np
import pytest
from tests.routing.orders import Case, random_book, random_case, slow_cents

from evenstock.routing import large
from evenstock.routing.choose import Choice, choose
from evenstock.routing.large import choose_large
from evenstock.routing.priced import Priced


def holds_together(case: Case, got: Choice) -> None:
    """Every plan covers the order whole, takes no more than there is, and costs what its shipments cost."""
    p = case.priced
    for plan in range(len(got)):
        taken = np.zeros((p.nodes, p.lines), np.int64)
        cents = -p.extra_shipment_cents
        for candidate, units in got.shipments(plan):
            block = np.flatnonzero(units).tolist()
            alone = slow_cents(case, candidate, block)
            assert alone is not None
            assert units[block].tolist() == p.units[block].tolist()
            np.add.at(taken[p.node[candidate]], p.item, units)
            cents += alone + p.extra_shipment_cents
        assert sum(units for _, units in got.shipments(plan)).tolist() == p.units.tolist()
        assert (taken[:, p.item] <= p.atp).all()
        assert got.cents[plan] == cents


@pytest.mark.parametrize("seed", range(3))
def test_within_reach_of_the_exact_search_it_is_near_the_least_and_never_below(seed: int):
    rng = np.random.default_rng(seed)
    book, exact, good = random_book(rng), 0, 0
    for _ in range(12):
        case = random_case(rng, book, nodes=4, lines=9, scarce=0.1, same_item=0.0)
        least, got = choose(case.priced), choose_large(case.priced)
        assert (len(least) > 0) == (len(got) > 0)
        if len(got):
            holds_together(case, got)
            exact += int(least.cents[0])
            good += int(got.cents[0])
            assert got.cents[0] >= least.cents[0]
            assert not got.proven_least or got.cents[0] == least.cents[0]
    assert good <= exact * 1.01


@pytest.mark.parametrize("lines", [18, 40])
def test_a_large_order_is_covered_whole(lines: int):
    rng = np.random.default_rng(lines)
    case = random_case(rng, random_book(rng), nodes=4, lines=lines, scarce=0.02)
    everywhere = replace(case.priced, permitted=np.ones_like(case.priced.permitted), atp=case.priced.atp + 9 * lines)
    case = replace(case, priced=everywhere)
    got = choose_large(case.priced)

    assert len(got) > 0
    holds_together(case, got)


def test_one_parcel_is_proven_the_least_where_a_second_could_not_pay_for_itself():
    # Twenty light lines at both of two nodes: everything in one parcel pays one first break, two parcels pay two.
    rng = np.random.default_rng(3)
    case = random_case(rng, random_book(rng), nodes=2, lines=20, scarce=0.0, same_item=0.0)
    light = replace(
        case.priced,
        permitted=np.ones_like(case.priced.permitted),
        weight_g=np.full(20, 5),
        volume_mm3=np.full(20, 10),
        longest_mm=np.full(20, 50),
        unit_cents=np.zeros_like(case.priced.unit_cents),
    )
    got = choose_large(light)

    assert len(got.shipments()) == 1
    assert got.proven_least


def test_lines_of_one_item_travel_together():
    rng = np.random.default_rng(4)
    case = random_case(rng, random_book(rng), nodes=3, lines=16, scarce=0.0, same_item=0.6)
    free = replace(case.priced, permitted=np.ones_like(case.priced.permitted), atp=case.priced.atp + 100)
    for _, units in choose_large(free).shipments():
        carried = set(free.item[units > 0].tolist())
        assert carried.isdisjoint(free.item[units == 0].tolist())


def test_lines_of_one_kit_travel_together():
    rng = np.random.default_rng(9)
    case = random_case(rng, random_book(rng), nodes=3, lines=20, scarce=0.0, same_item=0.2)
    kit = np.array([0, 1, 2, -1] * 5)
    free = replace(case.priced, permitted=np.ones_like(case.priced.permitted), atp=case.priced.atp + 100, kit=kit)
    got = choose_large(free)

    assert len(got) > 1
    holds_together(replace(case, priced=free), got)
    for plan in range(len(got)):
        for _, units in got.shipments(plan):
            carried = set(kit[units > 0].tolist()) - {-1}
            assert carried.isdisjoint(kit[units == 0].tolist())


def test_more_than_three_nodes_are_used_where_three_do_not_cover_the_order():
    rng = np.random.default_rng(5)
    case = random_case(rng, random_book(rng), nodes=5, lines=15, scarce=0.0, same_item=0.0, max_shipments=5)
    only = np.zeros_like(case.priced.atp)
    only[np.arange(15) % 5, np.arange(15)] = 9
    apart = replace(case.priced, atp=only, permitted=np.ones_like(case.priced.permitted), min_split_value_cents=0)
    assert len(choose_large(apart).shipments()) == 5
    assert len(choose_large(replace(apart, max_shipments=4))) == 0


def test_services_that_may_not_carry_lines_together_ship_apart_from_one_node():
    rng = np.random.default_rng(6)
    case = random_case(rng, random_book(rng, services=2), nodes=1, lines=16, scarce=0.0, same_item=0.0)
    half = np.arange(16) % 2 == 0
    apart = replace(case.priced, permitted=np.stack([half, ~half]), atp=case.priced.atp + 9, min_split_value_cents=0)
    got = choose_large(apart)

    assert [c for c, _ in got.shipments()] == [0, 1]


def test_the_bound_is_below_every_plan_of_two_shipments_or_more():
    rng = np.random.default_rng(7)
    book, checked = random_book(rng), 0
    for _ in range(30):
        case = random_case(rng, book, nodes=3, lines=5, scarce=0.2, same_item=0.0, max_shipments=4)
        p = case.priced
        bound = large._least_of_more(p, p.permitted & (p.atp >= p.units)[p.node])
        got = choose(p, alternatives=1_000)
        for plan in range(len(got)):
            if len(got.shipments(plan)) > 1:
                checked += 1
                assert bound <= got.cents[plan]
    assert checked > 50


def test_an_order_nobody_covers_is_an_empty_choice_that_proves_nothing():
    rng = np.random.default_rng(8)
    case = random_case(rng, random_book(rng), nodes=3, lines=16).priced
    nothing: Priced = replace(case, atp=np.zeros_like(case.atp))

    assert len(choose_large(nothing)) == 0
    assert not choose_large(nothing).proven_least
