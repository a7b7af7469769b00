import polars as pl
import pytest

from evenstock.freight.break_holes import break_holes


def breaks(*ends, service="c:s"):
    return pl.DataFrame([(service, *pair) for pair in ends], schema=["service", "low", "high"], orient="row")


def test_breaks_that_touch_or_overlap_leave_no_hole_and_lanes_are_apart():
    covered = breaks((0.0, 5.0), (1.0, 2.0), (5.0, 9.0))
    other = breaks((20.0, 30.0), service="d:s")

    assert break_holes(pl.concat([covered, other]), ["service"]).is_empty()


def test_a_hole_stands_between_the_highest_end_before_and_the_next_beginning():
    # 1 to 5 covers the end of 0 to 2: the hole begins at 5.
    found = break_holes(breaks((7.0, 9.0), (0.0, 2.0), (1.0, 5.0)), ["service"])

    assert found.rows() == [("c:s", 5.0, 7.0, 2.0)]


def test_rounding_between_two_breaks_is_a_seam_and_no_hole():
    file = breaks((0.0, 0.5), (0.51, 1.0))

    assert break_holes(file, ["service"]).height == 1
    assert break_holes(file, ["service"], seam=0.011).is_empty()


def test_a_break_that_ends_before_it_begins_is_named():
    with pytest.raises(ValueError, match=r"row 2: from 3.0 to 1.0 is no break"):
        break_holes(breaks((0.0, 1.0), (3.0, 1.0)), ["service"])
    with pytest.raises(ValueError, match="column port is missing"):
        break_holes(breaks((0.0, 1.0)), ["port"])
