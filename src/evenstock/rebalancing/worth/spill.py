"""What a shortage costs where orders can be re-routed."""

from __future__ import annotations

import numpy as np

from evenstock.rebalancing.arrays import Ints
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth.evaluate import Rerouting, evaluate


def shortage_cents(problem: Problem, routes: Rerouting, moves: Moves | None = None) -> Ints:
    """Expected cost of a unit a node is short, ``(K, W)``: the spill where the next nodes have stock, else the lost sale.

    The paths are played with routing in the loop on the stock as it is (or as `moves` leave it), and the two costs are
    weighed by how often each happened. A node that is never short is charged the smaller. The smaller of the two alone
    would leave a pool that runs out as a whole without help from another pool.

    Examples
    --------
    ``dataclasses.replace(problem, shortage_cents=shortage_cents(problem, routes))`` is the problem to plan on.
    """
    outcome = evaluate(problem, Moves.none() if moves is None else moves, rerouting=routes)
    spill = np.minimum(routes.spill_cents, routes.lost_cents)
    short = outcome.lost_units + outcome.spilled_units
    lost = np.divide(outcome.lost_units, short, out=np.zeros(short.shape), where=short > 0)
    expected: Ints = np.rint(spill + lost * (routes.lost_cents - spill)).astype(np.int64)
    return np.maximum(expected, problem.terminal)
