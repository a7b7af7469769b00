"""An order ships alone inside the envelopes, waits for a person outside, and ships another way, or not, where it is refused."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.operations.autonomy.governed import acts, audited, under
from tests.operations.test_queue import LATER, after
from tests.operations.test_route_order import NETWORK, ONE, put, reserved
from tests.operations.test_route_together import TWO
from tests.routing.brand import NOW, network, order, random_order

from evenstock.domain import (
    ActionKind,
    ActorKind,
    Allow,
    CaseState,
    IntendedAction,
    NeedsApproval,
    Outcome,
    Refuse,
    Units,
)
from evenstock.operations.access.add_person import AddPerson, add_person
from evenstock.operations.access.grants import grant_of
from evenstock.operations.access.principal import Grant, Principal, Role
from evenstock.operations.audit.who import acting, who_of
from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.queue import accept, override
from evenstock.operations.reoptimise import reoptimise
from evenstock.operations.reroute import Reroute, reroute
from evenstock.operations.route_order import route_order
from evenstock.operations.route_together import Wish, route_together
from evenstock.operations.run_due import Workplace, run_due
from evenstock.routing.confidence import Scenarios
from evenstock.routing.knowledge import Feed, Knowledge

EMBARGO = 'prohibit route, split under "31 CFR 515.201" when destination country is US'


def stocked(**nodes):
    store = audited()
    put(store, {(sku, node): units for sku in (ONE, TWO) for node, units in (nodes or {"TX": 5, "NJ": 5}).items()})
    return store


def routed(store, policy, of=None, at=NOW, shipping=NETWORK):
    return route_order(store, shipping, policy, RouteOrder(of or order((ONE, 2)), at)).record


def waiting(store):
    with store.reading() as books:
        return [case for case in books.cases(CaseState.OPEN) if case.role]


# --- what becomes of an order ----------------------------------------------------------------------------------------
def test_without_envelopes_an_order_has_the_record_it_always_had():
    plain, beside = stocked(), stocked()
    before = routed(plain, under(NETWORK))
    # A rule about something else is no rule about orders, though the policy has another digest.
    other = routed(beside, under(NETWORK, "refuse transfer"))
    assert replace(other, id=before.id, inputs=before.inputs) == before
    assert acts(plain) == acts(beside) == []


def test_inside_the_envelope_it_ships_and_the_log_can_judge_it_again():
    store = stocked()
    record = routed(store, under(NETWORK, "automatic route when value at most 30 and units at most 2"))
    assert record.outcome is Outcome.EXECUTED
    assert acts(store) == [
        {
            "did": "act", "kind": "route", "nodes": ["TX"], "channel": "", "categories": [""], "cents": record.choice.cents,
            "units": 2, "origin_country": "US", "destination_country": "US", "actor": "schedule", "roles": [],
            "on": "2026-11-20", "policy": record.inputs.policy, "says": "automatic", "rule": "r0", "stage": "automatic",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "role", "why"),
    [
        ("automatic route when value at most 20", "approver", "outside r0: worth 25.24, at most 20.00"),
        ("automatic route when units at most 1", "approver", "outside r0: 2 units, at most 1"),
        ("automatic route when confidence at least 70%", "approver", "confidence unknown, at least 70%"),
        ("automatic route when data younger than 30m", "approver", "data of unknown age, younger than 30 min"),
        ("automatic route when actor is person", "approver", "no rule lets schedule route without a person"),
        ("propose route for planner when value above 20", "planner", "worth 25.24, above 20.00"),
        ("automatic split", None, None),
    ],
)
def test_outside_it_is_set_aside_and_waits_for_a_person_beyond_its_deadline(rule, role, why):
    store = stocked()
    policy = under(NETWORK, rule)
    record = routed(store, policy)
    if role is None:  # nobody governs a route
        assert record.verdict == Allow()
        return
    assert record.outcome is Outcome.AWAITS_APPROVAL
    assert (record.verdict.role, why in record.verdict.because) == (role, True)
    assert reserved(store) == {(ONE, "TX", ""): 2}
    (case,) = waiting(store)
    assert (case.role, case.at_deadline) == (role, "wait")
    run_due(Workplace(store, NETWORK, policy), case.due_at + timedelta(minutes=1))
    assert after(store, case).state is CaseState.OPEN
    assert acts(store) == []


def test_a_refused_node_is_left_for_the_next_best_and_the_sentence_names_the_rule():
    record = routed(stocked(), under(NETWORK, 'refuse route when node is TX because "the dock is shut"'))
    assert (record.outcome, record.choice.nodes) == (Outcome.EXECUTED, ("NJ",))
    assert "instead of the cheapest (TX: r0: the dock is shut)" in record.sentence


def test_refused_nodes_are_left_though_all_the_best_plans_ship_from_them():
    """More plans than a record shows begin at refused nodes; the one lawful node is found all the same."""
    store = audited()
    shipping = network(8)
    names = [str(node.id) for node in shipping.nodes]
    put(store, {(sku, name): 9 for sku in (ONE, TWO) for name in names})
    free = str(routed(stocked(**dict.fromkeys(names, 9)), under(shipping), shipping=shipping).alternatives[-1].nodes[0])
    policy = under(shipping, f"refuse route, split when node is {', '.join(n for n in names if n != free)}")
    record = routed(store, policy, order((ONE, 1), (TWO, 1)), shipping=shipping)
    assert (record.outcome, record.choice.nodes) == (Outcome.EXECUTED, (free,))


def test_what_the_law_of_the_trade_forbids_is_never_done_by_anybody_and_names_the_article():
    store = stocked()
    record = routed(store, under(NETWORK, EMBARGO, "automatic route"))
    assert record.outcome is Outcome.UNSERVED
    assert "this route is unlawful, 31 CFR 515.201" in record.sentence
    assert reserved(store) == {}
    assert acts(store) == []


def test_the_age_of_the_data_is_that_of_the_node_heard_of_the_longest_ago():
    shipping = network(8)
    feeds = {"TX": Feed(NOW - timedelta(minutes=20), timedelta(hours=1))}
    shipping.known = Knowledge(feeds=feeds)
    policy = under(shipping, "automatic route when data younger than 30m")
    assert routed(stocked(), policy, shipping=shipping).outcome is Outcome.EXECUTED
    shipping.known = Knowledge(feeds={"TX": Feed(NOW - timedelta(minutes=40), timedelta(hours=1))})
    record = routed(stocked(), policy, shipping=shipping)
    assert "data 40 min old, younger than 30 min" in record.verdict.because


def test_confidence_is_the_share_of_its_cost_that_foresight_would_not_save():
    shipping = network(8)
    prices = np.zeros((2, 8, 1), np.int64)
    at = [str(node.id) for node in shipping.nodes].index("TX")
    prices[1, at, 0] = 400  # in one of two futures a unit in Texas is worth 4.00 more
    shipping.known = Knowledge(scenarios=Scenarios(prices, {ONE: 0}))
    store = stocked()
    record = routed(store, under(shipping, "automatic route"), shipping=shipping)
    (deed,) = acts(store)
    regret = record.confidence.regret_millicents
    assert regret > 0
    assert deed["confidence_millionths"] == 1_000_000 - regret * 1_000 // record.choice.cents


def test_a_split_is_asked_about_as_a_split():
    store = audited()
    put(store, {(ONE, "TX"): 2, (TWO, "NJ"): 1})
    both = order((ONE, 2), (TWO, 1))
    record = routed(store, under(NETWORK, "automatic route", "refuse split"), both)
    assert record.outcome is Outcome.UNSERVED
    assert "r1: no split here" in record.sentence
    assert routed(store, under(NETWORK, "automatic split"), replace(both, id="A-2")).outcome is Outcome.EXECUTED
    assert [deed["kind"] for deed in acts(store)] == ["split"]


def test_a_substitute_is_asked_about_besides():
    store = audited()
    put(store, {(TWO, "TX"): 5})
    instead = {ONE: (TWO,)}
    policy = under(NETWORK, "automatic route", "propose substitute for planner")
    record = route_order(store, NETWORK, policy, RouteOrder(order((ONE, 1)), NOW), substitutes=instead).record
    assert (record.outcome, record.verdict.role) == (Outcome.AWAITS_APPROVAL, "planner")
    assert "r1" in record.verdict.because
    free = under(NETWORK, "automatic route, substitute")
    route_order(store, NETWORK, free, RouteOrder(order((ONE, 1), name="A-2"), NOW), substitutes=instead)
    assert sorted(deed["kind"] for deed in acts(store)) == ["route", "substitute"]


# --- batches, and again ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "rule", ["automatic route", "automatic route when value at most 1", "refuse route when node is TX", EMBARGO]
)
def test_a_batch_gives_what_each_order_gets_alone_and_the_log_says_the_same(rule):
    policy = under(NETWORK, rule)
    orders = [order((ONE, 1), name=f"A-{n}") for n in range(3)]
    alone, batch = stocked(), stocked()
    expected = [routed(alone, policy, of) for of in orders]
    told = route_together(batch, NETWORK, policy, [Wish(RouteOrder(of, NOW)) for of in orders])
    found = [one.record if one else routed(batch, policy, of) for one, of in zip(told, orders, strict=True)]
    assert [r.canonical() for r in found] == [r.canonical() for r in expected]
    assert acts(batch) == acts(alone)
    assert (None in told) == (rule != "automatic route")


def test_an_exception_does_not_send_an_order_where_it_is_refused_and_its_stock_stays():
    store = stocked()
    record = routed(store, under(NETWORK))
    refused = under(NETWORK, "refuse route when node is NJ")
    again = reroute(store, NETWORK, refused, Reroute(record.order, LATER, "the dock is shut", frozenset({"TX"})))
    assert again.record.outcome is Outcome.UNSERVED
    assert "r0" in again.record.sentence
    assert reserved(store) == {(ONE, "TX", ""): 2}


def test_to_save_money_no_order_is_moved_where_a_person_had_to_be_asked():
    policy = under(NETWORK, "automatic route when node is NJ")
    results = []
    for rules in (under(NETWORK), policy):
        store = audited()
        put(store, {(ONE, "NJ"): 5})
        routed(store, under(NETWORK))
        put(store, {(ONE, "TX"): 5})
        results.append(len(reoptimise(store, replace_costs(NETWORK), rules, LATER).swaps))
    assert results == [1, 0]


def replace_costs(shipping):
    made = network(8)
    made.costs = replace(shipping.costs, switch_cents=0)
    return made


# --- people ----------------------------------------------------------------------------------------------------------
def person(store, name, grants):
    add_person(store, AddPerson(f"{name}@example.com", name, tuple(map(grant_of, grants)), "", "a test"))
    return f"person:{name}@example.com"


def test_a_person_in_the_role_accepts_and_the_log_names_the_case():
    store = stocked()
    policy = under(NETWORK, "propose route for approver when value above 20")
    routed(store, policy)
    (case,) = waiting(store)
    done = accept(store, case.id, person(store, "ana", ["approver"]), LATER, rules=Governance(policy))
    assert done.record.outcome is Outcome.EXECUTED
    (deed,) = acts(store)
    assert (deed["says"], deed["actor"], deed["roles"], deed["approval"]) == (
        "propose",
        "person",
        ["approver"],
        case.id,
    )


@pytest.mark.parametrize(
    ("grants", "because"),
    [
        (["planner"], "somebody in the role approver decides"),
        (["approver@NJ"], "somebody in the role approver decides"),
    ],
)
def test_another_role_or_place_does_not_decide(grants, because):
    store = stocked()
    policy = under(NETWORK, "propose route for approver when value above 20")
    routed(store, policy)
    (case,) = waiting(store)
    said = accept(store, case.id, person(store, "bob", grants), LATER, rules=Governance(policy))
    assert isinstance(said, Refuse)
    assert because in said.because
    assert acts(store) == []


def test_no_key_is_the_person_asked_for():
    store = stocked()
    policy = under(NETWORK, "automatic route when value at most 1")
    routed(store, policy)
    (case,) = waiting(store)
    said = accept(store, case.id, "key:ek_gone", LATER, rules=Governance(policy))
    assert "a person decides about this, and no agent" in said.because


def test_what_became_unlawful_meanwhile_is_refused_to_everybody():
    store = stocked()
    routed(store, under(NETWORK, "automatic route when value at most 1"))
    (case,) = waiting(store)
    said = accept(store, case.id, "ana", LATER, rules=Governance(under(NETWORK, EMBARGO)))
    assert "31 CFR 515.201" in said.because
    said = override(
        store,
        NETWORK,
        under(NETWORK, "refuse route when node is NJ"),
        case.id,
        "ana",
        "she wants it",
        LATER,
        nodes={"NJ"},
    )
    assert "r0: no route here" in said.because
    assert reserved(store) == {(ONE, "TX", ""): 2}
    assert after(store, case).state is CaseState.OPEN


def test_two_people_agree_before_it_executes_and_one_of_them_twice_is_one():
    store = stocked()
    policy = under(NETWORK, "propose route by 2 people for approver when value above 20")
    routed(store, policy)
    (case,) = waiting(store)
    rules = Governance(policy)
    for _ in range(2):
        first = accept(store, case.id, "person:ana@example.com", LATER, rules=rules)
        assert (first.record, first.case.state) == (None, CaseState.OPEN)
        assert acts(store) == []
    second = accept(store, case.id, "person:ben@example.com", LATER, rules=rules)
    assert second.record.outcome is Outcome.EXECUTED
    assert len(acts(store)) == 1


def test_a_plan_whose_rule_came_after_its_case_waits_at_the_deadline_instead_of_executing():
    store = stocked()
    record = routed(store, under(NETWORK, 'review_above "operations lead" plan above 1'))
    (case,) = waiting(store)
    assert (record.outcome, case.at_deadline) == (Outcome.AWAITS_APPROVAL, "execute")
    tight = under(NETWORK, "automatic route when value at most 1")
    run_due(Workplace(store, NETWORK, tight), case.due_at)
    assert after(store, case).state is CaseState.OPEN
    assert "outside r0" in after(store, case).because
    run_due(Workplace(store, NETWORK, under(NETWORK, "automatic route")), after(store, case).due_at)
    assert after(store, case).state is CaseState.CLOSED
    assert acts(store)[0]["approval"] == case.id


def test_who_acts_is_who_came_in_and_what_was_asked_for_by_an_agent_stays_the_agents():
    store = stocked()
    policy = under(NETWORK, "automatic route when actor is integration", "refuse route when actor is agent")
    shop = Principal("key:ek_1", ActorKind.INTEGRATION, (Grant(Role.INTEGRATION),))
    robot = Principal("key:ek_2", ActorKind.AGENT, (Grant(Role.AGENT),))
    with acting(who_of(shop)):
        assert routed(store, policy, order((ONE, 1), name="A-1")).outcome is Outcome.EXECUTED
    with acting(who_of(robot)):
        assert routed(store, policy, order((ONE, 1), name="A-2")).outcome is Outcome.UNSERVED
    assert isinstance(routed(store, policy, order((ONE, 1), name="A-3")).verdict, NeedsApproval)


# --- any policy ------------------------------------------------------------------------------------------------------
KINDS = ("automatic", "propose", "refuse")
WHERE = st.sampled_from(["", " when node is TX", " when node is NJ, CA", " when region is US"])


@st.composite
def lines(draw):
    kind, act = draw(st.sampled_from(KINDS)), draw(st.sampled_from(["route", "split", "route, split"]))
    where = draw(WHERE)
    worth = draw(st.sampled_from(["", "20", "30", "45"]))
    word = "value at most" if kind == "automatic" else "value above"
    money = f"{' and' if where else ' when'} {word} {worth}" if worth else ""
    return f"{kind} {act}{' for approver' if kind == 'propose' else ''}{where}{money}"


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(lines(), min_size=1, max_size=4), st.integers(0, 10_000))
def test_whatever_the_policy_nothing_ships_that_its_verdict_does_not_let_go(said, seed):
    rng = np.random.default_rng(seed)
    policy, store = under(NETWORK, *said), audited()
    orders = [random_order(rng, lines=2, name=f"A-{n}") for n in range(3)]
    put(
        store,
        {(line.sku, k): int(rng.integers(0, 5)) for of in orders for line in of.lines for k in ("CA", "NJ", "TX")},
    )
    told = route_together(store, NETWORK, policy, [Wish(RouteOrder(orders[0], NOW))])
    records = [
        told[0].record if told[0] else routed(store, policy, orders[0]),
        *(routed(store, policy, of) for of in orders[1:]),
    ]
    run_due(Workplace(store, NETWORK, policy), NOW + timedelta(hours=9))
    shipped = {record.order for record in records if record.outcome is Outcome.EXECUTED}
    for record in records:
        if record.choice is None:
            continue
        kind = "split" if len(record.choice.shipments) > 1 else "route"
        by_itself = any(verdict_of(policy, kind, record, node) for node in [record.choice.nodes])
        assert (record.order in shipped) == by_itself
    with store.reading() as books:
        closed = [case for case in books.cases(CaseState.CLOSED) if case.id.startswith("review:")]
    assert not closed, "silence executed what lies outside the envelopes"


def verdict_of(policy, kind, record, nodes):
    units = Units(sum(line.units for shipment in record.choice.shipments for line in shipment.lines))
    action = IntendedAction(
        ActionKind(kind), ActorKind.SCHEDULE, nodes=nodes, channel="", categories=("",), cents=record.choice.cents,
        units=units, origin_country="US", destination_country="US",
    )  # fmt: skip
    found = policy.verdict(action, NOW.date())
    return found.automatic or (found.line is None and not policy.governs(action.kind, NOW.date()))
