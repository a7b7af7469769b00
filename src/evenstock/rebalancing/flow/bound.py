"""More than this no plan of an item can gain at linear lane costs, whatever its lanes and days of arrival.

Where the flow's conditions hold its net is the optimum. Elsewhere two things are relaxed. Where arrivals of several days
meet at a node, the days are cut at each of them and the stock carried past a cut has a price on every path (Lagrangian
decomposition): then the node's worth falls apart into one concave function of each day's arrivals. And a node that sends
and is refilled may lend every case as cheaply as its first. What is left is a flow over separable functions, solved
exactly; prices that a plan near the optimum makes bring it close to the scenario program's own bound, or below that,
since cases stay whole.

References
----------
Guignard and Kim (1987), Lagrangean decomposition, Mathematical Programming 39.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from evenstock.rebalancing.arrays import Bools, Ints
from evenstock.rebalancing.flow.bound_kernel import ceiling_net, ceiling_tables
from evenstock.rebalancing.flow.conditions import conditions
from evenstock.rebalancing.flow.exchange import improved
from evenstock.rebalancing.flow.flow import flow
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.unit_values.tables import UnitValues, arguments

ROUNDS: Final = 20
"""Corrections of the prices for each item; every doubling takes about a third off what the bound is too high."""


@dataclass(frozen=True, slots=True, eq=False)
class Ceiling:
    """Gains that are never understated, in millicents summed over the paths, laid out as in `UnitValues`."""

    gain_at: Ints
    gains: Ints
    claims: Ints
    """What the gains claim for moving nothing, ``(K,)``; not below zero."""
    lends: Ints
    """What a case brings its node by being away until it is refilled, by item and sink ``(K, R)``."""
    known: Bools
    """Items it was built for, ``(K,)``."""


def ceiling(
    problem: Problem,
    values: UnitValues,
    case_cost: Ints,
    *,
    cases: Ints | None = None,
    wanted: Bools | None = None,
    rounds: int = ROUNDS,
) -> Ceiling:
    """Tables for `upper_bound`, tight near these lane costs and valid at any that are not lower.

    Parameters
    ----------
    case_cost
        On each lane, ``(K, A)``, in the tables' money; FAR where closed.
    cases
        A good plan at these costs, ``(K, A)``; without, the flow's, improved.
    wanted
        Items to build for, ``(K,)``; without, those whose flow is not known to be the optimum at these costs.
    """
    if wanted is None:
        wanted = ~conditions(problem, values, case_cost).exact
    if cases is None:
        found, _ = flow(problem, values, case_cost)
        cases, _ = improved(problem, values, case_cost, found, wanted)
    known = wanted & _active(values, len(wanted))
    given = arguments(problem, values.sinks, case_cost, slice(None))[:-1]
    given += (values.gain_at, values.loss_at, values.losses, known, cases, max(rounds, 1))
    tables = ceiling_tables(*given)
    return Ceiling(*tables, wanted)


def upper_bound(problem: Problem, values: UnitValues, case_cost: Ints, around: Ceiling | None = None) -> Ints:
    """No plan of item k at these lane costs gains more, ``(K,)``, in the tables' money; the flow's net where that is exact.

    Parameters
    ----------
    case_cost
        ``(K, A)``, no lower than the tables (and `around`) were built for; FAR where closed.
    around
        Built once and asked at many costs, in about the time of the flow; without, it is built for these costs.
    """
    _, net = flow(problem, values, case_cost)
    loose = ~conditions(problem, values, case_cost).exact
    if not loose.any():
        return net
    around = around or ceiling(problem, values, case_cost, wanted=loose)
    missing = loose & ~around.known
    bound = np.where(loose, np.maximum(_relaxed(problem, values, case_cost, around, loose & around.known), net), net)
    if missing.any():
        more = ceiling(problem, values, case_cost, wanted=missing)
        bound[missing] = np.maximum(_relaxed(problem, values, case_cost, more, missing), net)[missing]
    return bound


def _active(values: UnitValues, items: int) -> Bools:
    """Items with any gainful case, ``(K,)``."""
    width = len(values.sinks)
    return values.gain_at[width::width] > values.gain_at[:-1:width] if width else np.zeros(items, np.bool_)


def _relaxed(problem: Problem, values: UnitValues, case_cost: Ints, around: Ceiling, wanted: Bools) -> Ints:
    return ceiling_net(
        around.gain_at,
        around.gains,
        around.claims,
        around.lends,
        values.loss_at,
        values.losses,
        problem.movable_cases,
        values.sinks.node,
        problem.lanes.origin,
        values.sinks.of_lane,
        case_cost,
        wanted & _active(values, len(wanted)),
    )
