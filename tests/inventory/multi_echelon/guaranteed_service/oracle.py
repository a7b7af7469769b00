"""Every choice of service times tried, each priced by the formula as the books write it."""

from __future__ import annotations

from itertools import product
from math import sqrt

import numpy as np

from evenstock.inventory.multi_echelon.guaranteed_service import Network, StageTime


def asked(network: Network) -> tuple[list[float], list[float], list[float]]:
    """Mean, variance and (z sd)² of demand at each stage: all ways from it to every stage that sells, by hand."""
    customers = {s.name: [(k.customer, k.units) for k in network.links if k.supplier == s.name] for s in network.stages}

    def ways(start: str, end: str) -> float:
        return (start == end) + sum(units * ways(name, end) for name, units in customers[start])

    selling = [s for s in network.stages if s.demand]
    units = [[ways(s.name, e.name) for e in selling] for s in network.stages]
    mean = [sum(u * e.demand.mean for u, e in zip(row, selling, strict=True)) for row in units]
    variance = [sum((u * e.demand.sd) ** 2 for u, e in zip(row, selling, strict=True)) for row in units]
    covered = [
        sum((u * e.demand.sd * e.demand.safety_factor) ** 2 for u, e in zip(row, selling, strict=True)) for row in units
    ]
    return mean, variance, covered


def _left(time: StageTime, covered: float) -> tuple[float, float]:
    """Mean and variance of (T − covered)⁺, for a normal T by adding up a fine grid."""
    if time.normal_sd:
        t = np.linspace(time.mean - 9 * time.normal_sd, time.mean + 9 * time.normal_sd, 20_001)
        share = np.exp(-0.5 * ((t - time.mean) / time.normal_sd) ** 2)
        share /= share.sum()
    else:
        t, share = np.array(time.days), np.array(time.share)
    left = np.maximum(t - covered, 0)
    first = float(share @ left)
    return first, float(share @ left**2) - first**2


def least(network: Network) -> float:
    """The least cost over all whole outbound service times."""
    mean, variance, covered = asked(network)
    names = [s.name for s in network.stages]
    suppliers = [[names.index(k.supplier) for k in network.links if k.customer == s.name] for s in network.stages]
    asks = {k.supplier for k in network.links}
    stages = range(len(names))
    topological = network.order.tolist()
    reach = [0] * len(names)
    for i in topological:
        stage = network.stages[i]
        reach[i] = max([stage.supplied_in, *(reach[p] for p in suppliers[i])]) + stage.time.longest
        if stage.demand:
            reach[i] = min(reach[i], stage.demand.promise_at_most)
    # A last stage never promises less than its customers accept: promising more only lowers its own cost.
    choices = [range(reach[i] + 1) if names[i] in asks else [reach[i]] for i in stages]
    priced: list[dict[float, float]] = [{} for _ in stages]

    def price(i: int, over: float) -> float:
        if over not in priced[i]:
            z = sqrt(covered[i] / variance[i])
            first, spread = _left(network.stages[i].time, -over)
            priced[i][over] = (
                network.stages[i].holding_cost * z * sqrt(variance[i] * first + mean[i] ** 2 * max(spread, 0))
            )
        return priced[i][over]

    best = float("inf")
    for promised in product(*choices):
        cost = 0.0
        for i in topological:
            stage = network.stages[i]
            inbound = max([stage.supplied_in, *(promised[p] for p in suppliers[i])])
            if promised[i] > inbound + stage.time.longest:
                cost = float("inf")
                break
            cost += price(i, inbound - promised[i])
            if cost >= best:
                break
        best = min(best, cost)
    return best
