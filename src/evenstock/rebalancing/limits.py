"""What tonight's transfers share: docks, room, money."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from evenstock import registry
from evenstock.rebalancing.arrays import Floats, Ints

if TYPE_CHECKING:
    from evenstock.rebalancing.moves import Moves
    from evenstock.rebalancing.problem import Lanes, Problem

TINY: Final = 1e-9
"""Pallets: sums of shares are not exact."""

NO_LIMIT: Final = 2**40
"""Where nothing limits."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Limits:
    """Ceilings over all items, for W nodes and T days; `NO_LIMIT` where there is none."""

    out_units: Ints
    """Units a node can pick for tonight's transfers, ``(W,)``."""
    in_units: Ints
    """Units of tonight's transfers a node can receive on each day, beside what is on its way already, ``(W, T)``."""
    room_pallets: Floats
    """Pallets that may have been added to a node by the end of each day, ``(W, T)``; infinite where room is not short."""
    budget_cents: int = NO_LIMIT
    """Most that freight and handling of tonight's transfers may cost in all."""

    def __post_init__(self) -> None:
        out_units = np.asarray(self.out_units, np.int64)
        in_units = np.asarray(self.in_units, np.int64)
        room = np.asarray(self.room_pallets, np.float64)
        if out_units.ndim != 1 or in_units.shape != room.shape or in_units.shape[:1] != out_units.shape:
            raise ValueError(
                f"limits: out_units (W,), in_units and room_pallets (W, T) are wanted, not {out_units.shape}, "
                f"{in_units.shape} and {room.shape}"
            )
        for name, values in (("out_units", out_units), ("in_units", in_units), ("room_pallets", room)):
            if values.size and not values.min() >= 0:
                raise ValueError(f"limits: {name} cannot be below zero")
            object.__setattr__(self, name, values)
        if self.budget_cents < 0:
            raise ValueError("limits: budget_cents cannot be below zero")

    @classmethod
    def none(cls, nodes: int, days: int) -> Limits:
        return cls(
            out_units=np.full(nodes, NO_LIMIT),
            in_units=np.full((nodes, days), NO_LIMIT),
            room_pallets=np.full((nodes, days), np.inf),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Use:
    """What moves ask for; shapes as in `Limits`."""

    pallets: Ints
    out: Floats
    arriving: Floats
    stored: Floats
    cents: int

    @classmethod
    def of(cls, problem: Problem, moves: Moves) -> _Use:
        lanes, at, nodes, days = problem.lanes, moves.lane, len(problem.nodes), problem.days
        share = problem.pallet_share[moves.item] * moves.units
        load = np.bincount(at, weights=share, minlength=len(lanes))
        arriving, stored = np.zeros((nodes, days)), np.zeros((nodes, days))
        seen = lanes.lead_days[at] < days
        cell = lanes.destination[at][seen], lanes.lead_days[at][seen]
        np.add.at(arriving, cell, moves.units[seen])
        np.add.at(stored, cell, share[seen])
        return cls(
            np.ceil(load - TINY).astype(np.int64),
            np.bincount(lanes.origin[at], weights=moves.units, minlength=nodes).astype(np.float64),
            arriving,
            stored.cumsum(axis=1),
            spent_cents(problem, moves),
        )


def limits_broken(problem: Problem, moves: Moves) -> list[str]:
    """What these moves ask of docks, trucks, room and budget beyond what there is, each limit in words; empty if nothing.

    Examples
    --------
    ``TX dock out: 450 units, 50 more than the limit of 400``
    """
    use, lanes, limits = _Use.of(problem, moves), problem.lanes, problem.limits
    trucks = lanes.most_pallets
    broken = [
        _said(f"{lane_name(problem, a)} trucks", "pallets", use.pallets[a], trucks[a])
        for a in np.flatnonzero(use.pallets > trucks).tolist()
    ]
    if limits is None:
        return broken
    broken += [
        _said(f"{problem.nodes[i]} dock out", "units", use.out[i], limits.out_units[i])
        for i in np.flatnonzero(use.out > limits.out_units).tolist()
    ]
    broken += [
        _said(f"{problem.nodes[j]} dock in on day {t}", "units", use.arriving[j, t], limits.in_units[j, t])
        for j, t in np.argwhere(use.arriving > limits.in_units).tolist()
    ]
    for j in np.flatnonzero((use.stored > limits.room_pallets + TINY).any(axis=1)).tolist():
        t = int(np.argmax(use.stored[j] - limits.room_pallets[j]))
        broken.append(
            _said(f"{problem.nodes[j]} room by day {t}", "pallets", use.stored[j, t], limits.room_pallets[j, t])
        )
    if use.cents > limits.budget_cents:
        broken.append(_said("freight and handling", "cents", use.cents, limits.budget_cents))
    return broken


def limits_left(problem: Problem, moves: Moves) -> Limits | None:
    """What these moves leave of docks, room and budget, none below zero."""
    if problem.limits is None:
        return None
    limits, use = problem.limits, _Use.of(problem, moves)

    def left(there: Ints, used: Floats) -> Ints:
        return np.where(there >= NO_LIMIT, NO_LIMIT, np.maximum(there - used.astype(np.int64), 0))

    endless = limits.budget_cents >= NO_LIMIT
    return Limits(
        out_units=left(limits.out_units, use.out),
        in_units=left(limits.in_units, use.arriving),
        room_pallets=np.maximum(limits.room_pallets - use.stored, 0.0),
        budget_cents=limits.budget_cents if endless else max(limits.budget_cents - use.cents, 0),
    )


def lanes_left(problem: Problem, moves: Moves) -> Lanes:
    """The lanes with the trucks these moves leave; a lane whose trucks are all taken leaves no more."""
    lanes = problem.lanes
    assert lanes.trucks is not None
    assert lanes.truck_pallets is not None
    size = np.maximum(lanes.truck_pallets, 1)
    taken = -(-_Use.of(problem, moves).pallets // size)
    limited = lanes.most_pallets < NO_LIMIT
    gone = limited & (taken >= lanes.trucks)
    return replace(
        lanes,
        trucks=np.where(limited & ~gone, lanes.trucks - taken, lanes.trucks),
        leaves=lanes.leaves & ~gone,
    )


def lane_name(problem: Problem, lane: int) -> str:
    """Both ends."""
    return f"{problem.nodes[int(problem.lanes.origin[lane])]}→{problem.nodes[int(problem.lanes.destination[lane])]}"


def spent_cents(problem: Problem, moves: Moves) -> int:
    """Freight and handling, what a budget pays."""
    return sum(
        int(member.term(problem, moves).sum())
        for member in registry.members("evenstock.rebalancing.terms").values()
        if member.COLUMN in ("freight", "handling")
    )


def _said(what: str, unit: str, asked: float, most: float) -> str:
    return f"{what}: {asked:,.6g} {unit}, {asked - most:,.6g} more than the limit of {most:,.6g}"
