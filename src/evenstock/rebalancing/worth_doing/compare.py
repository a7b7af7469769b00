"""A plan beside the rules people use, each priced and played alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from evenstock import registry
from evenstock.rebalancing.arrays import Demand, Floats
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth.evaluate import Rerouting, evaluate
from evenstock.rebalancing.worth.solution import Solution
from evenstock.rebalancing.worth_doing.part import part, part_of_moves, part_of_routes

FAMILY: Final = "evenstock.rebalancing.heuristics"
NORMAL_95: Final = 1.959964
"""Standard errors either side of the mean that hold 95 % of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Saving:
    """What a plan would have saved on demand it was not made for, against doing nothing; each path is one world."""

    mean_cents: float
    low_cents: float
    """Lower end of the 95 % interval of the mean, path by path against doing nothing on the same path."""
    high_cents: float
    positive: float
    """Share of paths on which it saved at all."""

    @classmethod
    def of(cls, path_cents: Floats) -> Saving:
        """From savings by path, ``(S,)``."""
        mean = float(path_cents.mean())
        half = NORMAL_95 * float(path_cents.std(ddof=1)) / len(path_cents) ** 0.5 if len(path_cents) > 1 else np.inf
        return cls(mean, mean - half, mean + half, float((path_cents > 0).mean()))


@dataclass(frozen=True, slots=True)
class Row:
    """One method; money in cents, on the paths the plan was made on."""

    method: str
    lines: int
    units: int
    lanes: int
    pallets: int
    worth_cents: int
    cost_cents: int
    net_cents: int
    share: float | None
    """Of our saving; below zero where the rule loses money, None where ours saves nothing."""
    fresh: Saving | None = None
    fresh_share: float | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Ours first, then the rules by name."""

    rows: tuple[Row, ...]

    def of(self, method: str) -> Row:
        return next(row for row in self.rows if row.method == method)

    def frame(self) -> pl.DataFrame:
        """One row a method, for a report."""
        flat = [
            {name: getattr(row, name) for name in Row.__slots__ if name != "fresh"}
            | {f"fresh_{name}": getattr(row.fresh, name, None) for name in Saving.__slots__}
            for row in self.rows
        ]
        return pl.DataFrame(flat, infer_schema_length=None)


def compare(
    problem: Problem,
    solution: Solution,
    *,
    fresh: Demand | None = None,
    rerouting: Rerouting | None = None,
    rules: Sequence[str] | None = None,
) -> Comparison:
    """What every rule of the family would do tonight, and which share of our saving it would reach.

    Parameters
    ----------
    fresh
        Demand that no plan has seen, ``(K, W, S, T)``: savings are then played on it as well; what a position costs outside
        its band is no sale and is not in them.
    rerouting
        Unmet units on `fresh` are served from the next node where that is lawful.
    rules
        Names of the family; none means all.

    Raises
    ------
    ValueError
        If there is no such rule.
    """
    members = registry.members(FAMILY)
    missing = [name for name in rules or () if name not in members]
    if missing:
        raise ValueError(f"there is no rule {missing[0]!r}; choose from {', '.join(members)}")
    others: list[Solution] = [members[name].solve(problem) for name in (members if rules is None else rules)]
    plans = [solution, *others]
    savings = [None] * len(plans) if fresh is None else _savings(problem, plans, fresh, rerouting)
    return Comparison(tuple(_row(plan, solution, seen, savings[0]) for plan, seen in zip(plans, savings, strict=True)))


def _savings(
    problem: Problem, plans: Sequence[Solution], fresh: Demand, rerouting: Rerouting | None
) -> list[Saving | None]:
    """Only items that some plan moves are played: the others cost the same whatever is done."""
    items = np.unique(np.concatenate([plan.moves.item for plan in plans]))
    if len(items) == 0:
        return [Saving.of(np.zeros(fresh.shape[2])) for _ in plans]
    few, demand, routes = part(problem, items), fresh[items], part_of_routes(rerouting, items)
    nothing = evaluate(few, Moves.none(), demand=demand, rerouting=routes).path_cents
    found: list[Saving | None] = []
    for plan in plans:
        moves = part_of_moves(plan.moves, items)
        played = evaluate(few, moves, demand=demand, rerouting=routes).path_cents if len(moves) else nothing
        found.append(Saving.of(nothing - played - plan.total_cost_cents))
    return found


def _row(plan: Solution, ours: Solution, fresh: Saving | None, our_fresh: Saving | None) -> Row:
    return Row(
        method=plan.method,
        lines=len(plan.moves),
        units=int(plan.moves.units.sum()),
        lanes=plan.lanes_used,
        pallets=int(plan.lane_pallets.sum()),
        worth_cents=plan.total_worth_cents,
        cost_cents=plan.total_cost_cents,
        net_cents=plan.net_cents,
        share=_share(plan.net_cents, ours.net_cents),
        fresh=fresh,
        fresh_share=_share(fresh.mean_cents, our_fresh.mean_cents) if fresh and our_fresh else None,
    )


def _share(of: float, whole: float) -> float | None:
    return of / whole if whole > 0 else None
