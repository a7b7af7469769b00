"""The same placement as a whole-number program: slow, readable, and the measure for anything faster."""

from __future__ import annotations

import numpy as np

from evenstock.inventory.multi_echelon.guaranteed_service.network import Network
from evenstock.inventory.multi_echelon.guaranteed_service.place import Placement, settle
from evenstock.inventory.multi_echelon.guaranteed_service.promises import Promises
from evenstock.optimisation import Program


def place_by_program(network: Network, *, gap: float = 1e-6, time_limit_s: float | None = None) -> Placement:
    """Service times of the least cost by a general solver, every stage's cost curve cut at every whole day.

    The piecewise-linear formulation of Magnanti, Shen, Shu, Simchi-Levi and Teo (2006, Operations Research Letters 34),
    with a 0/1 variable for each stage and day of net time, so that a curve of any shape is exact at whole days.

    Raises
    ------
    ValueError
        If nothing was found within the time limit.
    """
    promises = Promises.of(network)
    n, links = promises.stages, network.ends
    most = promises.high[:n] + promises.longest
    program = Program()
    service = program.columns(2 * n, lower=promises.low, upper=promises.high, whole=True)
    inbound, outbound = service[:n], service[n:]
    one = program.rows("one net time for each stage", n, lower=1.0, upper=1.0)
    covers = program.rows("net time covers inbound and own time less the promise", n, lower=promises.longest)
    program.put(covers, inbound, -1.0)
    program.put(covers, outbound, 1.0)
    for i in range(n):
        days = np.arange(most[i] + 1)
        takes = program.columns(len(days), cost=promises.cost[promises.start[i] + days], upper=1.0, whole=True)
        program.put(one[i], takes, 1.0)
        program.put(covers[i], takes, days)
    waits = program.rows("a stage waits for its last supplier", len(links), lower=0.0)
    program.put(waits, inbound[links[:, 1]], 1.0)
    program.put(waits, outbound[links[:, 0]], -1.0)
    answer = program.solve(gap=gap, time_limit_s=time_limit_s)
    if not answer.found:
        raise ValueError(f"the solver found no placement within {time_limit_s} s; give it more time, or use `place`")
    promised = np.rint(answer.values[outbound]).astype(np.int64)
    return settle(network, promises, promised, bound=answer.bound, method="whole-number program", boxes=1)
