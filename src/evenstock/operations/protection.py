"""What an order of a class may take where units are kept for others, and what it would take from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from evenstock.domain import NodeId, OrderPlan, Quota, Sku, StockBalance, Units

Place = tuple[Sku, NodeId]


def beside_kept(balances: Sequence[StockBalance], quotas: Sequence[Quota], order_class: str) -> list[StockBalance]:
    """Balances whose `atp` is what an order of this class may take: what is kept for other classes is not available.

    A quota is over all lots, so what is kept is taken off the last lots first; what a decision then finds, `reserve`
    with the same class will give it, unless others are faster.

    Examples
    --------
    Ten mugs in two lots, four of them kept for `vip`:

    >>> lots = [StockBalance(Sku("MUG"), NodeId("TX"), lot, available=Units(5)) for lot in ("A", "B")]
    >>> kept = [Quota(Sku("MUG"), NodeId("TX"), "vip", Units(4))]
    >>> [[b.atp for b in beside_kept(lots, kept, name)] for name in ("standard", "vip")]
    [[5, 1], [5, 5]]
    """
    kept: Counter[Place] = Counter()
    for quota in quotas:
        if quota.order_class != order_class:
            kept[quota.sku, quota.node] += quota.left
    if not kept:
        return list(balances)
    found = []
    for balance in reversed(balances):
        off = min(balance.atp, kept[balance.sku, balance.node])
        kept[balance.sku, balance.node] -= off
        found.append(replace(balance, available=Units(balance.available - off)) if off else balance)
    return found[::-1]


def taken_from_others(
    plan: OrderPlan, balances: Sequence[StockBalance], quotas: Sequence[Quota], order_class: str
) -> str:
    """What a plan takes of units kept for other classes, in words; empty where it takes none.

    `balances` are those of the books, before `beside_kept`.
    """
    wanted: Counter[Place] = Counter()
    for shipment in plan.shipments:
        for line in shipment.lines:
            wanted[line.sku, shipment.candidate.node] += line.units
    free: Counter[Place] = Counter()
    for balance in beside_kept(balances, quotas, order_class):
        free[balance.sku, balance.node] += balance.atp
    said = []
    for (sku, node), units in sorted(wanted.items()):
        if units > free[sku, node]:
            owners = sorted(
                q.order_class
                for q in quotas
                if (q.sku, q.node) == (sku, node) and q.left and q.order_class != order_class
            )
            said.append(f"{units - free[sku, node]} × {sku} at {node} kept for {', '.join(owners)}")
    return f"takes {'; '.join(said)}" if said else ""
