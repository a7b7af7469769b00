"""A plan with what each line is worth and costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import numpy as np

from evenstock import registry
from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.terms import pallets
from evenstock.rebalancing.worth import worth


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Moves, line by line, priced with whole pallets and whole departures; every total is the sum of its lines."""

    method: str
    moves: Moves
    worth_cents: Ints
    """Expected gain there less expected loss here, before cost, ``(lines,)``."""
    terms: Mapping[str, Ints]
    """Cents by cost term, each ``(lines,)``."""
    sold_more: Floats
    """Expected units served at the destination that would have been short there, ``(lines,)``."""
    sold_less: Floats
    """Expected units short at the origin that would have been served, ``(lines,)``."""
    lane_loads: Floats
    """Pallets, not rounded, ``(A,)``; items without a pallet size take no room."""
    lane_pallets: Ints
    """Pallets paid, ``(A,)``."""
    notes: tuple[str, ...]
    seed: int = 0
    """Kept with the plan for replay; no method of today draws at random."""

    @property
    def line_cost_cents(self) -> Ints:
        return np.sum(list(self.terms.values()), axis=0, dtype=np.int64) if self.terms else 0 * self.moves.units

    @property
    def line_net_cents(self) -> Ints:
        return self.worth_cents - self.line_cost_cents

    @property
    def total_worth_cents(self) -> int:
        return int(self.worth_cents.sum())

    @property
    def total_cost_cents(self) -> int:
        return int(self.line_cost_cents.sum())

    @property
    def net_cents(self) -> int:
        return self.total_worth_cents - self.total_cost_cents

    @property
    def lane_fill(self) -> Floats:
        """Share of the paid pallets that is full, ``(A,)``; 0 where none is paid."""
        return np.divide(
            self.lane_loads, self.lane_pallets, out=np.zeros(len(self.lane_loads)), where=self.lane_pallets > 0
        )

    @property
    def lanes_used(self) -> int:
        return len(np.unique(self.moves.lane))


def cost_terms(problem: Problem, moves: Moves) -> dict[str, Ints]:
    """Every term's whole cents by line."""
    return {name: member.term(problem, moves) for name, member in cost_members().items()}


@cache
def cost_members() -> dict[str, ModuleType]:
    """The family of cost terms, found once."""
    return registry.members("evenstock.rebalancing.terms")


def settle(problem: Problem, moves: Moves, *, method: str, notes: tuple[str, ...] = (), seed: int = 0) -> Solution:
    """Price any lawful moves exactly, whoever thought of them.

    Raises
    ------
    ValueError
        If a move uses a closed or barred lane, breaks a case, or takes a node below its floor.
    """
    problem.refuse_unlawful(moves)
    value = worth(problem, moves)
    return Solution(
        method=method,
        moves=moves,
        worth_cents=value.cents,
        terms=cost_terms(problem, moves),
        sold_more=value.sold_more,
        sold_less=value.sold_less,
        lane_loads=pallets.loads(problem, moves),
        lane_pallets=pallets.pallets(problem, moves),
        notes=notes,
        seed=seed,
    )
