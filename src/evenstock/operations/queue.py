"""The human queue: what waits for a person, with a plan already set aside, a suggestion, and a deadline at which it happens.

A person's answer never changes a record: it is a new one, with layer `person`, whose sentence names the decision before.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np

from evenstock.domain import (
    Allow,
    Case,
    CaseId,
    CaseKind,
    CaseState,
    Cents,
    DecisionId,
    DecisionRecord,
    Event,
    Layer,
    NodeId,
    Order,
    OrderId,
    OrderPlan,
    Outcome,
    Refuse,
    ReservationId,
    ReservationState,
)
from evenstock.operations.access.limits import ANSWERS, BY_NAME, Limits
from evenstock.operations.autonomy.actor import Actor, actor_of
from evenstock.operations.autonomy.answering import why_not
from evenstock.operations.autonomy.asking_of_orders import ask_again, ask_to_ship
from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.deciding import Decide, Question, candidates_of, decide_order
from evenstock.operations.decisions import decision_from
from evenstock.operations.exceptions.answer import order_of
from evenstock.operations.exceptions.questions import nodes_down, nodes_short, services_down
from evenstock.operations.open_cases import OUT_OF_USE, RETRY, dollars, ways
from evenstock.operations.ports import Store, Transaction
from evenstock.operations.replaying.company_then import keep_origin
from evenstock.operations.replaying.noting import Asked, keep_inputs, noting
from evenstock.operations.replaying.standing_then import standing_told
from evenstock.operations.reroute import Reroute, in_force, question_again, route_of
from evenstock.operations.route_order import reserve_best, routed_event
from evenstock.operations.standing import Standing, standing
from evenstock.policy import CompiledPolicy
from evenstock.routing.candidates import Candidates, refusal
from evenstock.routing.choose import ALTERNATIVES
from evenstock.routing.decide import Decision
from evenstock.routing.network import ShippingNetwork

AGREED: Final = "agreed"
"""Fact of a case that several people must answer: who has so far."""
AND: Final = "; "
PLAN_OF: Final = "The plan of "
"""How the sentence begins of a record that follows another's plan, which it names next."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits, with the money at stake."""

    case: Case
    order: Order | None
    """The order it is about, as it was placed; None where it is about something else."""
    value_cents: Cents
    """Price of the goods ordered: what is lost if it is never answered."""
    plan_cents: Cents | None
    """What the suggested plan costs; None where there is none."""
    next_cents: Cents | None
    """What the next best plan costs; None where there is no other."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a person's answer, or the deadline, came to."""

    case: Case
    record: DecisionRecord | None = None
    """The decision it made; None where it made none."""
    price_cents: Cents = Cents(0)
    """What an override costs beyond what the system would do at the same moment."""


def queue(books: Transaction, *, everything: bool = False) -> list[Waiting]:
    """What waits for a person, by deadline; with `everything`, also what the system is seeing to by itself."""
    return [_waiting(books, case) for case in books.cases(CaseState.OPEN) if case.role or everything]


def _waiting(books: Transaction, case: Case) -> Waiting:
    order = order_of(case)
    kept = books.order(order) if order else None
    plan, other = case.fact("plan_cents"), case.fact("next_cents")
    return Waiting(
        case,
        kept,
        kept.value_cents if kept else Cents(0),
        Cents(int(plan)) if plan else None,
        Cents(int(other)) if other else None,
    )


# --- what a person answers -------------------------------------------------------------------------------------------


