"""A real shop's file as an order stream: every one of its 541,909 rows is accepted, or refused with a reason."""

import os
from pathlib import Path

import pytest
from benchmarks.online_retail_feed import ROWS, Feed, read_feed

from evenstock import tables

pytestmark = pytest.mark.real_data
SHARED = Path(os.environ.get("EVENSTOCK_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
FOLDER = SHARED / "data" / "online_retail"


@pytest.fixture(scope="module")
def feed() -> Feed:
    if not FOLDER.is_dir():
        pytest.skip(f"no real data at {FOLDER}; set EVENSTOCK_SHARED")
    return read_feed(FOLDER)


def test_nothing_is_lost_without_a_word(feed: Feed) -> None:
    assert feed.rows == ROWS
    assert sorted([*feed.accepted["at"], *feed.refused["at"]]) == list(range(ROWS))
    assert feed.refused["reason"].null_count() == 0


def test_what_is_known_of_the_file_is_found(feed: Feed) -> None:
    rows = dict(feed.reasons().select("reason", "rows").iter_rows())

    # 9,288 cancelled lines and 10,624 negative quantities, all but 1,336 of them cancelled: 9,288 + 1,336 = 10,624
    assert rows["cancelled: the invoice begins with C"] == 9288
    assert rows["cancelled: the invoice begins with C"] + rows["units: below range"] == 10_624
    # 5,268 rows stand twice in the file; 50 of them fell to an earlier reason
    assert rows["order, line: duplicate"] == 5218


def test_what_goes_on_keeps_the_dictionary(feed: Feed) -> None:
    assert tables.Orders.is_valid(feed.accepted.drop("at"))
    assert feed.accepted["units"].min() >= 1
    assert "Unspecified" not in set(feed.accepted["country"])
