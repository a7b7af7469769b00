"""Tonight's question in arrays: who has what, what may be wanted, what a shortage and a move cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from evenstock.rebalancing.arrays import Bools, Demand, Floats, Ints
from evenstock.rebalancing.bands import Bands
from evenstock.rebalancing.limits import NO_LIMIT, Limits
from evenstock.rebalancing.moves import Moves

_MOST = 2**61
"""Sums of millicents over all paths stay below this, so that no kernel can overflow."""


BY_ITEM: Final = (
    "on_hand", "paths", "shortage_cents", "unit_cost_cents", "holding_millicents", "case_units", "pallet_units",
    "source_floor", "inbound", "terminal_cents", "barred",
)  # fmt: skip
"""What a problem says of each item by itself."""


def whole(name: str, values: object, shape: tuple[int, ...], *, low: int | None = 0) -> Ints:
    """`values` as int64 of this shape, none below `low`.

    Raises
    ------
    ValueError
        If the shape differs, a value is no whole number, or one is below `low`; the message names the first.
    """
    given = np.asarray(values)
    if given.shape != shape:
        raise ValueError(f"{name}: shape {given.shape}, but {shape} is wanted")
    if given.size and given.dtype.kind not in "iu":
        raise ValueError(f"{name}: whole numbers are wanted, not {given.dtype}; round or scale before")
    if low is not None and given.size and int(given.min()) < low:
        at = tuple(int(i) for i in np.unravel_index(int(given.argmin()), given.shape))
        raise ValueError(f"{name}: {int(given.min())} at {at} is below {low}")
    return np.ascontiguousarray(given, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Lanes:
    """Ways between nodes, one entry each; several modes may join the same two nodes."""

    origin: Ints
    """Node index, shape ``(lane,)``, as all of these."""
    destination: Ints
    fixed_cents: Ints
    """Per departure, shared by all items on it."""
    pallet_cents: Ints
    """Per begun pallet of the whole departure, whatever items share it."""
    unit_cents: Ints
    lead_days: Ints
    """Days from tonight until the goods can be sold at the destination."""
    leaves: Bools
    """Whether the lane departs today and no rule forbids it."""
    truck_cents: Ints | None = None
    """Per begun truck of `truck_pallets`; none means nothing beyond departure and pallets."""
    truck_pallets: Ints | None = None
    """Pallets a truck takes; 0 where trucks are not counted."""
    trucks: Ints | None = None
    """Most trucks of a departure; 0 where unlimited."""

    def __post_init__(self) -> None:
        shape = np.shape(self.origin)
        for name in ("origin", "destination", "fixed_cents", "pallet_cents", "unit_cents", "lead_days"):
            object.__setattr__(self, name, whole(f"lanes.{name}", getattr(self, name), shape))
        for name in ("truck_cents", "truck_pallets", "trucks"):
            value = getattr(self, name)
            filled = np.zeros(shape, np.int64) if value is None else whole(f"lanes.{name}", value, shape)
            object.__setattr__(self, name, filled)
        leaves = np.asarray(self.leaves)
        if leaves.shape != shape or leaves.dtype != np.bool_:
            raise ValueError(f"lanes.leaves: {shape} of true or false is wanted, not {leaves.shape} {leaves.dtype}")
        object.__setattr__(self, "leaves", leaves)
        if (self.origin == self.destination).any():
            lane = int(np.flatnonzero(self.origin == self.destination)[0])
            raise ValueError(f"lanes: lane {lane} leads from node {int(self.origin[lane])} to itself")

    def __len__(self) -> int:
        return len(self.origin)

    @property
    def most_pallets(self) -> Ints:
        """Pallets a departure can take, ``(A,)``; `NO_LIMIT` where unlimited."""
        assert self.trucks is not None
        assert self.truck_pallets is not None
        return np.where(self.trucks * self.truck_pallets > 0, self.trucks * self.truck_pallets, NO_LIMIT)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Problem:
    """What is known tonight, for K items, W nodes, A lanes, S paths of T days. Refuses nonsense when made."""

    skus: Sequence[str]
    nodes: Sequence[str]
    on_hand: Ints
    """Units that can be sold or moved (ATP), shape ``(K, W)``."""
    paths: Demand
    """Units wanted, shape ``(K, W, S, T)``, uint16 or int32; all paths weigh the same."""
    shortage_cents: Ints
    """Cost of not serving a unit from here, ``(K, W)``: the smaller of lost margin with goodwill and the spill."""
    unit_cost_cents: Ints
    """``(K,)``; capital in transit is reckoned on it."""
    lanes: Lanes
    holding_millicents: Ints
    """Storing one unit one day, in thousandths of a cent; given as ``(K, W)`` or ``(K,)``, kept as ``(K, W)``."""
    capital_rate: float
    """Per year, as a fraction: 0.12 for 12 %."""
    handling_out_cents: Ints
    """Picking one unit for a transfer, ``(W,)``."""
    handling_in_cents: Ints
    """Receiving one unit of a transfer, ``(W,)``."""
    case_units: Ints
    """Units moved together, ``(K,)``."""
    pallet_units: Ints
    """Units on a full pallet, ``(K,)``; 0 where unknown: such an item pays unit freight and its share of fixed cost only."""
    source_floor: Ints | None = None
    """Units each node keeps whatever happens, ``(K, W)``; doubt about the record belongs here."""
    inbound: Demand | None = None
    """Units already on their way, sellable from the morning of day t, ``(K, W, T)``."""
    terminal_cents: Ints | None = None
    """Worth of a unit left after the last day above (below) its unit cost, ``(K, W)``; none means it keeps its cost."""
    barred: Bools | None = None
    """Item-lanes that some rule forbids, ``(K, A)``."""
    bands: Bands | None = None
    """Where positions should stand; none means nowhere in particular."""
    limits: Limits | None = None
    """What all items share besides lanes; none means nothing."""
    movable_cases: Ints = field(init=False)
    """Whole cases above the floor, ``(K, W)``."""

    def __post_init__(self) -> None:
        items, nodes, lanes = len(self.skus), len(self.nodes), len(self.lanes)
        self._check_names()
        for name, shape in (
            ("on_hand", (items, nodes)),
            ("shortage_cents", (items, nodes)),
            ("unit_cost_cents", (items,)),
            ("handling_out_cents", (nodes,)),
            ("handling_in_cents", (nodes,)),
            ("pallet_units", (items,)),
        ):
            object.__setattr__(self, name, whole(name, getattr(self, name), shape))
        object.__setattr__(self, "holding_millicents", self._holding_by_node(items, nodes))
        object.__setattr__(self, "case_units", whole("case_units", self.case_units, (items,), low=1))
        object.__setattr__(self, "paths", self._checked_paths(items, nodes))
        self._fill_optional(items, nodes, lanes)
        if self.bands is not None and self.bands.low_units.shape != (items, nodes):
            raise ValueError(f"bands: shape {self.bands.low_units.shape}, but ({items}, {nodes}) is wanted")
        if self.limits is not None and self.limits.in_units.shape != (nodes, self.days):
            raise ValueError(f"limits: shape {self.limits.in_units.shape}, but ({nodes}, {self.days}) is wanted")
        ends = np.concatenate([self.lanes.origin, self.lanes.destination])
        if ends.size and int(ends.max()) >= nodes:
            raise ValueError(f"lanes: node {int(ends.max())} is named, but there are {nodes} nodes, counted from 0")
        if not 0 <= self.capital_rate <= 1:
            raise ValueError(f"capital_rate {self.capital_rate}: a yearly fraction such as 0.12 is wanted")
        self._check_values()
        movable = np.maximum(self.on_hand - self.floor, 0) // self.case_units[:, None]
        object.__setattr__(self, "movable_cases", movable)

    def _check_names(self) -> None:
        for what, names in (("skus", self.skus), ("nodes", self.nodes)):
            if len(set(names)) != len(names):
                twice = next(name for i, name in enumerate(names) if name in set(names[:i]))
                raise ValueError(f"{what}: {twice!r} stands twice")

    def _holding_by_node(self, items: int, nodes: int) -> Ints:
        """An item's storage cost holds at every node, unless each node has its own."""
        if np.ndim(self.holding_millicents) == 2:
            return whole("holding_millicents", self.holding_millicents, (items, nodes))
        everywhere = whole("holding_millicents", self.holding_millicents, (items,))
        return np.repeat(everywhere[:, None], nodes, axis=1)

    def _checked_paths(self, items: int, nodes: int) -> Demand:
        paths = np.asarray(self.paths)
        if paths.ndim != 4 or paths.shape[:2] != (items, nodes) or 0 in paths.shape[2:]:
            raise ValueError(
                f"paths: shape {paths.shape}, but ({items}, {nodes}, paths, days) is wanted, at least one each"
            )
        if paths.dtype.kind not in "iu":
            raise ValueError(f"paths: whole units are wanted, not {paths.dtype}")
        if paths.dtype not in (np.dtype(np.uint16), np.dtype(np.int32)):
            if paths.size and int(paths.max()) > np.iinfo(np.int32).max:
                raise ValueError(f"paths: {int(paths.max())} units in one day is beyond reason")
            paths = paths.astype(np.int32)
        if paths.dtype == np.int32 and paths.size and int(paths.min()) < 0:
            raise ValueError(f"paths: demand of {int(paths.min())} units; book returns as inbound")
        return np.ascontiguousarray(paths)

    def _fill_optional(self, items: int, nodes: int, lanes: int) -> None:
        for name, low in (("source_floor", 0), ("terminal_cents", None)):
            value = getattr(self, name)
            filled = (
                np.zeros((items, nodes), np.int64) if value is None else whole(name, value, (items, nodes), low=low)
            )
            object.__setattr__(self, name, filled)
        if self.inbound is None:
            object.__setattr__(self, "inbound", np.zeros((items, nodes, self.days), np.int32))
        else:
            inbound = whole("inbound", self.inbound, (items, nodes, self.days))
            object.__setattr__(self, "inbound", inbound.astype(np.int32))
        if self.barred is None:
            object.__setattr__(self, "barred", np.zeros((items, lanes), np.bool_))
        elif np.shape(self.barred) != (items, lanes) or np.asarray(self.barred).dtype != np.bool_:
            raise ValueError(f"barred: ({items}, {lanes}) of true or false is wanted")

    def _check_values(self) -> None:
        above = self.terminal > self.shortage_cents
        if above.any():
            k, w = (int(i) for i in np.argwhere(above)[0])
            raise ValueError(
                f"{self.skus[k]} at {self.nodes[w]}: a unit left over is worth {int(self.terminal[k, w])} cents, more than "
                f"the {int(self.shortage_cents[k, w])} a sale saves; terminal_cents is what it keeps beyond its unit cost"
            )
        units = int(self.on_hand.sum(axis=1).max(initial=0)) + int(self.arrivals.sum(axis=(1, 2)).max(initial=0))
        wanted = int(self.paths.max(initial=0)) * self.days
        each = 1000 * int(max(self.shortage_cents.max(initial=0), abs(self.terminal).max(initial=0)))
        each += self.days * int(self.holding_millicents.max(initial=0))
        if (units + wanted) * each * self.path_count * len(self.nodes) > _MOST:
            raise ValueError(
                "units × cents × paths overflow: a quantity or a price is beyond reason, or use fewer paths"
            )

    @property
    def path_count(self) -> int:
        return int(self.paths.shape[2])

    @property
    def days(self) -> int:
        return int(self.paths.shape[3])

    @property
    def floor(self) -> Ints:
        assert self.source_floor is not None
        return self.source_floor

    @property
    def terminal(self) -> Ints:
        assert self.terminal_cents is not None
        return self.terminal_cents

    @property
    def arrivals(self) -> Demand:
        assert self.inbound is not None
        return self.inbound

    @property
    def usable(self) -> Bools:
        """Item-lanes that may be used tonight, ``(K, A)``."""
        assert self.barred is not None
        return self.lanes.leaves[None, :] & ~self.barred

    @property
    def pallet_share(self) -> Floats:
        """Pallets one unit fills, ``(K,)``; 0 where unknown."""
        return np.divide(1.0, self.pallet_units, out=np.zeros(len(self.skus)), where=self.pallet_units > 0)

    @property
    def load(self) -> Floats:
        """By what a unit shares the cost of a departure, ``(K,)``: pallets, and where unknown the middle item's."""
        share = self.pallet_share
        known = share[share > 0]
        return np.where(share > 0, share, np.median(known) if known.size else 1.0)

    def only(self, items: slice | Ints) -> Problem:
        """The same evening for some items, without what all items share; checked again, in the time that few items take."""
        chosen = np.arange(len(self.skus))[items]
        return replace(
            self,
            skus=[self.skus[int(k)] for k in chosen],
            bands=None if self.bands is None else self.bands.only(items),
            limits=None,
            **{name: getattr(self, name)[items] for name in BY_ITEM},
        )

    def after(self, moves: Moves) -> Problem:
        """The same evening once these moves are dispatched: gone from here, inbound there.

        Raises
        ------
        ValueError
            If a move uses a closed or barred lane, breaks a case, or takes a node below its floor.
        """
        self.refuse_unlawful(moves)
        on_hand, inbound = self.on_hand.copy(), self.arrivals.copy()
        np.subtract.at(on_hand, (moves.item, self.lanes.origin[moves.lane]), moves.units)
        lead = self.lanes.lead_days[moves.lane]
        seen = lead < self.days
        np.add.at(inbound, (moves.item[seen], self.lanes.destination[moves.lane][seen], lead[seen]), moves.units[seen])
        return replace(self, on_hand=on_hand, inbound=inbound)

    def refuse_unlawful(self, moves: Moves) -> None:
        """Raise ValueError naming the first move that breaks a bound."""
        if len(moves) == 0:
            return
        if int(moves.item.max()) >= len(self.skus) or int(moves.lane.max()) >= len(self.lanes):
            raise ValueError("moves: an item or a lane that this problem does not have")

        def at(n: int) -> str:
            lane = int(moves.lane[n])
            ends = f"{self.nodes[int(self.lanes.origin[lane])]}→{self.nodes[int(self.lanes.destination[lane])]}"
            return f"{self.skus[int(moves.item[n])]} {ends}"

        shut = ~self.usable[moves.item, moves.lane]
        if shut.any():
            raise ValueError(f"{at(int(np.flatnonzero(shut)[0]))}: the lane does not leave today or is forbidden")
        broken = moves.units % self.case_units[moves.item] != 0
        if broken.any():
            raise ValueError(f"{at(int(np.flatnonzero(broken)[0]))}: not in whole cases")
        out = np.zeros_like(self.on_hand)
        np.add.at(out, (moves.item, self.lanes.origin[moves.lane]), moves.units)
        short = out > self.movable_cases * self.case_units[:, None]
        if short.any():
            k, w = (int(i) for i in np.argwhere(short)[0])
            raise ValueError(
                f"{self.skus[k]} at {self.nodes[w]}: {int(out[k, w])} units leave, but only "
                f"{int(self.on_hand[k, w])} are there and {int(self.floor[k, w])} must stay"
            )
