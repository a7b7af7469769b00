"""Small questions with every number in sight; whatever is not given is absent."""

from __future__ import annotations

import numpy as np

from evenstock.rebalancing.horizon.question import Horizon, Lots, Supplies


def horizon(problem, **given):
    """Lanes leave on every day they are open tonight; nothing can be bought."""
    lanes, items, days = problem.lanes, len(problem.skus), problem.days
    standard = {
        "departs": np.repeat(lanes.leaves[:, None], days, axis=1),
        "transit_days": lanes.lead_days.copy(),
        "supplies": Supplies.none(items, days),
    }
    return Horizon(problem=problem, **(standard | given))


def supplies(problem, *ways):
    """Ways to buy, each a dict of node, lead and what is not free, at once, by the unit, every day."""
    items, days = len(problem.skus), problem.days

    def each(name, otherwise):
        return np.array([way.get(name, otherwise) for way in ways], np.int64)

    def table(name, otherwise):
        return np.repeat(each(name, otherwise)[None, :], items, axis=0)

    order_days = np.ones((len(ways), days), np.bool_)
    for v, way in enumerate(ways):
        if "on" in way:
            order_days[v] = np.isin(np.arange(days), way["on"])
    return Supplies(
        names=tuple(f"way {v}" for v in range(len(ways))),
        node=each("node", 0),
        lead_days=each("lead", 0),
        order_days=order_days,
        sells=np.ones((items, len(ways)), np.bool_),
        extra_cents=table("extra", 0),
        order_cents=each("order", 0),
        multiple_units=table("multiple", 1),
        minimum_units=table("minimum", 0),
    )


def lots(entries, items=1, *, shelf=0, minimum_shelf=0, write_off=0):
    """Lots from (item, node, units, last day)."""
    given = np.array(entries, np.int64).reshape(-1, 4)
    return Lots(
        item=given[:, 0],
        node=given[:, 1],
        units=given[:, 2],
        last_day=given[:, 3],
        shelf_days=np.full(items, shelf),
        minimum_shelf_days=np.full(items, minimum_shelf),
        write_off_cents=np.full(items, write_off),
    )
