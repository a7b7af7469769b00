"""A program asked again and again learns new columns and goes on from where it was."""

from __future__ import annotations

import numpy as np
import pytest

from evenstock.optimisation import Program, Session


def test_a_new_column_is_used_where_it_costs_less():
    """Ten units at 5 each; then a way that costs 3 and takes one of four places, and one at 6 that nobody wants."""
    program = Program()
    wanted, places = program.rows("wanted", 1, lower=10), program.rows("places", 1, upper=4)
    first = program.columns(1, cost=5)
    program.put(wanted, first)
    session = Session(program)
    assert session.solve().objective == pytest.approx(10 * 5)

    # The second column is told before the first, and the place after the units.
    rows, place = np.concatenate([wanted, places, wanted]), np.array([1, 0, 0])
    new = session.add_columns(np.array([3.0, 6.0]), rows, place, np.ones(3))

    found = session.solve()
    assert new.tolist() == [1, 2]
    assert found.values.tolist() == [6, 4, 0]
    assert found.objective == pytest.approx(6 * 5 + 4 * 3)
    assert found.row_duals[places].tolist() == [pytest.approx(3 - 5)]


def test_a_program_may_begin_with_no_columns_at_all():
    program = Program()
    wanted = program.rows("wanted", 2, lower=[1, 2])
    session = Session(program)

    session.add_columns(np.array([7.0, 8.0]), wanted, np.array([0, 1]), np.ones(2))

    assert session.columns_count == 2
    assert session.solve().objective == pytest.approx(1 * 7 + 2 * 8)
