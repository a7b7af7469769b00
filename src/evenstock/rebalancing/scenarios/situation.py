"""A situation that can be copied and changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from evenstock.rebalancing.arrays import Bools, Demand, Ints
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth.evaluate import Rerouting


@dataclass(frozen=True, slots=True, eq=False)
class Situation:
    """What a plan is made on, and what it is played on."""

    problem: Problem
    fresh: Demand
    """Demand that no plan has seen, ``(K, W, S, T)``; path s is the same world in every scenario."""
    rerouting: Rerouting | None = None


class Change(Protocol):
    """Anything that makes another situation; a frozen dataclass, so that a list of changes reads as a sentence each."""

    @property
    def sentence(self) -> str: ...

    def apply(self, situation: Situation) -> Situation: ...


def chosen(what: str, names: Sequence[str], wanted: Sequence[str]) -> Ints:
    """Positions of the names wanted; all where none is named.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if not wanted:
        return np.arange(len(names), dtype=np.int64)
    at = {name: n for n, name in enumerate(names)}
    missing = [name for name in wanted if name not in at]
    if missing:
        raise ValueError(f"scenario: there is no {what} {missing[0]!r}")
    return np.array(sorted(at[name] for name in wanted), np.int64)


def lanes_between(problem: Problem, origins: Sequence[str], destinations: Sequence[str]) -> Bools:
    """Lanes from any of the origins to any of the destinations, ``(A,)``; all where none is named."""
    lanes = problem.lanes
    from_here = np.isin(lanes.origin, chosen("node", problem.nodes, origins))
    between: Bools = from_here & np.isin(lanes.destination, chosen("node", problem.nodes, destinations))
    return between


def said(names: Sequence[str], everything: str) -> str:
    return ", ".join(names) if names else everything
