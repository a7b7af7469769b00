"""What a missing unit really costs: the production decision, asked about real orders with and without it at home."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenstock.domain import NodeId, Order, Sku, StockBalance, Units
from evenstock.operations.deciding import Books, decide_order
from evenstock.operations.network import Network, orders_from_frame
from evenstock.operations.spill import UNREACHABLE, home_nodes
from evenstock.routing.candidates import candidates, refusal
from evenstock.routing.network import ShippingNetwork

MOST_ORDERS: Final = 300
"""Orders asked about, evenly spread over the frame."""
FEW_LINES: Final = 30
"""Below so many order lines there is no factor to speak of."""
PLENTY: Final = 1_000_000
_BOUNDS: Final = (0.25, 6.0)

Stock = Mapping[tuple[Sku, NodeId], int]


def basket_factor(
    network: Network,
    shipping: ShippingNetwork,
    orders: pl.DataFrame,
    stock: Stock,
    spill_cents: NDArray[np.int64],
    at: tuple[Mapping[Sku, int], Mapping[NodeId, int]],
) -> float:
    """Extra cost of orders whose home node lacks a line, over what `spill_cents` says of the line's units.

    A unit seldom travels alone, and has a promise to keep: the order splits, goes elsewhere as a whole, or by a dearer
    service. For each line of a sample of orders the production decision is asked twice, under all rules and with the
    stock there is: once with plenty of the item at home, once with none. 1 where there is too little to go by; kept
    within 0.25 and 6.

    Parameters
    ----------
    stock : units to promise by item and node.
    spill_cents : estimate for one unit travelling alone, shape ``(item, node)``, and `at` the index of each item and node.
    """
    told = guessed = 0.0
    lines = 0
    for order in _sample(orders, shipping):
        home = _home(order, shipping)
        if home is None:
            continue
        for line in order.lines:
            single = int(spill_cents[at[0][line.sku], at[1][home]])
            if single >= UNREACHABLE:
                continue
            full = _cents(network, shipping, order, stock, (line.sku, home), PLENTY)
            none = _cents(network, shipping, order, stock, (line.sku, home), 0)
            if full is not None and none is not None:
                told += max(0, none - full)
                guessed += line.units * single
                lines += 1
    if lines < FEW_LINES or guessed <= 0:
        return 1.0
    return min(max(told / guessed, _BOUNDS[0]), _BOUNDS[1])


def _sample(orders: pl.DataFrame, shipping: ShippingNetwork) -> Sequence[Order]:
    names = orders["order"].unique().sort()
    step = max(1, -(-len(names) // MOST_ORDERS))
    kept = orders.filter(pl.col("order").is_in(names.gather_every(step).to_list()))
    return [order for order in orders_from_frame(kept) if not refusal(order, shipping)]


def _home(order: Order, shipping: ShippingNetwork) -> NodeId | None:
    """The node in the lowest zone that ships orders, ties by name."""
    able = [node for node, idle in zip(shipping.nodes, shipping.idle, strict=True) if not idle]
    at = int(home_nodes(shipping.book, able, [order.ship_to.postal_code])[0])
    return able[at].id if at >= 0 else None


def _cents(
    network: Network, shipping: ShippingNetwork, order: Order, stock: Stock, place: tuple[Sku, NodeId], units: int
) -> int | None:
    """What the order would cost if `place` had these units; None where it could not ship."""
    skus = {line.sku for line in order.lines}
    there = {(sku, node.id): stock.get((sku, node.id), 0) for sku in skus for node in shipping.nodes} | {place: units}
    balances = [StockBalance(sku, node, available=Units(n)) for (sku, node), n in sorted(there.items())]
    found = candidates(order, shipping, order.placed_at, {})
    decision = decide_order(found, shipping, network.policy, Books(balances, (), {}))
    return decision.plan.cents if decision.plan is not None else None
