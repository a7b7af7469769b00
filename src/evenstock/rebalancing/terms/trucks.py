"""Freight by the truck: a begun truck costs a whole one, however few pallets are on it."""

from __future__ import annotations

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Lanes, Problem
from evenstock.rebalancing.terms import pallets
from evenstock.rebalancing.worth.sharing import share_out

COLUMN = "freight"
JOINT = True


def slope(problem: Problem) -> Floats:
    cents, size = cents_and_size(problem.lanes)
    return np.outer(problem.pallet_share, np.divide(cents, size, out=np.zeros(len(size)), where=size > 0))


def cents_and_size(lanes: Lanes) -> tuple[Ints, Ints]:
    """Cents of a truck and pallets it takes, by lane; pallets are 0 where trucks are not counted."""
    assert lanes.truck_cents is not None
    assert lanes.truck_pallets is not None
    return lanes.truck_cents, lanes.truck_pallets


def begun(lanes: Lanes, pallets: Ints) -> Ints:
    """Trucks for so many pallets by lane, ``(..., A)``; 0 where trucks are not counted."""
    _, size = cents_and_size(lanes)
    trucks: Ints = np.where(size > 0, -(-pallets // np.maximum(size, 1)), 0)
    return trucks


def term(problem: Problem, moves: Moves) -> Ints:
    cents = begun(problem.lanes, pallets.pallets(problem, moves)) * cents_and_size(problem.lanes)[0]
    return share_out(cents, moves.lane, moves.units * problem.pallet_share[moves.item])
