"""Each kind of rule: what it forbids, to whom, and in which words."""

import numpy as np
import pytest

from evenstock.domain import Allow, NeedsApproval, Refuse, ShipTo, Sku


def said(permitted):
    return [(b.node, b.service, b.because) for b in permitted.barred]


def test_an_uncertified_node_may_carry_the_other_lines(world):
    order = world.an_order("MUG", "LIPO")
    found = world.ask(world.rule("certification"), world.ways("CA:ups:ground", "NJ:ups:ground"), order)
    assert found.mask.tolist() == [[True, False], [True, True]]
    assert said(found) == [("CA", "", "CA is not certified for hazmat for LIPO")]


def test_an_idle_node_ships_nothing(world):
    found = world.ask(world.rule("active"), world.ways("TX:ups:ground", "NJ:ups:ground"))
    assert found.mask.tolist() == [[False], [True]]
    assert said(found) == [("TX", "", "TX does not ship at present")]


def test_amazons_own_pool_never_ships_brand_orders_even_if_named(world):
    ways = world.ways("CA:ups:ground", "FBA:amzn:std", "NJ:ups:ground")
    assert world.ask(world.rule("pool"), ways).mask[:, 0].tolist() == [True, False, True]
    named = world.ask(world.rule("pool", pools="own, amazon"), ways)
    assert named.mask[:, 0].tolist() == [False, False, True]
    assert said(named)[0] == ("CA", "", "CA is in pool 3pl; only amazon, own may ship")


def test_a_full_day_takes_no_further_order(world):
    ways = world.ways("CA:ups:ground", "CA:ups:2day", "NJ:ups:ground")
    found = world.ask(world.rule("ceiling"), ways, slots=[0, 0, 1])
    assert found.mask[:, 0].tolist() == [False, False, True]
    assert said(found) == [("CA", "", "CA has no slot left on 2026-11-20: its ceiling is 400 shipments a day")]


def test_a_full_service_takes_no_further_order_from_any_node(world):
    ways = world.ways("CA:ups:ground", "CA:ups:2day", "NJ:ups:ground")
    found = world.ask(world.rule("ceiling"), ways, service_slots=[0, 2, 0])
    assert found.mask[:, 0].tolist() == [False, True, False]
    because = "ups:ground takes over no more shipments on 2026-11-20: its ceiling, or its carrier's, is reached"
    assert [why for _, _, why in said(found)] == [because, because]


def test_a_promise_is_kept_with_its_probability_or_the_candidate_goes(world):
    ways = world.ways("CA:ups:ground", "NJ:ups:ground", "NJ:ups:2day")
    order = world.an_order(promise=world.promised())
    found = world.ask(
        world.rule("promise", min_probability="0.9", hard=False), ways, order, on_time=[0.8999, 0.9, np.nan]
    )
    assert found.mask[:, 0].tolist() == [False, True, True]
    assert found.hard.all()
    assert said(found) == [("CA", "", "ups:ground from CA on 2026-11-20 arrives by 2026-11-24 with 89.9%, wanted 90%")]


def test_a_node_whose_every_service_is_late_is_named_once_by_its_best(world):
    ways = world.ways("CA:ups:ground", "CA:ups:2day", "NJ:ups:ground", "NJ:ups:2day")
    order = world.an_order(promise=world.promised())
    found = world.ask(world.rule("promise"), ways, order, on_time=[0.1, 0.6, 0.2, 0.95])
    assert found.mask[:, 0].tolist() == [False, False, False, True]
    assert said(found) == [
        ("CA", "", "at best ups:2day from CA on 2026-11-20 arrives by 2026-11-24 with 60%, wanted 90%"),
        ("NJ", "ups:ground", "ups:ground from NJ on 2026-11-20 arrives by 2026-11-24 with 20%, wanted 90%"),
    ]


def test_without_a_promise_nothing_can_be_late(world):
    assert world.ask(world.rule("promise"), world.ways("CA:ups:ground"), on_time=[0.1]).mask.all()


