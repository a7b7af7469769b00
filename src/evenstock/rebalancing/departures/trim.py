"""Leaves off a departure the lines that are not worth the pallet they begin."""

from __future__ import annotations

import numpy as np

from evenstock.rebalancing.arrays import Floats
from evenstock.rebalancing.departures.lane_costs import pallet_cents, whole_pallets
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem


def trimmed(problem: Problem, moves: Moves, brings: Floats) -> Moves:
    """On each lane drop the lines that bring least per pallet as long as that saves more than they bring.

    Parameters
    ----------
    brings
        Worth of each line as it stands less its own cost, pallets and departures left out, in cents ``(lines,)``.
    """
    load = moves.units * problem.pallet_share[moves.item]
    density = brings / (moves.units * problem.load[moves.item])
    kept = np.ones(len(moves), np.bool_)
    for lane in np.unique(moves.lane):
        at = np.flatnonzero(moves.lane == lane)
        at = at[np.argsort(density[at], kind="stable")]
        left_load = np.concatenate([[load[at].sum()], load[at].sum() - np.cumsum(load[at])])
        pallets = whole_pallets(left_load)
        cost = pallet_cents(problem.lanes, pallets[:, None])[:, lane] + problem.lanes.fixed_cents[lane]
        cost[-1] = 0.0
        worth = np.concatenate([[brings[at].sum()], brings[at].sum() - np.cumsum(brings[at])])
        kept[at[: int(np.argmax(worth - cost))]] = False
    return moves.only(kept)
