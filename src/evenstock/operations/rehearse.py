"""Decides imaginary orders once, so that no customer's order waits for what is loaded or compiled at its first use."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Final

from evenstock.domain import LineId, Node, Order, OrderId, OrderLine, Outcome, ShipTo, Sku, StockBalance, Units
from evenstock.operations.deciding import Books, Question, RouteOrder, ask, candidates_of, decide_order, record_of
from evenstock.operations.route_order import asked, layer_of
from evenstock.policy import CompiledPolicy
from evenstock.routing.candidates import refusal
from evenstock.routing.network import ShippingNetwork

ITEMS: Final = 2
"""Lines of an imaginary order."""
_UNITS: Final = Units(2)


def rehearse(network: ShippingNetwork, policy: CompiledPolicy, now: datetime) -> int:
    """Decide an order near each of the first nodes, with plenty of stock and with too little anywhere alone.

    Nothing is read or written. Returns how many were decided; 0 where the network has nothing that could be ordered.
    """
    skus = list(islice(sorted(network.items), ITEMS))
    done = 0
    for node in islice(network.nodes, 2) if skus else ():
        order = _order(network, skus, node, now)
        if refusal(order, network):
            continue
        for each in (Units(5), Units(1)):
            shelves = [StockBalance(sku, other.id, available=each) for sku in skus for other in network.nodes]
            question = ask(network, policy, RouteOrder(order, now), Books(shelves, (), {}))
            _decided(question, policy)
            done += 1
    return done


def _order(network: ShippingNetwork, skus: list[Sku], node: Node, now: datetime) -> Order:
    lines = tuple(OrderLine(LineId(str(n)), sku, _UNITS, network.items[sku].price_cents) for n, sku in enumerate(skus))
    return Order(OrderId("rehearsal"), lines, ShipTo(node.postal_code, node.country), now)


def _decided(question: Question, policy: CompiledPolicy) -> bytes:
    found = candidates_of(question)
    decision = decide_order(found, question.network, policy, question.read)
    if decision.plan is None:
        return b""
    verdict = asked(policy.review(question.command.order, decision.plan, decision.rules, found.on), decision)
    layer = layer_of(decision, verdict)
    return record_of(question, found, decision, Outcome.EXECUTED, verdict, decision.sentence, layer).canonical()
