"""A few items planned anew get what the whole night would give them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tests.rebalancing import instances

from evenstock.rebalancing.bands import Bands
from evenstock.rebalancing.departures.slope_scaling import full_departures
from evenstock.rebalancing.flow.conditions import conditions
from evenstock.rebalancing.flow.exchange import improved
from evenstock.rebalancing.flow.flow import flow, scaled
from evenstock.rebalancing.flow.replan import replan
from evenstock.rebalancing.unit_values.tables import renewed, spliced, unit_values


def night():
    lead = np.array([0, 1, 2, 3, 1, 2])
    return instances.random_problem(4, items=7, lead=lead, most=8, bands=Bands.none(7, 3))


def test_changed_items_get_the_cases_and_tables_of_the_whole_night():
    before = night()
    items = np.array([1, 4, 6])
    cost = scaled(before, full_departures(before))
    old = unit_values(before, cost)
    on_hand = before.on_hand.copy()
    on_hand[items] += [2, 0, 5]
    after = replace(before, on_hand=on_hand)
    values = unit_values(after, cost)
    cases, _ = flow(after, values, cost)
    cases, _ = improved(after, values, cost, cases, ~conditions(after, values, cost).exact)

    some = replace(before.only(items), on_hand=on_hand[items])
    again = replan(some, cost[items])
    assert again.cases.tolist() == cases[items].tolist()
    assert again.exact.tolist() == conditions(after, values, cost).exact[items].tolist()
    for whole in (spliced(old, again.values, items), renewed(old, after, cost, items)):
        for name in ("gain_at", "gains", "loss_at", "losses", "concave"):
            assert getattr(whole, name).tolist() == getattr(values, name).tolist()


def test_a_problem_of_some_items_is_what_the_whole_says_of_them():
    problem = night()
    some = problem.only(np.array([5, 2]))
    assert some.skus == ["S5", "S2"]
    assert some.on_hand.tolist() == problem.on_hand[[5, 2]].tolist()
    assert some.paths.tolist() == problem.paths[[5, 2]].tolist()
    assert some.bands.low_units.shape == (2, 3)
