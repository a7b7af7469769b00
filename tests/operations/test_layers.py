"""Three layers decide: the rules where they leave one way, the optimiser where it is sure enough, a person for the rest."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from tests.operations.test_route_order import ONE, POLICY, put, reserved, told
from tests.routing.brand import NOW, compiled, network, order

from evenstock.domain import CaseKind, CaseState, Layer, NeedsApproval, NodeId, Outcome, Policy, Quota, Rule, Sku, Units
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.queue import accept
from evenstock.operations.reroute import Reroute, reroute
from evenstock.operations.reservations import post_reservation
from evenstock.operations.roll_out import RollOut
from evenstock.operations.route_order import route_order
from evenstock.operations.run_due import Workplace, run_due
from evenstock.operations.standing import standing
from evenstock.routing.confidence import Scenarios
from evenstock.routing.knowledge import Knowledge
from evenstock.storage.memory import MemoryStore

NETWORK = network()
TWO = Sku("SKU-002")


@pytest.fixture
def store():
    opened = MemoryStore()
    yield opened
    opened.close()


def cases(store, state=CaseState.OPEN):
    with store.reading() as books:
        return books.cases(state)


def unsure(threshold: int | None, cents: int = 400):
    """A network in which a unit in Texas is worth nothing in one future and so much in the other."""
    nodes = [node.id for node in NETWORK.nodes]
    worth = np.zeros((2, len(nodes), 1), np.int64)
    worth[1, nodes.index(NodeId("TX")), 0] = cents
    made = network()
    made.known = Knowledge(scenarios=Scenarios(worth, {ONE: 0}, "sha256:scenarios"), threshold_millicents=threshold)
    return made


def test_where_the_rules_leave_one_way_they_decide(store):
    put(store, {(ONE, "TX"): 5, (ONE, "NJ"): 5})
    only = compiled(NETWORK, Policy("one", (Rule("tx", "require", (("nodes", "TX"), ("services", "ups:ground"))),)))
    record = route_order(store, NETWORK, only, RouteOrder(order((ONE, 1)), NOW)).record

    assert (record.layer, record.outcome) == (Layer.RULES, Outcome.EXECUTED)


def test_where_there_is_a_choice_the_optimiser_decides_and_says_on_which_prices(store):
    put(store, {(ONE, "TX"): 5, (ONE, "NJ"): 5})
    record = route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 1)), NOW)).record

    assert record.layer is Layer.OPTIMISER
    assert record.confidence is None  # nobody priced any future yet
    assert record.price_rung == "none: cheapest now"


def test_a_decision_says_what_it_may_cost_beyond_what_could_be_known(store):
    put(store, {(ONE, "TX"): 5, (ONE, "NJ"): 5})
    record = route_order(store, unsure(None), POLICY, RouteOrder(order((ONE, 2)), NOW)).record

    # Texas is 1.32 cheaper for two units; in one of two futures its two units are worth 8.00, and New Jersey would win.
    saving = record.alternatives[0].cents - record.choice.cents
    assert record.confidence.parts == (("prices", (2 * 400 - saving) * 1_000 // 2),)
    assert record.outcome is Outcome.EXECUTED  # no gate was calibrated
    assert record.inputs.knowledge == ""


def test_above_the_gate_a_person_decides_while_the_plan_is_set_aside(store):
    put(store, {(ONE, "TX"): 5, (ONE, "NJ"): 5})
    shipping = unsure(1_000)
    record = route_order(store, shipping, POLICY, RouteOrder(order((ONE, 2)), NOW)).record

    assert (record.layer, record.outcome) == (Layer.PERSON, Outcome.AWAITS_APPROVAL)
    assert isinstance(record.verdict, NeedsApproval)
    assert "above the gate's 0.010" in record.verdict.because
    assert reserved(store) == {(ONE, "TX", ""): 2}
    (case,) = cases(store)
    assert (case.kind, case.about, case.at_deadline) == (CaseKind.REVIEW, "order:A-1", "execute")
    assert NOW < case.due_at <= NOW + timedelta(hours=4)

    answered = accept(store, case.id, "Ana", NOW + timedelta(minutes=5))
    assert answered.record.layer is Layer.PERSON
    assert reserved(store) == {(ONE, "TX", ""): 2}
    assert cases(store) == []


def test_what_nobody_answers_executes_at_the_deadline(store):
    put(store, {(ONE, "TX"): 5, (ONE, "NJ"): 5})
    shipping = unsure(1_000)
    route_order(store, shipping, POLICY, RouteOrder(order((ONE, 2)), NOW))
    (case,) = cases(store)

    assert run_due(Workplace(store, shipping, POLICY), case.due_at - timedelta(seconds=1)) == []
    (done,) = run_due(Workplace(store, shipping, POLICY), case.due_at)
    assert done.case == case.id
    assert cases(store) == []
    assert reserved(store) == {(ONE, "TX", ""): 2}


def test_an_order_that_nothing_serves_is_kept_and_tried_again_when_stock_has_come(store):
    record = route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 2)), NOW)).record
    assert record.outcome is Outcome.UNSERVED
    (case,) = cases(store)
    assert case.kind is CaseKind.UNSERVED
    assert told(store) == ["OrderNotRouted"]

    put(store, {(ONE, "NJ"): 5})
    run_due(Workplace(store, NETWORK, POLICY), case.due_at)
    assert reserved(store) == {(ONE, "NJ", ""): 2}
    assert cases(store) == []


def test_an_order_with_an_unknown_item_waits_for_a_person_and_is_never_lost(store):
    record = route_order(store, NETWORK, POLICY, RouteOrder(order((Sku("NOBODY"), 1)), NOW)).record

    assert record.outcome is Outcome.UNSERVED
    assert "no such item" in record.sentence
    (case,) = cases(store)
    assert case.about == "order:A-1"


def test_protected_stock_is_left_alone_and_taken_only_with_a_person(store):
    put(store, {(ONE, "TX"): 2})
    with store.transaction() as books:
        books.set_quotas([Quota(ONE, NodeId("TX"), "vip", Units(2))])

    plain = route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 1)), NOW)).record
    assert (plain.layer, plain.outcome) == (Layer.PERSON, Outcome.AWAITS_APPROVAL)
    assert "takes 1 SKU-001 at TX that are protected for another class" in plain.verdict.because

    vip = replace(order((ONE, 1)), id="A-2", order_class="vip")
    record = route_order(store, NETWORK, POLICY, RouteOrder(vip, NOW)).record
    assert (record.layer, record.outcome) == (Layer.OPTIMISER, Outcome.EXECUTED)
    with store.reading() as books:
        (quota,) = books.quotas([ONE])
    assert quota.taken == 1


def test_where_other_stock_serves_protected_stock_is_not_asked_for(store):
    put(store, {(ONE, "TX"): 2, (ONE, "WA"): 2})
    with store.transaction() as books:
        books.set_quotas([Quota(ONE, NodeId("TX"), "vip", Units(2))])

    record = route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 1)), NOW)).record
    assert record.outcome is Outcome.EXECUTED
    assert record.choice.nodes == ("WA",)


def test_outside_the_roll_out_a_decision_is_only_recorded(store):
    put(store, {(ONE, "TX"): 5})
    shadow = RollOut(order_classes=frozenset({"vip"}))
    record = route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 1)), NOW), stage=shadow).record
    assert record.outcome is Outcome.SHADOW
    elsewhere = RollOut(nodes=frozenset({NodeId("NJ")}))
    assert route_order(
        store, NETWORK, POLICY, RouteOrder(order((ONE, 2)), NOW + timedelta(hours=1)), stage=elsewhere
    ).record.outcome is Outcome.SHADOW  # fmt: skip
    assert reserved(store) == {}
    assert told(store) == []

    vip = replace(order((ONE, 1)), id="A-2", order_class="vip")
    assert route_order(store, NETWORK, POLICY, RouteOrder(vip, NOW), stage=shadow).record.outcome is Outcome.EXECUTED


def test_an_allowed_substitute_ships_where_nothing_else_can_and_the_record_says_so(store):
    put(store, {(TWO, "TX"): 5})
    record = route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 1)), NOW), substitutes={ONE: (TWO,)}).record

    assert record.outcome is Outcome.EXECUTED
    assert record.sentence.startswith("line 1: 1 SKU-002 in place of SKU-001, which no node can ship.")
    assert reserved(store) == {(TWO, "TX", ""): 1}


def test_a_held_order_waits_as_its_rule_says(store):
    put(store, {(ONE, "TX"): 5})
    held = compiled(
        NETWORK,
        Policy("fraud", (Rule("fraud", "hold", (("role", "risk"), ("tags", "fraud"), ("hours", "2")), hard=True),)),
    )
    suspicious = replace(order((ONE, 1)), tags=frozenset({"fraud"}))
    record = route_order(store, NETWORK, held, RouteOrder(suspicious, NOW)).record

    assert record.layer is Layer.PERSON
    (case,) = cases(store)
    assert (case.role, case.due_at) == ("risk", NOW + timedelta(hours=2))
    assert reserved(store) == {(ONE, "TX", ""): 1}


def test_a_substitute_that_a_node_picks_serves_its_line_and_nothing_is_sent_twice(store):
    put(store, {(TWO, "TX"): 5})
    first = route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 1)), NOW), substitutes={ONE: (TWO,)}).record
    with store.reading() as books:
        (held,) = books.reservations_of(first.order)
    put(store, {(ONE, "NJ"): 5})
    post_reservation(store, held.id, NOW + timedelta(minutes=1))

    again = reroute(store, NETWORK, POLICY, Reroute(first.order, NOW + timedelta(minutes=2), "prices have changed"))
    assert again.repeated
    assert reserved(store) == {}
    with store.reading() as books:
        there = standing(books, first.order)
    assert there.to_place == ()
    assert there.in_place_of == {TWO: ONE}


def test_a_person_reads_every_reason_at_once(store):
    put(store, {(ONE, "TX"): 2})
    with store.transaction() as books:
        books.set_quotas([Quota(ONE, NodeId("TX"), "vip", Units(2))])
    looked_at = compiled(
        NETWORK, Policy("desk", (Rule("desk", "to_queue", (("role", "sales desk"), ("order_classes", "standard"))),))
    )

    record = route_order(store, NETWORK, looked_at, RouteOrder(order((ONE, 1)), NOW)).record

    assert record.verdict.role == "sales desk"
    assert "desk: " in record.verdict.because
    assert "protected for another class" in record.verdict.because
