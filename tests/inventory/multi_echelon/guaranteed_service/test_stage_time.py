"""What is left of a stage's time once a promise covers part of it."""

from __future__ import annotations

import numpy as np
import pytest
from tests.inventory.multi_echelon.guaranteed_service.oracle import _left

from evenstock.inventory.multi_echelon.guaranteed_service import cases, fixed, normal


def test_a_fixed_time_leaves_the_rest_and_varies_by_nothing():
    left, spread = fixed(2.5).beyond(np.array([0.0, 2.0, 3.0]))
    assert left.tolist() == [2.5, 0.5, 0.0]
    assert spread.tolist() == [0, 0, 0]
    assert fixed(2.5).longest == 3


def test_the_worst_case_alone_is_left_beyond_the_others():
    # 20, 25 or 50 days; with 25 covered, 25 are left one time in five: mean 5, variance 0.2·25² − 5² = 100.
    time = cases({20: 0.4, 25: 0.4, 50: 0.2})
    left, spread = time.beyond(np.array([0.0, 25.0, 50.0]))
    assert left.tolist() == pytest.approx([28, 5, 0])
    assert spread.tolist() == pytest.approx([126, 100, 0])
    assert (time.longest, round(time.sd, 6)) == (50, 11.224972)


def test_a_normal_time_agrees_with_adding_up_its_density():
    time = normal(10, 2)
    covered = np.array([0.0, 7.0, 10.0, 12.0, 16.0])
    left, spread = time.beyond(covered)
    for k, c in enumerate(covered.tolist()):
        assert (left[k], spread[k]) == pytest.approx(_left(time, c), abs=1e-6)
    assert time.longest == 16


def test_probabilities_have_to_sum_to_one():
    with pytest.raises(ValueError, match="sum to 1, not"):
        cases({1: 0.5, 2: 0.4})
