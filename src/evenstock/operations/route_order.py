"""Decides where a paid order ships from, and sets its stock aside: one transaction an order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from evenstock.domain import (
    ActionKind,
    Allow,
    DecisionRecord,
    Event,
    Layer,
    NeedsApproval,
    NodeId,
    Order,
    OrderPlan,
    Outcome,
    Refuse,
    Reservation,
    ReservationId,
    ReservationLine,
    Sku,
    Units,
    Verdict,
)
from evenstock.operations.autonomy.actor import Actor
from evenstock.operations.autonomy.asking import WAIT, Ruled
from evenstock.operations.autonomy.asking_of_orders import ask_to_ship, with_envelope, without_refused
from evenstock.operations.autonomy.halting import halts_of, under_halts
from evenstock.operations.deciding import (
    HOLD,
    Books,
    Decide,
    Question,
    RouteOrder,
    ask,
    candidates_of,
    decide_order,
    record_of,
    request_digest,
    route_key,
)
from evenstock.operations.decisions import RESERVATION, decision_from
from evenstock.operations.exceptions.questions import out_of_service
from evenstock.operations.open_cases import EXECUTE, OPERATIONS, REVIEW_WITHIN, open_review, open_unserved
from evenstock.operations.places import places_of
from evenstock.operations.ports import ConflictError, Look, Slot, Store, Transaction
from evenstock.operations.replaying.company_then import keep_origin
from evenstock.operations.replaying.noting import decider_told, keep_inputs, noting, without_told
from evenstock.operations.roll_out import RollOut
from evenstock.operations.stale_feeds import held_back
from evenstock.operations.substitution import Substitutes, shippable, skus_of, with_substitutes
from evenstock.operations.try_services import week_of, with_try
from evenstock.policy import CompiledPolicy
from evenstock.routing.candidates import Candidates, refusal, slot_days
from evenstock.routing.decide import Decision
from evenstock.routing.knowledge import NOTHING
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.prices.ladder import in_force

MOST_RACES: Final = 3
"""Plans tried when others take the stock first; then a person looks."""


@dataclass(frozen=True, slots=True)
class Routed:
    """What was decided, and whether it was decided before."""

    record: DecisionRecord
    repeated: bool = False
    saves_cents: int = 0
    """Cost of staying less that of the new plan, where an order was decided again only to save."""


def route_order(
    store: Store,
    network: ShippingNetwork,
    policy: CompiledPolicy,
    command: RouteOrder,
    *,
    decide: Decide | None = None,
    stage: RollOut | None = None,
    substitutes: Substitutes | None = None,
) -> Routed:
    """Decide, reserve, record, tell: all of it is committed, or nothing.

    Where rules, the gate or protected stock want a person, the best lawful plan is reserved and a case is opened; an order
    that nothing serves is kept with a case of its own and tried again. An order outside the roll-out's `stage` is decided
    in shadow. What no node can ship may be replaced by one of its `substitutes`. Where the network's costs say so, some orders
    ship by another service on purpose (`try_services`).

    An order whose stock is reserved gets the same record for ever. An order that could not be served, and a shadow
    decision, may be asked for again: stock may have come. Nothing is refused by an exception: an unknown item, an
    absurd quantity, a place no node reaches or a rule that forbids are an outcome with a sentence. `decide` stands in for
    `decide_order` where a simulation compares it with what people do.

    Raises
    ------
    ConflictError
        If another order was routed under this id before.
    """
    request = request_digest(command.order)
    key = route_key(command.order.id)
    keep_origin(store, network, command.now)
    with store.transaction() as opened:
        books, read_then = noting(opened)
        known = None if command.shadow else books.recall(key)
        if known is not None:
            if known.request != request:
                raise ConflictError(
                    f"order {command.order.id} was routed before with other content; give a changed order its own id"
                )
            return Routed(decision_from(known.response), repeated=True)
        shadow = command.shadow or not (stage is None or stage.takes(command.order))
        look = look_for(books, network, command.order, command.now)
        policy = under_halts(policy, halts_of(look.halts))
        read = replace(books_of(look, network, command.now), prove=command.prove)
        question = ask(network, policy, past_closures(look, command), read, request)
        if network.costs.explores and decide in (None, decide_order) and not shadow:
            question = _reading_tries(books, question, request)
        earlier = books.decision(question.name)
        if earlier is not None:
            return Routed(decision_from(earlier), repeated=True)
        record = _answer(
            books, question, decide or decide_order, stage if not shadow else RollOut(live=False), substitutes
        )
        told = record.outcome is not Outcome.SHADOW and not shadow
        books.answer(
            record,
            command.now,
            order=None if shadow else command.order,
            facts=[routed_event(record)] if told else (),
            key=key if record.outcome in (Outcome.EXECUTED, Outcome.AWAITS_APPROVAL) else "",
            request=request,
        )
        if told and record.outcome is Outcome.UNSERVED:
            open_unserved(books, record)
        more = decider_told(decide)
        if more is not None:
            more |= without_told(stage=stage is None, substitutes=not substitutes)
            keep_inputs(books, record, "route", question, read_then, order_kept=not shadow, more=more)
    return Routed(record)


def route_many(
    store: Store,
    network: ShippingNetwork,
    policy: CompiledPolicy,
    orders: Iterable[Order],
    now: datetime,
    *,
    shadow: bool = False,
    hold: timedelta = HOLD,
    stage: RollOut | None = None,
    substitutes: Substitutes | None = None,
) -> list[Routed]:
    """Route orders one after the other, each in a transaction of its own: an earlier order takes stock from a later."""
    return [
        route_order(store, network, policy, RouteOrder(order, now, shadow, hold), stage=stage, substitutes=substitutes)
        for order in orders
    ]


def past_closures(look: Look, command: RouteOrder) -> RouteOrder:
    """The same wish without nodes that are down and services that fail at this moment."""
    down, failing = out_of_service(look.out, command.now)
    if not down and not failing:
        return command
    return replace(
        command,
        without_nodes=command.without_nodes | down,
        without_services=command.without_services | failing,
        because=command.because or "reported as down",
    )


def question_of(
    books: Transaction, network: ShippingNetwork, policy: CompiledPolicy, command: RouteOrder, request: str
) -> Question:
    look = look_for(books, network, command.order, command.now)
    read = books_of(look, network, command.now)
    held = under_halts(policy, halts_of(look.halts))
    return ask(network, held, command, replace(read, prove=command.prove), request)


def read_books(
    books: Transaction, network: ShippingNetwork, order: Order, now: datetime, skus: Sequence[Sku] = ()
) -> Books:
    """What a decision about the order reads, for its items or those named; prices by the ladder of their age."""
    return books_of(look_for(books, network, order, now, skus), network, now)


def look_for(
    books: Transaction, network: ShippingNetwork, order: Order, now: datetime, skus: Sequence[Sku] = ()
) -> Look:
    """What the books say for a decision about the order; of places in days where the network has any."""
    wanted = list(skus) or sorted({line.sku for line in order.lines})
    return books.look(wanted, slot_days(now) if network.capped else (), now)


def books_of(look: Look, network: ShippingNetwork, now: datetime) -> Books:
    stand = in_force(look.prices, now)
    stock = held_back(look.balances, network.known or NOTHING, network.costs, now)
    return Books(
        stock.balances,
        stand.rows,
        look.slots_taken,
        look.capacity_prices,
        look.quotas,
        stand.rung,
        warnings=stock.warnings,
    )


def _answer(
    books: Transaction, question: Question, decide: Decide, stage: RollOut | None, substitutes: Substitutes | None
) -> DecisionRecord:
    order, network = question.command.order, question.network
    said = refusal(order, network)
    if said:
        return record_of(question, None, None, Outcome.UNSERVED, Refuse(said), f"Not routed: {said}.")
    found = candidates_of(question)
    decision = decide(found, network, question.policy, question.read)
    if decision.plan is None and substitutes:
        instead = _instead_of(books, question, decide, substitutes)
        if instead is not None:
            question, found, decision = instead
    if decision.plan is None:
        verdict = Refuse(decision.sentence)
        return record_of(question, found, decision, Outcome.UNSERVED, verdict, decision.sentence)
    outside = stage is not None and not (stage.live and stage.lets(decision.plan))
    if question.command.shadow or outside or _only_said(books, question, found, decision):
        said_of_plan = question.policy.review(question.command.order, decision.plan, decision.rules, found.on)
        return record_of(
            question, found, decision, Outcome.SHADOW, said_of_plan, decision.sentence, layer_of(decision, said_of_plan)
        )
    return _with_try(books, question, found, decision, stage) or reserve_best(books, question, found, decision)


def _only_said(books: Transaction, question: Question, found: Candidates, decision: Decision) -> bool:
    """Whether the stage of the place lets software say what it would do, and no more."""
    if question.policy.staged is None or decision.plan is None:
        return False
    return ask_to_ship(books, question, found, decision.plan, decision.confidence).support


def _reading_tries(books: Transaction, question: Question, request: str = "") -> Question:
    """The same question that also knows what the tries of its week have cost."""
    command = question.command
    spent = books.tries_cents(week_of(command.now)) or 0
    read = replace(question.read, tries_cents=spent)
    return ask(question.network, question.policy, command, read, request)


def _with_try(
    books: Transaction, question: Question, found: Candidates, decision: Decision, stage: RollOut | None
) -> DecisionRecord | None:
    """The record of an order that may ship by another service on purpose; None where it may not, or others were faster.

    The week's money is taken before stock, so that no two orders wait for each other, and given back where nothing could be
    reserved. Where others spent it in the meantime, the order is decided with what is left.
    """
    best, sure = decision.plan, decision.confidence

    def alone(plan: OrderPlan) -> Ruled:
        """What is tried sets the default carrier aside, and nobody reckoned how sure that is."""
        tried = plan is not best
        also = (ActionKind.OVERRIDE_CARRIER,) if tried else ()
        return ask_to_ship(books, question, found, plan, None if tried else sure, also=also)

    while True:
        said = with_try(question, found, decision, stage, lambda plan: alone(plan).automatic)
        if said.plan is None or said.propensity is None:
            return None
        if said.plan is decision.plan:
            return reserve_best(books, question, found, said)
        costs, week, extra = question.network.costs, week_of(question.command.now), said.propensity.extra_cents
        if books.spend_on_try(week, extra, costs.explore_week_cents):
            break
        question = _reading_tries(books, question)
    order = question.command.order
    reservation, places = reservation_of(question, said.plan), places_of(question.network, said.plan)
    if books.reserve(reservation, places, order_class=order.order_class) is None:
        alone(said.plan).say(books, order.id)
        return record_of(question, found, said, Outcome.EXECUTED, Allow(), said.sentence, layer_of(said, Allow()))
    books.spend_on_try(week, -extra, costs.explore_week_cents)
    return None


def _instead_of(
    books: Transaction, question: Question, decide: Decide, substitutes: Substitutes
) -> tuple[Question, Candidates, Decision] | None:
    """The question with allowed substitutes for lines that cannot ship at all, and its answer; None where they do not help."""
    command, network, policy = question.command, question.network, question.policy
    skus = skus_of(command.order, substitutes)
    read = replace(read_books(books, network, command.order, command.now, skus), prove=command.prove)
    other = with_substitutes(command.order, substitutes, shippable(network, policy, read, command.now, decide))
    if other is None:
        return None
    again = ask(network, policy, replace(command, order=other.order), read)
    again = replace(again, name=question.name, placed=command.order)
    found = candidates_of(again)
    decision = decide(found, network, policy, read)
    if decision.plan is None:
        return None
    return again, found, replace(decision, sentence=f"{other.sentence} {decision.sentence}")


def reserve_best(
    books: Transaction,
    question: Question,
    found: Candidates,
    decision: Decision,
    before: Sequence[str] = (),
    *,
    refused: Sequence[str] = (),
    answered: Actor | None = None,
) -> DecisionRecord:
    """Reserve the best plan that review and envelopes let pass and that nobody is faster for; where a person decides, open a case.

    Where others took the last place in a day, the order is decided again with that day full; where envelopes refuse every
    plan, without the nodes that they refuse. `before` says to whom it was lost so far, `refused` what may not be. `answered`:
    the person who decides it at this moment, so that nobody need be asked; what is refused is refused to him too.
    """
    assert decision.plan is not None
    command, policy = question.command, question.policy
    plans = (decision.plan, *decision.alternatives)
    lost = list(before)
    barred = list(refused)
    forbidden: list[Ruled] = []
    for number, plan in enumerate(plans):
        verdict = policy.review(command.order, plan, decision.rules, found.on)
        if isinstance(verdict, Refuse):
            barred.append(f"{'+'.join(plan.nodes)}: {verdict.because}")
            continue
        # What was foretold is of the cheapest plan: of another nobody reckoned it.
        sure = decision.confidence if number == 0 else None
        ruled = ask_to_ship(books, question, found, plan, sure, actor=answered)
        if ruled.refused is not None:
            barred.append(f"{'+'.join(plan.nodes)}: {ruled.refused.because}")
            forbidden.append(ruled)
            continue
        reservation = reservation_of(question, plan)
        places = places_of(question.network, plan)
        short = books.reserve(
            reservation,
            places,
            order_class=command.order.order_class,
            may_take_protected=decision.takes_protected,
        )
        if short is None:
            record = _set_aside(question, found, decision, number, verdict, ruled, lost + barred)
            if isinstance(record.verdict, NeedsApproval) and answered is None:
                _open_review(books, question, found, record, reservation, ruled)
            elif answered is None:
                ruled.say(books, command.order.id)
            return record
        lost.append(f"others were faster: {short.because}")
        if len(lost) == MOST_RACES:
            break
        if not short.sku:
            question = _with_full(question, [place for place in places if place.node == short.node])
            found = candidates_of(question)
            decision = decide_order(found, question.network, policy, question.read)
            if decision.plan is not None:
                return reserve_best(books, question, found, decision, lost, refused=refused, answered=answered)
            break
    # Whoever answers has named the ways himself: others are not looked for.
    around = bool(forbidden) and len(lost) == len(before) and answered is None
    fewer = without_refused(found, question, forbidden) if around else None
    if fewer is not None:
        again = decide_order(fewer, question.network, policy, question.read)
        if again.plan is not None:
            return reserve_best(books, question, fewer, again, before, refused=barred, answered=answered)
    because = "; ".join(lost + barred)
    sentence = f"No plan could be reserved: {because}. A person looks at it, or it is routed again."
    nothing = replace(decision, plan=None, alternatives=plans)
    return record_of(question, found, nothing, Outcome.UNSERVED, Refuse(because), sentence)


def _set_aside(
    question: Question,
    found: Candidates,
    decision: Decision,
    number: int,
    verdict: Verdict,
    ruled: Ruled,
    why: Sequence[str],
) -> DecisionRecord:
    """The record of the plan of this number, which is reserved; `why` none before it could be."""
    plans = (decision.plan, *decision.alternatives)
    plan, others = plans[number], plans[:number] + plans[number + 1 :]
    assert plan is not None
    first = not number and not why
    taken = replace(
        decision,
        plan=plan,
        alternatives=tuple(other for other in others if other is not None),
        # What was foretold is of the cheapest plan: of another nobody reckoned it; and only that one was drawn.
        confidence=decision.confidence if number == 0 else None,
        propensity=decision.propensity if first else None,
    )
    sentence = decision.sentence if first else _instead(decision.sentence, plan, why)
    said = with_envelope(asked(verdict, taken), ruled)
    outcome = Outcome.EXECUTED if isinstance(said, Allow) else Outcome.AWAITS_APPROVAL
    return record_of(question, found, taken, outcome, said, sentence, layer_of(taken, said))


def _with_full(question: Question, places: Sequence[Slot]) -> Question:
    """The same question with these days of nodes and services full."""
    taken = {(place.node, place.day): place.ceiling for place in places}
    return replace(question, read=replace(question.read, slots_taken={**question.read.slots_taken, **taken}))


def asked(verdict: Verdict, decision: Decision) -> Verdict:
    """What the rules say, and unless they refuse, what protected stock and the gate say besides."""
    if isinstance(verdict, Refuse):
        return verdict
    role, because = (verdict.role, [verdict.because]) if isinstance(verdict, NeedsApproval) else (OPERATIONS, [])
    because += decision.asks
    sure = decision.confidence
    if sure is not None and not sure.enough:
        parts = ", ".join(f"{name} {cents / 100_000:.3f}" for name, cents in sure.parts if cents)
        because.append(
            f"expected regret {sure.regret_millicents / 100_000:.3f} ({parts}),"
            f" above the gate's {max(0, sure.threshold_millicents or 0) / 100_000:.3f}"
        )
    return NeedsApproval(role, "; ".join(because)) if because else verdict


def layer_of(decision: Decision, verdict: Verdict) -> Layer:
    """Who in effect decided: a person, the rules where they left one plan, else the optimiser."""
    if isinstance(verdict, NeedsApproval):
        return Layer.PERSON
    return Layer.OPTIMISER if decision.alternatives or len(_ways(decision)) != 1 else Layer.RULES


def _ways(decision: Decision) -> set[int]:
    """Candidates that may carry anything, under the law and the wishes kept."""
    return set() if decision.priced is None else set(np.flatnonzero(decision.priced.permitted.any(axis=1)).tolist())


def _open_review(
    books: Transaction,
    question: Question,
    found: Candidates,
    record: DecisionRecord,
    reservation: Reservation,
    ruled: Ruled,
) -> None:
    """A case with the deadline and the action that the first rule asking says; by default it executes.

    What lies outside the envelopes does not execute because nobody answered.
    """
    verdict = record.verdict
    assert record.choice is not None
    assert isinstance(verdict, NeedsApproval)
    asks = question.policy.asks(question.command.order, record.choice, record.relaxed, found.on)
    hours = [ask.hours for ask in asks if ask.hours is not None]
    at_deadline = asks[0].at_deadline if asks else EXECUTE
    open_review(
        books,
        record,
        reservation.id,
        verdict.because,
        role=verdict.role,
        within=timedelta(hours=min(hours)) if hours else REVIEW_WITHIN,
        latest=None if hours else latest_release(question.network, record.choice),
        at_deadline=WAIT if ruled.asks is not None and at_deadline == EXECUTE else at_deadline,
    )


def latest_release(network: ShippingNetwork, plan: OrderPlan) -> datetime:
    """The last moment at which every shipment of the plan still leaves on its day: its node's cut-off, by the node's clock."""
    nodes = {node.id: node for node in network.nodes}
    return min(
        datetime.combine(way.ship_on, nodes[way.node].cutoff, ZoneInfo(nodes[way.node].timezone)).astimezone(UTC)
        for way in (shipment.candidate for shipment in plan.shipments)
    )


def _instead(sentence: str, plan: OrderPlan, why: Sequence[str]) -> str:
    cents = plan.cents
    return f"{'+'.join(plan.nodes)}, {cents // 100}.{cents % 100:02d}, instead of the cheapest ({'; '.join(why)}): {sentence}"


def reservation_of(question: Question, plan: OrderPlan) -> Reservation:
    """The plan's units by item, node and lot; lots in their order."""
    command = question.command
    wanted: dict[tuple[Sku, NodeId], int] = {}
    for shipment in plan.shipments:
        for line in shipment.lines:
            key = (line.sku, shipment.candidate.node)
            wanted[key] = wanted.get(key, 0) + line.units
    lines = []
    for balance in sorted(question.read.balances, key=lambda b: (b.sku, b.node, b.lot)):
        key = (balance.sku, balance.node)
        units = min(wanted.get(key, 0), balance.atp)
        if units > 0:
            lines.append(ReservationLine(balance.sku, balance.node, Units(units), balance.lot))
            wanted[key] -= units
    assert not any(wanted.values()), f"{command.order.id}: the plan takes more than the books had"
    name = ReservationId(f"{question.name}{RESERVATION}")
    return Reservation(name, command.order.id, tuple(lines), command.now, command.now + command.hold)


def routed_event(record: DecisionRecord, kind: str = "") -> Event:
    """`OrderRouted` where stock was reserved, else `OrderNotRouted`."""
    plan = record.choice
    shipments = [
        {
            "node": shipment.candidate.node,
            "service": shipment.candidate.service,
            "ship_on": shipment.candidate.ship_on,
            "lines": [{"line": line.line, "sku": line.sku, "units": line.units} for line in shipment.lines],
            "cents": shipment.cents,
        }
        for shipment in (plan.shipments if plan else ())
    ]
    body = {
        "order": record.order,
        "decision": record.id,
        "outcome": record.outcome.value,
        "sentence": record.sentence,
        "cents": plan.cents if plan else 0,
        "shipments": shipments,
    }
    kind = kind or ("OrderRouted" if plan else "OrderNotRouted")
    return Event(f"{record.id}:routed", kind, f"order:{record.order}", record.decided_at, body)
