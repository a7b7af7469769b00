"""A few items planned anew after an event, at the lane costs of the night: milliseconds, whatever the number of others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenstock.rebalancing.arrays import Bools, Ints
from evenstock.rebalancing.flow.conditions import conditions
from evenstock.rebalancing.flow.exchange import improved
from evenstock.rebalancing.flow.flow import flow
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.unit_values.tables import UnitValues, unit_values


@dataclass(frozen=True, slots=True, eq=False)
class Replanned:
    """Of the few items, in their order."""

    values: UnitValues
    """Their tables; `spliced` puts them among those of all items."""
    cases: Ints
    """By item and lane, ``(n, A)``."""
    exact: Bools
    """Where the cases are the optimum at these lane costs, ``(n,)``; elsewhere they were improved case by case."""


def replan(some: Problem, case_cost: Ints) -> Replanned:
    """Tables, flow and, where the flow's conditions fail, exchange.

    Parameters
    ----------
    some
        The changed items alone: ``problem.only(items)``, with what changed through `dataclasses.replace`.
    case_cost
        Theirs by lane, ``(n, A)``, in the tables' money: the lane costs the night ended with.
    """
    values = unit_values(some, case_cost)
    cases, _ = flow(some, values, case_cost)
    exact = conditions(some, values, case_cost).exact
    if not exact.all():
        cases, _ = improved(some, values, case_cost, cases, ~exact)
    return Replanned(values, cases, np.asarray(exact))
