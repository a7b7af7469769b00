"""Limits, speed, and what goods demand of a way to ship them: each with its arithmetic in sight."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from evenstock.domain import Allow, Candidate, NodeId, Refuse, ServiceId, ServiceLevel, Units


def said(found):
    return [(b.node, b.service, b.because) for b in found.barred]


def bought(world, level, *skus):
    return replace(world.an_order(*skus), service_level=level)


def test_a_store_gives_so_many_units_of_an_item_to_one_order(world):
    one = world.an_order("MUG", "MUG", "LIPO")
    # Two lines of three mugs each: six mugs; one battery.
    order = replace(one, lines=(*(replace(line, units=Units(3)) for line in one.lines[:2]), one.lines[2]))
    ways = world.ways("CA:ups:ground", "NJ:ups:ground")
    found = world.ask(world.rule("limit", nodes="CA", units=5), ways, order)
    assert found.mask.tolist() == [[False, False, True], [True, True, True]]
    assert said(found)[0][2] == "CA ships at most 5 units of an item to one order, and it wants more of MUG"
    assert world.ask(world.rule("limit", nodes="CA", units=6), ways, order).mask.all()


def test_a_limit_of_shipments_is_kept_by_the_plan(world):
    ready = world.compiled(world.rule("limit", nodes="CA,NJ", shipments=1))
    order = world.an_order("MUG", "MUG")
    both = world.a_plan(("NJ", 1, ["L0"]), ("CA", 1, ["L1"]))
    assert ready.review(order, both, (), world.FRIDAY) == Refuse(
        "limit: 2 shipments at CA, NJ, and at most 1 are lawful"
    )
    one = world.a_plan(("NJ", 1, ["L0"]), ("TX", 1, ["L1"]))
    assert ready.review(order, one, (), world.FRIDAY) == Allow()


def test_a_limit_of_shipments_that_names_no_place_bounds_the_search(world):
    ready = world.compiled(
        world.rule("limit", shipments=2, order_classes="vip"), world.rule("limit", name="ca", shipments=1, nodes="CA")
    )
    assert ready.bounds(world.an_order(order_class="vip"), world.FRIDAY).max_shipments == 2
    assert ready.bounds(world.an_order(), world.FRIDAY).max_shipments > 2


def test_next_day_arrives_within_a_day_and_two_day_within_two(world):
    ways = world.ways("CA:ups:ground", "NJ:ups:ground", "NJ:ups:air")
    rule = world.rule("service_level", hard=False)
    next_day = world.ask(rule, ways, bought(world, ServiceLevel.NEXT_DAY), transit=[4, 2, 1])
    assert next_day.mask[:, 0].tolist() == [False, False, True]
    assert next_day.hard.all()
    assert said(next_day) == [
        ("CA", "", "CA needs 4 days at best, and next_day means 1"),
        ("NJ", "ups:ground", "NJ needs 2 days at best, and next_day means 1"),
    ]
    two_day = world.ask(rule, ways, bought(world, ServiceLevel.TWO_DAY), transit=[4, 2, 1])
    assert two_day.mask[:, 0].tolist() == [False, True, True]
    for free in (ServiceLevel.GROUND, ServiceLevel.ANY):
        assert world.ask(rule, ways, bought(world, free), transit=[4, 2, 1]).mask.all()


def test_days_count_from_the_first_day_anything_can_leave(world):
    # Decided on Friday night: the first truck leaves on Monday, and Tuesday is one day later.
    monday, tuesday = date(2026, 11, 23), date(2026, 11, 24)
    ways = [
        Candidate(NodeId("CA"), ServiceId("ups:air"), monday),
        Candidate(NodeId("NJ"), ServiceId("ups:air"), tuesday),
    ]
    found = world.ask(
        world.rule("service_level"), ways, bought(world, ServiceLevel.NEXT_DAY), transit=[4, 5], on=world.FRIDAY
    )
    assert found.mask[:, 0].tolist() == [True, False]


def test_where_days_are_unknown_the_promise_stands_in(world):
    ways = world.ways("CA:a", "CA:b", "NJ:a", "NJ:b")
    found = world.ask(
        world.rule("service_level"),
        ways,
        bought(world, ServiceLevel.NEXT_DAY),
        transit=[1, -1, -1, -1],
        on_time=[0.1, 0.89, 0.9, np.nan],
    )
    assert found.mask[:, 0].tolist() == [True, False, True, True]
    assert said(found) == [
        ("CA", "b", "CA keeps the promise with 89% at best, and next_day wants 90% where transit days are unknown")
    ]
    assert world.ask(world.rule("service_level"), ways, bought(world, ServiceLevel.NEXT_DAY)).mask.all()


def test_what_perishes_goes_only_where_it_arrives_in_time(world):
    ways = world.ways("CA:ups:ground", "NJ:ups:ground", "NJ:ups:slow", "TX:who:knows")
    order = world.an_order("MUG", "FISH")
    found = world.ask(world.rule("perishable"), ways, order, transit=[3, 2, 5, -1])
    assert found.mask.tolist() == [[True, False], [True, True], [True, False], [True, False]]
    assert said(found) == [
        ("CA", "", "FISH may travel 2 days, and from CA it takes 3 at best"),
        ("NJ", "ups:slow", "FISH may travel 2 days, and from NJ it takes 5 at best"),
        ("TX", "", "FISH may travel 2 days, and nobody knows how long it takes from TX"),
    ]
    assert not world.ask(world.rule("perishable"), ways, world.an_order("FISH")).mask.any()
    assert world.ask(world.rule("perishable"), ways).mask.all()


def test_waiting_at_the_node_is_no_travel(world):
    # Leaves on Monday, delivered on Wednesday: five days from Friday, two of them on the road.
    ways = [Candidate(NodeId("CA"), ServiceId("ups:air"), date(2026, 11, 23))]
    assert world.ask(world.rule("perishable"), ways, world.an_order("FISH"), transit=[5]).mask.all()
    assert not world.ask(world.rule("perishable"), ways, world.an_order("FISH"), transit=[6]).mask.any()


def test_batteries_do_not_fly(world):
    ways = world.ways("NJ:ups:air", "NJ:ups:ground")
    found = world.ask(world.rule("hazmat", services="ups:air"), ways, world.an_order("MUG", "LIPO"))
    assert found.mask.tolist() == [[True, False], [True, True]]
    assert said(found) == [("NJ", "ups:air", "LIPO (hazmat) may not go by ups:air")]
    assert world.ask(world.rule("hazmat", services="ups:air", requires="cold"), ways, world.an_order("LIPO")).mask.all()


@pytest.mark.parametrize(
    ("above", "large"),
    [({"longest_mm": 1899}, True), ({"longest_mm": 1900}, False), ({"weight_g": 40_999}, True),
     ({"weight_g": 41_000}, False), ({"longest_mm": 5000, "weight_g": 1}, True)],
)  # fmt: skip
def test_a_sofa_needs_a_truck(world, above, large):
    ways = world.ways("NJ:ups:ground", "NJ:freight:ltl")
    found = world.ask(world.rule("oversize", services="freight:ltl", **above), ways, world.an_order("SOFA"))
    assert found.mask[:, 0].tolist() == [not large, True]
    if large:
        assert said(found) == [("NJ", "ups:ground", "SOFA is oversize and ships only by freight:ltl")]


def test_sides_that_are_unknown_are_not_long(world):
    assert world.ask(world.rule("oversize", longest_mm=1, nodes="CA"), world.ways("NJ:ups:ground")).mask.all()


@pytest.mark.parametrize(
    ("kind", "hard", "named", "says"),
    [
        ("limit", True, {"nodes": "CA"}, "give units, shipments or both"),
        ("limit", False, {"shipments": 1}, "shipments are counted on the finished plan; set hard to true"),
        ("limit", True, {"shipments": 1, "skus": "MUG"}, "shipments are those of the order"),
        ("service_level", True, {"next_day_days": 3}, "next_day_days is above two_day_days"),
        ("hazmat", True, {}, "services is missing; give services that may not carry it"),
        ("oversize", True, {"services": "x"}, "give longest_mm, weight_g or both"),
        ("oversize", True, {"weight_g": 1}, "name services or nodes that alone may carry it"),
        ("permit", True, {}, "nothing is named; every rule after it would be void"),
    ],
)
def test_what_cannot_be_meant_is_refused(world, kind, hard, named, says):
    with pytest.raises(ValueError) as caught:
        world.compiled(world.rule(kind, hard=hard, **named))
    assert says in str(caught.value)
