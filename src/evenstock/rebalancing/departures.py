"""Chooses which departures to pay for, and what they carry.

Slope scaling finds departures; those that do not pay are closed; lines not worth the pallet they begin stay behind; a pallet
that is paid for anyway is filled with what gains without its freight. Each of these is a proposal at other lane costs,
priced with whole pallets and departures, and the best stands. Last, items whose flow may miss the optimum are improved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.conditions import conditions
from evenstock.rebalancing.exchange import improved
from evenstock.rebalancing.flow import estimated, flow, scaled
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.program import best_cases
from evenstock.rebalancing.slope_scaling import full_departures, slope_scaling
from evenstock.rebalancing.solution import Solution, cost_terms, settle
from evenstock.rebalancing.terms import pallets
from evenstock.rebalancing.trim import trimmed
from evenstock.rebalancing.unit_values import Map, UnitValues, renewed, unit_values

METHOD: Final = "evenstock"
PROGRAMS: Final = 8
"""Items a pass that may go to the scenario program, a second or so each: those a detour could gain most for."""
_MOST_CLOSINGS: Final = 3
_MOST_TRIMS: Final = 5
_FILLING: Final = (0.0, 0.4, 0.7, 0.9)
"""Shares of the pallet freight asked when departures are filled up."""


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """Cases asked for at some lane costs, what is kept of them, and its net worth by the tables."""

    cost: Ints
    cases: Ints
    kept: Moves
    net_cents: float
    lane_net_cents: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Night:
    """A problem with its tables and the least each unit costs on each lane."""

    problem: Problem
    values: UnitValues
    linear: Floats

    @classmethod
    def of(cls, problem: Problem, map: Map) -> Night:  # noqa: A002
        linear = full_departures(problem)
        return cls(problem, unit_values(problem, scaled(problem, linear), map), linear)

    def after(self, moves: Moves, total: Moves, start: Problem, map: Map) -> Night:  # noqa: A002
        """The night once `moves` are added, which makes `total` since `start`."""
        problem = start.after(total)
        changed = np.unique(moves.item)
        return Night(problem, renewed(self.values, problem, scaled(problem, self.linear), changed, map), self.linear)

    def asked(self, cents_per_unit: Floats) -> tuple[Ints, Ints, Ints]:
        """Lane costs of a case, cases and gain less cost, in the tables' money."""
        cost = scaled(self.problem, cents_per_unit)
        return cost, *flow(self.problem, self.values, cost)

    def proposal(self, cents_per_unit: Floats) -> Proposal:
        """The flow at these lane costs, less the lines that are not worth their pallet."""
        cost, cases, _ = self.asked(cents_per_unit)
        moves = Moves.from_table(cases * self.problem.case_units[:, None])
        net, lane_net, brings = self._estimate(moves)
        for _ in range(_MOST_TRIMS):
            fewer = trimmed(self.problem, moves, brings)
            found = self._estimate(fewer)
            if found[0] <= net:
                break
            moves, (net, lane_net, brings) = fewer, found
        return Proposal(cost, cases, moves, net, lane_net)

    def _estimate(self, moves: Moves) -> tuple[float, Floats, Floats]:
        """Net worth in cents by the tables, in all and by lane, and what each line brings before pallets and departure."""
        problem = self.problem
        cases = moves.table(len(problem.skus), len(problem.lanes)) // problem.case_units[:, None]
        worth = estimated(problem, self.values, cases)[moves.item, moves.lane]
        terms = cost_terms(problem, moves)
        shared = terms["pallets"] + terms["fixed"]
        net = worth - np.sum(list(terms.values()), axis=0)
        by_lane = np.bincount(moves.lane, weights=net, minlength=len(problem.lanes)).astype(np.float64)
        return float(net.sum()), by_lane, net + shared

    def settled(self, cases: Ints) -> Solution:
        """The same, with every worth simulated."""
        best = settle(self.problem, Moves.from_table(cases * self.problem.case_units[:, None]), method=METHOD)
        for _ in range(_MOST_TRIMS):
            brings = (best.line_net_cents + best.terms["pallets"] + best.terms["fixed"]).astype(np.float64)
            less = settle(self.problem, trimmed(self.problem, best.moves, brings), method=METHOD)
            if less.net_cents <= best.net_cents:
                break
            best = less
        return best


