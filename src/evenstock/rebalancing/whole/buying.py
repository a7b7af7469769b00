"""What an order is: lines in multiples, not below the supplier's minimum, together on one order."""

from __future__ import annotations

import numpy as np

from evenstock.optimisation import Program
from evenstock.rebalancing.horizon.question import Horizon
from evenstock.rebalancing.whole.decisions import Decisions


def buy_at_least_the_minimum(program: Program, horizon: Horizon, decided: Decisions) -> None:
    """A line is empty, or of at least the minimum."""
    supplies, shape = horizon.supplies, decided.multiples.shape
    units = np.broadcast_to(supplies.multiple_units[:, :, None].astype(np.float64), shape)
    least = program.rows("at least the supplier's minimum", shape, lower=0)
    program.put(least, decided.multiples, units)
    program.put(least, decided.lines, np.broadcast_to(-supplies.minimum_units[:, :, None].astype(np.float64), shape))
    most = program.rows("a line carries it", shape, upper=0)
    program.put(most, decided.multiples, units)
    program.put(most, decided.lines, -decided.most_bought.astype(np.float64))


def place_an_order_for_lines(program: Program, decided: Decisions) -> None:
    """Lines of one way to buy and one day share an order and its cost."""
    shape = decided.lines.shape
    rows = program.rows("lines are on an order", shape, upper=0)
    program.put(rows, decided.lines)
    program.put(rows, np.broadcast_to(decided.orders, shape), -1.0)
