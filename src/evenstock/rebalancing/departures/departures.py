"""Chooses which departures to pay for, and what they carry.

What the items want at the prices of the bound, and at ever truer prices by slope scaling, is loaded on whole pallets and
searched one and two departures at a time. A small night is finished by a whole-number program over the departures near
the best found. Last, items whose flow may miss the optimum are improved, and every candidate is simulated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.departures.ascent import Ascent
from evenstock.rebalancing.departures.lane_costs import whole_pallets
from evenstock.rebalancing.departures.night import Night
from evenstock.rebalancing.departures.program import Near, best_departures
from evenstock.rebalancing.departures.scarcity import lane_amounts
from evenstock.rebalancing.departures.search import Loaded, Yard
from evenstock.rebalancing.departures.slope_scaling import full_departures, slope_scaling
from evenstock.rebalancing.departures.trim import trimmed
from evenstock.rebalancing.flow.conditions import conditions
from evenstock.rebalancing.flow.exchange import improved
from evenstock.rebalancing.flow.flow import scaled
from evenstock.rebalancing.flow.program import best_cases
from evenstock.rebalancing.limits import limits_broken
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.unit_values.tables import Map
from evenstock.rebalancing.worth.solution import Solution, settle

METHOD: Final = "evenstock"
PROGRAMS: Final = 8
"""Items a pass that may go to the scenario program, a second or so each: those a detour could gain most for."""
PAIRED: Final = 200
"""Items up to which departures are searched two at a time: of more, no pair was found that helped."""
_MOST_TRIMS: Final = 5
_MOST_RESTARTS: Final = 3
_PROGRAM_GAP: Final = 1e-3


def always() -> bool:
    """Never stops."""
    return True


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to look. The same effort gives the same plan, unless `more` says no on the way."""

    sweeps: int = 120
    """Of the price search, where anything is short beside the lanes."""
    proof: int = 60
    """Corrections of the bound of items whose flow is not known to be the optimum; at least 1."""
    rounds: int = 40
    """Of the search for better departures."""
    programs: int = 2
    """Whole-number programs over the departures near the best, where items are few."""
    program_items: int = 100
    """Items that count as few."""
    program_nodes: int = 20
    """Branches after which a program ends."""
    more: Callable[[], bool] = always
    """Asked between steps; once it says no, the best plan so far is the answer. May read a clock."""


def departures(night: Night, proof: Ascent, effort: Effort, map: Map) -> tuple[Solution, list[str]]:  # noqa: A002
    """The best plan found at true cost, possibly empty, and notes on how far it is proven."""
    problem = night.problem
    nothing = settle(problem, Moves.none(), method=METHOD)
    if night.values.gains.size == 0:
        return nothing, []
    yard = Yard.of(night)
    best = _searched(night, yard, proof, effort, map)
    detours = _detours(night)
    if best.net <= 0 and len(detours) == 0:
        return nothing, []
    cost = scaled(problem, proof.item_cents)
    cases, notes = _improved(night, cost, best.cases if best.net > 0 else proof.cases, detours)
    tried = [nothing, _settled(night, best.cases)]
    if not np.array_equal(cases, best.cases):
        again = yard.searched(cases, rounds=1, more=effort.more, pairs=False)
        tried += [_trimmed(night, cases), _settled(night, again.cases)]
    lawful = [plan for plan in tried if not limits_broken(problem, plan.moves)]
    return max(lawful, key=lambda plan: plan.net_cents), notes


def _searched(night: Night, yard: Yard, proof: Ascent, effort: Effort, map: Map) -> Loaded:  # noqa: A002
    """The best of the search from several starts, then of the program if items are few."""
    pairs = len(night.problem.skus) <= PAIRED
    best = None
    for start in (proof.cases, _scaled(night, map)):
        found = yard.searched(start, rounds=effort.rounds, more=effort.more, pairs=pairs)
        best = found if best is None or found.net > best.net else best
        if not effort.more():
            break
    assert best is not None
    for _ in range(_MOST_RESTARTS):
        if not effort.more():
            break
        found = yard.searched(_within(night, best.cases, map), rounds=effort.rounds, more=effort.more, pairs=pairs)
        if found.net <= best.net:
            break
        best = found
    active = int((night.most > 0).any(axis=1).sum())
    for _ in range(effort.programs if active <= effort.program_items else 0):
        if not effort.more():
            break
        found = _programmed(night, yard, best, effort)
        if found.net <= best.net:
            break
        best = found
    return best


