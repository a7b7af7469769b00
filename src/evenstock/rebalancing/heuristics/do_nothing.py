"""Leave everything where it is."""

from __future__ import annotations

from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth.solution import Solution, settle


def solve(problem: Problem) -> Solution:
    return settle(problem, Moves.none(), method="do_nothing")
