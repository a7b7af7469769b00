"""Past orders made ready to be decided by every arm: candidates, law and costs once, a stretch of days at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.domain import Order, OrderPlan, Sku
from evenstock.operations.deciding import law_of, permitted_of
from evenstock.policy import CompiledPolicy
from evenstock.routing.batch import Batch
from evenstock.routing.candidates import candidates, refusal
from evenstock.routing.choose import Choice
from evenstock.routing.knowledge import NOTHING
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.price import Pricing, by_lane, by_node_and_line, price
from evenstock.routing.priced import Whole

AT_ONCE: Final = 2_000
"""Orders made ready together: their tables are small, what they are made from is not."""
PLENTY: Final = 1 << 40
"""Units of each item at each node while tables are made: stock is looked up when an order is decided."""

OPPORTUNITY: Final = frozenset({"inventory price", "node capacity", "carrier capacity", "preference"})
"""Terms that guide a choice and that nobody pays."""


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """A stretch of orders with what each way to ship them costs, and what the rules allow with every wish kept."""

    orders: tuple[Order, ...]
    pricings: tuple[Pricing | None, ...]
    """None for an order that cannot be decided about at all."""
    batch: Batch
    """Of the orders that can, in their order, under law and wishes; without prices."""
    member: Whole
    """Position in `orders` of each order of the batch."""
    law: tuple[NDArray[np.bool_] | None, ...]
    """What law alone allows, shape ``(candidate, line)``, by order of the batch."""


def item_numbers(network: ShippingNetwork) -> dict[Sku, int]:
    """One numbering of all items."""
    return {sku: n for n, sku in enumerate(sorted(network.items))}


def chunks(
    orders: Sequence[Order],
    network: ShippingNetwork,
    policy: CompiledPolicy,
    numbers: Mapping[Sku, int],
) -> Iterator[Chunk]:
    """The orders in stretches of `AT_ONCE`, each made ready when asked for."""
    for begin in range(0, len(orders), AT_ONCE):
        yield _chunk(tuple(orders[begin : begin + AT_ONCE]), network, policy, numbers)


def _chunk(
    orders: tuple[Order, ...], network: ShippingNetwork, policy: CompiledPolicy, numbers: Mapping[Sku, int]
) -> Chunk:
    pricings: list[Pricing | None] = []
    ready, items, member, laws = [], [], [], []
    for position, order in enumerate(orders):
        if refusal(order, network):
            pricings.append(None)
            continue
        found = candidates(order, network, order.placed_at, {})
        plenty = np.full((len(network.nodes), len(found.lines)), PLENTY, np.int64)
        permitted = permitted_of(found, policy)
        doubt = network.known.phantom_millionths if network.known else None
        pricing = price(
            found,
            network,
            plenty,
            np.zeros_like(plenty),
            phantom_millionths=by_node_and_line(found, network, doubt) if doubt else None,
            preference_cents=permitted.preference_cents,
            damage_millionths=by_lane(found, network, (network.known or NOTHING).damage_millionths),
        )
        wanted = Wanted()
        law = law_of(found, policy, permitted)
        law.settle(wanted)
        pricings.append(pricing)
        mask, most, least = wanted.first or (law.permitted, 1, 0)
        ready.append(pricing.priced.under(mask, most, least))
        items.append(np.array([numbers[line.sku] for line in found.lines], np.int64))
        member.append(position)
        laws.append(law.permitted)
    return Chunk(orders, tuple(pricings), Batch.pack(ready, items), np.array(member, np.int64), tuple(laws))


class Wanted:
    """An attempt that notes what it is asked for first: every wish kept."""

    def __init__(self) -> None:
        self.first: tuple[NDArray[np.bool_], int, int] | None = None

    def __call__(self, permitted: NDArray[np.bool_], max_shipments: int, min_split_value_cents: int) -> Choice | None:
        if self.first is None:
            self.first = (permitted.copy(), max_shipments, min_split_value_cents)
        return _ANYTHING


_ANYTHING: Final = Choice(np.zeros(1, np.int64), np.zeros((1, 1), np.int64), np.zeros((1, 1, 1), np.int64))


def paid(plan: OrderPlan) -> OrderPlan:
    """The plan without the terms that guide and that nobody pays."""
    return OrderPlan(
        tuple(replace(s, terms=tuple(t for t in s.terms if t.name not in OPPORTUNITY)) for s in plan.shipments)
    )
