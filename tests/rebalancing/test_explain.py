"""A planner reads a line and can check it."""

from __future__ import annotations

import numpy as np
from tests.rebalancing import instances

from evenstock.rebalancing import Moves, frame, settle, solve, transfer_lines
from evenstock.tables import TransferLines


def test_a_line_says_worth_cost_cover_at_both_ends_and_why():
    # PA sells 1 a day and has 30; TX sells 2 a day and has 4, so it would miss 8 within 6 days. 6 units leave on 2 lanes.
    demand = [[[[1] * 6], [[2] * 6]]]
    lanes = instances.lanes([(0, 1), (0, 1)], unit=[50, 80], lead=[2, 1])
    problem = instances.problem(demand, [[30, 4]], nodes=["PA", "TX"], skus=["mug"], lanes=lanes)
    (line,) = transfer_lines(problem, settle(problem, Moves.gather([0, 0], [0, 1], [4, 2]), method="by hand"))
    assert (line.sku, line.origin, line.destination, line.units) == ("mug", "PA", "TX", 6)
    assert line.worth_cents == 6 * 1000
    assert line.cost_cents == 4 * 50 + 2 * 80
    assert (line.origin_cover_before, line.origin_cover_after) == (30, 24)
    assert (line.destination_cover_before, line.destination_cover_after) == (2, 5)
    assert line.sentence == (
        "TX has 2 days of cover and within 6 days would miss 6.0 of these 6 units, PA has 30 days of cover and will miss "
        "0.0: worth 60.00, costs 3.60."
    )


def test_the_frame_keeps_its_schema_and_readds():
    problem = instances.random_problem(4, items=20, nodes=4, most=14)
    solution = solve(problem)
    lines = frame(transfer_lines(problem, solution))
    assert TransferLines.is_valid(lines)
    assert len(lines) > 5
    cost = lines["freight_cents"] + lines["handling_cents"] + lines["capital_cents"]
    assert (lines["worth_cents"] - cost == lines["net_cents"]).all()
    assert lines["net_cents"].sum() == solution.net_cents
    assert lines["units"].sum() == solution.moves.units.sum()


def test_an_empty_plan_is_an_empty_frame_of_the_same_schema():
    problem = instances.problem(np.zeros((1, 2, 1, 1)), [[0, 0]])
    lines = frame(transfer_lines(problem, solve(problem)))
    assert lines.is_empty()
    assert lines.schema == TransferLines.create_empty().schema


def test_where_nothing_sells_cover_has_no_end():
    problem = instances.problem([[[[0]], [[1]]]], [[3, 0]], lanes=instances.lanes([(0, 1)], lead=0))
    (line,) = transfer_lines(problem, solve(problem))
    assert (line.origin_cover_before, line.destination_cover_before) == (9999, 0)
    assert "N0 has no sales to expect" in line.sentence
