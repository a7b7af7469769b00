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
from evenstock.rebalancing.flow import flow, scaled
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.program import best_cases
from evenstock.rebalancing.slope_scaling import full_departures, slope_scaling
from evenstock.rebalancing.solution import Solution, settle
from evenstock.rebalancing.terms import pallets
from evenstock.rebalancing.trim import trimmed
from evenstock.rebalancing.unit_values import Map, UnitValues, unit_values

METHOD: Final = "evenstock"
PROGRAMS: Final = 8
"""Items a pass that may go to the scenario program, a second or so each: those a detour could gain most for."""
_MOST_CLOSINGS: Final = 3
_MOST_TRIMS: Final = 5
_FILLING: Final = (0.0, 0.4, 0.7, 0.9)
"""Shares of the pallet freight asked when departures are filled up."""


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """Cases asked for at some lane costs, and what was kept of them."""

    cost: Ints
    cases: Ints
    solution: Solution

    @property
    def net_cents(self) -> int:
        return self.solution.net_cents


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

    def asked(self, cents_per_unit: Floats) -> tuple[Ints, Ints, Ints]:
        """Lane costs of a case, cases and gain less cost, in the tables' money."""
        cost = scaled(self.problem, cents_per_unit)
        return cost, *flow(self.problem, self.values, cost)

    def proposal(self, cents_per_unit: Floats) -> Proposal:
        cost, cases, _ = self.asked(cents_per_unit)
        return self.kept(cost, cases)

    def kept(self, cost: Ints, cases: Ints) -> Proposal:
        """What stays of these cases when lines that are not worth their pallet stay behind."""
        problem = self.problem
        best = settle(problem, Moves.from_table(cases * problem.case_units[:, None]), method=METHOD)
        for _ in range(_MOST_TRIMS):
            less = settle(problem, trimmed(problem, best), method=METHOD)
            if less.net_cents <= best.net_cents:
                break
            best = less
        return Proposal(cost, cases, best)


def departures(night: Night) -> tuple[Solution, list[str]]:
    """The best plan found at true cost, possibly empty or losing, and notes on how far it is proven."""
    if night.values.gains.size == 0:
        return settle(night.problem, Moves.none(), method=METHOD), []
    straight = night.proposal(night.linear)
    best = max(straight, _scaled_and_closed(night), key=_net)
    if best.net_cents > 0:
        best = _filled(night, best)
    detours = _detours(night)
    if best.net_cents <= 0:
        if len(detours) == 0:
            return settle(night.problem, Moves.none(), method=METHOD), []
        best = straight
    cases, notes = _improved(night, best, detours)
    return max(best, night.kept(best.cost, cases), key=_net).solution, notes


def _detours(night: Night) -> Ints:
    """Items for which a detour may cost less than going straight, those with most to gain first."""
    held = conditions(night.problem, night.values, scaled(night.problem, night.linear))
    found = np.flatnonzero((held.cheaper > 0) | ~held.concave)
    return found[np.argsort(-held.cheaper[found], kind="stable")]


def _net(proposal: Proposal) -> int:
    return proposal.net_cents


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
        lanes, net = found.solution.moves.lane, found.solution.line_net_cents
        loses = np.bincount(lanes, weights=net, minlength=len(problem.lanes)) < 0
        if not loses.any():
            break
        surcharge = np.where(loses, np.inf, surcharge)
    assert best is not None
    return best


def _filled(night: Night, best: Proposal) -> Proposal:
    """The departures of `best` with what they would carry if only a share of the pallet freight were asked of a unit."""
    used = np.bincount(best.solution.moves.lane, minlength=len(night.problem.lanes)) > 0
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
            better[k] = found.astype(np.int64)
    notes.append(f"a detour may cost less than going straight; solved as a scenario program: {_names(problem, taken)}")
    if unfinished:
        notes.append(f"the scenario program did not end in time; the flow stands: {_names(problem, unfinished)}")
    if len(detours) > len(taken):
        notes.append(f"{len(detours) - len(taken)} more items may gain by a detour and were improved case by case only")
    return better, notes


def _names(problem: Problem, items: list[int] | Ints) -> str:
    return ", ".join(str(problem.skus[int(k)]) for k in items)
