"""Holds back what is worth more on its lane's next departures, decided then with what will be known by then.

A plan for tonight values shipping now against never. Waiting costs nothing where the destination does not run out before the
next departure could arrive, and demand seen meanwhile may say that the move is not wanted. A departure is held or goes as a
whole, because its lines share it; of one that goes, lines may stay for the next.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenstock.rebalancing.arrays import Bools, Floats, Ints
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.waiting.foresight import Foresight, foresight
from evenstock.rebalancing.worth.solution import Solution, settle


@dataclass(frozen=True, slots=True)
class Waiting:
    """A line of tonight's plan that should wait for a later departure of its lane."""

    item: int
    lane: int
    units: int
    now_cents: int
    """Expected gain if it leaves tonight, after its own cost, before pallets and departure."""
    wait_cents: int
    """The same for the later departure, decided then with what is known by then; never below 0."""
    lane_now_cents: int
    """Expected gain of the whole departure if all of it leaves tonight, everything paid."""
    lane_wait_cents: int
    """The same if what is held back of it waits and the rest leaves tonight."""
    departure_days: int
    """Days from tonight to the departure it is weighed against; it is weighed again on every departure before."""

    @property
    def because(self) -> str:
        def money(cents: int) -> str:
            return f"{cents / 100:,.2f}"

        return (
            f"worth {money(self.now_cents)} tonight, {money(self.wait_cents)} if decided in {self.departure_days} days; the "
            f"departure as planned {money(self.lane_now_cents)}, with what waits {money(self.lane_wait_cents)}"
        )


def hold_back(
    problem: Problem,
    solution: Solution,
    *,
    next_departure_days: Ints,
    booked_pallets: Floats | None = None,
    margin: float = 1.0,
) -> tuple[Solution, tuple[Waiting, ...]]:
    """The part of a plan that should leave tonight, and the lines that should wait, with what each is worth.

    Parameters
    ----------
    next_departure_days
        Days from tonight until each lane leaves again, ``(A,)``, or until its next few departures, ``(A, N)``, rising, at
        least 1. At or beyond the problem's days it does not leave again. Of several the best is weighed against tonight.
    booked_pallets
        Pallets that leave on each lane's next departure anyway, ``(A,)``: what is held back shares their departure and
        fills their last pallet. None: nothing is booked.
    margin
        What waiting is multiplied by before it is compared, above 0: below 1 ships sooner.

    Raises
    ------
    ValueError
        If a next departure is not at least a day away, a booking is below 0, or `margin` is not above 0.
    """
    lanes, moves = problem.lanes, solution.moves
    ahead = _checked_days(next_departure_days, len(lanes))
    booked = np.zeros(len(lanes)) if booked_pallets is None else np.asarray(booked_pallets, np.float64)
    if booked.shape != (len(lanes),) or booked.min(initial=0) < 0:
        raise ValueError(f"booked_pallets: ({len(lanes)},) of pallets, none below 0, is wanted")
    if not margin > 0:
        raise ValueError(f"margin {margin}: must be above 0")
    if len(moves) == 0:
        return solution, ()
    seen = [foresight(problem, moves, np.ascontiguousarray(days)) for days in ahead.T]
    held, waiting = np.zeros(len(moves), np.bool_), []
    for a in np.unique(moves.lane[ahead[moves.lane, 0] < problem.days]).tolist():
        open_ways = [
            _weighed(problem, moves, foreseen, a, int(days), float(booked[a]), margin)
            for foreseen, days in zip(seen, ahead[a], strict=True)
            if days < problem.days
        ]
        best = max(open_ways, key=lambda way: way.wait_cents)
        held[best.stays] = True
        waiting += best.lines(moves)
    if not held.any():
        return solution, ()
    note = f"{int(held.sum())} of {len(moves)} lines wait for a later departure of their lane"
    goes = settle(problem, moves.only(~held), method=solution.method, notes=(*solution.notes, note), seed=solution.seed)
    return goes, tuple(sorted(waiting, key=lambda line: (line.item, line.lane)))


