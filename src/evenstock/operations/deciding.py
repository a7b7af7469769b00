"""How one order is decided: its question, everything the answer depends on, and the answer as a record; without a store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.domain import (
    CapacityPrice,
    DecisionId,
    DecisionRecord,
    Inputs,
    Layer,
    NodeId,
    Order,
    OrderId,
    OrderPlan,
    Outcome,
    Price,
    Quota,
    Sku,
    StockBalance,
    Verdict,
    digest,
    promisable,
)
from evenstock.operations.places import without_excess
from evenstock.policy import CandidateFacts, CompiledPolicy, OrderBounds, Permitted
from evenstock.routing.candidates import Candidates, Slots, candidates
from evenstock.routing.choose import ALTERNATIVES, Choice
from evenstock.routing.commitment import commitment_of
from evenstock.routing.confidence import confidence
from evenstock.routing.decide import Attempt, Decision, Law, Settled
from evenstock.routing.decide import decide as choose_under_law
from evenstock.routing.knowledge import NOTHING
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.price import by_lane, by_node_and_line, capacity_cents, price

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
    prove: bool = False
    """Whether an order too large for the exact search is given to the integer program, which may take seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Books:
    """What a decision reads from the books."""

    balances: Sequence[StockBalance]
    prices: Sequence[Price]
    slots_taken: Slots
    capacity_prices: Sequence[CapacityPrice] = ()
    quotas: Sequence[Quota] = ()
    rung: str = ""
    """Which step of the ladder the prices stand on, and how old they are."""
    prove: bool = False
    """See `RouteOrder.prove`."""
    warnings: tuple[str, ...] = ()
    """What of it is doubtful, such as the stock of a node whose feed is silent."""
    tries_cents: int | None = None
    """What this week's tries have cost so far; None where nothing may be tried on purpose, and nothing was read."""


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
    placed: Order | None = None
    """The order as the customer placed it, where other items stand in its lines; None where the command has it."""

    @property
    def ordered(self) -> Order:
        """As the customer placed it."""
        return self.placed or self.command.order


def route_key(order: OrderId) -> str:
    """Under which an order's answer is remembered, so that it is routed once."""
    return f"route:{order}"


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
    kept = [[q.sku, q.node, q.order_class, q.units, q.taken] for q in read.quotas]
    prices = [[p.sku, p.node, p.source, p.cents] for p in read.prices]
    places = [[p.scope, p.name, p.day.isoformat(), p.source, p.cents] for p in read.capacity_prices]
    books: list[object] = [stock, slots, kept]
    if read.tries_cents is not None:
        books.append(["tries", read.tries_cents])
    inputs = Inputs(
        network=network.digest,
        stock=digest(books),
        policy=policy.digest,
        prices=digest([prices, places]),
        code=CODE,
        knowledge=network.known.digest if network.known else "",
    )
    asked: list[object] = [request or request_digest(command.order), command.now, inputs, command.shadow]
    if command.without_nodes or command.without_services or command.because:
        asked += [command.without_nodes, command.without_services, command.because]
    if command.prove:
        asked.append("prove")
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
        ship_days=2 if question.read.capacity_prices else 1,
        capped_services={row.name for row in question.read.capacity_prices if row.scope == "service"},
        without_nodes=command.without_nodes,
        without_services=command.without_services,
        without_because=command.because,
    )


def decide_order(found: Candidates, network: ShippingNetwork, policy: CompiledPolicy, read: Books) -> Decision:
    """Candidates → permit → price → choose, without a store: what is decided depends on these arguments alone.

    Stock protected for other classes of customers is left alone, unless nothing else serves a paid order: then a person
    is asked. Where shipments of the order meet in a day with too few places, it is decided again over the other ways.
    """
    decision = _decide_unplaced(found, network, policy, read)
    while decision.plan is not None:
        fewer = without_excess(found, network, decision.plan, read.slots_taken)
        if fewer is None:
            return decision
        found = fewer
        decision = _decide_unplaced(found, network, policy, read)
    return decision


def _decide_unplaced(found: Candidates, network: ShippingNetwork, policy: CompiledPolicy, read: Books) -> Decision:
    """Each way has a place for one shipment; whether there is one for every shipment of a plan is asked later."""
    permitted = permitted_of(found, policy)
    law = law_of(found, policy, permitted)
    there, protected = _promisable(read, found.order.order_class)
    decision = _decide(found, network, permitted, law, read, there)
    if decision.plan is None and protected:
        whole = {key: units + protected.get(key, 0) for key, units in there.items()}
        decision = _decide(found, network, permitted, law, read, whole)
        if decision.plan is not None:
            asks = _protected(decision.plan, there)
            decision = replace(decision, asks=asks, takes_protected=bool(asks))
    return decision


