"""Ours: each order at prices of stock, which dual ascent through the production search sets anew as stock goes.

Prices are those of the orders still to come. Their expectation is one weighted sample, each kind with its rate times the
periods left: exact, without noise. Where orders are few the expectation is too smooth: the last units are worth what
they are over many futures, not in the mean future, so prices are averaged over drawn ones. Each drawn future stays the
same throughout (common random numbers) and is cut as time passes, so that its prices start from its last ones.

Rates may be wrong: `learning` corrects each kind's by what came, as a gamma prior of that shape would.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from evenstock.routing.priced import Whole
from evenstock.routing.prices.ascent import ascend
from evenstock.simulation.fulfilment.kinds import Kinds
from evenstock.simulation.fulfilment.world import Ledger, Outcome

Floats = NDArray[np.float64]
FEW: int = 100
"""Units of an item at a centre, on average, below which the mean future is too smooth."""
LEARNING: float = 2.0
"""Shape of the prior where forecasts are off by a factor of about two either way (lognormal, sigma 0.6)."""


@dataclass(frozen=True, slots=True)
class LookAhead:
    """How often prices are set, over what, and with how much work."""

    repricings: int = 50
    futures: int = 0
    """Drawn ones; 0 for the expected orders alone."""
    first_sweeps: int = 120
    sweeps: int = 30
    """From the last prices."""
    most_kinds: int = 0
    """Look at about so many kinds of order, the more expected the likelier; 0 for all."""
    learning: float = 0.0
    """Orders of a kind that would have to come before they count as much as the forecast; 0 trusts the forecast."""

    @classmethod
    def suited(cls, kinds: Kinds, *, learning: float = 0.0) -> LookAhead:
        """Drawn futures where centres hold few units of an item each, else the expected orders alone."""
        held = kinds.instance.stock[kinds.instance.stock > 0]
        if held.size and held.mean() < FEW:
            return cls(futures=16, sweeps=10, learning=learning)
        return cls(learning=learning)

    def run(self, kinds: Kinds, arrivals: Whole, *, rate: Floats | None = None, seed: int = 0) -> Outcome:
        """Decide every order.

        Parameters
        ----------
        rate
            Orders of each kind forecast for a period, shape ``(kind,)``: the true rates if none are given.
        """
        forecast = kinds.rate() if rate is None else rate
        ledger, periods = Ledger(kinds), arrivals.size
        lost = np.full(kinds.batch.item.size, float(kinds.lost))
        drawn = _futures(self.futures, periods, seed)
        prices: list[Floats | None] = [None] * max(self.futures, 1)
        came = np.zeros(forecast.size)
        starts = np.unique(np.linspace(0, periods, self.repricings + 1).astype(np.int64)).tolist()
        for begin, end in pairwise(starts):
            now = self.believed(forecast, came, begin)
            ahead = [_counts(now, future[begin:]) for future in drawn]
            ahead = ahead or [sample(now * (periods - begin), self.most_kinds)]
            for number, weight in enumerate(ahead):
                # The first future is sought from nothing, the others start from it.
                start = prices[number] if prices[number] is not None else prices[0]
                sweeps = self.sweeps if start is not None else self.first_sweeps
                prices[number] = ascend(kinds.batch, weight, ledger.stock, lost=lost, start=start, sweeps=sweeps).price
            ledger.serve(arrivals[begin:end], np.mean([p for p in prices if p is not None], axis=0))
            came += np.bincount(arrivals[begin:end][arrivals[begin:end] >= 0], minlength=came.size)
        return ledger.outcome()

    def believed(self, forecast: Floats, came: Floats, periods: int) -> Floats:
        """Rates after `periods` in which these orders came."""
        if not self.learning:
            return forecast
        weight = self.learning / np.maximum(forecast, 1e-12)
        return (self.learning + came) / (weight + periods)


def sample(expected: Floats, most: int) -> Floats:
    """About `most` of these weights, spread evenly over their sum, and raised so that it stays; all of them if 0.

    Examples
    --------
    Of a sum of 8 in two parts, one of 4 each falls on the first kind and one on the last:

    >>> sample(np.array([3.0, 1.0, 1.0, 3.0]), 2).tolist()
    [4.0, 0.0, 0.0, 4.0]
    """
    if not most or not expected.sum():
        return expected
    part = expected.sum() / most
    reached = np.floor(np.cumsum(expected) / part + 0.5 + 1e-9)
    weight: Floats = part * np.diff(reached, prepend=0.0)
    return weight


def _futures(futures: int, periods: int, seed: int) -> Floats:
    """Numbers from 0 to 1, shape ``(future, period)``: in each period one in each of as many equal parts as futures.

    So the mean over futures is near the expectation, while each is drawn like a lone one (a Latin square).
    """
    rng = np.random.default_rng(seed)
    part = rng.permuted(np.tile(np.arange(futures)[:, None], periods), axis=0)
    return (part + rng.random(part.shape)) / max(futures, 1)


def _counts(rate: Floats, drawn: Floats) -> Floats:
    """Orders of each kind in a future given by one number from 0 to 1 for each period."""
    kind = np.searchsorted(np.cumsum(rate), drawn, side="right")
    return np.bincount(kind[kind < rate.size], minlength=rate.size).astype(np.float64)
