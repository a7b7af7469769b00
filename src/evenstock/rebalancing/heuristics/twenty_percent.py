"""The 20 % rule: where a node's days of cover are more than 20 % off the network's, bring them to the network's."""

from __future__ import annotations

from typing import Final

from evenstock.rebalancing.levelling.level import level
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth.solution import Solution, settle

TOLERANCE: Final = 0.20


def solve(problem: Problem) -> Solution:
    return settle(problem, level(problem, TOLERANCE), method="twenty_percent")