def _decide(
    found: Candidates,
    network: ShippingNetwork,
    permitted: Permitted,
    law: Law,
    read: Books,
    there: Mapping[tuple[Sku, NodeId], int],
) -> Decision:
    worth = by_node_and_line(found, network, {(row.sku, row.node): int(row.cents) for row in read.prices})
    known = network.known or NOTHING
    doubt = known.phantom_millionths
    node, carrier = capacity_cents(found, read.capacity_prices) if read.capacity_prices else (None, None)
    pricing = price(
        found,
        network,
        by_node_and_line(found, network, there),
        worth,
        phantom_millionths=by_node_and_line(found, network, doubt) if doubt else None,
        preference_cents=permitted.preference_cents,
        node_capacity_cents=node,
        carrier_capacity_cents=carrier,
        damage_millionths=by_lane(found, network, known.damage_millionths),
    )
    decision = choose_under_law(pricing, law, network, prove=read.prove)
    scenarios = known.scenarios
    if scenarios is None or decision.plan is None or decision.choice is None or decision.priced is None:
        return decision
    sure = confidence(
        decision.priced,
        decision.choice,
        (decision.plan, *decision.alternatives),
        worth,
        scenarios.of(found.lines, worth),
        stale=network.warnings,
        threshold_millicents=known.threshold_millicents,
    )
    return replace(decision, confidence=sure)


def _promisable(read: Books, order_class: str) -> tuple[dict[tuple[Sku, NodeId], int], dict[tuple[Sku, NodeId], int]]:
    """Units an order of this class may take by item and node, and those that are protected for others."""
    there = promisable(read.balances)
    others: dict[tuple[Sku, NodeId], int] = {}
    for quota in read.quotas:
        if quota.order_class != order_class and quota.left:
            key = (quota.sku, quota.node)
            others[key] = min(there.get(key, 0), others.get(key, 0) + quota.left)
    for key, units in others.items():
        there[key] = there.get(key, 0) - units
    return there, {key: units for key, units in others.items() if units}


def _protected(plan: OrderPlan, there: Mapping[tuple[Sku, NodeId], int]) -> tuple[str, ...]:
    """What the plan takes beyond what the order's class may have."""
    wanted: dict[tuple[Sku, NodeId], int] = {}
    for shipment in plan.shipments:
        for line in shipment.lines:
            key = (line.sku, shipment.candidate.node)
            wanted[key] = wanted.get(key, 0) + line.units
    return tuple(
        f"takes {units - there.get(key, 0)} {key[0]} at {key[1]} that are protected for another class of customers"
        for key, units in sorted(wanted.items())
        if units > there.get(key, 0)
    )


def permitted_of(found: Candidates, policy: CompiledPolicy) -> Permitted:
    """The rules' answer about an order's candidates."""
    order = _sorted(found)
    facts = CandidateFacts(found.on, found.on_time, found.slots_left, found.transit_days_p95, found.service_slots_left)
    return policy.permit(order, found.items, found.ways, facts)


def _sorted(found: Candidates) -> Order:
    """The order as rules are asked about it: with its lines in the order of `found`, which sorts them."""
    return found.order if found.order.lines == found.lines else replace(found.order, lines=found.lines)


def law_of(found: Candidates, policy: CompiledPolicy, permitted: Permitted | None = None) -> Law:
    """The policy's answer, in the words of routing: a service carries only what rules permit and what it can take."""
    allowed = permitted_of(found, policy) if permitted is None else permitted
    order = _sorted(found)

    def settle(attempt: Attempt) -> Settled | None:
        def ask(mask: NDArray[np.bool_], bounds: OrderBounds) -> Choice | None:
            return attempt(mask & found.fits, bounds.max_shipments, bounds.min_split_value_cents)

        settled = policy.relax(order, allowed, found.on, ask)
        if settled is None:
            return None
        choice, relaxation = settled
        return Settled(choice, relaxation.rules, relaxation.sentences, relaxation.barred)

    return Law(allowed.hard & found.fits, settle, allowed.barred_hard)


def record_of(
    question: Question,
    found: Candidates | None,
    decision: Decision | None,
    outcome: Outcome,
    verdict: Verdict,
    sentence: str,
    layer: Layer = Layer.OPTIMISER,
) -> DecisionRecord:
    """The record of an answer; what was never looked at is empty."""
    order, plan = question.command.order, decision.plan if decision else None
    days = () if found is None else {(way.service, way.ship_on) for way in found.ways}
    return DecisionRecord(
        id=question.name,
        order=question.command.order.id,
        decided_at=question.command.now,
        inputs=replace(question.inputs, warnings=question.network.warnings(days) + question.read.warnings),
        outcome=outcome,
        verdict=verdict,
        sentence=sentence,
        choice=plan,
        alternatives=decision.alternatives[:ALTERNATIVES] if decision else (),
        barred=decision.barred if decision else (),
        relaxed=decision.relaxed if decision else (),
        proven_least=decision.proven_least if decision else True,
        layer=layer,
        confidence=decision.confidence if decision and plan else None,
        price_rung=question.read.rung,
        commitment=commitment_of(order, plan, question.network) if plan else None,
        propensity=decision.propensity if decision and plan else None,
    )
