"""What a departure costs as a whole, and the least room on it can cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenstock.rebalancing.arrays import Bools, Floats, Ints
from evenstock.rebalancing.problem import Lanes
from evenstock.rebalancing.terms.trucks import begun, cents_and_size

TINY = 1e-9
"""Pallets: by so much a load may exceed whole pallets and still fit, as sums of shares are not exact."""


def pallet_cents(lanes: Lanes, pallets: Ints) -> Ints:
    """Pallets and trucks of each lane's departure, ``(..., A)`` for pallets of that shape."""
    cents: Ints = pallets * lanes.pallet_cents + begun(lanes, pallets) * cents_and_size(lanes)[0]
    return cents


def departure_cents(lanes: Lanes, pallets: Ints, used: Bools) -> Ints:
    """All that a departure costs beyond its units, by lane."""
    return pallet_cents(lanes, pallets) + np.where(used, lanes.fixed_cents, 0)


def whole_pallets(load: Floats) -> Ints:
    return np.ceil(load - TINY).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Room:
    """The most each lane could carry in any plan worth making, by lane ``(A,)``."""

    pallets: Floats
    """Of items with a pallet size, not rounded; never above what its trucks take."""
    loose: Floats
    """Loads of items without a pallet size (see `Problem.load`)."""
    wanted: Floats
    """Pallets that could go if trucks were endless."""


@dataclass(frozen=True, slots=True, eq=False)
class LeastPrices:
    """Prices at which no departure earns anything, whatever it carries: the dearest of the kind."""

    pallet: Floats
    """Cents of room for one pallet, ``(A,)``."""
    loose: Floats
    """Cents of a load of items without a pallet size, ``(A,)``."""


def least_prices(lanes: Lanes, room: Room) -> LeastPrices:
    r"""The linear cost that lies below a departure's true cost everywhere, and touches it.

    A load :math:`\ell \le L` costs :math:`C(\lceil \ell \rceil)`; the cost by load is least at the largest load, at the
    last whole pallet or at the last full truck. Departure cost is spread over the most that loose and palletised items
    could load together.
    """
    loose = _loose_price(lanes, room)
    pallet = np.full(len(lanes), np.inf)
    for load in _corners(lanes, room):
        cents = pallet_cents(lanes, whole_pallets(load)) + lanes.fixed_cents - loose * room.loose
        pallet = np.minimum(pallet, np.divide(cents, load, out=np.full(len(lanes), np.inf), where=load > TINY))
    # A lane that can carry nothing still wants a price, should nobody have looked.
    alone = pallet_cents(lanes, np.ones(len(lanes), np.int64)) + lanes.fixed_cents
    return LeastPrices(np.where(np.isfinite(pallet), pallet, alone), loose)


def earned(lanes: Lanes, room: Room, least: LeastPrices, scarcity: Floats, money: float) -> tuple[Floats, Floats]:
    r"""What a lane would load, and earn in cents, if room cost `scarcity` more than :math:`(1+\beta)` times the least.

    Parameters
    ----------
    scarcity
        Cents of a pallet, ``(A,)``, 0 or more.
    money
        The budget's multiplier :math:`\beta`, by which all freight costs more.
    """
    fixed = lanes.fixed_cents - least.loose * room.loose
    best, most = np.zeros(len(lanes)), np.zeros(len(lanes))
    for load in _corners(lanes, room):
        short = pallet_cents(lanes, whole_pallets(load)) + fixed - least.pallet * load
        value = scarcity * load - (1 + money) * short
        better = (value > most) & (load > TINY)
        best, most = np.where(better, load, best), np.where(better, value, most)
    return best, most


def _loose_price(lanes: Lanes, room: Room) -> Floats:
    both = room.pallets + room.loose
    return np.divide(lanes.fixed_cents, both, out=np.zeros(len(lanes)), where=room.loose > 0)


def _corners(lanes: Lanes, room: Room) -> tuple[Floats, Floats, Floats]:
    """Loads at which cost by load can be least: all, whole pallets, full trucks."""
    last = np.floor(room.pallets + TINY)
    truck = np.maximum(cents_and_size(lanes)[1], 1)
    return room.pallets, last, truck * np.floor(last / truck)
