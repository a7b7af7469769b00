"""Where safety stock belongs in a network of guaranteed service times: the answer, its bound, and how it was found."""

from __future__ import annotations

from dataclasses import dataclass

from evenstock.inventory.multi_echelon.guaranteed_service.arrays import Floats, Ints
from evenstock.inventory.multi_echelon.guaranteed_service.network import Network
from evenstock.inventory.multi_echelon.guaranteed_service.promises import Promises
from evenstock.inventory.multi_echelon.guaranteed_service.search import search


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Service times of all stages with the stock they take; arrays are by stage, in the network's order."""

    stages: tuple[str, ...]
    outbound: Ints
    """Days within which each stage serves its customers. [:math:`S_i`]"""
    inbound: Ints
    """Days within which all its inputs are there. [:math:`SI_i`]"""
    net_time: Floats
    """Days of demand its own stock has to bridge, on average. [:math:`SI_i + T_i - S_i`]"""
    safety_stock: Floats
    """Units."""
    base_stock: Floats
    """Units on hand and on order together: demand over the net time, and safety stock."""
    stage_cost: Floats
    """Of holding the safety stock for one period."""
    cost: float
    bound: float
    """No choice of service times costs less."""
    method: str
    boxes: int
    """Boxes of service times that were bounded; 1 where nothing had to be split."""

    @property
    def gap(self) -> float:
        """Distance of the cost from the bound, as a share of the cost."""
        return (self.cost - self.bound) / self.cost if self.cost > self.bound else 0.0

    def __str__(self) -> str:
        held = int((self.safety_stock > 0).sum())
        return (
            f"{self.cost:,.2f} a period, bound {self.bound:,.2f}, gap {self.gap:.4%}: "
            f"{held} of {len(self.stages)} stages hold safety stock ({self.method})"
        )


def place(network: Network, *, gap: float = 1e-9, most_boxes: int = 2000, most_sweeps: int = 500) -> Placement:
    """Service times of the least cost of safety stock, with a proof of how near the least they are.

    A network without a cycle (as an undirected graph) is solved exactly by its dynamic programme. In another one, what
    hangs on it as trees is taken off first, exactly; the rest is bounded by message passing between trees and, where bound
    and cost do not meet, split into boxes of service times.

    Parameters
    ----------
    network
        Stages, links and demand. Service times are whole days, stage times need not be.
    gap
        Share of the cost within which bound and cost have to meet.
    most_boxes, most_sweeps
        When to stop: boxes in all, and passes of messages in one box. Then the best placement is given with its gap.

    Examples
    --------
    Example 6.5 of Snyder and Shen (2019): stage 1 supplies 3, which supplies 2 and 4.

    >>> from evenstock.inventory.multi_echelon.guaranteed_service import Demand, Link, Network, Stage, fixed
    >>> network = Network(
    ...     stages=(
    ...         Stage("1", fixed(2), holding_cost=1, supplied_in=1),
    ...         Stage("3", fixed(1), holding_cost=2),
    ...         Stage("2", fixed(1), holding_cost=3, demand=Demand(mean=0, sd=1, safety_factor=1, promise_at_most=0)),
    ...         Stage("4", fixed(1), holding_cost=3, demand=Demand(mean=0, sd=1, safety_factor=1, promise_at_most=1)),
    ...     ),
    ...     links=(Link("1", "3"), Link("3", "2"), Link("3", "4")),
    ... )
    >>> best = place(network)
    >>> round(best.cost, 6), dict(zip(best.stages, best.outbound.tolist()))
    (8.277917, {'1': 0, '3': 0, '2': 0, '4': 1})

    References
    ----------
    Simpson (1958), Operations Research 6(6): the model. Graves and Willems (2000), Manufacturing & Service Operations
    Management 2(1): trees. Lesnaia (2004), MIT: general networks are NP-hard. Humair and Willems (2011), Operations
    Research 59(3): general acyclic networks by trees. Snyder and Shen (2019), section 6.3.

    Raises
    ------
    ValueError
        For limits that allow nothing, a bound on demand that falls, or tables too large to hold.
    """
    if gap < 0 or most_boxes < 1 or most_sweeps < 1:
        raise ValueError(f"gap is at least 0, boxes and sweeps at least 1, not {gap}, {most_boxes} and {most_sweeps}")
    promises = Promises.of(network)
    found = search(promises, gap=gap, most_boxes=most_boxes, most_sweeps=most_sweeps)
    return settle(network, promises, found.outbound, bound=found.bound, method=found.method, boxes=found.boxes)


def settle(network: Network, promises: Promises, outbound: Ints, *, bound: float, method: str, boxes: int) -> Placement:
    """What the outbound service times of the free stages come to, each first cut to what the stage needs."""
    n = promises.stages
    inbound, promised = promises.low[:n].copy(), promises.low[n:].copy()
    promised[promises.free] = outbound[promises.free]
    suppliers: list[list[int]] = [[] for _ in range(n)]
    for supplier, customer in network.ends.tolist():
        suppliers[customer].append(supplier)
    for i in network.order.tolist():
        inbound[i] = max([int(inbound[i]), *(int(promised[p]) for p in suppliers[i])])
        promised[i] = min(promised[i], inbound[i] + promises.longest[i])
    at = promises.start + inbound + promises.longest - promised
    net, units, cost = promises.net[at], promises.units[at], promises.cost[at]
    whole = float(cost.sum())
    return Placement(
        stages=tuple(stage.name for stage in network.stages),
        outbound=promised,
        inbound=inbound,
        net_time=net,
        safety_stock=units,
        base_stock=network.demand[0] * net + units,
        stage_cost=cost,
        cost=whole,
        bound=min(bound, whole),
        method=method,
        boxes=boxes,
    )
