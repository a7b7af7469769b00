"""Decides where a paid order ships from, and sets its stock aside: one transaction an order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from evenstock.domain import (
    Allow,
    DecisionRecord,
    Event,
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
)
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
)
from evenstock.operations.decisions import decision_from
from evenstock.operations.ports import ConflictError, Slot, Store, Transaction
from evenstock.policy import CompiledPolicy
from evenstock.routing.candidates import Candidates, refusal, slot_days
from evenstock.routing.decide import Decision
from evenstock.routing.network import ShippingNetwork

RESERVATION: Final = ":reservation"
"""What a decision's reservation is named after it."""
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
) -> Routed:
    """Decide, reserve, record, tell: all of it is committed, or nothing.

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
    key = f"route:{command.order.id}"
    with store.transaction() as books:
        known = None if command.shadow else books.recall(key)
        if known is not None:
            if known.request != request:
                raise ConflictError(
                    f"order {command.order.id} was routed before with other content; give a changed order its own id"
                )
            return Routed(decision_from(known.response), repeated=True)
        question = question_of(books, network, policy, command, request)
        earlier = books.decision(question.name)
        if earlier is not None:
            return Routed(decision_from(earlier), repeated=True)
        if not command.shadow:
            books.put_order(command.order)
        record = _answer(books, question, decide or decide_order)
        books.record(record)
        if not command.shadow:
            books.publish([routed_event(record)])
        if record.outcome in (Outcome.EXECUTED, Outcome.AWAITS_APPROVAL):
            books.remember(key, request, record.canonical(), command.now)
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
) -> list[Routed]:
    """Route orders one after the other, each in a transaction of its own: an earlier order takes stock from a later."""
    return [route_order(store, network, policy, RouteOrder(order, now, shadow, hold)) for order in orders]


def question_of(
    books: Transaction, network: ShippingNetwork, policy: CompiledPolicy, command: RouteOrder, request: str
) -> Question:
    skus = sorted({line.sku for line in command.order.lines})
    capped = any(node.orders_per_day is not None for node in network.nodes)
    read = Books(
        books.balances(skus),
        books.prices(skus, command.now),
        books.slots_taken(slot_days(command.now)) if capped else {},
    )
    return ask(network, policy, command, read, request)


def _answer(books: Transaction, question: Question, decide: Decide) -> DecisionRecord:
    order, network = question.command.order, question.network
    said = refusal(order, network)
    if said:
        return record_of(question, None, None, Outcome.UNSERVED, Refuse(said), f"Not routed: {said}.")
    found = candidates_of(question)
    decision = decide(found, network, question.policy, question.read)
    if decision.plan is None:
        verdict = Refuse(decision.sentence)
        return record_of(question, found, decision, Outcome.UNSERVED, verdict, decision.sentence)
    if question.command.shadow:
        said_of_plan = question.policy.review(order, decision.plan, decision.rules, found.on)
        return record_of(question, found, decision, Outcome.SHADOW, said_of_plan, decision.sentence)
    return reserve_best(books, question, found, decision)


def reserve_best(books: Transaction, question: Question, found: Candidates, decision: Decision) -> DecisionRecord:
    """Reserve the best plan that review lets pass and that nobody is faster for."""
    assert decision.plan is not None
    command, policy = question.command, question.policy
    plans = (decision.plan, *decision.alternatives)
    lost: list[str] = []
    refused: list[str] = []
    for number, plan in enumerate(plans):
        verdict = policy.review(command.order, plan, decision.rules, found.on)
        if isinstance(verdict, Refuse):
            refused.append(f"{'+'.join(plan.nodes)}: {verdict.because}")
            continue
        short = books.reserve(_reservation(question, plan), places_of(question.network, plan))
        if short is None:
            taken = replace(decision, plan=plan, alternatives=plans[:number] + plans[number + 1 :])
            sentence = _instead(decision.sentence, plan, lost + refused) if number else decision.sentence
            outcome = Outcome.EXECUTED if isinstance(verdict, Allow) else Outcome.AWAITS_APPROVAL
            return record_of(question, found, taken, outcome, verdict, sentence)
        lost.append(f"others were faster: {short.because}")
        if len(lost) == MOST_RACES:
            break
    because = "; ".join(lost + refused)
    sentence = f"No plan could be reserved: {because}. A person looks at it, or it is routed again."
    nothing = replace(decision, plan=None, alternatives=plans)
    return record_of(question, found, nothing, Outcome.UNSERVED, Refuse(because), sentence)


def _instead(sentence: str, plan: OrderPlan, why: Sequence[str]) -> str:
    cents = plan.cents
    return f"{'+'.join(plan.nodes)}, {cents // 100}.{cents % 100:02d}, instead of the cheapest ({'; '.join(why)}): {sentence}"


def _reservation(question: Question, plan: OrderPlan) -> Reservation:
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


def places_of(network: ShippingNetwork, plan: OrderPlan) -> list[Slot]:
    """A place in the node's day for each shipment from a node with a ceiling."""
    ceilings = {node.id: node.orders_per_day for node in network.nodes}
    ways = [shipment.candidate for shipment in plan.shipments]
    return [Slot(way.node, way.ship_on, ceiling) for way in ways if (ceiling := ceilings[way.node]) is not None]


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
