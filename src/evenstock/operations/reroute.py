"""Decides again about what is not released of an order: one transaction gives its stock back, decides, reserves, records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from evenstock.domain import (
    DecisionRecord,
    NodeId,
    Order,
    OrderId,
    OrderPlan,
    Outcome,
    Promise,
    Refuse,
    Reservation,
    ReservationState,
    Sku,
    StockBalance,
    Units,
)
from evenstock.operations.autonomy.asking_of_orders import ask_to_ship
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
)
from evenstock.operations.decisions import behind, decision_from
from evenstock.operations.open_cases import close_overtaken
from evenstock.operations.ports import ConflictError, Store, Transaction
from evenstock.operations.replaying.company_then import keep_origin
from evenstock.operations.replaying.noting import Asked, keep_inputs, noting
from evenstock.operations.replaying.standing_then import standing_told
from evenstock.operations.route_order import MOST_RACES, Routed, question_of, reserve_best, routed_event
from evenstock.operations.standing import Standing, standing
from evenstock.policy import CompiledPolicy
from evenstock.routing.candidates import Candidates, Slots, refusal
from evenstock.routing.decide import Decision
from evenstock.routing.network import ShippingNetwork


@dataclass(frozen=True, slots=True)
class Reroute:
    """The wish to decide again about what a node has not begun to pick."""

    order: OrderId
    now: datetime
    because: str
    without_nodes: frozenset[NodeId] = frozenset()
    without_services: frozenset[str] = frozenset()
    only_if_saves_cents: int | None = None
    """Everything stays unless another plan costs so much less; None decides in any case."""
    hold: timedelta = HOLD


class _RacedError(Exception):
    """Others took the stock between looking and taking: nothing of this attempt is kept."""


class _RefusedError(Exception):
    """Envelopes refuse every plan there is: the order keeps what it has, and the record says why."""

    def __init__(self, record: DecisionRecord) -> None:
        super().__init__(record.sentence)
        self.record = record


def reroute(
    store: Store,
    network: ShippingNetwork,
    policy: CompiledPolicy,
    command: Reroute,
    *,
    decide: Decide | None = None,
) -> Routed:
    """Route an order's unreleased units again under the same promise.

    What was released or has left stays as it is. Until another plan is reserved the old reservation stays: an order never
    loses its stock because nothing better was found. Where nothing was left to place, or nothing saves enough, the latest
    record comes back as `repeated`.

    Raises
    ------
    ConflictError
        If there is no such order, or others were faster each time.
    """
    keep_origin(store, network, command.now)
    for _ in range(MOST_RACES):
        try:
            with store.transaction() as books:
                return _once(books, network, policy, command, decide)
        except _RacedError:
            continue
    raise ConflictError(f"{command.order}: others took the stock {MOST_RACES} times; it keeps what it has, try again")


def _once(
    opened: Transaction, network: ShippingNetwork, policy: CompiledPolicy, command: Reroute, decide: Decide | None
) -> Routed:
    books, read = noting(opened)
    there = standing(books, command.order)
    before = None if there is None else in_force(books, there)
    if there is None or before is None:
        raise ConflictError(f"there is no order {command.order}; route it first")
    if not there.to_place:
        return Routed(before, repeated=True)
    routed = reroute_from(books, network, policy, command, there, before, decide or decide_order)
    if decide in (None, decide_order) and not routed.repeated:
        more = standing_told(there, before) | {"saves": command.only_if_saves_cents}
        keep_inputs(
            books, routed.record, "reroute", Asked(route_of(command, there.order), network, policy), read, more=more
        )
    return routed


def reroute_from(
    books: Transaction,
    network: ShippingNetwork,
    policy: CompiledPolicy,
    command: Reroute,
    there: Standing,
    before: DecisionRecord,
    decide: Decide,
) -> Routed:
    """Decide again about what stands of the order, given the decision in force; all that it depends on comes in here."""
    question = question_again(books, network, policy, command, there, before)
    earlier = books.decision(question.name)
    if earlier is not None:
        return Routed(decision_from(earlier), repeated=True)
    said = refusal(question.command.order, network)
    found = None if said else candidates_of(question)
    decision = None if found is None else decide(found, network, policy, question.read)
    if command.only_if_saves_cents is not None and (decision is None or decision.plan is None):
        return Routed(before, repeated=True)
    if found is None or decision is None or decision.plan is None:
        because = said or (decision.sentence if decision else "")
        record = record_of(question, found, decision, Outcome.UNSERVED, Refuse(because), because)
        books.record(record)
        books.publish([routed_event(record, "OrderNotRerouted")])
        return Routed(record)
    saves = 0
    if command.only_if_saves_cents is not None:
        staying = _staying(question, found, before.choice, decide)
        if staying is not None and staying - decision.plan.cents < max(1, command.only_if_saves_cents):
            return Routed(before, repeated=True)
        saves = 0 if staying is None else staying - decision.plan.cents
        # To save is no reason to ask anybody, or to try what is refused: the order keeps the way it has.
        if not ask_to_ship(books, question, found, decision.plan, decision.confidence).automatic:
            return Routed(before, repeated=True)
    try:
        with books.whole():
            record = _instead_of_the_old(books, question, found, decision, there.soft)
    except _RefusedError as refused:
        books.record(refused.record)
        books.publish([routed_event(refused.record, "OrderNotRerouted")])
        return Routed(refused.record)
    books.record(record)
    close_overtaken(books, record, command.now)
    books.publish([routed_event(record, "OrderRerouted")])
    return Routed(record, saves_cents=saves)


def _instead_of_the_old(
    books: Transaction, question: Question, found: Candidates, decision: Decision, soft: Sequence[Reservation]
) -> DecisionRecord:
    """Give the old stock back and set the new aside; raises where that cannot be, and then the block leaves no trace."""
    for reservation in soft:
        books.settle(reservation.id, ReservationState.VOIDED, question.command.now)
    record = reserve_best(books, question, found, decision)
    if record.outcome is Outcome.UNSERVED:
        plans = (decision.plan, *decision.alternatives)
        if any(plan and ask_to_ship(books, question, found, plan).refused for plan in plans):
            raise _RefusedError(record)
        raise _RacedError
    return record


def in_force(books: Transaction, there: Standing) -> DecisionRecord | None:
    """The decision that holds stock now; where none does, the latest about the order."""
    for reservation in reversed(there.soft):
        made = behind(books, reservation.id)
        if made is not None:
            return made
    latest = books.decision_of(there.order.id)
    return None if latest is None else decision_from(latest)


def question_again(
    books: Transaction,
    network: ShippingNetwork,
    policy: CompiledPolicy,
    command: Reroute,
    there: Standing,
    before: DecisionRecord,
) -> Question:
    """What is not released, with its own stock and places counted as free."""
    told = before.commitment
    promise = there.order.promise or (Promise(told.deliver_by, told.told_millionths / 1_000_000) if told else None)
    order = replace(there.order, lines=there.to_place, promise=promise)
    route = route_of(command, order)
    plain = question_of(books, network, policy, route, "")
    places = _places_back(plain.read, before.choice if there.soft else None)
    read = replace(plain.read, balances=_given_back(plain.read, there.soft), slots_taken=places)
    return ask(network, plain.policy, route, read)


def route_of(command: Reroute, order: Order) -> RouteOrder:
    """The wish as it would be for an order of its own."""
    return RouteOrder(
        order, command.now, hold=command.hold, without_nodes=command.without_nodes,
        without_services=command.without_services, because=command.because,
    )  # fmt: skip


def _given_back(read: Books, soft: Sequence[Reservation]) -> list[StockBalance]:
    own: dict[tuple[Sku, NodeId, str], int] = {}
    for reservation in soft:
        for line in reservation.lines:
            key = (line.sku, line.node, line.lot)
            own[key] = own.get(key, 0) + line.units
    return [
        replace(
            balance,
            available=Units(balance.available + own.get((balance.sku, balance.node, balance.lot), 0)),
            reserved=Units(balance.reserved - own.get((balance.sku, balance.node, balance.lot), 0)),
        )
        for balance in read.balances
    ]


def _places_back(read: Books, plan: OrderPlan | None) -> Slots:
    """Places taken of each node's and service's day without the order's own."""
    ways = [shipment.candidate for shipment in plan.shipments] if plan else []
    own = Counter((NodeId(name), way.ship_on) for way in ways for name in (way.node, way.service))
    return {place: taken - min(taken, own[place]) for place, taken in read.slots_taken.items()}


def _staying(question: Question, found: Candidates, plan: OrderPlan | None, decide: Decide) -> int | None:
    """What the order costs now by the nodes and services it has; None where they can no longer carry it."""
    ways = {(s.candidate.node, s.candidate.service) for s in plan.shipments} if plan else set()
    kept = [(way.node, way.service) in ways for way in found.ways]
    if not any(kept):
        return None
    stays = decide(found.only(np.array(kept, np.bool_)), question.network, question.policy, question.read)
    return stays.plan.cents if stays.plan is not None else None
