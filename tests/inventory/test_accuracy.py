"""What counts teach about records: arithmetic on single cells, and the rates of a seeded world found again."""

import numpy as np
import polars as pl
import pytest
from tests.inventory import shelves

from evenstock.inventory import Assumptions, learn_accuracy

USUAL = Assumptions()


def counts(*rows: tuple[str, int, int, int, float, float]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["node", "velocity", "found", "booked", "days", "moved"], orient="row")


def test_without_counts_every_node_is_as_assumed() -> None:
    told = learn_accuracy(None)

    assert told.nodes == ()
    assert told.rows(["TX"]).tolist() == [0]
    assert told.hazard[0] == pytest.approx([0.002] * 4)
    assert told.variance[0] == pytest.approx([0.05] * 4)
    assert told.loss[0] == pytest.approx([0.01] * 4)


def test_a_shelf_found_empty_teaches_the_hazard_and_not_the_variance() -> None:
    # Prior: 2 empty shelves in 1,000 days. One found after 100 days counts half of them as days of risk.
    told = learn_accuracy(counts(("TX", 1, 0, 40, 100.0, 50.0)))

    everywhere = (2 + 1) / (1000 + 50)
    by_class = (2 + 1) / (2 / everywhere + 50)
    cell = (2 + 1) / (2 / by_class + 50)
    assert told.hazard[told.rows(["TX"])[0], 1] == pytest.approx(cell)
    assert told.hazard[told.rows(["TX"])[0], 1] > USUAL.phantom_per_day
    assert told.variance == pytest.approx(np.full((2, 4), 0.05))


def test_counts_that_agree_make_a_node_trusted() -> None:
    exact = counts(
        *[("TX", 1, 20, 20, 30.0, 30.0)] * 100, *[("NJ", 1, 12, 20, 30.0, 30.0), ("NJ", 1, 24, 20, 30.0, 30.0)] * 50
    )
    told = learn_accuracy(exact)
    texas, jersey, elsewhere = told.rows(["TX", "NJ", "CA"])

    assert told.variance[texas, 1] < told.variance[elsewhere, 1] < told.variance[jersey, 1]
    assert told.loss[texas, 1] < 0.01 < told.loss[jersey, 1]
    # A class never counted anywhere leans on what was counted, not on the assumption alone.
    assert told.hazard[texas, 3] < USUAL.phantom_per_day


def test_a_typing_slip_does_not_condemn_a_node() -> None:
    usual = [("TX", 1, 20, 20, 30.0, 30.0), ("TX", 1, 19, 20, 30.0, 30.0)] * 30
    slip = counts(*usual, ("TX", 1, 10**9, 20, 30.0, 30.0))

    assert learn_accuracy(slip).variance[0, 1] < 10 * learn_accuracy(counts(*usual)).variance[0, 1]


def test_the_rates_of_a_seeded_world_are_found_again() -> None:
    told = learn_accuracy(shelves.shelves(seed=3, n=12_000).counts)
    rows = told.rows(shelves.NODES)

    assert told.hazard[rows, 1] == pytest.approx(shelves.HAZARD, rel=0.5)
    # Misplaced units add to the walk, so the careful node looks worse than it is and the order still holds.
    assert (np.diff(told.variance[rows, 1]) > 0).all()
    assert (told.variance[rows, 1] > 0.8 * shelves.VARIANCE).all()
    assert told.loss[rows[3], 1] > told.loss[rows[0], 1]


def test_counts_without_a_record_are_refused() -> None:
    with pytest.raises(ValueError, match="lack booked"):
        learn_accuracy(counts(("TX", 1, 1, 1, 1.0, 1.0)).drop("booked"))
    with pytest.raises(ValueError, match="finite"):
        learn_accuracy(counts(("TX", 1, 1, 1, float("nan"), 1.0)))


def test_what_was_learned_is_shown_by_node_and_class() -> None:
    frame = learn_accuracy(counts(("TX", 1, 20, 20, 30.0, 30.0))).frame()

    assert frame.select("node", "velocity", "counts").rows() == [("TX", "0.3 to 2 a day", 1)]
    assert learn_accuracy(None).frame().height == 0
