"""How an order that ships whole could ship by each other service: what may be tried in place of the best plan."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evenstock.domain import OrderPlan
from evenstock.routing.choose import Choice
from evenstock.routing.explain import plans, terms_of
from evenstock.routing.price import Pricing
from evenstock.routing.priced import Priced


def by_other_services(pricing: Pricing, priced: Priced, best: OrderPlan, within_cents: int) -> tuple[OrderPlan, ...]:
    """The cheapest way by each service other than the best plan's, all lines in one shipment; cheapest first.

    One way a service, so that the chance of a way is the chance of its service. Ties: ways in their order, by node.

    Parameters
    ----------
    priced
        The order as it was searched (`Decision.priced`): only what law, the wishes kept and stock allow is a way.
    best
        Of one shipment.
    within_cents
        What costs more than this beyond the best is left out.

    Raises
    ------
    ValueError
        If the best plan has several shipments: then what is tried of one would change what the others cost.
    """
    if len(best.shipments) != 1:
        raise ValueError(f"{len(best.shipments)} shipments: only an order of one shipment is tried by another service")
    ways = np.flatnonzero(priced.permitted.all(axis=1) & _in_stock(priced)[priced.node])
    if not ways.size:
        return ()
    units = np.tile(priced.units, (ways.size, 1))
    cents = terms_of(pricing, ways, units).sum(axis=1)
    used = {best.shipments[0].candidate.service}
    kept: list[int] = []
    for number in np.argsort(cents, kind="stable").tolist():
        service = pricing.candidates.ways[int(ways[number])].service
        if cents[number] - best.cents > within_cents:
            break
        if service not in used:
            used.add(service)
            kept.append(number)
    if not kept:
        return ()
    return plans(pricing, Choice(cents[kept], ways[kept][:, None], units[kept][:, None]))


def _in_stock(priced: Priced) -> NDArray[np.bool_]:
    """Whether a node has all units of the order, shape ``(node,)``; lines of one item share theirs."""
    wanted = np.bincount(priced.item, weights=priced.units).astype(np.int64)
    there: NDArray[np.bool_] = np.all(priced.atp >= wanted[priced.item], axis=1)
    return there
