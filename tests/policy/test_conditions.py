"""When a rule applies: each condition alone, and all of them together."""

from dataclasses import replace

import pytest

from evenstock.domain import ServiceLevel


def holds(world, order, **when):
    """Whether a rule that bars CA under these conditions speaks of the order."""
    return not world.ask(world.rule("forbid", nodes="CA", **when), world.ways("CA:ups:ground"), order).mask.any()


@pytest.mark.parametrize(
    ("when", "price", "yes"),
    [
        ({"min_value_cents": 2000}, 1000, True),
        ({"min_value_cents": 2001}, 1000, False),
        ({"max_value_cents": 2000}, 1000, True),
        ({"max_value_cents": 1999}, 1000, False),
        ({"min_value_cents": 0, "max_value_cents": 0}, 0, True),
    ],
)
def test_value_is_that_of_all_lines_and_both_ends_belong(world, when, price, yes):
    # Two lines of one unit each.
    assert holds(world, world.an_order("MUG", "MUG", price_cents=price), **when) is yes


def test_units_and_lines_are_counted_apart(world):
    order = world.an_order("MUG", "LIPO")
    three = replace(order, lines=(replace(order.lines[0], units=2), order.lines[1]))
    assert holds(world, three, min_units=3, max_units=3, min_lines=2, max_lines=2)
    assert not holds(world, three, min_units=4)
    assert not holds(world, three, max_units=2)
    assert not holds(world, three, min_lines=3)
    assert not holds(world, three, max_lines=1)


def test_the_speed_bought_chooses_orders(world):
    fast = replace(world.an_order(), service_level=ServiceLevel.NEXT_DAY)
    assert holds(world, fast, service_levels="next_day,two_day")
    assert not holds(world, world.an_order(), service_levels="next_day,two_day")


def test_every_condition_must_hold(world):
    order = world.an_order("MUG", order_class="vip")
    assert holds(world, order, order_classes="vip", max_units=1)
    assert not holds(world, order, order_classes="vip", min_units=2)
    assert not holds(world, order, order_classes="gift", max_units=1)


def test_the_reason_names_every_condition(world):
    rule = world.rule("forbid", nodes="CA", order_classes="vip", min_value_cents=5000, max_lines=3)
    found = world.ask(rule, world.ways("CA:ups:ground"), world.an_order("MUG", price_cents=5000, order_class="vip"))
    assert found.barred[0].because == (
        "CA may not carry orders with order classes vip and value at least 50.00 and lines at most 3"
    )