def accept(
    store: Store,
    case: CaseId,
    by: str,
    now: datetime,
    reason: str = "",
    *,
    limits: Limits = BY_NAME,
    rules: Governance | None = None,
) -> Reviewed | Refuse:
    """Execute the suggested plan now. Refuses, with a sentence, where nothing waits under this id, where `rules` refuse it by
    now, or where they ask for somebody else; where they ask for several people, the last one executes it.

    Raises OverLimitError where the plan costs more than `by` may decide about. A deadline has no limit: what happens then
    is the policy's word, not a person's.
    """
    with store.transaction() as books:
        found = _open_review(books, case)
        if isinstance(found, Refuse):
            return found
        _require_within(books, found, by, limits)
        decided = books.decision(DecisionId(found.fact("decision")))
        if decided is None or rules is None:
            return execute(books, found, by, now, reason)
        record, actor = decision_from(decided), actor_of(books, by)
        ruled = ask_again(books, rules.policy, rules.known, record, now, actor)
        wrong = why_not(ruled, actor, record.choice.nodes if record.choice else (), rules.policy)
        if wrong:
            return Refuse(f"{case}: {wrong}")
        agreed = sorted({*filter(None, found.fact(AGREED).split(";")), by})
        if ruled.asks is not None and len(agreed) < ruled.people:
            return _agreed(books, found, agreed, ruled.people)
        done = execute(books, found, by, now, reason)
        if done.record is not None:
            ruled.say(books, record.order, case)
        return done


def _agreed(books: Transaction, case: Case, agreed: Sequence[str], people: int) -> Reviewed:
    """Open still: so many people must agree, and these have."""
    said = f"{', '.join(agreed)} agreed; {people - len(agreed)} more of {people} must"
    after = replace(case, suggestion=f"{case.suggestion.split(AND)[0]}{AND}{said}", step=case.step + 1)
    after = replace(after, facts=tuple((dict(case.facts) | {AGREED: ";".join(agreed)}).items()))
    books.change_case(case.step, after)
    return Reviewed(after)


def execute(books: Transaction, case: Case, by: str, now: datetime, reason: str = "") -> Reviewed:
    """Close an open review by its plan; where the plan's stock is gone, say so and have the order routed again."""
    reservation = books.reservation(ReservationId(case.fact("reservation")))
    decided = books.decision(DecisionId(case.fact("decision")))
    if reservation is None or decided is None or reservation.state is not ReservationState.PENDING:
        return _too_late(books, case, by, now, reservation.state if reservation else None)
    before = decision_from(decided)
    assert before.choice is not None
    said = f"{by} accepted it" if by != "deadline" else "nobody answered by the deadline"
    said += f" ({reason})" if reason else ""
    record = executed(before, DecisionId(f"{case.id}:{case.step + 1}"), said, now)
    closed = case.closed(now, by, f"ships {ways(before.choice)} for {dollars(before.choice.cents)}: {said}")
    _answer(
        books,
        closed,
        record,
        "OrderReviewed",
        {"answer": "deadline" if by == "deadline" else "accepted", "reason": reason},
    )
    books.change_case(case.step, closed)
    return Reviewed(closed, record)


def executed(before: DecisionRecord, name: DecisionId, said: str, now: datetime) -> DecisionRecord:
    """The record of a plan that executes because somebody `said` so, or nobody said anything."""
    return replace(
        before,
        id=name,
        decided_at=now,
        outcome=Outcome.EXECUTED,
        verdict=Allow(),
        layer=Layer.PERSON,
        sentence=f"{PLAN_OF}{before.id} executes: {said}. {before.sentence}",
    )


def override(
    store: Store,
    network: ShippingNetwork,
    policy: CompiledPolicy,
    case: CaseId,
    by: str,
    reason: str,
    now: datetime,
    *,
    nodes: Collection[str] = (),
    services: Collection[str] = (),
    alternative: int | None = None,
    decide: Decide | None = None,
    limits: Limits = BY_NAME,
) -> Reviewed | Refuse:
    """Ship it another way that is lawful: from these nodes, by these services, or as the record's alternative (from 1).

    The stock moves in one transaction, or nothing changes. What the person's choice costs beyond the system's, both priced
    at this moment, is kept in the case and told in `OrderOverridden`.

    Raises OverLimitError where the way chosen costs more than `by` may decide about.
    """
    if not by or not reason:
        return Refuse("an override names who decides, and why: what is learned from it later depends on the reason")
    keep_origin(store, network, now)
    try:
        with store.transaction() as books:
            found = _open_review(books, case)
            if isinstance(found, Refuse):
                return found
            wish = Overriding(frozenset(nodes), frozenset(services), alternative, by, reason, now, limits)
            return _override(books, network, policy, found, wish, decide)
    except _RefusedError as refused:
        return Refuse(str(refused))


