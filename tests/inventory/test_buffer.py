"""What is held back: more where feeds are late, less where counts agree, never more than there is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.inventory.test_accuracy import counts
from tests.inventory.world import evidence

from evenstock.inventory import USUAL_DELAY_MINUTES, believe, learn_accuracy, safety_buffer

USUAL = learn_accuracy(None)
COUNTED = {"days_since_count": 0.0, "restored": [[np.nan, 0.995]]}


def held(available: int = 40, floor: int = 0, accuracy=USUAL, **said) -> tuple[int, str]:
    record = said.pop("record", 40)
    told = believe(evidence([4, 4], 4.0, record=record, **said), accuracy)
    return safety_buffer(told, np.array([available]), np.array([floor])).select("units", "because").row(0)


def test_a_fresh_feed_and_a_fresh_count_hold_nothing_back() -> None:
    assert held(**COUNTED, feed_days=USUAL_DELAY_MINUTES["wms"] / 1440) == (0, "nothing held back")


@pytest.mark.parametrize(("kind", "units"), [("wms", 0), ("3pl", 0), ("fba", 1), ("file", 7)])
def test_each_kind_of_feed_has_its_usual_doubt(kind: str, units: int) -> None:
    # Four a day, Poisson: 0.0139, 0.083, 0.167 and 4 units sold unheard; not exceeded with probability 0.9.
    assert held(**COUNTED, feed_days=USUAL_DELAY_MINUTES[kind] / 1440)[0] == units


def test_a_late_feed_widens_the_buffer() -> None:
    units = [held(**COUNTED, feed_days=days)[0] for days in (0.1, 0.5, 1, 2, 4, 8)]

    assert units == sorted(units)
    assert units[-1] > 32
    assert held(**COUNTED, feed_days=1.0)[1] == "7 held back: 7 perhaps sold since the feed spoke"


def test_a_node_whose_counts_agree_holds_less_back() -> None:
    proven = learn_accuracy(counts(*[("TX", 2, 20, 20, 30.0, 60.0)] * 200))
    careless = learn_accuracy(counts(*[("TX", 2, 13, 20, 30.0, 60.0), ("TX", 2, 23, 20, 30.0, 60.0)] * 100))
    old = {"days_since_count": 50.0, "moved_since_count": 200.0}

    assert held(accuracy=proven, **old)[0] < held(**old)[0] < held(accuracy=careless, **old)[0]


def test_a_shelf_more_likely_empty_than_not_promises_nothing() -> None:
    units, because = held(record=40, pick_log_ratio=[[0.0, 15.0]])

    assert units == 40
    assert because.startswith("all 40 held back: the shelf is empty with probability")


def test_a_feed_that_says_less_than_the_books_is_heard() -> None:
    units, because = held(**COUNTED, feed_days=0.001, stated=31.0)

    assert (units, because) == (9, "9 held back: the feed says 9 fewer than the books")


def test_the_users_own_buffer_is_a_floor_even_where_less_is_free() -> None:
    assert held(**COUNTED, floor=6) == (6, "6 held back by your own setting")
    assert held(available=2, **COUNTED, floor=6)[0] == 6
    assert held(available=3, **COUNTED, feed_days=5.0)[0] == 3


@given(
    available=st.integers(0, 10**6), floor=st.integers(0, 100), days=st.floats(0, 400), moved=st.floats(0, 1e6),
    level=st.floats(0.51, 0.999), empty_at=st.floats(0.01, 1.0),
)  # fmt: skip
def test_it_is_never_more_than_there_is_nor_less_than_was_set(available, floor, days, moved, level, empty_at) -> None:
    told = believe(
        evidence([0, 1], 2.0, alpha=1.0, record=max(available, 1), feed_days=days, moved_since_count=moved), USUAL
    )
    units = safety_buffer(told, np.array([available]), np.array([floor]), level=level, empty_at=empty_at)["units"][0]

    assert floor <= units <= max(available, floor)


def test_levels_that_promise_doubtful_units_are_refused() -> None:
    told = believe(evidence([0], 1.0), USUAL)
    with pytest.raises(ValueError, match=r"between 0\.5 and 1"):
        safety_buffer(told, np.array([1]), np.array([0]), level=0.5)
    with pytest.raises(ValueError, match="empty_at"):
        safety_buffer(told, np.array([1]), np.array([0]), empty_at=0.0)
    with pytest.raises(ValueError, match="as many"):
        safety_buffer(told, np.array([1, 2]), np.array([0, 0]))
