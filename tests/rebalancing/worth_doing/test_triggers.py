"""News that calls for another look, told once, of the items concerned."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from tests.rebalancing import instances

from evenstock.forecasting.sensing import ALERTS
from evenstock.rebalancing.worth_doing.triggers import (
    Feed,
    Kind,
    Late,
    Trigger,
    delays,
    demand_shifts,
    feed_gaps,
    not_told,
    one_cause_each,
    positions,
    to_review,
)


def evening():
    """One item, 50 units at each of two nodes; node 0 sells 0 to 9 on the first day, node 1 nothing. 10.00 a unit missed."""
    demand = np.zeros((1, 2, 10, 2), np.int32)
    demand[0, 0, :, 0] = np.arange(10)
    return instances.problem(demand, [[50, 50]])


def test_stock_beyond_every_path_is_told_with_how_far():
    # Paths leave 41 to 50 units.
    found = positions(evening(), 1, np.array([[35, 50]]), least_cents=5000, cause="plan 7")
    (trigger,) = found.triggers
    assert (trigger.sku, trigger.node, trigger.kind, trigger.far) == ("S0", "N0", Kind.POSITION, -6.0)
    assert trigger.cause == "plan 7 less"
    assert trigger.because == "S0 at N0: 35 units, 6 below all but 0 of 10 paths (41 to 50 after 1 days)"
    # 4 units at 10.00 are not worth a call.
    assert positions(evening(), 1, np.array([[37, 50]]), least_cents=5000).triggers == ()
    assert positions(evening(), 1, np.array([[50, 56]])).triggers[0].far == 6.0


def test_the_false_alarms_are_those_of_the_paths_themselves():
    # Each path against the nine others: the lowest and the highest lie outside by one unit, that is 2 alarms in 10 days.
    assert positions(evening(), 1, np.array([[45, 50]]), least_cents=1).false_alarms == pytest.approx(0.2)
    assert positions(evening(), 1, np.array([[45, 50]]), rank=2, least_cents=1).false_alarms == pytest.approx(0.4)
    assert positions(evening(), 1, np.array([[45, 50]]), least_cents=1001).false_alarms == pytest.approx(0.0)


def test_the_false_alarm_rate_holds_on_fresh_demand():
    rng = np.random.default_rng(5)
    problem = instances.problem(rng.poisson(4, (60, 4, 49, 3)), np.full((60, 4), 500))
    rates = []
    for _ in range(20):
        truth = 500 - rng.poisson(4, (60, 4, 3)).sum(axis=2)
        rates.append(len(positions(problem, 3, truth, least_cents=1).triggers))
    foretold = positions(problem, 3, np.full((60, 4), 488), least_cents=1).false_alarms
    # At most 2 / 50 of 240 item-nodes; ties make it fewer.
    assert foretold < 2 / 50 * 240
    assert np.mean(rates) == pytest.approx(foretold, rel=0.25)


def test_a_day_or_a_rank_that_there_is_none_of_is_refused():
    with pytest.raises(ValueError, match="day 3 of 2"):
        positions(evening(), 3, np.array([[1, 1]]))
    with pytest.raises(ValueError, match="rank 5 of 10"):
        positions(evening(), 1, np.array([[1, 1]]), rank=5)


def late_goods():
    """Node 1 sells 2 a day and has none; 6 units come on day 1."""
    demand = np.zeros((1, 2, 1, 4), np.int32)
    demand[0, 1] = 2
    return instances.problem(demand, [[0, 0]], inbound=[[[0, 0, 0, 0], [0, 6, 0, 0]]])


def test_a_delay_is_told_where_it_costs_sales():
    # Two days later: 4 of the 6 units are missed, 40.00.
    (trigger,) = delays(late_goods(), [Late("TO-1", 0, 1, 6, 1, 3)], least_cents=4000)
    assert (trigger.far, trigger.cause) == (2.0, "TO-1 on day 3")
    assert trigger.because == "TO-1: 6 units of S0 for N1 come 2 days later; 4.0 more would be missed, 40.00"
    assert delays(late_goods(), [Late("TO-1", 0, 1, 6, 1, 3)], least_cents=4001) == ()
    assert delays(late_goods(), [Late("TO-1", 0, 1, 6, 1, 9)], least_cents=6000)[0].far == 8.0


def test_goods_that_the_plan_does_not_await_are_refused():
    with pytest.raises(ValueError, match="TO-1: 6 units are not among the arrivals of S0 at N1 on day 2"):
        delays(late_goods(), [Late("TO-1", 0, 1, 6, 2, 3)])


def shift(scope, sku, node):
    row = dict.fromkeys(ALERTS)
    row |= {"scope": scope, "sku": sku, "node": node, "direction": "up", "since": dt.date(2026, 3, 1), "ratio": 2.5}
    return row | {"because": "S0 sells 2.5 times as much"}


def test_demand_alerts_come_in_by_their_scope():
    alerts = pl.DataFrame(
        [shift("series", "S0", "N0"), shift("item", "S0", ""), shift("node", "", "N0")], schema=ALERTS
    )
    assert [(t.sku, t.node, t.far) for t in demand_shifts(alerts)] == [
        ("S0", "N0", 2.5),
        ("S0", None, 2.5),
        (None, "N0", 2.5),
    ]
    assert demand_shifts(alerts)[0].cause == "up since 2026-03-01"


def test_a_silent_feed_is_told_by_hours_beyond_its_limit():
    assert feed_gaps([Feed("N0", 26.0, "Mon 06:00")]) == ()
    (gap,) = feed_gaps([Feed("N0", 50.0, "Mon 06:00")])
    assert (gap.sku, gap.node, gap.far) == (None, "N0", 24.0)
    assert gap.because == "N0: last heard of 50 h ago (Mon 06:00); more than 26 h"


def position_of(sku, node):
    return Trigger(sku, node, Kind.POSITION, "plan 7 less", -6.0, "less than foreseen")


def test_one_cause_is_told_once():
    gap = Trigger(None, "N0", Kind.FEED_GAP, "silent since Mon", 24.0, "")
    up = Trigger("S1", "N1", Kind.DEMAND, "up since Sunday", 2.0, "")
    late = Trigger("S1", "N1", Kind.DELAY, "TO-1 on day 3", 2.0, "")
    stands = position_of("S2", "N1")
    rows = [position_of("S0", "N0"), position_of("S1", "N1"), stands, stands, late, up, gap]
    assert one_cause_each(rows) == (gap, up, late, stands)
    assert not_told((gap, up), {gap.key}) == (up,)


def test_a_review_is_of_the_items_concerned():
    problem = instances.problem(np.zeros((3, 2, 1, 2)), [[0, 1], [0, 0], [5, 0]])
    assert to_review([position_of("S1", "N0")], problem).tolist() == [1]
    assert to_review([Trigger(None, "N0", Kind.FEED_GAP, "", 1.0, "")], problem).tolist() == [2]
    assert to_review([position_of("gone", "N0")], problem).tolist() == []