def hold(store: Store, case: CaseId, by: str, until: datetime, reason: str, now: datetime) -> Reviewed | Refuse:
    """Give an open case more time, or less. A review cannot wait longer than its stock is set aside."""
    with store.transaction() as books:
        found = books.case(case)
        if found is None or found.state is CaseState.CLOSED:
            return _nothing(found, case)
        if until <= now:
            return Refuse(
                f"{case}: a new deadline lies ahead, not at {until:%Y-%m-%d %H:%M} UTC; accept it, or name a later one"
            )
        held = books.reservation(ReservationId(found.fact("reservation")))
        if held is not None and until > held.expires_at:
            return Refuse(
                f"{case}: its stock is set aside until {held.expires_at:%Y-%m-%d %H:%M} UTC; hold it no longer than that"
            )
        later = replace(found, due_at=until, step=found.step + 1)
        body = {"case": case, "by": by, "reason": reason, "from": found.due_at, "until": until}
        books.publish([Event(f"{case}:{later.step}:held", "CaseHeld", found.about, now, body)])
        books.change_case(found.step, later)
        return Reviewed(later)


# --- parts -----------------------------------------------------------------------------------------------------------


class _RefusedError(Exception):
    """Leaves the transaction of an override that cannot be: nothing of it is kept."""


@dataclass(frozen=True, slots=True)
class Overriding:
    """Another way that a person wants: nodes and services that may carry it, or the alternative of this number."""

    nodes: frozenset[str]
    services: frozenset[str]
    alternative: int | None
    by: str
    reason: str
    now: datetime
    limits: Limits


def _override(
    opened: Transaction,
    network: ShippingNetwork,
    policy: CompiledPolicy,
    case: Case,
    wish: Overriding,
    decide: Decide | None,
) -> Reviewed:
    books, read = noting(opened)
    order = order_of(case)
    there = standing(books, order)
    before = in_force(books, there) if there else None
    if there is None or before is None or not there.soft:
        raise _RefusedError(
            f"{case.id}: nothing of order {order} is set aside any more; it was released, cancelled or decided again"
        )
    nodes, services = out_of_use(books, order, wish.now)
    because = OUT_OF_USE if nodes or services else f"{wish.by}: {wish.reason}"
    again, actor = Reroute(order, wish.now, because, nodes, services), actor_of(books, wish.by)
    done = override_from(books, network, policy, case, wish, again, there, before, actor, decide or decide_order)
    if decide in (None, decide_order) and done.record is not None:
        told = {"case": [case.id, case.step], "by": wish.by, "reason": wish.reason, "alternative": wish.alternative}
        more = standing_told(there, before) | told | {"ways": [sorted(wish.nodes), sorted(wish.services)]}
        asked = Asked(route_of(again, there.order), network, policy)
        keep_inputs(books, done.record, "override", asked, read, more=more, actor=actor)
    return done


