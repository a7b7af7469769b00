"""The world that nights follow one another in: a first evening, and what every later day brings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenstock.rebalancing import Problem
from evenstock.rebalancing.arrays import Bools, Demand, Ints
from evenstock.rebalancing.problem import whole


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Supply:
    """Orders up to a level, placed by rule: what comes from outside the network, the same rule for every policy."""

    up_to_units: Ints
    """Position (stock and everything under way) each order restores, ``(K, W)``."""
    lead_days: Ints
    """Days from the evening of the order to the morning on which it can be sold, ``(W,)``."""
    every_days: int = 1
    """Days between two orders."""

    def __post_init__(self) -> None:
        if self.every_days < 1:
            raise ValueError(f"supply.every_days {self.every_days}: at least 1 is wanted")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class World:
    """K items, W nodes and A lanes over D days. Nobody sees a day's demand before it is over."""

    opening: Problem
    """The evening before day 0: stock, lanes, prices; its paths and its inbound are not used."""
    demand: Demand
    """Units really wanted, ``(K, W, D)``."""
    departs: Bools
    """Evenings on which each lane leaves, ``(A, D)``; the evening of night d comes before day d."""
    receipts: Demand | None = None
    """Units that arrive from outside each morning and are known beforehand, ``(K, W, D)``; none means none."""
    supply: Supply | None = None
    true_lead_days: Ints | None = None
    """Days a departure of each evening really takes, ``(A, D)``; none means what the lanes say."""

    def __post_init__(self) -> None:
        items, nodes, lanes = len(self.opening.skus), len(self.opening.nodes), len(self.opening.lanes)
        days = np.shape(self.demand)[-1]
        demand = whole("world.demand", np.asarray(self.demand), (items, nodes, days)).astype(np.int32)
        object.__setattr__(self, "demand", demand)
        if np.shape(self.departs) != (lanes, days):
            raise ValueError(f"world.departs: shape {np.shape(self.departs)}, but ({lanes}, {days}) is wanted")
        receipts = np.zeros((items, nodes, days), np.int64) if self.receipts is None else self.receipts
        object.__setattr__(self, "receipts", whole("world.receipts", receipts, (items, nodes, days)))
        lead = (
            np.repeat(self.opening.lanes.lead_days[:, None], days, axis=1)
            if self.true_lead_days is None
            else self.true_lead_days
        )
        object.__setattr__(self, "true_lead_days", whole("world.true_lead_days", lead, (lanes, days)))

    @property
    def days(self) -> int:
        return int(self.demand.shape[2])

    @property
    def booked(self) -> Demand:
        """Receipts from outside, ``(K, W, D)``."""
        assert self.receipts is not None
        return self.receipts

    @property
    def transit_days(self) -> Ints:
        """What departures really take, ``(A, D)``."""
        assert self.true_lead_days is not None
        return self.true_lead_days