def _within(night: Night, cases: Ints, map: Map) -> Ints:  # noqa: A002
    """What items want if only the departures of a plan leave, at the price of full ones."""
    used = cases.sum(axis=0) > 0
    return night.asked(np.where(used, full_departures(night.problem), np.inf), map)[0]


def _scaled(night: Night, map: Map) -> Ints:  # noqa: A002
    """What items want at prices by slope scaling."""
    problem, linear = night.problem, full_departures(night.problem)
    millicents = 1000.0 * problem.path_count

    def ask(cents_per_unit: Floats) -> tuple[Ints, Floats]:
        cases, net = night.asked(cents_per_unit, map)
        cost = scaled(problem, cents_per_unit)
        return cases, (net + (cases * np.where(cases > 0, cost, 0)).sum(axis=1)) / millicents

    return slope_scaling(problem, linear, ask).cases


def _programmed(night: Night, yard: Yard, best: Loaded, effort: Effort) -> Loaded:
    """The best within a pallet of each departure, searched again."""
    _, load, _ = lane_amounts(night.problem, best.cases * night.problem.case_units[:, None])
    ceiling = whole_pallets(night.room.pallets)
    opened = np.zeros(len(load), np.bool_)
    near = Near.of(whole_pallets(load), ceiling, reach=1, opened=opened)
    found = best_departures(night, near, whole=False, gap=_PROGRAM_GAP, most_nodes=effort.program_nodes)
    if not found.answer.found:
        return best
    return yard.searched(found.cases, rounds=effort.rounds, more=effort.more)


def _settled(night: Night, cases: Ints) -> Solution:
    return settle(night.problem, Moves.from_table(cases * night.problem.case_units[:, None]), method=METHOD)


def _trimmed(night: Night, cases: Ints) -> Solution:
    """Simulated, and without the lines that are then not worth the pallet they begin."""
    best = _settled(night, cases)
    joint = ("pallets", "fixed", "trucks")
    for _ in range(_MOST_TRIMS):
        brings = (best.line_net_cents + sum(best.terms[name] for name in joint)).astype(np.float64)
        less = settle(night.problem, trimmed(night.problem, best.moves, brings), method=METHOD)
        if less.net_cents <= best.net_cents:
            break
        best = less
    return best


def _detours(night: Night) -> Ints:
    """Items for which a detour may cost less than going straight, those with most to gain first."""
    held = conditions(night.problem, night.values, scaled(night.problem, full_departures(night.problem)))
    found = np.flatnonzero((held.cheaper > 0) | ~held.concave)
    return found[np.argsort(-held.cheaper[found], kind="stable")]


def _improved(night: Night, cost: Ints, cases: Ints, detours: Ints) -> tuple[Ints, list[str]]:
    """Cases improved where the flow's conditions do not hold; which those were."""
    problem, values = night.problem, night.values
    active = np.diff(values.gain_at[:: len(values.sinks)]) > 0
    wanted = active & ~conditions(problem, values, cost).exact
    note = (
        f"{int((active & ~wanted).sum())} of {int(active.sum())} items with a gainful move are at the optimum for their lane "
        f"costs, {int(wanted.sum())} (several days of arrival or a refilled node compete) were improved case by case"
    )
    notes = [note]
    if not wanted.any():
        return cases, notes
    better, _ = improved(problem, values, cost, cases, wanted)
    if len(detours) == 0:
        return better, notes
    taken = detours[:PROGRAMS]
    unfinished = []
    for k in taken:
        found = best_cases(problem, int(k), cost[k])
        if found is None:
            unfinished.append(int(k))
        else:
            better[k] = found.cases.astype(np.int64)
    notes.append(f"a detour may cost less than going straight; solved as a scenario program: {_names(night, taken)}")
    if unfinished:
        notes.append(f"the scenario program did not end in time; the flow stands: {_names(night, unfinished)}")
    if len(detours) > len(taken):
        notes.append(f"{len(detours) - len(taken)} more items may gain by a detour and were improved case by case only")
    return better, notes


def _names(night: Night, items: list[int] | Ints) -> str:
    return ", ".join(str(night.problem.skus[int(k)]) for k in items)
