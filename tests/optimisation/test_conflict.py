"""What a program that has no solution says of itself."""

from __future__ import annotations

import numpy as np
import pytest

from evenstock.optimisation import Program, Session, Status


def quarrel():
    """x is at most 3 by the dock, at least 5 by the service; the budget of 100 is far away."""
    program = Program()
    x = program.columns(1, upper=10)
    rows = [
        program.rows("dock", 1, upper=3),
        program.rows("service", 1, lower=5),
        program.rows("budget", 1, upper=100),
    ]
    for row in rows:
        program.put(row, x)
    return program, x, np.concatenate(rows)


def test_both_sides_of_a_conflict_are_named_and_nobody_else():
    program, _, rules = quarrel()
    assert program.solve().status is Status.INFEASIBLE
    assert program.conflict(rules) == {"dock": pytest.approx(2), "service": pytest.approx(2)}


def test_one_side_is_named_where_the_other_cannot_be_changed():
    program, _, rules = quarrel()
    assert program.conflict(rules[1:]) == {"service": pytest.approx(2)}


def test_nobody_is_named_where_nothing_is_wrong_or_the_rules_are_not_to_blame():
    program, _, rules = quarrel()
    assert program.conflict(rules[2:]) == {}
    eased = Program()
    y = eased.columns(1, upper=10)
    row = eased.rows("dock", 1, upper=3)
    eased.put(row, y)
    assert eased.conflict(row) == {}


def test_what_only_whole_numbers_forbid_is_found_when_asked_for():
    program = Program()
    x = program.columns(1, upper=10, whole=True)
    row = program.rows("exactly two and a half", 1, lower=2.5, upper=2.5)
    program.put(row, x)
    assert program.conflict(row) == {}
    assert program.conflict(row, relaxed=False) == {"exactly two and a half": pytest.approx(0.5)}


def test_rows_can_be_named_one_by_one():
    program = Program()
    x = program.columns(2, upper=1)
    rows = program.rows(["first", "second"], 2, lower=[0, 3])
    program.put(rows, x)
    assert program.conflict(rows) == {"second": pytest.approx(2)}
    with pytest.raises(ValueError, match="1 names for 2 rows"):
        program.rows(["first"], 2)


def test_fixed_columns_stay_where_they_are():
    program = Program()
    x = program.columns(2, cost=[1, 1], lower=0, upper=5)
    program.put(program.rows("enough", 1, lower=4), x)
    assert program.solve().objective == pytest.approx(4)
    assert program.fixed(x[:1], 5.0).solve().values.tolist() == [5, 0]
    assert program.costs.tolist() == [1, 1]


def test_a_session_answers_as_a_fresh_program_would():
    # max x + 2y, x + y <= b, y <= 3: for b = 4 it is 1 + 6, for b = 2 it is 4.
    program = Program()
    x = program.columns(2, cost=[-1, -2], upper=[np.inf, 3])
    row = program.rows("together", 1, upper=4)
    program.put(row, x)
    session = Session(program)
    assert session.solve().objective == pytest.approx(-7)
    session.bound_rows(row, np.array([-np.inf]), np.array([2.0]))
    assert session.solve().objective == pytest.approx(-4)
    assert session.solve().row_duals.tolist() == [-2]
    session.price_columns(x[:1], np.array([-5.0]))
    assert session.solve().objective == pytest.approx(-10)
    assert session.add_row(-np.inf, 1.0, x[:1], [1.0]) == 1
    assert session.solve().objective == pytest.approx(-7)  # 1 of x, 1 of y
    session.set_entries(row, x[1:], np.array([0.5]))
    assert session.solve().objective == pytest.approx(-9)  # 1 of x, 2 of y
    session.bound_columns(x[1:], np.array([0.0]), np.array([0.0]))
    assert session.solve().objective == pytest.approx(-5)
