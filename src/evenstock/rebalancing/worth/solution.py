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
from evenstock.rebalancing.worth.sharing import share_out
from evenstock.rebalancing.worth.worth import worth


@dataclass(frozen=True, slots=True, eq=False)
class SharedPrices:
    """What one more of anything items share would be worth, by the prices that prove a plan's bound; all 0 or more."""

    lane_pallet_cents: Floats
    """Room for a pallet on a departure, its freight included, ``(A,)``."""
    lane_loose_cents: Floats
    """The same for a load of items without a pallet size, ``(A,)``."""
    truck_cents: Floats
    """One more truck than the lane has, ``(A,)``; above 0 only where trucks are short."""
    out_unit_cents: Floats
    """A unit more through a node's dock out, ``(W,)``."""
    in_unit_cents: Floats
    """A unit more through a node's dock in on a day, ``(W, T)``."""
    room_pallet_cents: Floats
    """Room for a pallet more at a node by the end of a day, ``(W, T)``."""
    budget: float
    """Cents of net worth for a cent more to spend."""


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
    bound_cents: int | None = None
    """No plan of this night nets more, but for the rounding of lines to cents; None where nobody looked."""
    prices: SharedPrices | None = None
    """Of what items share; None where nobody looked."""

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
    def gap(self) -> float | None:
        """How far the plan can at most be from the best, as a share of the bound; None without a bound."""
        if self.bound_cents is None:
            return None
        return max(self.bound_cents - self.net_cents, 0) / self.bound_cents if self.bound_cents > 0 else 0.0

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


def bear_joint_costs(problem: Problem, moves: Moves, worth_cents: Ints, terms: Mapping[str, Ints]) -> dict[str, Ints]:
    """The same terms, those of a whole departure shared among its lines by what each brings beyond its own cost.

    Joint costs cannot be traced to a line. Shared by load, a bulky line that fills a truck which leaves anyway looks like
    a loss; shared by net realisable value, the usual method for joint costs (Horngren, Cost Accounting, chapter on joint
    products), no line of a departure that pays shows a loss. A departure none of whose lines brings anything is shared
    by load.
    """
    joint = {name for name, member in cost_members().items() if getattr(member, "JOINT", False)}
    own = np.sum([cents for name, cents in terms.items() if name not in joint], axis=0, dtype=np.int64)
    brings = np.maximum(worth_cents - own, 0).astype(np.float64)
    idle = np.bincount(moves.lane, weights=brings, minlength=len(problem.lanes)) <= 0
    brings = np.where(idle[moves.lane], moves.units * problem.load[moves.item], brings)
    shared = dict(terms)
    for name in joint & set(terms):
        by_lane = np.bincount(moves.lane, weights=terms[name], minlength=len(problem.lanes))
        shared[name] = share_out(np.rint(by_lane).astype(np.int64), moves.lane, brings)
    return shared


@cache
def cost_members() -> dict[str, ModuleType]:
    """The family of cost terms, found once."""
    return registry.members("evenstock.rebalancing.terms")


def settle(
    problem: Problem,
    moves: Moves,
    *,
    method: str,
    notes: tuple[str, ...] = (),
    seed: int = 0,
    bound_cents: int | None = None,
    prices: SharedPrices | None = None,
) -> Solution:
    """Price any lawful moves exactly, whoever thought of them.

    Limits of docks, room, trucks and money are not asked: `limits_broken` names those that a plan exceeds.

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
        terms=bear_joint_costs(problem, moves, value.cents, cost_terms(problem, moves)),
        sold_more=value.sold_more,
        sold_less=value.sold_less,
        lane_loads=pallets.loads(problem, moves),
        lane_pallets=pallets.pallets(problem, moves),
        notes=notes,
        seed=seed,
        bound_cents=bound_cents,
        prices=prices,
    )