def override_from(
    books: Transaction,
    network: ShippingNetwork,
    policy: CompiledPolicy,
    case: Case,
    wish: Overriding,
    again: Reroute,
    there: Standing,
    before: DecisionRecord,
    actor: Actor,
    decide: Decide,
) -> Reviewed:
    """Give a person's way to what stands of the order; all that it depends on comes in here."""
    order = again.order
    plain = question_again(books, network, policy, again, there, before)
    question = replace(plain, name=DecisionId(f"{case.id}:{case.step + 1}"))
    said = refusal(question.command.order, network)
    if said:
        raise _RefusedError(said)
    found = candidates_of(question)
    best = decide(found, network, policy, question.read)
    chosen = _chosen(case, question, found, _mask(case, network, found, before, wish), decide)
    # What the system would do now; a search that stops at its limit may find less in all there is than in a part of it.
    system = best.plan or chosen.plan
    assert system is not None
    record = _swap(books, question, found, there, chosen, actor)
    plan = record.choice
    assert plan is not None
    ruled = ask_to_ship(books, question, found, plan, actor=actor)
    wrong = why_not(ruled, actor, plan.nodes, policy)
    if wrong or (ruled.asks is not None and ruled.people > 1):
        several = f"{ruled.people} people must agree to this way, and an override is of one: {ruled.asks and ruled.asks.because}"
        raise _RefusedError(f"{case.id}: {wrong or several}")
    wish.limits.require(books, wish.by, ANSWERS, plan.cents, plan.nodes, f"the way chosen in {case.id}")
    price = Cents(plan.cents - system.cents)
    others = tuple(other for other in (system, *best.alternatives) if other != plan)
    shown = f"{ways(plan)} for {dollars(plan.cents)}"
    instead = f"{ways(system)} for {dollars(system.cents)}"
    record = replace(
        record,
        outcome=Outcome.EXECUTED,
        verdict=Allow(),
        layer=Layer.PERSON,
        alternatives=others[:ALTERNATIVES],
        sentence=f"{wish.by} overrode {before.id}: {shown} instead of {instead}, {_more(price)}: {wish.reason}.",
    )
    facts = dict(case.facts) | {
        "override_cents": str(price),
        "override_plan": ways(plan),
        "system_plan": ways(system),
        "reason": wish.reason,
    }
    closed = replace(case, facts=tuple(facts.items())).closed(
        wish.now, wish.by, f"overridden: {shown} instead of {instead}, {_more(price)}: {wish.reason}"
    )
    body = {
        "answer": "overridden",
        "reason": wish.reason,
        "overrode": before.id,
        "price_cents": price,
        "system": _shipped(system),
    }
    _answer(books, closed, record, "OrderOverridden", body)
    books.publish([routed_event(record, "OrderRerouted")])
    books.change_case(case.step, closed)
    ruled.say(books, order, case.id)
    return Reviewed(closed, record, price)


def _mask(
    case: Case, network: ShippingNetwork, found: Candidates, before: DecisionRecord, wish: Overriding
) -> tuple[list[bool], OrderPlan | None]:
    """The candidates the person lets it use, and the very plan wanted where one was named."""
    if wish.alternative is not None:
        if wish.nodes or wish.services:
            raise _RefusedError(f"{case.id}: name an alternative, or nodes and services, not both")
        if not 1 <= wish.alternative <= len(before.alternatives):
            raise _RefusedError(
                f"{case.id}: {before.id} has alternatives 1 to {len(before.alternatives)}, not {wish.alternative}"
            )
        plan = before.alternatives[wish.alternative - 1]
        wanted = {(s.candidate.node, s.candidate.service) for s in plan.shipments}
        return [(way.node, way.service) in wanted for way in found.ways], plan
    if not wish.nodes and not wish.services:
        raise _RefusedError(f"{case.id}: name nodes, services or an alternative to ship it by")
    strange = sorted(wish.nodes - {str(node.id) for node in network.nodes})
    if strange:
        raise _RefusedError(f"{case.id}: there is no node {', '.join(strange)}")
    return [
        (not wish.nodes or way.node in wish.nodes) and (not wish.services or way.service in wish.services)
        for way in found.ways
    ], None


