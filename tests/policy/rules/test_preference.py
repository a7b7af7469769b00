"""What is preferred, and what preferring it costs the others."""

import pytest


def test_every_way_that_is_not_preferred_is_charged_its_cents(world):
    ways = world.ways("CA:ups:ground", "NJ:ups:ground", "NJ:ups:2day")
    found = world.ask(world.rule("prefer", hard=False, nodes="NJ", services="ups:ground", cents=150), ways)
    assert found.preference_cents.tolist() == [150, 0, 150]
    assert found.mask.all()
    assert found.soft == ()


def test_preferences_add_up(world):
    ways = world.ways("CA:ups:ground", "NJ:ups:ground")
    rules = [
        world.rule("prefer", hard=False, name="east", nodes="NJ", cents=150),
        world.rule("prefer", hard=False, name="own", nodes="CA", cents=40),
    ]
    # CA lacks the first and has the second, NJ the other way round.
    assert world.ask(rules, ways).preference_cents.tolist() == [150, 40]


def test_a_preference_for_an_item_speaks_of_orders_that_hold_it(world):
    ways = world.ways("CA:ups:ground", "NJ:ups:ground")
    rule = world.rule("prefer", hard=False, nodes="NJ", cents=99, categories="power")
    assert world.ask(rule, ways).preference_cents.tolist() == [0, 0]
    assert world.ask(rule, ways, world.an_order("MUG", "LIPO")).preference_cents.tolist() == [99, 0]


def test_without_preferences_nothing_is_charged(world):
    assert world.ask(world.rule("active"), world.ways("CA:ups:ground")).preference_cents.tolist() == [0]


@pytest.mark.parametrize(
    ("hard", "named", "says"),
    [
        (True, {"nodes": "NJ", "cents": 1}, "rule prefer (prefer): this kind is a price, never law; set hard to false"),
        (False, {"nodes": "NJ", "cents": 0}, "0 cents prefer nothing"),
        (False, {"cents": 5}, "name nodes or services that are preferred"),
        (False, {"nodes": "NJ"}, "cents is missing; give what a shipment that is not preferred is charged"),
    ],
)
def test_a_preference_that_cannot_be_meant_is_refused(world, hard, named, says):
    with pytest.raises(ValueError) as caught:
        world.compiled(world.rule("prefer", hard=hard, **named))
    assert says in str(caught.value)
