"""What nobody could have beaten: a certified lower bound on every lawful routing of the past, foresight and all.

Weak duality: under any prices of units, the sum over orders of the least cost with prices, less the prices of all units
there were, is below the cost of every plan that takes no unit twice. The ascent looks for the prices that lift it highest.
Three more things are relaxed, each to the bound's disadvantage: every unit is there from the first morning, wishes and
limits on a plan's shipments do not bind, and places in a day are free. A plan that parts the quantity of one line over
nodes is not among those compared: a decision does so only where no node may ship the line whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from evenstock.routing.batch import Batch
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.price import Pricing
from evenstock.routing.priced import Whole
from evenstock.routing.prices.ascent import ascend
from evenstock.routing.subset_kernel import INFEASIBLE
from evenstock.simulation.replay.chunks import OPPORTUNITY, PLENTY, Chunk, item_numbers
from evenstock.simulation.replay.past import Past

SWEEPS: Final = 60
MANY: Final = 10_000
"""Shipments of an order, where nothing limits them."""


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """A lower bound, and the prices that prove it."""

    cents: float
    """No lawful routing of these orders with these units costs less, lost sales included."""
    price: np.ndarray[tuple[int, int], np.dtype[np.float64]]
    """Cents of a unit in hindsight, shape ``(node, item)``."""
    orders: int
    left_out: int
    """Orders that could not be decided about at all, or are too large for the bound: it counts them as free."""


def lawful(chunk: Chunk) -> Batch:
    """The chunk's orders under law alone."""
    ready, items = [], []
    for n, position in enumerate(chunk.member.tolist()):
        if n in chunk.batch.slow:
            continue
        pricing, law = chunk.pricings[position], chunk.law[n]
        assert pricing is not None
        assert law is not None
        ready.append(replace(pricing.priced.under(law, MANY, 0), shipment_cents=_without_wishes(pricing)))
        items.append(chunk.batch.item[chunk.batch.first_line[n] : chunk.batch.first_line[n + 1]])
    return Batch.pack(ready, items)


def _without_wishes(pricing: Pricing) -> Whole:
    """Charge of a shipment by each way but for what rules of preference add, which nobody pays."""
    wishes = [charge.shipment_cents for name, charge in pricing.charges if name in OPPORTUNITY]
    added = [cents for cents in wishes if cents is not None]
    return pricing.priced.shipment_cents - sum(added) if added else pricing.priced.shipment_cents


def joined(batches: Sequence[Batch]) -> Batch:
    """Batches over one network and numbering as one."""
    some = [batch for batch in batches if len(batch)]
    if not some:
        return batches[0]
    arrays: list[Whole] = []
    for k in range(len(some[0].arrays)):
        parts = [batch.arrays[k] for batch in some]
        if k in _STARTS:
            ends = np.cumsum([0, *(int(part[-1]) for part in parts)])
            shifted = [part[:-1] + end for part, end in zip(parts, ends, strict=False)]
            arrays.append(np.concatenate([*shifted, ends[-1:]]))
        else:
            arrays.append(np.concatenate(parts))
    begun = np.cumsum([0, *(len(batch) for batch in some)])
    slow = np.concatenate([batch.slow + start for batch, start in zip(some, begun, strict=False)])
    priced = tuple(one for batch in some for one in batch.priced)
    return Batch(tuple(arrays), some[0].nodes, max(batch.items for batch in some), slow, priced)  # type: ignore[arg-type]


_STARTS: Final = frozenset({0, 3, 5, 6})
"""Arrays of a batch that say where something begins."""


def units_there(past: Past, network: ShippingNetwork) -> Whole:
    """Every unit that ever was at a node, shape ``(node, item)``."""
    numbers = item_numbers(network)
    node = {one.id: k for k, one in enumerate(network.nodes)}
    there = np.zeros((len(network.nodes), len(numbers)), np.int64)
    for came in (past.opening.items(), *past.inflow.values()):
        for (sku, name), units in came:
            if sku in numbers and name in node:
                there[node[name], numbers[sku]] += max(0, units)
    return there


def worth_there(
    past: Past, network: ShippingNetwork, price: np.ndarray[tuple[int, int], np.dtype[np.float64]]
) -> float:
    """Cents of every unit that ever was at a node under these prices, shape ``(node, item)``."""
    there = units_there(past, network)
    return float((there[:, : price.shape[1]] * price).sum())


def or_lost(batch: Batch, lost: Whole) -> Batch:
    """The same orders with one more place, after all nodes, that takes an order whole for what losing it costs.

    Orders without a table are left out: that can only lower the bound.

    Parameters
    ----------
    lost
        Of each order, shape ``(order,)``.
    """
    first_line, item, units, first_way, node, first_set, first_way_set, cents, pick, way_cents, thin, limits, own = (
        batch.arrays
    )
    fast = batch.fast
    if fast.size < len(batch):
        raise ValueError("orders without a table have no place to be lost in; leave them out")
    sets = np.diff(first_set)
    more_cents = np.full(int((batch.nodes + 1) * first_set[-1]), INFEASIBLE, np.int64)
    more_pick = np.full(more_cents.size, -1, np.int32)
    for o in range(len(batch)):
        begin, end = int(first_set[o]), int(first_set[o + 1])
        here = slice((batch.nodes + 1) * begin, (batch.nodes + 1) * end - int(sets[o]))
        before = slice(batch.nodes * begin, batch.nodes * end)
        more_cents[here], more_pick[here] = cents[before], pick[before]
        more_cents[(batch.nodes + 1) * end - 1] = lost[o]
        more_pick[(batch.nodes + 1) * end - 1] = first_way[o + 1] - first_way[o]
    ways = np.diff(first_way) + 1
    last = np.cumsum(ways) - 1
    more_node = np.full(int(ways.sum()), batch.nodes, np.int64)
    more_node[np.setdiff1d(np.arange(more_node.size), last)] = node
    arrays = (
        first_line, item, units, np.concatenate([[0], np.cumsum(ways)]).astype(np.int64), more_node, first_set,
        first_way_set, more_cents, more_pick, way_cents, thin, limits,
        np.concatenate([own, np.full((own.shape[0], 1), PLENTY, np.int64)], axis=1),
    )  # fmt: skip
    return replace(batch, arrays=arrays, nodes=batch.nodes + 1)


def certify(past: Past, network: ShippingNetwork, batches: Sequence[Batch], *, sweeps: int = SWEEPS) -> Certificate:
    """The bound for the orders in `batches` (see `lawful`), with everything that lay on the shelves.

    Each order ships whole or is lost whole, as every arm has it.
    """
    whole = joined(batches)
    there = units_there(past, network)
    items = [network.items[sku] for sku in sorted(network.items)]
    each = np.array([network.costs.lost_unit_cents(item) for item in items], np.int64)
    lost = np.add.reduceat(each[whole.item] * whole.units, whole.first_line[:-1])
    stock = np.concatenate([there, np.full((1, there.shape[1]), PLENTY, np.int64)])
    either = or_lost(whole, lost)
    found = ascend(either, np.ones(len(whole)), stock[:, : max(whole.items, 1)], sweeps=sweeps)
    return Certificate(float(found.bound), found.price[:-1], len(whole), len(past.orders) - len(whole))