def _chosen(
    case: Case, question: Question, found: Candidates, wanted: tuple[list[bool], OrderPlan | None], decide: Decide
) -> Decision:
    """The least cost of what the person allows, or the very alternative; raises with what forbids it."""
    mask, plan = wanted
    barred = "; ".join(dict.fromkeys(b.because for b in found.barred))
    if not any(mask):
        raise _RefusedError(f"{case.id}: no such way reaches the customer now{': ' + barred if barred else ''}")
    chosen = decide(found.only(np.array(mask, np.bool_)), question.network, question.policy, question.read)
    if chosen.plan is None:
        raise _RefusedError(f"{case.id}: not lawful, or not there: {chosen.sentence}")
    if plan is None:
        return replace(chosen, alternatives=())
    same = next((p for p in (chosen.plan, *chosen.alternatives) if set(p.nodes) == set(plan.nodes)), None)
    if same is None:
        raise _RefusedError(f"{case.id}: {ways(plan)} is no longer possible: {chosen.sentence}")
    return replace(chosen, plan=same, alternatives=())


def _swap(
    books: Transaction, question: Question, found: Candidates, there: Standing, chosen: Decision, actor: Actor
) -> DecisionRecord:
    """Give the old stock back and set the new aside."""
    for reservation in there.soft:
        books.settle(reservation.id, ReservationState.VOIDED, question.command.now)
    record = reserve_best(books, question, found, chosen, answered=actor)
    if record.choice is None:
        raise _RefusedError(record.sentence)
    return record


def _answer(books: Transaction, case: Case, record: DecisionRecord, kind: str, more: dict[str, object]) -> None:
    books.record(record)
    told = routed_event(record).body | {"case": case.id, "because": case.because, "by": case.closed_by} | more
    books.publish([Event(f"{case.id}:{case.step}:answered", kind, case.about, record.decided_at, told)])


def _require_within(books: Transaction, case: Case, by: str, limits: Limits) -> None:
    held = books.reservation(ReservationId(case.fact("reservation")))
    nodes = {line.node for line in held.lines} if held is not None else set()
    limits.require(books, by, ANSWERS, int(case.fact("plan_cents") or 0), nodes, f"the plan of {case.id}")


def _too_late(books: Transaction, case: Case, by: str, now: datetime, state: ReservationState | None) -> Reviewed:
    """Its plan is no longer set aside: released before anybody answered, decided again, cancelled, or lost."""
    there = standing(books, order_of(case))
    lost = state is not ReservationState.POSTED and there is not None and bool(there.to_place) and not there.soft
    if state is ReservationState.POSTED:
        because = "its pick was released before anybody answered"
    elif lost:
        because = "its stock was given back before anybody answered: it is routed again"
        again = Case(
            CaseId(f"{case.id}:again"), CaseKind.UNSERVED, case.about, because, "route it again", RETRY, "", now, now
        )  # fmt: skip
        books.put_case(again)
    else:
        because = "overtaken: the order was decided again or cancelled meanwhile"
    closed = case.closed(now, by, because)
    books.change_case(case.step, closed)
    return Reviewed(closed)


def _open_review(books: Transaction, case: CaseId) -> Case | Refuse:
    found = books.case(case)
    if found is None or found.state is CaseState.CLOSED:
        return _nothing(found, case)
    if found.kind is not CaseKind.REVIEW:
        return Refuse(f"{case} is no plan to review ({found.kind}): {found.suggestion}")
    return found


def _nothing(found: Case | None, case: CaseId) -> Refuse:
    if found is None:
        return Refuse(f"there is no case {case}; `evenstock queue` lists those that wait")
    return Refuse(f"{case} was answered by {found.closed_by} before: {found.resolution}")


def out_of_use(books: Transaction, order: OrderId, now: datetime) -> tuple[frozenset[NodeId], frozenset[str]]:
    """Nodes and services that this order may not use now: down, failed, or a node that could not pick it."""
    return nodes_down(books, now) | nodes_short(books, order), services_down(books, now)


def _more(cents: int) -> str:
    return "at the same cost" if not cents else f"{dollars(abs(cents))} {'more' if cents > 0 else 'less'}"


def _shipped(plan: OrderPlan) -> list[dict[str, object]]:
    return [{"node": s.candidate.node, "service": s.candidate.service, "cents": s.cents} for s in plan.shipments]
