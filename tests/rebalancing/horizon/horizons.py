"""Questions for the coming weeks, small ones with every number in sight and random ones from a seed."""

from __future__ import annotations

import numpy as np
from tests.rebalancing import instances

from evenstock.rebalancing.horizon.question import Horizon, Lots, Service, Supplies


def supplies(items, days, nodes, leads, *, extra=0, order=0, multiple=1, minimum=1, order_days=None, sells=True):
    """One way to buy per entry of `nodes` and `leads`; every other argument one value or one per way."""
    ways = len(nodes)

    def each(value, shape=(items, ways)):
        return np.broadcast_to(np.asarray(value), shape).copy()

    return Supplies(
        names=tuple(f"V{v}" for v in range(ways)),
        node=np.array(nodes, np.int64),
        lead_days=np.array(leads, np.int64),
        order_days=each(True if order_days is None else order_days, (ways, days)),
        sells=each(sells).astype(bool),
        extra_cents=each(extra),
        order_cents=each(order, (ways,)),
        multiple_units=each(multiple),
        minimum_units=each(minimum),
    )


def lots(items, rows=(), *, shelf=0, least=1, write_off=2000):
    """Lots from (item, node, units, last day) rows."""
    table = np.array(rows, np.int64).reshape(len(rows), 4)
    return Lots(
        item=table[:, 0],
        node=table[:, 1],
        units=table[:, 2],
        last_day=table[:, 3],
        shelf_days=np.full(items, shelf),
        minimum_shelf_days=np.full(items, least),
        write_off_cents=np.full(items, write_off),
    )


def service(items, nodes, *, cycle=0.0, fill=0.0):
    each = np.zeros((items, nodes))
    return Service(cycle=each + cycle, fill=each + fill)


def horizon(problem, *, ways=None, **given):
    """Every lane leaves every day and takes its lead time."""
    lanes, days = len(problem.lanes), problem.days
    standard = {
        "departs": np.ones((lanes, days), bool),
        "transit_days": problem.lanes.lead_days,
        "supplies": Supplies.none(len(problem.skus), days) if ways is None else ways,
    }
    return Horizon(problem=problem, **(standard | given))


def random_horizon(seed, *, days=6, nodes=2, paths=4, waiting=False, **given):
    """A small random question: two ways to buy into each node, one quick and dear; some goods under way."""
    rng = np.random.default_rng(seed)
    problem = instances.random_problem(
        seed, nodes=nodes, paths=paths, days=days, lead=int(rng.integers(1, 3)),
        inbound=rng.poisson(0.5, (1, nodes, days)), terminal_cents=rng.integers(-40, 1, (1, nodes)),
    )  # fmt: skip
    where = list(range(nodes)) * 2
    leads = [int(x) for x in rng.integers(2, 4, nodes)] + [1] * nodes
    extra = np.concatenate([rng.integers(0, 60, nodes), rng.integers(60, 400, nodes)])
    ways = supplies(1, days, where, leads, extra=extra, order_days=rng.random((2 * nodes, days)) < 0.7)
    if waiting:
        given["backorder_millicents"] = rng.integers(20_000, 300_000, (1, nodes))
    return horizon(problem, ways=ways, **given)
