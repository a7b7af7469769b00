"""The long-run cost of a lost-sales policy, exactly: its states form a finite Markov chain.

A state is (on hand after today's receipt, what arrives tomorrow, ..., what was ordered yesterday), as an index of one whole
number: on hand first, the youngest order last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.inventory.single.lost_sales_kernel import long_run_cost
from evenstock.inventory.single.newsvendor import critical_ratio

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_STATES: Final = 3_000_000
"""Pairs of a state and an order beyond which a chain is not laid out in memory."""
SLACK: Final = 3
_FOR_SEARCH, _FOR_RECORD = 1e-6, 1e-12


def day_end(chances: Floats, stock_limit: int) -> Floats:
    """Chance that a day opened with `x` on hand closes with `y`, shape ``(stock_limit + 1, stock_limit + 1)``."""
    x = np.arange(stock_limit + 1)
    gap = x[:, None] - x
    last = chances.size - 1
    table = np.where((gap >= 0) & (gap <= last), chances[np.clip(gap, 0, last)], 0.0)
    # All demand from x up empties the shelf.
    table[:, 0] = 1.0 - table[:, 1:].sum(axis=1)
    return np.asarray(table)


def day_cost(chances: Floats, stock_limit: int, holding: float, penalty: float) -> Floats:
    """Expected cost of a day opened with 0, 1, ..., `stock_limit` on hand."""
    x, d = np.arange(stock_limit + 1)[:, None], np.arange(chances.size)
    return np.asarray((holding * np.maximum(x - d, 0) + penalty * np.maximum(d - x, 0)) @ chances)


@dataclass(frozen=True, slots=True)
class Frame:
    """The corner of the state space that a sensible policy stays in, and the law of a day within it.

    Attributes
    ----------
    chances
        P(D = 0), P(D = 1), ... of one day.
    lead_days
        An order placed today may be sold from on the `lead_days`-th day after; at least 1.
    stock_limit, order_limit
        Largest stock on hand and largest order that are told apart.
    end
        As of `day_end`.
    cost
        As of `day_cost`.
    """

    chances: Floats
    lead_days: int
    stock_limit: int
    order_limit: int
    end: Floats
    cost: Floats

    @property
    def states(self) -> int:
        return int((self.stock_limit + 1) * (self.order_limit + 1) ** (self.lead_days - 1))

    def size(self) -> int:
        """Pairs of a state and an order."""
        return self.states * (self.order_limit + 1)

    def ahead(self, values: Floats) -> Floats:
        """Expectation over today's demand of a value of tomorrow's opening.

        `values` has axes (on hand, then orders, next to arrive first); so has the result, with one more axis of orders: the
        one that arrives tomorrow comes second.
        """
        x, q = np.arange(self.stock_limit + 1), np.arange(self.order_limit + 1)
        opened = values[np.minimum(x[:, None] + q, self.stock_limit)]
        return np.asarray(np.tensordot(self.end, opened, axes=1))

    def cover(self) -> Floats:
        """Chance that the day on which today's order arrives is served in full: by state, then order, 0 to `order_limit`."""
        x = np.arange(self.stock_limit + 1)
        up = np.cumsum(self.chances)
        table = np.minimum(up[np.minimum(x, up.size - 1)], 1.0)
        for _ in range(self.lead_days):
            table = self.ahead(table)
        return np.asarray(table.reshape(self.states, self.order_limit + 1))

    def long_run_cost(self, orders: Ints, *, searching: bool = False) -> float:
        """Cost a day of ordering ``orders[state]``, from the stationary distribution."""
        return float(
            long_run_cost(
                np.ascontiguousarray(orders, np.int64),
                self.end,
                self.cost,
                self.lead_days,
                self.order_limit,
                _FOR_SEARCH if searching else _FOR_RECORD,
            )
        )


def frame(demand_chances: Floats, lead_days: int, holding: float, penalty: float) -> Frame:
    """The frame in which both the optimum and our policy live.

    No sensible order is above one day's newsvendor level (`SLACK` units are added), and none is placed once stock on hand
    and on order cover `lead_days` + 1 days of demand with a chance far above the critical ratio.
    """
    short = 1.0 - critical_ratio(holding, penalty)
    order_limit = int(np.searchsorted(np.cumsum(demand_chances), 1.0 - short)) + SLACK
    total = np.ones(1)
    for _ in range(lead_days + 1):
        total = np.convolve(total, demand_chances)
    stock_limit = int(np.searchsorted(np.cumsum(total), 1.0 - 0.5 * short)) + SLACK
    return Frame(
        demand_chances,
        lead_days,
        stock_limit,
        order_limit,
        day_end(demand_chances, stock_limit),
        day_cost(demand_chances, stock_limit, holding, penalty),
    )
