"""An item planned by tangents costs what the whole program of all its paths proves to be least."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing.horizon import horizons

from evenstock.rebalancing.horizon.choices import lane_costs
from evenstock.rebalancing.horizon.plan_item import plan_item
from evenstock.rebalancing.horizon.play import play
from evenstock.rebalancing.whole.solve import solve_whole


@given(st.integers(0, 10_000), st.sampled_from(["lost", "waiting", "spoiling", "later"]))
@settings(max_examples=12, deadline=None)
def test_in_whole_units_it_is_the_whole_programs_optimum(seed, kind):
    rng = np.random.default_rng(seed)
    horizon = horizons.random_horizon(seed, waiting=kind == "waiting", transfer_days=3 if kind == "later" else 1)
    if kind == "spoiling":
        rows = [
            (0, w, int(rng.integers(0, horizon.problem.on_hand[0, w] + 1)), int(rng.integers(0, 5))) for w in (0, 1)
        ]
        free = replace(horizon.problem, holding_millicents=np.zeros(1, np.int64))
        horizon = replace(horizon, problem=free, lots=horizons.lots(1, rows, shelf=2))
    ours = plan_item(horizon, 0, cents_per_unit=lane_costs(horizon)[0], exact=True, programs=30, gap=1e-7)
    whole = solve_whole(horizon, gap=1e-8)
    assert ours.cost_cents == pytest.approx(whole.cost_cents, rel=1e-6, abs=0.02)
    if horizon.lots is not None and whole.lot_transfers is None:
        return  # which lots its transfers carry is not told, so they cannot be lived
    assert play(horizon, whole).total_cents == pytest.approx(whole.cost_cents, abs=8)
