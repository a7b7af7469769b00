"""Orders that wait for a person: held until let go, or queued until the deadline."""

from dataclasses import replace

import pytest

from evenstock.domain import Allow, NeedsApproval


def plan(world):
    return world.a_plan(("NJ", 500, ["L0"]))


def test_a_suspected_order_waits_for_its_role_and_does_not_leave_by_itself(world):
    rule = world.rule("hold", name="fraud", role="fraud desk", hours=24, tags="fraud,chargeback")
    ready = world.compiled(rule)
    order = world.an_order(tags=frozenset({"fraud"}))
    assert ready.review(order, plan(world), (), world.FRIDAY) == NeedsApproval(
        "fraud desk", "fraud: orders with tags fraud, chargeback are held"
    )
    (ask,) = ready.asks(order, plan(world), (), world.FRIDAY)
    assert (ask.rule, ask.kind, ask.role, ask.at_deadline, ask.hours) == ("fraud", "hold", "fraud desk", "wait", 24)
    assert ready.review(world.an_order(), plan(world), (), world.FRIDAY) == Allow()
    assert ready.asks(world.an_order(), plan(world), (), world.FRIDAY) == ()


def test_the_reason_written_beside_the_rule_is_the_one_told(world):
    ready = world.compiled(replace(world.rule("hold", role="desk", tags="fraud"), because="the bank asks"))
    order = world.an_order(tags=frozenset({"fraud"}))
    assert ready.review(order, plan(world), (), world.FRIDAY) == NeedsApproval("desk", "hold: the bank asks")


def test_a_queued_order_executes_at_its_deadline(world):
    ready = world.compiled(world.rule("to_queue", role="planner", hours=2, categories="home"))
    (ask,) = ready.asks(world.an_order("MUG", "SOFA"), plan(world), (), world.FRIDAY)
    assert (ask.kind, ask.because) == ("to_queue", "a person decides about orders with categories home")
    assert (ask.at_deadline, ask.hours) == ("execute", 2)
    assert ready.asks(world.an_order("MUG"), plan(world), (), world.FRIDAY) == ()


def test_an_item_nobody_knows_holds_nothing_up(world):
    ready = world.compiled(world.rule("to_queue", role="planner", skus="SOFA"))
    assert ready.asks(world.an_order("GHOST"), plan(world), (), world.FRIDAY) == ()


def test_every_rule_that_asks_is_named_in_order(world):
    ready = world.compiled(
        world.rule("to_queue", role="planner", min_value_cents=100_000),
        world.rule("hold", role="desk", tags="fraud", then="cancel"),
        world.rule("review_above", role="boss", plan_cost_cents=1),
    )
    order = world.an_order("SOFA", price_cents=100_000, tags=frozenset({"fraud"}))
    asks = ready.asks(order, plan(world), (), world.FRIDAY)
    assert [(a.rule, a.at_deadline, a.hours) for a in asks] == [
        ("to_queue", "execute", None),
        ("hold", "cancel", None),
        ("review_above", "execute", None),
    ]


@pytest.mark.parametrize(
    ("kind", "named", "says"),
    [
        ("hold", {"role": "desk"}, "say which orders are held; it would hold every order"),
        ("hold", {"role": "desk", "tags": "x", "then": "ship"}, "then is 'ship'; give one of wait, cancel, execute"),
        ("hold", {"tags": "x"}, "role is missing; give who lets them go"),
        ("to_queue", {"role": "desk"}, "say which orders; a person would decide about every one"),
    ],
)
def test_a_wait_that_cannot_be_meant_is_refused(world, kind, named, says):
    with pytest.raises(ValueError) as caught:
        world.compiled(world.rule(kind, **named))
    assert says in str(caught.value)
