"""What the brand does today: the nearest node that has the whole order, else the nearest nodes in turn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evenstock.domain import promisable
from evenstock.operations.deciding import Books, decide_order
from evenstock.policy import CompiledPolicy
from evenstock.routing.candidates import Candidates
from evenstock.routing.decide import Decision
from evenstock.routing.network import ShippingNetwork


def nearest(found: Candidates, network: ShippingNetwork, policy: CompiledPolicy, read: Books) -> Decision:
    """Decide as a list of nodes by nearness is walked down, under the same law and with the same rates.

    The first node, by zone and then in the order of names, that lawfully has every line ships it whole. Where none does, the list is walked and each node takes the lines it has in full, until all are taken. Kind to
    the habit: among the nodes it walks to, the cheapest service and division of lines is taken. It knows no prices.
    """
    blind = replace(read, prices=())
    order = _by_nearness(found, network)
    for node in order:
        decision = decide_order(_only(found, [node]), network, policy, blind)
        if decision.plan is not None and not decision.rules:
            return decision
    walked = _walk(found, network, read, order)
    if walked:
        decision = decide_order(_only(found, walked), network, policy, blind)
        if decision.plan is not None:
            return decision
    return decide_order(found, network, policy, blind)


def _by_nearness(found: Candidates, network: ShippingNetwork) -> list[int]:
    destination = found.order.ship_to.postal_code
    nodes = sorted({int(k) for k in found.node})
    zones = {k: network.book.zone(network.nodes[k].postal_code, destination) or 999 for k in nodes}
    return sorted(nodes, key=lambda k: (zones[k], k))


def _only(found: Candidates, nodes: list[int]) -> Candidates:
    """The same order with candidates of these nodes alone."""
    return found.only(np.isin(found.node, nodes))


def _walk(found: Candidates, network: ShippingNetwork, read: Books, order: list[int]) -> list[int]:
    """Nodes that each take, in turn, the lines they have in full."""
    atp = promisable(read.balances)
    left = {line.id: line for line in found.lines}
    taken = []
    for k in order:
        name = network.nodes[k].id
        here = [line for line in left.values() if atp.get((line.sku, name), 0) >= line.units]
        if here:
            taken.append(k)
            for line in here:
                del left[line.id]
        if not left:
            return taken
    return []
