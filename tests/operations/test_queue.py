"""A plan waits for a person with its stock set aside: accepted, overridden within the law, held, or executed at the deadline."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.operations.test_route_order import NETWORK, ONE, POLICY, put, reserved, store, told  # noqa: F401
from tests.routing.brand import NOW, compiled, order

from evenstock.domain import (
    Allow,
    Case,
    CaseId,
    CaseKind,
    CaseState,
    Layer,
    Order,
    Outcome,
    Policy,
    Refuse,
    ReservationId,
    ReservationState,
    Rule,
)
from evenstock.operations.access.add_person import AddPerson, add_person
from evenstock.operations.access.grants import grant_of
from evenstock.operations.access.limits import Limits, OverLimitError
from evenstock.operations.check_books import check_books
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.decisions import decision_from
from evenstock.operations.open_cases import open_review, open_unserved
from evenstock.operations.queue import accept, hold, override, queue
from evenstock.operations.reservations import post_reservation
from evenstock.operations.route_order import RESERVATION, route_order
from evenstock.operations.run_due import Workplace, run_due
from evenstock.operations.standing import standing

HOUR = timedelta(hours=1)
LATER = NOW + HOUR


def waiting(store, of: Order | None = None, **told_of):  # noqa: F811
    """An order routed to the cheapest node, with a person asked about it; its review and its record."""
    record = route_order(store, NETWORK, POLICY, RouteOrder(of or order((ONE, 2)), NOW)).record
    with store.transaction() as books:
        case = open_review(
            books, record, ReservationId(f"{record.id}{RESERVATION}"), "costs more than usual", **told_of
        )
    return case, record


def after(store, case):  # noqa: F811
    with store.reading() as books:
        return books.case(case.id)


def latest(store, of):  # noqa: F811
    with store.reading() as books:
        return decision_from(books.decision_of(of))


@pytest.fixture
def two_nodes(store):  # noqa: F811
    put(store, {(ONE, "TX"): 5, (ONE, "NJ"): 5})
    return store


# --- what a person sees ----------------------------------------------------------------------------------------------
def test_the_queue_shows_reason_deadline_suggestion_and_the_money_at_stake(two_nodes):
    case, record = waiting(two_nodes)

    with two_nodes.reading() as books:
        (shown,) = queue(books)

    assert shown.case == case
    assert (case.because, case.role, case.at_deadline) == ("costs more than usual", "operations lead", "execute")
    assert case.suggestion.startswith("ship TX by ")
    assert case.due_at == NOW + 4 * HOUR
    assert shown.order == order((ONE, 2))
    assert shown.value_cents == order((ONE, 2)).value_cents
    assert shown.plan_cents == record.choice.cents
    assert shown.next_cents == record.alternatives[0].cents > shown.plan_cents


def test_the_queue_is_by_deadline_and_leaves_out_what_the_system_sees_to_itself(two_nodes):
    late, _ = waiting(two_nodes, order((ONE, 1), name="A-1"), within=9 * HOUR)
    soon, _ = waiting(two_nodes, order((ONE, 1), name="A-2"), within=HOUR)
    record = route_order(two_nodes, NETWORK, POLICY, RouteOrder(order((ONE, 99), name="A-3"), NOW)).record
    with two_nodes.transaction() as books:
        silent = open_unserved(books, record)
        assert open_unserved(books, record) == silent
        assert [w.case.id for w in queue(books)] == [soon.id, late.id]
        assert [w.case.id for w in queue(books, everything=True)] == [soon.id, silent.id, late.id]


def test_the_deadline_keeps_the_promise_and_never_outlives_the_stock_set_aside(two_nodes):
    """Four hours by default, two where the last release that keeps the promise is then, 72 where a rule says 100."""
    hours = {
        name: (waiting(two_nodes, order((ONE, 1), name=name), **told_of)[0].due_at - NOW) / HOUR
        for name, told_of in {
            "A-1": {},
            "A-2": {"latest": NOW + 2 * HOUR},
            "A-3": {"within": 100 * HOUR},
            "A-4": {"latest": NOW - HOUR},
        }.items()
    }
    assert hours == {"A-1": 4, "A-2": 2, "A-3": 72, "A-4": 0}


def test_a_new_plan_overtakes_the_review_of_the_old_one(two_nodes):
    case, record = waiting(two_nodes)
    newer = replace(record, id="route-newer", decided_at=LATER)

    with two_nodes.transaction() as books:
        again = open_review(books, newer, ReservationId(f"{record.id}{RESERVATION}"), "costs more still")
        assert [w.case for w in queue(books)] == [again]
    assert after(two_nodes, case).resolution == "overtaken: decided again as route-newer"


# --- accepting -------------------------------------------------------------------------------------------------------
def test_accepting_executes_the_plan_in_one_step(two_nodes):
    case, before = waiting(two_nodes)

    done = accept(two_nodes, case.id, "Ana", LATER, "the customer is worth it")

    record = latest(two_nodes, before.order)
    assert done.record == record
    assert (record.outcome, record.layer, record.verdict) == (Outcome.EXECUTED, Layer.PERSON, Allow())
    assert record.choice == before.choice
    assert record.sentence.startswith(f"The plan of {before.id} executes: Ana accepted it (the customer is worth it).")
    assert (done.case.state, done.case.closed_by, done.case.closed_at) == (CaseState.CLOSED, "Ana", LATER)
    assert reserved(two_nodes) == {(ONE, "TX", ""): 2}, "as it was"
    assert told(two_nodes) == ["OrderRouted", "OrderReviewed"]
    with two_nodes.reading() as books:
        assert books.decision(before.id) == before.canonical(), "what was recorded stays"
        assert queue(books) == []


def test_a_case_is_answered_once_and_the_second_is_told_by_whom(two_nodes):
    case, _ = waiting(two_nodes)
    accept(two_nodes, case.id, "Ana", LATER)

    again = accept(two_nodes, case.id, "Ben", LATER)
    assert isinstance(again, Refuse)
    assert again.because.startswith(f"{case.id} was answered by Ana before: ships TX by ")
    nobody = accept(two_nodes, CaseId("review:404"), "Ben", LATER)
    assert nobody == Refuse("there is no case review:404; `evenstock queue` lists those that wait")
    assert told(two_nodes).count("OrderReviewed") == 1


def test_a_pick_released_before_anybody_answered_is_the_answer(two_nodes):
    case, before = waiting(two_nodes)
    post_reservation(two_nodes, ReservationId(f"{before.id}{RESERVATION}"), LATER)

    done = accept(two_nodes, case.id, "Ana", LATER)

    assert done.record is None
    assert done.case.resolution == "its pick was released before anybody answered"


def test_an_order_whose_stock_was_lost_while_it_waited_is_routed_again(two_nodes):
    case, before = waiting(two_nodes)
    with two_nodes.transaction() as books:
        books.settle(ReservationId(f"{before.id}{RESERVATION}"), ReservationState.VOIDED, LATER)

    done = accept(two_nodes, case.id, "Ana", LATER)
    assert done.case.resolution == "its stock was given back before anybody answered: it is routed again"

    run_due(Workplace(two_nodes, NETWORK, POLICY), LATER)
    assert reserved(two_nodes) == {(ONE, "TX", ""): 2}


def test_nobody_accepts_what_costs_more_than_his_limit(two_nodes):
    """In the operation itself, so that no way in forgets it; the deadline is the policy's and has none."""
    case, before = waiting(two_nodes)
    cents = before.choice.cents
    with pytest.raises(OverLimitError, match=rf"the plan of {case.id} is worth .*; you may approve up to .* at TX"):
        accept(two_nodes, case.id, "Ana", LATER, limits=limited(cents - 1))
    assert after(two_nodes, case) == case
    assert told(two_nodes) == ["OrderRouted"]

    assert accept(two_nodes, case.id, "Ana", LATER, limits=limited(cents)).record is not None


