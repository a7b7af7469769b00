"""Loading departures: every trial that does not pay is taken back exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import oracle
from tests.rebalancing.departures.test_bound import limited, shared

from evenstock.rebalancing.departures.departures import always
from evenstock.rebalancing.departures.night import Night
from evenstock.rebalancing.departures.search import Yard
from evenstock.rebalancing.departures.slope_scaling import full_departures
from evenstock.rebalancing.limits import limits_broken
from evenstock.rebalancing.moves import Moves


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_search_nets_what_its_cases_are_worth_when_simulated(seed):
    problem = shared(seed, items=5, nodes=4)
    night = Night.of(problem, map)
    found = Yard.of(night).searched(night.asked(full_departures(problem))[0], rounds=5, more=always)
    cents = found.net / (1000 * problem.path_count)
    assert cents >= 0
    # The tables never overstate; where a node both gives and gets they may understate.
    assert cents <= oracle.gain_cents(problem, found.cases * problem.case_units[:, None]) + 0.1


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_whatever_is_wanted_only_what_is_allowed_is_loaded(seed):
    problem = limited(seed, shared(seed, items=5, nodes=4))
    yard = Yard.of(Night.of(problem, map))
    wanted = np.random.default_rng(seed).integers(0, 9, yard.night.most.shape)
    state = yard.state(np.minimum(wanted, yard.night.most))
    assert limits_broken(problem, Moves.from_table(state.flow * problem.case_units[:, None])) == []
    found = yard.searched(np.zeros_like(wanted), rounds=5, more=always)
    assert limits_broken(problem, Moves.from_table(found.cases * problem.case_units[:, None])) == []


def test_a_pallet_that_is_paid_for_is_filled_with_what_gains_by_itself():
    problem = shared(4, items=6, nodes=4)
    night = Night.of(problem, map)
    yard = Yard.of(night)
    found = yard.searched(night.asked(full_departures(problem))[0], rounds=9, more=always)
    again = yard.searched(found.cases, rounds=9, more=always)
    assert again.net == pytest.approx(found.net)