def test_forbid_bars_nodes_and_services_where_all_its_conditions_hold(world):
    rule = world.rule("forbid", nodes="CA", services="ups:air", countries="US", postal_prefixes="100,112")
    ways = world.ways("CA:ups:air", "CA:ups:ground", "NJ:ups:air")
    found = world.ask(rule, ways)
    assert found.mask[:, 0].tolist() == [False, True, True]
    assert said(found) == [
        ("CA", "ups:air", "CA may not carry orders with countries US and postal prefixes 100, 112 by ups:air")
    ]
    assert world.ask(rule, ways, world.an_order(ship_to=ShipTo("90210"))).mask.all()
    assert world.ask(rule, ways, world.an_order(ship_to=ShipTo("10001", "CA"))).mask.all()


def test_forbid_by_item_bars_only_its_lines(world):
    order = world.an_order("MUG", "LIPO")
    ways = world.ways("NJ:ups:air", "NJ:ups:ground")
    by_group = world.ask(world.rule("forbid", services="ups:air", categories="power"), ways, order)
    by_sku = world.ask(world.rule("forbid", services="ups:air", skus="LIPO"), ways, order)
    assert by_group.mask.tolist() == by_sku.mask.tolist() == [[True, False], [True, True]]
    assert world.ask(world.rule("forbid", services="ups:air", skus="LIPO"), ways).mask.all()


@pytest.mark.parametrize(
    ("condition", "order"),
    [
        ({"order_classes": "vip"}, {"order_class": "vip"}),
        ({"channels": "ebay"}, {"channel": "ebay"}),
        ({"tags": "gift,rush"}, {"tags": frozenset({"gift"})}),
    ],
)
def test_forbid_reads_class_channel_and_tags(world, condition, order):
    ways = world.ways("CA:ups:ground", "NJ:ups:ground")
    rule = world.rule("forbid", nodes="CA", **condition)
    assert world.ask(rule, ways, world.an_order(**order)).mask[:, 0].tolist() == [False, True]
    assert world.ask(rule, ways).mask.all()


def test_require_leaves_only_what_it_names(world):
    order = world.an_order("MUG", "LIPO")
    ways = world.ways("CA:ups:ground", "NJ:ups:ground")
    found = world.ask(world.rule("require", nodes="NJ", skus="LIPO"), ways, order)
    assert found.mask.tolist() == [[True, False], [True, True]]
    assert said(found) == [("CA", "", "LIPO ships only at NJ")]
    whole = world.ask(world.rule("require", services="ups:2day"), ways, order)
    assert not whole.mask.any()
    assert said(whole)[0] == ("CA", "", "this order ships only by ups:2day")


def test_what_is_kept_for_some_carries_nothing_else(world):
    order = world.an_order("MUG", "LIPO", channel="acme")
    ways = world.ways("CA:ups:ground", "NJ:ups:ground")
    vendor = world.rule("dedicate", nodes="CA", channels="acme")
    assert world.ask(vendor, ways, order).mask.all()
    other = world.ask(vendor, ways, world.an_order("MUG", "LIPO", channel="zeta"))
    assert other.mask.tolist() == [[False, False], [True, True]]
    assert said(other) == [("CA", "", "CA is kept for others than this order")]
    maker = world.ask(world.rule("dedicate", nodes="CA", skus="MUG"), ways, order)
    assert maker.mask.tolist() == [[True, False], [True, True]]
    assert said(maker) == [("CA", "", "CA is kept for others than LIPO")]
    own = world.ask(world.rule("dedicate", services="ups:air", order_classes="vip"), world.ways("CA:ups:air", "CA:x"))
    assert own.mask[:, 0].tolist() == [False, True]


def test_the_tightest_bound_counts_and_conditions_choose_the_orders(world):
    ready = world.compiled(
        world.rule("max_shipments", shipments=3),
        world.rule("max_shipments", name="gifts", shipments=1, order_classes="gift"),
        world.rule("min_split_value", cents=1500),
    )
    assert ready.bounds(world.an_order(), world.FRIDAY).max_shipments == 3
    assert ready.bounds(world.an_order(order_class="gift"), world.FRIDAY).max_shipments == 1
    assert ready.bounds(world.an_order(), world.FRIDAY).min_split_value_cents == 1500