def test_an_account_named_at_the_command_line_keeps_its_limit(two_nodes):
    case, before = waiting(two_nodes)
    grant = grant_of(f"planner<={before.choice.cents - 1}")
    add_person(two_nodes, AddPerson("ana", "Ana", (grant,), "", "a test"))
    with pytest.raises(OverLimitError):
        accept(two_nodes, case.id, "Ana", LATER)

    run_due(Workplace(two_nodes, NETWORK, POLICY), case.due_at)
    assert after(two_nodes, case).closed_by == "deadline"


def limited(cents):
    return Limits((grant_of(f"approver<={cents}"),))


# --- overriding ------------------------------------------------------------------------------------------------------
def ship_from_nj(store, case, **changes):  # noqa: F811
    wish = {"nodes": {"NJ"}} | changes
    return override(store, NETWORK, POLICY, case.id, "Ana", "TX packs this badly", LATER, **wish)


def test_nobody_overrides_to_what_costs_more_than_his_limit(two_nodes):
    """What the way chosen costs counts, not what the suggestion does; nothing moves."""
    case, before = waiting(two_nodes)
    dearer = before.alternatives[0].cents
    assert dearer > before.choice.cents
    with pytest.raises(OverLimitError, match=r"you may approve up to .* at NJ"):
        ship_from_nj(two_nodes, case, limits=limited(before.choice.cents))
    assert reserved(two_nodes) == {(ONE, "TX", ""): 2}
    assert after(two_nodes, case) == case
    assert told(two_nodes) == ["OrderRouted"]

    assert ship_from_nj(two_nodes, case, limits=limited(dearer)).record is not None


