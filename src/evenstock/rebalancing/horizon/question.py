"""The question for the coming weeks: tonight's, with suppliers, calendars, lots, service to keep and fear of the tail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from evenstock.rebalancing.arrays import Bools, Floats, Ints
from evenstock.rebalancing.problem import Problem, whole


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Supplies:
    """Ways to buy, V of them: one supplier, one mode, into one node. Expediting is a faster, dearer way."""

    names: Sequence[str]
    """Such as ``ACME by air``, ``(V,)``."""
    node: Ints
    """Node it delivers to, ``(V,)``."""
    lead_days: Ints
    """Days from the order until the goods can be sold, ``(V,)``."""
    order_days: Bools
    """Days on which it takes orders, ``(V, T)``."""
    sells: Bools
    """``(K, V)``."""
    extra_cents: Ints
    """What a unit costs beyond its unit cost: price difference, freight, expediting, ``(K, V)``; may be below zero."""
    order_cents: Ints
    """Per order, whatever is on it, ``(V,)``."""
    multiple_units: Ints
    """Units come in multiples of, ``(K, V)``, at least 1."""
    minimum_units: Ints
    """Least units of an order line, ``(K, V)``."""

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def none(cls, items: int, days: int) -> Supplies:
        zero = np.zeros(0, np.int64)
        table = np.zeros((items, 0), np.int64)
        return cls(
            names=(),
            node=zero,
            lead_days=zero,
            order_days=np.zeros((0, days), np.bool_),
            sells=np.zeros((items, 0), np.bool_),
            extra_cents=table,
            order_cents=zero,
            multiple_units=table,
            minimum_units=table,
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Lots:
    """Goods that spoil, and how long they keep; nodes ship what expires first (FEFO)."""

    item: Ints
    """Item of each lot on hand, ``(B,)``, as the next three; stock not named in a lot keeps for ever."""
    node: Ints
    units: Ints
    last_day: Ints
    """Last day on which it can be sold, counted from today (0)."""
    shelf_days: Ints
    """Days that goods keep from the day they are received from a supplier, ``(K,)``; 0 where they keep for ever."""
    minimum_shelf_days: Ints
    """Days that goods must still keep when a transfer arrives, ``(K,)``."""
    write_off_cents: Ints
    """What an expired unit costs, its unit cost included, ``(K,)``."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Service:
    """Service to keep, whatever it costs; 0 where nothing is asked."""

    cycle: Floats
    """Type 1 (alpha): probability of no stock-out over the days planned from the first arrival on, ``(K, W)``."""
    fill: Floats
    """Type 2 (beta): share of units served at once, ``(K, W)``."""


@dataclass(frozen=True, slots=True)
class Tail:
    """Fear of bad luck: `weight` times the mean of the worst `1 - level` of all paths' lost margin is a cost as well (CVaR).

    References
    ----------
    Rockafellar and Uryasev (2000), Optimization of conditional value-at-risk, Journal of Risk 2(3).
    """

    level: float = 0.9
    weight: float = 0.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Horizon:
    """Tonight's problem and what the days after allow, for K items, W nodes, A lanes, V ways to buy, S paths of T days."""

    problem: Problem
    departs: Bools
    """Days on which each lane leaves, ``(A, T)``."""
    transit_days: Ints
    """Days from a departure until the goods can be sold, ``(A,)``."""
    supplies: Supplies
    lots: Lots | None = None
    service: Service | None = None
    tail: Tail = field(default_factory=Tail)
    backorder_millicents: Ints | None = None
    """Cost of a unit that waits, a day, ``(K, W)``: unmet demand waits. None: it is lost at the shortage cost."""
    transfer_days: int = 1
    """Days on which transfers may be planned: 1 is tonight only. Later ones are postponed for nothing in a plan that does
    not see what it will know by then."""

    def __post_init__(self) -> None:
        lanes, days = len(self.problem.lanes), self.problem.days
        if np.shape(self.departs) != (lanes, days):
            raise ValueError(f"horizon.departs: shape {np.shape(self.departs)}, but ({lanes}, {days}) is wanted")
        object.__setattr__(self, "transit_days", whole("horizon.transit_days", self.transit_days, (lanes,)))
        if not 1 <= self.transfer_days <= days:
            raise ValueError(f"horizon.transfer_days: 1 to {days}, not {self.transfer_days}")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LotTransfers:
    """Which lots the transfers of goods that spoil carry, N rows; their units add up to the transfers."""

    item: Ints
    """``(N,)``, as all of these."""
    lane: Ints
    day: Ints
    lot: Ints
    """By its number in `Horizon.lots`; -1 for stock that stands in no lot."""
    units: Ints


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Schedule:
    """An answer: units of every item on every lane and bought every way, by day."""

    transfers: Ints
    """``(K, A, T)``."""
    purchases: Ints
    """``(K, V, T)``."""
    cost_cents: float
    """Expected cost of everything as the program reckons it, paid on top of what is there already."""
    bound_cents: float
    """No schedule costs less, as far as the program knows."""
    notes: tuple[str, ...] = ()
    lot_transfers: LotTransfers | None = None
    """None where no goods spoil, or where it does not matter which lot goes: what expires first and keeps long enough."""
