"""Prices of few repricings, with and without correction between them by the stock that is gone.

A repricing believes the same forecast throughout, as one that has not learned yet: what comes otherwise shows in the
stock alone.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from evenstock.routing.batch import decide_many
from evenstock.routing.priced import Whole
from evenstock.routing.prices.ascent import SWEEPS, ascend
from evenstock.routing.prices.correction import correct
from evenstock.simulation.fulfilment.kinds import Kinds
from evenstock.simulation.fulfilment.world import Ledger, Outcome


def between_repricings(
    kinds: Kinds,
    arrivals: Whole,
    period: Whole,
    periods: int,
    *,
    repricings: int = 1,
    corrections: int = 0,
    rate: NDArray[np.float64] | None = None,
) -> Outcome:
    """Decide every order.

    Parameters
    ----------
    arrivals : kind of each order, -1 for none, as they came.
    period : in which each came, rising, shape of `arrivals`; several may come in one.
    periods : until stock would come again: the horizon of every forecast.
    repricings : evenly over the periods.
    corrections : from one repricing to the next, evenly.
    rate : orders of each kind forecast for a period, shape ``(kind,)``: the true rates if none are given.
    """
    forecast = kinds.rate() if rate is None else rate
    ledger, batch = Ledger(kinds), kinds.batch
    lost = np.full(batch.item.size, float(kinds.lost))
    units = np.diff(batch.first_line)
    free = decide_many(batch, np.zeros(ledger.stock.shape))
    known = np.where(free.served, forecast, 0.0)  # some items no centre carries
    unit_cost = float(known @ free.cost) / max(float(known @ units), 1e-12)
    price: NDArray[np.float64] | None = None
    starts = np.linspace(0, periods, repricings + 1).astype(np.int64).tolist()
    for begin, end in pairwise(starts):
        before = ledger.stock.copy()
        found = ascend(batch, forecast * (periods - begin), before, lost=lost, start=price, sweeps=SWEEPS)
        price = found.price
        for first, last in pairwise(np.linspace(begin, end, corrections + 2).astype(np.int64).tolist()):
            now = price
            if first > begin:
                gone = (first - begin) / (periods - begin)
                now = correct(price, found.use, before, ledger.stock, gone, unit_cost)
            ledger.serve(arrivals[np.searchsorted(period, first) : np.searchsorted(period, last)], now)
    return ledger.outcome()
