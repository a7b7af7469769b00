"""An older feed never promises more: what was last known, less what may have been sold since, whatever else is known."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenstock.domain import Costs, LotId, NodeId, Sku, StockBalance, Units, promisable
from evenstock.inventory.buffer import unreported_quantile
from evenstock.operations.feed_ages import LATE_AFTER as LATE_IN_LISTS
from evenstock.operations.stale_feeds import feeds_of, heard, held_back
from evenstock.routing.knowledge import LATE_AFTER, ExpectedSales, Feed, Knowledge

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
TX, PA = NodeId("TX"), NodeId("PA")
MUG, CUP = Sku("MUG"), Sku("CUP")


def mugs(units: int, buffer: int = 0, node: NodeId = TX, lot: str = "", reserved: int = 0) -> StockBalance:
    return StockBalance(MUG, node, LotId(lot), available=Units(units), reserved=Units(reserved), buffer=Units(buffer))


def selling(
    a_day: float, dispersion: float = 0.0, *, wrong: int = 0, spoken_for: int = 0, made_at: datetime = NOW - 12 * HOUR
) -> ExpectedSales:
    """What is known of mugs in Texas."""
    units = [np.array([number], np.int64) for number in (wrong, spoken_for)]
    return ExpectedSales(made_at, 0.9, {TX: {MUG: 0}}, np.array([a_day]), np.array([dispersion]), *units)


def silent_for(age: timedelta, sales: ExpectedSales | None = None, pace: timedelta = HOUR) -> Knowledge:
    return Knowledge(feeds={TX: Feed(NOW - age, pace)}, sales=sales)


def atp(balances: list[StockBalance], known: Knowledge, now: datetime = NOW, costs: Costs | None = None) -> int:
    return sum(promisable(held_back(balances, known, costs or Costs(), now).balances).values())


def quantile(mean: float, dispersion: float = 0.0) -> int:
    return int(unreported_quantile(np.array([mean]), np.array([dispersion]), 0.9)[0])


def test_a_feed_within_two_of_its_paces_holds_nothing_back() -> None:
    known = silent_for(LATE_AFTER * HOUR, selling(50.0))
    assert atp([mugs(100)], known) == 100
    assert held_back([mugs(100)], known, Costs(), NOW).warnings == ()
    assert held_back([mugs(100)], known, Costs(), NOW + timedelta(microseconds=1)).warnings


def test_what_is_late_in_a_list_is_silent_for_an_order() -> None:
    assert LATE_IN_LISTS is LATE_AFTER


def test_a_silent_feed_leaves_what_was_last_known_less_what_may_have_been_sold_since() -> None:
    """Ten a day: 5 are expected in 12 hours and 40 in four days; not more than 8 and 48 are sold with probability 0.9."""
    assert [quantile(10.0 * days) for days in (0.5, 1, 4)] == [8, 14, 48]
    for days, units in ((0.5, 8), (1, 14), (4, 48), (400, 100)):
        assert atp([mugs(100)], silent_for(timedelta(days=days), selling(10.0))) == 100 - units


def test_four_days_of_silence_leave_the_slow_items_promised() -> None:
    """One mug in a hundred days: nobody bought it since, with probability 0.96."""
    assert atp([mugs(2)], silent_for(timedelta(days=4), selling(0.01))) == 2


def test_what_a_buffer_holds_already_is_not_held_twice_and_errors_of_the_record_stay() -> None:
    known = silent_for(12 * HOUR, selling(10.0, wrong=2))
    assert [atp([mugs(100, buffer)], known) for buffer in (0, 6, 10, 30)] == [90, 90, 90, 70]


def test_what_our_own_orders_took_since_the_beliefs_is_in_the_books_and_not_unheard() -> None:
    """Not more than 8 are sold in all: of those, 5 are ours."""
    known = silent_for(12 * HOUR, selling(10.0, spoken_for=3))
    assert [atp([mugs(100, reserved=ours)], known) for ours in (0, 3, 4, 8, 11, 40)] == [92, 92, 93, 97, 100, 100]


def test_orders_taken_before_the_feed_spoke_excuse_no_sale_after_it() -> None:
    """Beliefs of yesterday, a word three hours ago: the 9 that orders took since may all be older than the word."""
    known = silent_for(3 * HOUR, selling(10.0, made_at=NOW - 24 * HOUR))
    assert (quantile(10.0 / 8), quantile(10.0)) == (3, 14)
    assert [atp([mugs(100, reserved=ours)], known) for ours in (0, 9, 11, 12, 14)] == [97, 97, 97, 98, 100]


def test_the_fullest_lot_holds_back_first_and_each_keeps_whatever_else_is_known_of_it() -> None:
    lots = [mugs(5, lot="a"), mugs(9, buffer=2, lot="b"), mugs(1, lot="c")]
    seen = held_back(lots, silent_for(timedelta(days=1), selling(10.0)), Costs(), NOW).balances
    assert [(lot.lot, lot.buffer) for lot in seen] == [("a", 5), ("b", 9), ("c", 0)]
    numbered = StockBalance(MUG, TX, LotId("a"), *(Units(n) for n in (50, 1, 2, 3, 4, 5, 6)))
    (grown,) = held_back([numbered], silent_for(timedelta(days=1), selling(10.0)), Costs(), NOW).balances
    differing = [one.name for one in fields(StockBalance) if getattr(grown, one.name) != getattr(numbered, one.name)]
    assert differing == ["buffer"]


def test_where_nobody_knows_what_sells_one_percent_more_is_held_back_with_each_hour_up_to_half() -> None:
    known = silent_for(LATE_AFTER * HOUR)
    more = [atp([mugs(100)], known, NOW + hours * HOUR) for hours in (1, 10, 49, 50, 51, 1_000)]
    assert more == [99, 90, 51, 50, 50, 50]


def test_silence_alone_never_empties_a_shelf_of_which_no_sales_are_known() -> None:
    known = silent_for(timedelta(days=400))
    assert [atp([mugs(units)], known) for units in (1, 2, 3)] == [1, 1, 2]
    # The beliefs know of mugs alone.
    cup = StockBalance(CUP, TX, available=Units(1))
    assert atp([cup], silent_for(timedelta(days=400), selling(10.0))) == 1


def test_only_the_silent_node_holds_back_and_the_decision_is_told_since_when_and_how_much() -> None:
    known = silent_for(27 * HOUR, selling(10.0))
    seen = held_back([mugs(100), mugs(100, node=PA)], known, Costs(), NOW)
    assert promisable(seen.balances) == {(MUG, TX): 100 - quantile(11.25), (MUG, PA): 100}
    assert seen.warnings == ("TX was last heard of at 2026-11-19T12:00:00.000000Z: 16 more units of MUG are held back",)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([0, 0], "nothing more is held back"),
        ([1, 0], "1 more unit of A is held back"),
        ([1, 2], "1 more unit of A and 2 of B are held back"),
        ([2, 1, 3], "2 more units of A, 1 of B and 3 of C are held back"),
        ([1, 0, 2, 3, 1_000], "1,006 more units of 4 items are held back"),
    ],
)
def test_a_warning_counts_units_in_words(more: list[int], said: str) -> None:
    skus = [Sku(name) for name in "ABCDE"[: len(more)]]
    zeros = np.zeros(len(more))
    sales = ExpectedSales(
        NOW, 0.9, {TX: {sku: at for at, sku in enumerate(skus)}}, zeros, zeros, np.array(more), zeros.astype(np.int64)
    )
    balances = [StockBalance(sku, TX, available=Units(5_000)) for sku in skus]
    seen = held_back(balances, silent_for(27 * HOUR, sales), Costs(), NOW)
    assert seen.warnings == (f"TX was last heard of at 2026-11-19T12:00:00.000000Z: {said}",)


def test_an_empty_shelf_of_a_silent_node_is_no_news() -> None:
    assert held_back([mugs(0), mugs(3, 3, lot="b")], silent_for(27 * HOUR, selling(1.0)), Costs(), NOW).warnings == ()


def test_where_the_company_says_zero_nothing_is_held_back() -> None:
    for sales in (None, selling(10.0)):
        assert atp([mugs(100)], silent_for(1_000 * HOUR, sales), costs=Costs(stale_feed_bp_per_hour=0)) == 100


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
    for sales in (None, selling(10.0)):
        assert atp([mugs(100, 10)], Knowledge(feeds={TX: Feed(skewed, HOUR)}, sales=sales)) == 90


LOTS = st.builds(
    mugs,
    st.integers(0, 10_000),
    st.integers(0, 500),
    st.sampled_from([TX, PA]),
    st.sampled_from(["", "a", "b"]),
    st.integers(0, 60),
)
BALANCES = st.lists(LOTS, max_size=6)
AGES = st.integers(0, 500_000)
SALES = st.one_of(
    st.none(),
    st.builds(
        selling,
        st.floats(0.0, 300.0),
        st.floats(0.0, 5.0),
        wrong=st.integers(0, 20),
        spoken_for=st.integers(0, 40),
        made_at=st.integers(0, 100_000).map(lambda minutes: NOW - timedelta(minutes=minutes)),
    ),
)


@given(BALANCES, AGES, AGES, st.integers(1, 10_080), st.integers(0, 10_000), SALES)
def test_older_data_never_promises_more(
    balances: list[StockBalance], age: int, older: int, pace: int, bp_per_hour: int, sales: ExpectedSales | None
) -> None:
    """I17 and F32, minute by minute: whatever the stock, the pace, what is known of sales and the company's number."""
    costs, heard_at = Costs(stale_feed_bp_per_hour=bp_per_hour), NOW - timedelta(minutes=age)
    feed = Feed(heard_at, timedelta(minutes=pace))
    old_feed = Feed(heard_at - timedelta(minutes=older), feed.pace)
    young = promisable(held_back(balances, Knowledge(feeds={TX: feed}, sales=sales), costs, NOW).balances)
    old = promisable(held_back(balances, Knowledge(feeds={TX: old_feed}, sales=sales), costs, NOW).balances)
    unjudged = promisable(balances)

    assert young.keys() == old.keys() == unjudged.keys()
    assert all(0 <= old[key] <= young[key] <= unjudged[key] for key in unjudged)
    assert all(old[key] == unjudged[key] for key in unjudged if key[1] != TX)