def test_an_override_swaps_the_stock_and_keeps_its_price(two_nodes):
    case, before = waiting(two_nodes)
    next_best = before.alternatives[0]
    assert next_best.nodes == ("NJ",)

    done = ship_from_nj(two_nodes, case)

    price = next_best.cents - before.choice.cents
    assert done.price_cents == price > 0
    assert done.record == latest(two_nodes, before.order)
    assert done.record.choice.nodes == ("NJ",)
    assert (done.record.layer, done.record.outcome) == (Layer.PERSON, Outcome.EXECUTED)
    assert f"Ana overrode {before.id}: NJ by " in done.record.sentence
    assert f"{price // 100}.{price % 100:02d} more: TX packs this badly." in done.record.sentence
    assert reserved(two_nodes) == {(ONE, "NJ", ""): 2}
    closed = after(two_nodes, case)
    assert (closed.fact("override_cents"), closed.fact("reason")) == (str(price), "TX packs this badly")
    assert closed.fact("system_plan").startswith("TX by ")
    with two_nodes.reading() as books:
        facts = {event.kind: event.body for event in books.outbox(9)}
    assert list(facts) == ["OrderRouted", "OrderOverridden", "OrderRerouted"]
    assert facts["OrderOverridden"]["price_cents"] == price
    assert facts["OrderOverridden"]["shipments"][0]["node"] == "NJ"
    assert facts["OrderOverridden"]["system"][0]["node"] == "TX"
    assert check_books(two_nodes, LATER) == []


def test_an_alternative_is_named_by_its_number(two_nodes):
    case, before = waiting(two_nodes)

    done = ship_from_nj(two_nodes, case, nodes=(), alternative=1)

    assert done.record.choice.nodes == before.alternatives[0].nodes
    assert reserved(two_nodes) == {(ONE, "NJ", ""): 2}


def test_a_service_may_be_demanded(two_nodes):
    case, before = waiting(two_nodes)
    (shipment,) = before.choice.shipments
    assert shipment.candidate.service != "ups:two_day"

    done = ship_from_nj(two_nodes, case, nodes=(), services={"ups:two_day"})

    assert [(s.candidate.node, s.candidate.service) for s in done.record.choice.shipments] == [("TX", "ups:two_day")]
    assert done.price_cents == done.record.choice.cents - before.choice.cents


def test_choosing_what_the_system_would_do_costs_nothing(two_nodes):
    case, before = waiting(two_nodes)

    done = ship_from_nj(two_nodes, case, nodes={"TX"})

    assert done.price_cents == 0
    assert done.record.choice == before.choice


def test_an_unlawful_override_is_refused_with_the_rule_and_nothing_moves(two_nodes):
    case, before = waiting(two_nodes)
    law = compiled(NETWORK, Policy("law", (Rule("no-nj", "forbid", (("nodes", "NJ"),), because="under audit"),)))

    said = override(two_nodes, NETWORK, law, case.id, "Ana", "closer", LATER, nodes={"NJ"})

    assert isinstance(said, Refuse)
    assert "no-nj" in said.because
    assert reserved(two_nodes) == {(ONE, "TX", ""): 2}
    assert after(two_nodes, case) == case
    assert latest(two_nodes, before.order) == before
    assert told(two_nodes) == ["OrderRouted"]