def _checked_days(given: Ints, lanes: int) -> Ints:
    days = np.asarray(given)
    if days.ndim not in (1, 2) or len(days) != lanes or days.size == 0 or days.dtype.kind not in "iu":
        raise ValueError(f"next_departure_days: whole days of shape ({lanes},) or ({lanes}, some) are wanted")
    days = days.reshape(lanes, -1).astype(np.int64)
    if days.min() < 1 or (np.diff(days, axis=1) < 0).any():
        raise ValueError("next_departure_days: at least 1 and rising is wanted; 0 is tonight")
    return days


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """A lane's lines, some of them held for one later departure."""

    stays: Ints
    """Lines held, by their place in the plan."""
    seen: Foresight
    departure_days: int
    now_cents: float
    wait_cents: float

    def lines(self, moves: Moves) -> list[Waiting]:
        return [
            Waiting(
                item=int(moves.item[n]),
                lane=int(moves.lane[n]),
                units=int(moves.units[n]),
                now_cents=round(float(self.seen.now[n].mean())),
                wait_cents=max(round(float(self.seen.later[n].mean())), 0),
                lane_now_cents=round(self.now_cents),
                lane_wait_cents=round(self.wait_cents),
                departure_days=self.departure_days,
            )
            for n in self.stays.tolist()
        ]


def _weighed(
    problem: Problem, moves: Moves, seen: Foresight, lane: int, days: int, booked: float, margin: float
) -> _Way:
    """The best of holding none, one, two … all lines of a lane, those first to which waiting alone would bring most."""
    lines = np.flatnonzero(moves.lane == lane)
    prefers = margin * seen.later[lines].mean(axis=1) - seen.now[lines].mean(axis=1)
    order = lines[np.argsort(-prefers, kind="stable")]
    tonight = _rest_tonight(problem, moves, seen, lane, order)
    then = _held_then(problem, seen, lane, order, booked)
    total = tonight + margin * np.maximum(then, 0.0)
    # Of ways worth the same the one that keeps most open stands: a tie does not ship.
    best = int(np.flatnonzero(total >= total.max() - 1e-6 * max(abs(float(total.max())), 1.0))[-1])
    return _Way(order[:best], seen, days, float(tonight[0]), float(total[best]))


def _rest_tonight(problem: Problem, moves: Moves, seen: Foresight, lane: int, order: Ints) -> Floats:
    """Expected cents tonight with the first 0, 1, … lines held, ``(n + 1,)``."""
    share = moves.units[order] * problem.pallet_share[moves.item[order]]
    gain, load = (np.append(np.cumsum(of[::-1])[::-1], 0.0) for of in (seen.now[order].mean(axis=1), share))
    leaves = np.arange(len(order), -1, -1) > 0
    return gain - departure_cents(problem, lane, load, leaves)


def _held_then(problem: Problem, seen: Foresight, lane: int, order: Ints, booked: float) -> Floats:
    """Expected cents of the later departure with the first 0, 1, … lines held for it, ``(n + 1,)``.

    It leaves on the paths where what is expected then of its lines beats what it costs beyond what is booked.
    """
    none = np.zeros((1, seen.now.shape[1]))
    expected, brought, load, aboard = (
        np.concatenate([none, np.cumsum(of[order], axis=0)])
        for of in (seen.fitted, seen.later, seen.load, seen.fitted > 0)
    )
    paid_anyway = departure_cents(problem, lane, np.array(booked), np.array(booked > 0))
    extra = departure_cents(problem, lane, booked + load, (aboard > 0) | (booked > 0)) - paid_anyway
    mean: Floats = np.where(expected > extra, brought - extra, 0.0).mean(axis=1)
    return mean


def departure_cents(problem: Problem, lane: int, pallets: Floats, leaves: Bools) -> Floats:
    """What a departure with so many pallets costs: itself, begun pallets, begun trucks; 0 where nothing leaves."""
    lanes = problem.lanes
    assert lanes.truck_pallets is not None
    assert lanes.truck_cents is not None
    begun = np.ceil(pallets - 1e-9)
    cost = lanes.fixed_cents[lane] + begun * lanes.pallet_cents[lane]
    if lanes.truck_pallets[lane] > 0:
        cost = cost + np.ceil(begun / lanes.truck_pallets[lane]) * lanes.truck_cents[lane]
    return np.where(leaves, cost, 0.0)
