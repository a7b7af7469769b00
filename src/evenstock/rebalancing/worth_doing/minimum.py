"""Leaves out lines and departures that bring too little to be worth anybody's time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenstock.rebalancing.arrays import Bools, Floats, Ints
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth.solution import Solution, cost_members, settle

_SHARE = 10
"""Of a lane's lines below the minimum, one in so many goes at a time, so that what stays is priced again in between."""


@dataclass(frozen=True, slots=True)
class Minimum:
    """What a line, or a departure, must bring; benefit is worth before cost."""

    line_cents: int = 0
    """Least benefit of a line."""
    line_share: float = 0.0
    """Least benefit as a multiple of the line's cost: 1.5 asks for half as much again."""
    departure_cents: int = 0
    """Least benefit of all lines of a departure, less what they cost by themselves (all but the joint cost)."""
    departure_share: float = 0.0
    """The same as a multiple of the departure's joint cost."""

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) >= 0:
                raise ValueError(f"minimum.{name}: {getattr(self, name)} is below zero")


def above_minimum(problem: Problem, solution: Solution, minimum: Minimum) -> Solution:
    """The plan without what brings too little, priced again.

    Departures below the minimum go first, then lines, those furthest below first, at most one of an item and a tenth of a
    lane's at a time: what stays of an item is worth more once another of its lines has gone, and bears more of the departure.
    So no line goes that meets the minimum when its turn comes, and every line that stays meets it.
    """
    start = len(solution.moves)
    while len(solution.moves):
        out = _poor_departures(problem, solution, minimum)[solution.moves.lane]
        if not out.any():
            out = _worst_lines(solution, _shortfall(solution, minimum))
        if not out.any():
            break
        solution = settle(
            problem,
            solution.moves.only(~out),
            method=solution.method,
            notes=solution.notes,
            seed=solution.seed,
        )
    gone = start - len(solution.moves)
    if gone == 0:
        return solution
    note = f"{gone} lines brought less than the minimum and stay behind"
    return settle(problem, solution.moves, method=solution.method, notes=(*solution.notes, note), seed=solution.seed)


def _shortfall(solution: Solution, minimum: Minimum) -> Floats:
    """Benefit asked for less benefit, by line; above zero where the line falls short."""
    asked = np.maximum(float(minimum.line_cents), minimum.line_share * solution.line_cost_cents)
    short: Floats = asked - solution.worth_cents
    return short


def _worst_lines(solution: Solution, short: Floats) -> Bools:
    moves = solution.moves
    at = np.flatnonzero(short > 0)
    at = at[np.argsort(-short[at], kind="stable")]
    at = at[np.sort(np.unique(moves.item[at], return_index=True)[1])]
    quota = -(-np.bincount(moves.lane[at], minlength=int(moves.lane.max(initial=0)) + 1) // _SHARE)
    out = np.zeros(len(moves), np.bool_)
    out[at[_turn(moves.lane[at]) < quota[moves.lane[at]]]] = True
    return out


def _turn(group: Ints) -> Ints:
    """How many entries of the same group stand before each entry."""
    order = np.argsort(group, kind="stable")
    turn = np.empty(len(group), np.int64)
    turn[order] = np.arange(len(group)) - np.searchsorted(group[order], group[order])
    return turn


def _poor_departures(problem: Problem, solution: Solution, minimum: Minimum) -> Bools:
    """Lanes whose departure brings too little, ``(A,)``."""
    joint_names = {name for name, member in cost_members().items() if getattr(member, "JOINT", False)}
    joint = np.sum([cents for name, cents in solution.terms.items() if name in joint_names], axis=0)
    own = solution.line_cost_cents - joint
    lanes, lane = len(problem.lanes), solution.moves.lane
    used = np.bincount(lane, minlength=lanes) > 0
    brings = np.bincount(lane, weights=solution.worth_cents - own, minlength=lanes)
    shared = np.bincount(lane, weights=joint + np.zeros(len(lane)), minlength=lanes)
    asked = np.maximum(float(minimum.departure_cents), minimum.departure_share * shared)
    poor: Bools = used & (asked > 0) & (brings < asked)
    if poor.any():
        # The worst alone: another may be worth more once it has gone.
        worst = int(np.argmax(np.where(poor, asked - brings, -np.inf)))
        poor = np.arange(lanes) == worst
    return poor