def test_a_plan_beyond_a_bound_of_law_is_refused(world):
    ready = world.compiled(world.rule("max_shipments", shipments=1))
    two = world.a_plan(("NJ", 500, ["L0"]), ("CA", 500, ["L1"]))
    order = world.an_order("MUG", "MUG")
    assert ready.review(order, two, (), world.FRIDAY) == Refuse("2 shipments, and at most 1 are lawful")
    assert ready.review(order, world.a_plan(("NJ", 1, ["L0", "L1"])), (), world.FRIDAY) == Allow()


def test_a_split_shipment_worth_too_little_is_refused_and_a_whole_one_is_not(world):
    ready = world.compiled(world.rule("min_split_value", cents=1500))
    order = world.an_order("MUG", "MUG", "MUG")
    assert ready.review(order, world.a_plan(("NJ", 1, ["L0", "L1"]), ("CA", 1, ["L2"])), (), world.FRIDAY) == Refuse(
        "a shipment of a split order carries 10.00, and at least 15.00 is lawful"
    )
    assert ready.review(world.an_order(), world.a_plan(("NJ", 1, ["L0"])), (), world.FRIDAY) == Allow()


def test_a_person_decides_above_a_value_or_a_cost(world):
    ready = world.compiled(
        world.rule("review_above", role="manager", order_value_cents=1000),
        world.rule("review_above", name="freight", role="planner", plan_cost_cents=2000),
    )
    plan = world.a_plan(("NJ", 2000, ["L0"]))
    assert ready.review(world.an_order(), plan, (), world.FRIDAY) == Allow()
    assert ready.review(world.an_order(price_cents=1001), plan, (), world.FRIDAY) == NeedsApproval(
        "manager", "review_above: the order is worth 10.01, above 10.00"
    )
    both = ready.review(world.an_order(price_cents=1001), world.a_plan(("NJ", 2001, ["L0"])), (), world.FRIDAY)
    assert both == NeedsApproval(
        "manager",
        "review_above: the order is worth 10.01, above 10.00; freight: the plan costs 20.01, above 20.00",
    )


def test_a_person_decides_where_a_watched_wish_was_given_up(world):
    ready = world.compiled(world.rule("review_relaxed", role="care", rules="promise"))
    plan = world.a_plan(("NJ", 1, ["L0"]))
    assert ready.review(world.an_order(), plan, ("promise",), world.FRIDAY) == NeedsApproval(
        "care", "review_relaxed: no plan keeps promise"
    )
    assert ready.review(world.an_order(), plan, ("other",), world.FRIDAY) == Allow()


def test_frozen_lanes_idle_ends_and_uncertified_destinations_are_closed(world):
    ready = world.compiled(
        world.rule("freeze_lane", origins="NJ", destinations="CA", skus="MUG"),
        world.rule("active"),
        world.rule("certification"),
    )
    lanes = [("NJ", "CA"), ("CA", "NJ"), ("NJ", "TX")]
    found = ready.transfer_bounds(lanes, ["CA", "NJ", "TX"], [Sku("MUG"), Sku("LIPO")], world.FRIDAY)
    # MUG: frozen from NJ to CA; LIPO: only NJ holds hazmat; TX is idle.
    assert found.closed.tolist() == [[True, True], [False, False], [True, True]]
    assert found.closed_by == (("freeze_lane", 1), ("active", 2), ("certification", 2))


def test_the_longest_floor_counts(world):
    ready = world.compiled(
        world.rule("source_floor_days", days=7),
        world.rule("source_floor_days", name="nj", days=21, nodes="NJ", categories="power"),
    )
    found = ready.transfer_bounds([("NJ", "CA")], ["CA", "NJ"], [Sku("MUG"), Sku("LIPO")], world.FRIDAY)
    assert found.floor_days.tolist() == [[7, 7], [7, 21]]
