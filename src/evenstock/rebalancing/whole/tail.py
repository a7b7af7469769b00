"""Fear of bad luck: the mean of the worst paths' lost margin as a cost."""

from __future__ import annotations

import numpy as np

from evenstock.optimisation import Program
from evenstock.rebalancing.horizon.question import Horizon, Tail
from evenstock.rebalancing.whole.recourse import Recourse, short_cents


def fear_the_tail(program: Program, horizon: Horizon, tail: Tail, happens: Recourse) -> None:
    r"""Adds :math:`\rho\,(\eta + \frac{1}{(1-\beta) S} \sum_s (M_s - \eta)^+)`, least where :math:`\eta` is the quantile.

    References
    ----------
    Rockafellar and Uryasev (2000), Optimization of conditional value-at-risk, Journal of Risk 2(3), theorem 1.
    """
    if tail.weight == 0:
        return
    if not 0 <= tail.level < 1 or tail.weight < 0:
        raise ValueError(f"tail: level {tail.level} from 0 to below 1 and a weight of 0 or more, not {tail.weight}")
    paths = horizon.problem.path_count
    quantile = program.columns((), cost=tail.weight, lower=-np.inf)
    beyond = program.columns((paths,), cost=tail.weight / ((1 - tail.level) * paths))
    rows = program.rows("what a path loses beyond the quantile", (paths,), lower=0)
    program.put(rows, beyond)
    program.put(rows, quantile)
    lost = np.broadcast_to(-short_cents(horizon)[:, :, None, None], happens.short.shape)
    program.put(rows[None, None, :, None], happens.short, lost)