def departures(night: Night) -> tuple[Solution, list[str]]:
    """The best plan found at true cost, possibly empty, and notes on how far it is proven."""
    nothing = settle(night.problem, Moves.none(), method=METHOD)
    if night.values.gains.size == 0:
        return nothing, []
    straight = night.proposal(night.linear)
    best = max(straight, _scaled_and_closed(night), key=_net)
    if best.net_cents > 0:
        best = _filled(night, best)
    detours = _detours(night)
    if best.net_cents <= 0:
        if len(detours) == 0:
            return nothing, []
        best = straight
    cases, notes = _improved(night, best, detours)
    tried = (nothing, settle(night.problem, best.kept, method=METHOD), night.settled(cases))
    return max(tried, key=lambda solution: solution.net_cents), notes


def _net(proposal: Proposal) -> float:
    return proposal.net_cents


def _detours(night: Night) -> Ints:
    """Items for which a detour may cost less than going straight, those with most to gain first."""
    held = conditions(night.problem, night.values, scaled(night.problem, night.linear))
    found = np.flatnonzero((held.cheaper > 0) | ~held.concave)
    return found[np.argsort(-held.cheaper[found], kind="stable")]


def _scaled_and_closed(night: Night) -> Proposal:
    problem, millicents = night.problem, 1000.0 * night.problem.path_count

    def ask(cents_per_unit: Floats) -> tuple[Ints, Floats]:
        cost, cases, net = night.asked(cents_per_unit)
        return cases, (net + (cases * np.where(cases > 0, cost, 0)).sum(axis=1)) / millicents

    surcharge = slope_scaling(problem, night.linear, ask).surcharge
    best = None
    for _ in range(1 + _MOST_CLOSINGS):
        found = night.proposal(night.linear + np.outer(problem.load, surcharge))
        best = found if best is None else max(best, found, key=_net)
        loses = found.lane_net_cents < 0
        if not loses.any():
            break
        surcharge = np.where(loses, np.inf, surcharge)
    assert best is not None
    return best


def _filled(night: Night, best: Proposal) -> Proposal:
    """The departures of `best` with what they would carry if only a share of the pallet freight were asked of a unit."""
    used = np.bincount(best.kept.lane, minlength=len(night.problem.lanes)) > 0
    flat = pallets.slope(night.problem)
    for share in _FILLING:
        best = max(best, night.proposal(np.where(used, night.linear - (1 - share) * flat, np.inf)), key=_net)
    return best


def _improved(night: Night, best: Proposal, detours: Ints) -> tuple[Ints, list[str]]:
    """Cases improved where the flow's conditions do not hold; which those were."""
    problem, values = night.problem, night.values
    active = np.diff(values.gain_at[:: len(values.sinks)]) > 0
    wanted = active & ~conditions(problem, values, best.cost).exact
    note = (
        f"{int((active & ~wanted).sum())} of {int(active.sum())} items with a gainful move are at the optimum for their lane "
        f"costs, {int(wanted.sum())} (several days of arrival or a refilled node compete) were improved case by case"
    )
    notes = [note]
    if not wanted.any():
        return best.cases, notes
    better, _ = improved(problem, values, best.cost, best.cases, wanted)
    if len(detours) == 0:
        return better, notes
    taken = detours[:PROGRAMS]
    unfinished = []
    for k in taken:
        found = best_cases(problem, int(k), best.cost[k])
        if found is None:
            unfinished.append(int(k))
        else:
            better[k] = found.cases.astype(np.int64)
    notes.append(f"a detour may cost less than going straight; solved as a scenario program: {_names(problem, taken)}")
    if unfinished:
        notes.append(f"the scenario program did not end in time; the flow stands: {_names(problem, unfinished)}")
    if len(detours) > len(taken):
        notes.append(f"{len(detours) - len(taken)} more items may gain by a detour and were improved case by case only")
    return better, notes


def _names(problem: Problem, items: list[int] | Ints) -> str:
    return ", ".join(str(problem.skus[int(k)]) for k in items)
