"""What no routing of the orders that really came could have cost less than.

The clairvoyant bound knows every order beforehand and may choose which units to lose, each at the world's price. The
guarded bound knows them too but keeps the guard: which lines the guard loses depends on the orders alone, so they are
paid and taken out, and all others must ship. It is the higher, and holds for every policy of `world`.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from evenstock.routing.batch import Batch
from evenstock.routing.priced import Whole
from evenstock.routing.prices.ascent import ascend
from evenstock.simulation.fulfilment.kinds import Kinds
from evenstock.simulation.fulfilment.program import ROUNDS, Bound, tighten
from evenstock.simulation.fulfilment.world import wanted_lines

SWEEPS: int = 60
SPREAD: float = 0.2
"""Plans are first looked for at prices this share off the ascent's, so that the first program has a choice."""
AROUND: int = 8


def clairvoyant(kinds: Kinds, arrivals: Whole) -> Bound:
    """Lower bound in millicents on any routing of these orders that may lose any unit at the world's price."""
    came = np.bincount(arrivals[arrivals >= 0], minlength=len(kinds.batch))
    seen = np.flatnonzero(came)
    first = kinds.batch.first_line
    part = kinds.part(seen, [np.arange(first[k + 1] - first[k]) for k in seen.tolist()])
    return _bound(part, came[seen].astype(np.float64), kinds.instance.stock, np.full(part.item.size, float(kinds.lost)))


def guarded(kinds: Kinds, arrivals: Whole, *, rounds: int = ROUNDS) -> Bound:
    """Lower bound in millicents on any routing that never refuses a unit that some centre has, lost units included.

    Parameters
    ----------
    rounds
        Most programs over plans; fewer are faster where kinds are many, and the bound a little lower.
    """
    came = arrivals[arrivals >= 0]
    wanted = np.zeros(came.size, np.int64)
    lost = _guard(kinds.batch.arrays[0], kinds.batch.item, came, kinds.instance.stock.copy(), wanted)
    kept = np.stack([came, wanted], axis=1)[wanted > 0]
    pairs, count = np.unique(kept, axis=0, return_counts=True)
    part = kinds.part(pairs[:, 0], [np.flatnonzero(w >> np.arange(64) & 1) for w in pairs[:, 1]])
    found = _bound(part, count.astype(np.float64), kinds.instance.stock, None, rounds)
    paid = float(lost * kinds.lost)
    return Bound(found.value + paid, found.price, found.program + paid)


def _bound(
    orders: Batch,
    weight: NDArray[np.float64],
    stock: Whole,
    lost: NDArray[np.float64] | None,
    rounds: int = ROUNDS,
) -> Bound:
    start = ascend(orders, weight, stock, lost=lost, sweeps=SWEEPS).price
    rng = np.random.default_rng(0)
    around = [start * rng.uniform(1.0 - SPREAD, 1.0 + SPREAD, start.shape) for _ in range(AROUND)]
    return tighten(orders, weight, stock, [start, *around], lost=lost, rounds=rounds)


@njit(cache=True)
def _guard(first_line: Whole, item: Whole, came: Whole, stock: Whole, wanted: Whole) -> int:
    """Write the lines of each order that some stock was left for; the number of the others."""
    lost = 0
    for order in range(came.size):
        kind = came[order]
        wanted[order] = wanted_lines(first_line, item, kind, stock)
        for line in range(first_line[kind], first_line[kind + 1]):
            if not wanted[order] >> (line - first_line[kind]) & 1:
                lost += 1
                continue
            centre = 0
            while stock[centre, item[line]] == 0:
                centre += 1
            # Whichever centre ships it: only how many are left of an item in all decides what is lost.
            stock[centre, item[line]] -= 1
    return lost