@pytest.mark.parametrize(
    ("wish", "because"),
    [
        ({"nodes": {"PA"}}, "not lawful, or not there"),
        ({"nodes": {"MARS"}}, "there is no node MARS"),
        ({"nodes": ()}, "name nodes, services or an alternative"),
        ({"alternative": 1}, "name an alternative, or nodes and services, not both"),
        ({"nodes": (), "alternative": 99}, "has alternatives 1 to "),
        ({"nodes": (), "alternative": 0}, "has alternatives 1 to "),
        ({"services": {"dhl:rocket"}}, "no such way reaches the customer"),
    ],
)
def test_an_override_that_cannot_be_says_why_and_changes_nothing(two_nodes, wish, because):
    case, _ = waiting(two_nodes)

    said = ship_from_nj(two_nodes, case, **wish)

    assert isinstance(said, Refuse)
    assert because in said.because
    assert after(two_nodes, case) == case
    assert reserved(two_nodes) == {(ONE, "TX", ""): 2}


def test_an_override_without_a_reason_is_refused(two_nodes):
    case, _ = waiting(two_nodes)
    said = override(two_nodes, NETWORK, POLICY, case.id, "Ana", "", LATER, nodes={"NJ"})
    assert isinstance(said, Refuse)
    assert "why" in said.because


def test_an_override_of_what_was_released_is_refused(two_nodes):
    case, before = waiting(two_nodes)
    post_reservation(two_nodes, ReservationId(f"{before.id}{RESERVATION}"), LATER)

    said = ship_from_nj(two_nodes, case)

    assert isinstance(said, Refuse)
    assert "nothing of order A-1 is set aside any more" in said.because


# --- holding and the deadline ----------------------------------------------------------------------------------------
def test_a_case_may_wait_longer_but_not_longer_than_its_stock(two_nodes):
    case, _ = waiting(two_nodes)

    held = hold(two_nodes, case.id, "Ana", NOW + 20 * HOUR, "the customer is asked", LATER)
    assert held.case.due_at == NOW + 20 * HOUR
    assert told(two_nodes)[-1] == "CaseHeld"
    late = hold(two_nodes, case.id, "Ana", NOW + 73 * HOUR, "again", LATER)
    assert late == Refuse(f"{case.id}: its stock is set aside until 2026-11-23 15:00 UTC; hold it no longer than that")
    past = hold(two_nodes, case.id, "Ana", NOW, "again", LATER)
    assert "a new deadline lies ahead" in past.because
    assert run_due(Workplace(two_nodes, NETWORK, POLICY), NOW + 5 * HOUR) == []


def test_at_the_deadline_the_plan_executes(two_nodes):
    case, before = waiting(two_nodes)
    at = Workplace(two_nodes, NETWORK, POLICY)
    assert run_due(at, NOW + 3 * HOUR) == []

    (done,) = run_due(at, NOW + 4 * HOUR)

    assert (done.case, done.action, done.failed) == (case.id, "execute", False)
    assert done.sentence.startswith("order:A-1: ships TX by ")
    record = latest(two_nodes, before.order)
    assert (record.outcome, record.layer) == (Outcome.EXECUTED, Layer.PERSON)
    assert "nobody answered by the deadline" in record.sentence
    assert after(two_nodes, case).closed_by == "deadline"
    assert run_due(at, NOW + 5 * HOUR) == []
    assert reserved(two_nodes) == {(ONE, "TX", ""): 2}


def test_what_may_not_happen_without_a_person_waits_on(two_nodes):
    case, _ = waiting(two_nodes, at_deadline="wait")

    (done,) = run_due(Workplace(two_nodes, NETWORK, POLICY), NOW + 4 * HOUR)

    assert done.action == "wait"
    later = after(two_nodes, case)
    assert (later.state, later.due_at, later.fact("asked")) == (CaseState.OPEN, NOW + 8 * HOUR, "2")
    assert reserved(two_nodes) == {(ONE, "TX", ""): 2}


