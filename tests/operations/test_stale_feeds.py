"""An older feed never promises more, whatever else is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenstock.domain import Costs, LotId, NodeId, Sku, StockBalance, Units, promisable
from evenstock.operations.stale_feeds import PACES, feeds_of, heard, held_back
from evenstock.routing.knowledge import Feed

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
TX, PA = NodeId("TX"), NodeId("PA")


def mugs(units: int, buffer: int = 0, node: NodeId = TX, lot: str = "") -> StockBalance:
    return StockBalance(Sku("MUG"), node, LotId(lot), available=Units(units), buffer=Units(buffer))


def atp(balances: list[StockBalance], feeds: dict[NodeId, Feed], now: datetime, costs: Costs | None = None) -> int:
    return sum(promisable(held_back(balances, feeds, costs or Costs(), now).balances).values())


def test_a_feed_within_two_of_its_paces_holds_nothing_back() -> None:
    feeds = {TX: Feed(NOW - PACES * HOUR, HOUR)}
    assert atp([mugs(100)], feeds, NOW) == 100
    assert held_back([mugs(100)], feeds, Costs(), NOW).warnings == ()


def test_one_percent_more_is_held_back_with_each_hour_of_silence() -> None:
    feeds = {TX: Feed(NOW - PACES * HOUR, HOUR)}
    assert [atp([mugs(100)], feeds, NOW + hours * HOUR) for hours in (1, 10, 50, 100, 1_000)] == [99, 90, 50, 0, 0]


def test_only_the_silent_node_holds_back_and_the_decision_is_told() -> None:
    seen = held_back([mugs(100), mugs(100, node=PA)], {TX: Feed(NOW - 27 * HOUR, HOUR)}, Costs(), NOW)
    assert promisable(seen.balances) == {(Sku("MUG"), TX): 75, (Sku("MUG"), PA): 100}
    assert seen.warnings == ("TX was last heard of at 2026-11-19T12:00:00.000000Z: 25.0 % of its stock is held back",)


def test_where_the_company_says_zero_nothing_is_held_back() -> None:
    feeds = {TX: Feed(NOW - 1_000 * HOUR, HOUR)}
    assert atp([mugs(100)], feeds, NOW, Costs(stale_feed_bp_per_hour=0)) == 100


def test_a_word_since_makes_the_feed_young_again_and_an_older_one_does_not() -> None:
    feeds = {TX: Feed(NOW - 30 * HOUR, HOUR)}
    assert heard(feeds, {TX: NOW - HOUR, PA: NOW})[TX] == Feed(NOW - HOUR, HOUR)
    assert heard(feeds, {TX: NOW - 90 * HOUR}) == feeds
    assert heard(feeds, {}) == feeds


def test_only_nodes_of_which_a_paced_source_spoke_are_judged() -> None:
    sources = pl.DataFrame(
        {"source": ["wms", "shop", "people"], "kind": ["wms", "oms", "count"], "every_minutes": [60, 5, 5]}
    )
    observed = pl.DataFrame(
        {
            "source": ["wms", "wms", "shop", "people", "unknown"],
            "node": ["TX", "TX", "PA", "PA", "PA"],
            "observed_at": [NOW - 3 * HOUR, NOW - 2 * HOUR, NOW, NOW, NOW],
        }
    )
    assert feeds_of(sources, observed) == {TX: Feed(NOW - 2 * HOUR, HOUR)}
    assert feeds_of(None, observed) == feeds_of(sources, None) == {}


@pytest.mark.parametrize("skewed", [NOW + HOUR, NOW + 500 * HOUR])
def test_a_word_from_the_future_is_no_reason_to_promise_more_than_there_is(skewed: datetime) -> None:
    assert atp([mugs(100, 10)], {TX: Feed(skewed, HOUR)}, NOW) == 90


BALANCES = st.lists(
    st.builds(
        mugs, st.integers(0, 10_000), st.integers(0, 500), st.sampled_from([TX, PA]), st.sampled_from(["", "a", "b"])
    ),
    max_size=6,
)
AGES = st.integers(0, 500_000)


@given(BALANCES, AGES, AGES, st.integers(1, 10_080), st.integers(0, 10_000))
def test_older_data_never_promises_more(
    balances: list[StockBalance], age: int, older: int, pace: int, bp_per_hour: int
) -> None:
    """I17 and F32, minute by minute: whatever the stock, the pace and the company's number."""
    costs, heard_at = Costs(stale_feed_bp_per_hour=bp_per_hour), NOW - timedelta(minutes=age)
    pace_of = timedelta(minutes=pace)
    young = promisable(held_back(balances, {TX: Feed(heard_at, pace_of)}, costs, NOW).balances)
    old_feed = {TX: Feed(heard_at - timedelta(minutes=older), pace_of)}
    old = promisable(held_back(balances, old_feed, costs, NOW).balances)
    unjudged = promisable(balances)

    assert young.keys() == old.keys() == unjudged.keys()
    assert all(0 <= old[key] <= young[key] <= unjudged[key] for key in unjudged)
    assert all(old[key] == unjudged[key] for key in unjudged if key[1] != TX)


@given(BALANCES, AGES, AGES)
def test_a_feed_that_stays_silent_promises_less_and_less(balances: list[StockBalance], age: int, later: int) -> None:
    feeds = {TX: Feed(NOW - timedelta(minutes=age), HOUR)}
    now = promisable(held_back(balances, feeds, Costs(), NOW).balances)
    then = promisable(held_back(balances, feeds, Costs(), NOW + timedelta(minutes=later)).balances)
    assert all(then[key] <= now[key] for key in now)
