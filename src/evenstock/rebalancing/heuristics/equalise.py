"""Bring every node to the network's days of cover, however near it is already."""

from __future__ import annotations

from evenstock.rebalancing.levelling.level import level
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth.solution import Solution, settle


def solve(problem: Problem) -> Solution:
    return settle(problem, level(problem, 0.0), method="equalise")