# --- orders that nothing serves --------------------------------------------------------------------------------------
def unserved(store, of):  # noqa: F811
    record = route_order(store, NETWORK, POLICY, RouteOrder(of, NOW)).record
    assert record.outcome is Outcome.UNSERVED
    with store.transaction() as books:
        return open_unserved(books, record)


def test_an_unserved_order_is_routed_when_stock_has_come(store):  # noqa: F811
    put(store, {(ONE, "TX"): 1})
    case = unserved(store, order((ONE, 2)))
    at = Workplace(store, NETWORK, POLICY)
    assert case.kind is CaseKind.UNSERVED
    assert run_due(at, NOW + timedelta(minutes=59)) == []

    (first,) = run_due(at, NOW + HOUR)
    assert first.sentence.endswith("asked again at 2026-11-20 18:00 UTC"), "an hour, then two"
    put(store, {(ONE, "TX"): 5})
    (second,) = run_due(at, NOW + 3 * HOUR)

    assert second.sentence.startswith("order:A-1: ships TX by ")
    assert after(store, case).state is CaseState.CLOSED
    assert reserved(store) == {(ONE, "TX", ""): 2}
    assert route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 2)), NOW + 4 * HOUR)).repeated


def test_after_two_days_a_person_is_asked(store):  # noqa: F811
    """Tries after 1, 3, 7, 15, 31 and 55 hours: at the last of these two days have passed."""
    put(store, {(ONE, "TX"): 1})
    case = unserved(store, order((ONE, 2)))
    at = Workplace(store, NETWORK, POLICY)
    tried = []
    for hour in range(1, 60):
        tried += [hour for done in run_due(at, NOW + hour * HOUR) if done.action == "retry"]
        with store.reading() as books:
            asked = bool(queue(books))
        assert asked == (hour >= 55)

    assert tried == [1, 3, 7, 15, 31, 55]
    shown = after(store, case)
    assert shown.role == "operations lead"
    assert shown.suggestion.startswith("after 2 days: find stock, offer something else, or cancel and refund ")


def test_an_order_served_meanwhile_is_not_routed_twice(store):  # noqa: F811
    case = unserved(store, order((ONE, 2)))
    put(store, {(ONE, "TX"): 5})
    route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 2)), LATER))

    run_due(Workplace(store, NETWORK, POLICY), NOW + 2 * HOUR)

    assert after(store, case).resolution == "its stock was set aside meanwhile"
    assert reserved(store) == {(ONE, "TX", ""): 2}


# --- what goes wrong meanwhile ---------------------------------------------------------------------------------------
def node_down(store, node: str):  # noqa: F811
    until = (NOW + 99 * HOUR).isoformat()
    facts = (("node", node), ("from", NOW.isoformat()), ("until", until))
    with store.transaction() as books:
        books.put_case(
            Case(
                CaseId(f"down:{node}"),
                CaseKind.NODE_DOWN,
                f"node:{node}",
                "flood",
                "",
                "wait",
                "",
                NOW,
                NOW + 99 * HOUR,
                facts,
            )
        )


def test_nobody_overrides_to_a_node_that_is_down(two_nodes):
    case, _ = waiting(two_nodes)
    node_down(two_nodes, "NJ")

    said = ship_from_nj(two_nodes, case)

    assert isinstance(said, Refuse)
    assert "out of service, or could not pick this order" in said.because
    assert reserved(two_nodes) == {(ONE, "TX", ""): 2}


def test_an_unserved_order_waits_for_a_node_that_is_down(store):  # noqa: F811
    case = unserved(store, order((ONE, 2)))
    put(store, {(ONE, "TX"): 5})
    node_down(store, "TX")

    run_due(Workplace(store, NETWORK, POLICY), LATER)

    assert after(store, case).state is CaseState.OPEN
    assert reserved(store) == {}


def test_a_rule_may_have_the_order_cancelled_when_nobody_answers(two_nodes):
    case, before = waiting(two_nodes, at_deadline="cancel")
    assert case.at_deadline == "cancel_order"

    (done,) = run_due(Workplace(two_nodes, NETWORK, POLICY), NOW + 4 * HOUR)

    assert not done.failed, done.sentence
    assert after(two_nodes, case).state is CaseState.CLOSED
    assert reserved(two_nodes) == {}
    with two_nodes.reading() as books:
        assert standing(books, before.order).is_cancelled