@given(BALANCES, AGES, AGES, SALES)
def test_a_feed_that_stays_silent_promises_less_and_less(
    balances: list[StockBalance], age: int, later: int, sales: ExpectedSales | None
) -> None:
    known = silent_for(timedelta(minutes=age), sales)
    now = promisable(held_back(balances, known, Costs(), NOW).balances)
    then = promisable(held_back(balances, known, Costs(), NOW + timedelta(minutes=later)).balances)
    assert all(then[key] <= now[key] for key in now)


@given(BALANCES, AGES, st.floats(0.0, 300.0), st.floats(0.0, 5.0), st.integers(0, 100_000), st.integers(0, 100_000))
def test_older_beliefs_never_promise_more(
    balances: list[StockBalance], age: int, a_day: float, dispersion: float, made: int, earlier: int
) -> None:
    moments = [NOW - timedelta(minutes=minutes) for minutes in (made, made + earlier)]
    young, old = (
        promisable(
            held_back(
                balances, silent_for(timedelta(minutes=age), selling(a_day, dispersion, made_at=at)), Costs(), NOW
            ).balances
        )
        for at in moments
    )
    assert all(old[key] <= young[key] for key in young)


@given(st.integers(0, 400), st.integers(121, 100_000), st.floats(0.0, 50.0), st.floats(0.0, 3.0), st.integers(0, 9))
def test_it_is_the_last_word_less_an_upper_quantile_of_what_may_have_been_sold(
    units: int, minutes: int, a_day: float, dispersion: float, wrong: int
) -> None:
    known = silent_for(timedelta(minutes=minutes), selling(a_day, dispersion, wrong=wrong))
    assert atp([mugs(units)], known) == max(0, units - quantile(a_day * minutes / 1_440, dispersion) - wrong)
