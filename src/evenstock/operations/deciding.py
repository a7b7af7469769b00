"""How one order is decided: its question, everything the answer depends on, and the answer as a record; without a store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.domain import (
    DecisionId,
    DecisionRecord,
    Inputs,
    NodeId,
    Order,
    Outcome,
    Price,
    Sku,
    StockBalance,
    Verdict,
    digest,
)
from evenstock.policy import CandidateFacts, CompiledPolicy, OrderBounds
from evenstock.routing.candidates import Candidates, Slots, candidates
from evenstock.routing.choose import ALTERNATIVES, Choice
from evenstock.routing.decide import Attempt, Decision, Law, Settled
from evenstock.routing.decide import decide as choose_under_law
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.price import by_node_and_line, price

HOLD: Final = timedelta(hours=72)
"""How long stock stays reserved until the pick is released, unless the caller says otherwise."""
CODE: Final = version("evenstock")


@dataclass(frozen=True, slots=True)
class RouteOrder:
    """The wish to route an order. The order's id is the idempotency key."""

    order: Order
    now: datetime
    shadow: bool = False
    """Decide, but reserve nothing."""
    hold: timedelta = HOLD
    without_nodes: frozenset[NodeId] = frozenset()
    """Nodes left out whatever the rules say, such as one that could not pick it."""
    without_services: frozenset[str] = frozenset()
    because: str = ""
    """Why they are left out, or why it is decided again."""


@dataclass(frozen=True, slots=True, eq=False)
class Books:
    """What a decision reads from the books."""

    balances: Sequence[StockBalance]
    prices: Sequence[Price]
    slots_taken: Slots


Decide = Callable[[Candidates, ShippingNetwork, CompiledPolicy, Books], Decision]
"""Decides about an order from its candidates and what the books say, without a store."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A command with everything its answer depends on; the same question has the same name."""

    command: RouteOrder
    network: ShippingNetwork
    policy: CompiledPolicy
    read: Books
    inputs: Inputs
    name: DecisionId


def request_digest(order: Order) -> str:
    """Digest of everything an order says; two orders with the same one are the same wish."""
    promise = order.promise
    return digest(
        [
            order.id,
            [[line.id, line.sku, line.units, line.price_cents, line.kit] for line in order.lines],
            [order.ship_to.postal_code, order.ship_to.country, order.ship_to.residential],
            order.placed_at,
            # A probability to the millionth: floats have no canonical text.
            [promise.deliver_by, round(promise.probability * 1_000_000)] if promise else None,
            [order.order_class, order.channel, order.tags, order.service_level.value, order.shipping_paid_cents],
        ]
    )


def ask(
    network: ShippingNetwork, policy: CompiledPolicy, command: RouteOrder, read: Books, request: str = ""
) -> Question:
    """Name the question; `request` is the digest of the order, where it is known."""
    # Plain lists: the same content in a fraction of the time that dataclasses take to spell out.
    stock = [[b.sku, b.node, b.lot, b.available, b.buffer] for b in read.balances]
    slots = sorted([node, day.isoformat(), taken] for (node, day), taken in read.slots_taken.items())
    prices = [[p.sku, p.node, p.source, p.cents] for p in read.prices]
    inputs = Inputs(
        network=network.digest,
        stock=digest([stock, slots]),
        policy=policy.digest,
        prices=digest(prices),
        code=CODE,
    )
    asked: list[object] = [request or request_digest(command.order), command.now, inputs, command.shadow]
    if command.without_nodes or command.without_services or command.because:
        asked += [command.without_nodes, command.without_services, command.because]
    said = digest(asked)
    return Question(command, network, policy, read, inputs, DecisionId(f"route-{said.removeprefix('sha256:')[:24]}"))


def candidates_of(question: Question) -> Candidates:
    """Every way to ship the question's order. Raises ValueError where `refusal` has something to say."""
    command = question.command
    return candidates(
        command.order,
        question.network,
        command.now,
        question.read.slots_taken,
        without_nodes=command.without_nodes,
        without_services=command.without_services,
        without_because=command.because,
    )


def decide_order(found: Candidates, network: ShippingNetwork, policy: CompiledPolicy, read: Books) -> Decision:
    """Candidates → permit → price → choose, without a store: what is decided depends on these arguments alone."""
    atp: dict[tuple[Sku, NodeId], int] = {}
    for balance in read.balances:
        key = (balance.sku, balance.node)
        atp[key] = atp.get(key, 0) + balance.atp
    worth = {(row.sku, row.node): int(row.cents) for row in read.prices}
    pricing = price(found, network, by_node_and_line(found, network, atp), by_node_and_line(found, network, worth))
    return choose_under_law(pricing, law_of(found, policy), network)


def law_of(found: Candidates, policy: CompiledPolicy) -> Law:
    """The policy's answer, in the words of routing."""
    # Rules are asked about lines in the order of `found`, which sorts them.
    order = replace(found.order, lines=found.lines)
    facts = CandidateFacts(found.on, found.on_time, found.slots_left)
    permitted = policy.permit(order, found.items, found.ways, facts)

    def settle(attempt: Attempt) -> Settled | None:
        def ask(mask: NDArray[np.bool_], bounds: OrderBounds) -> Choice | None:
            return attempt(mask, bounds.max_shipments, bounds.min_split_value_cents)

        settled = policy.relax(order, permitted, found.on, ask)
        if settled is None:
            return None
        choice, relaxation = settled
        return Settled(choice, relaxation.rules, relaxation.sentences, relaxation.barred)

    return Law(permitted.hard, settle, permitted.barred_hard)


def record_of(
    question: Question,
    found: Candidates | None,
    decision: Decision | None,
    outcome: Outcome,
    verdict: Verdict,
    sentence: str,
) -> DecisionRecord:
    """The record of an answer; what was never looked at is empty."""
    days = () if found is None else {(way.service, way.ship_on) for way in found.ways}
    return DecisionRecord(
        id=question.name,
        order=question.command.order.id,
        decided_at=question.command.now,
        inputs=replace(question.inputs, warnings=question.network.warnings(days)),
        outcome=outcome,
        verdict=verdict,
        sentence=sentence,
        choice=decision.plan if decision else None,
        alternatives=decision.alternatives[:ALTERNATIVES] if decision else (),
        barred=decision.barred if decision else (),
        relaxed=decision.relaxed if decision else (),
        proven_least=decision.proven_least if decision else True,
    )
