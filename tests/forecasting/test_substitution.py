"""What a substitute sold because another item was missing is not what it is wanted for."""

from datetime import date

import numpy as np
import polars as pl

from evenstock.forecasting import DemandHistory
from evenstock.forecasting.substitution import without_spill

FIRST = date(2026, 1, 1)


def history(units: list[list[int]], out: dict[int, range], keys: pl.DataFrame | None = None) -> DemandHistory:
    matrix = np.array(units)
    hidden = np.zeros(matrix.shape, bool)
    for row, days in out.items():
        hidden[row, days.start : days.stop] = True
    named = pl.DataFrame({"sku": ["MUG", "CUP"], "node": "TX"}) if keys is None else keys
    return DemandHistory.from_matrix(matrix, named, FIRST, hidden=hidden)


def pairs(*rows: tuple[str, str, float]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["sku", "substitute", "share"], orient="row")


def test_expected_units_are_taken_out_whole_as_they_add_up() -> None:
    # Three a day were wanted; a quarter of them took a cup: 0.75 a day, so 0, 1, 1, 1 over four days.
    told = history([[3] * 10 + [0] * 4, [2] * 10 + [5] * 4], {0: range(10, 14)})
    assert without_spill(told, pairs(("MUG", "CUP", 0.25))).units[1, 10:].tolist() == [5, 4, 4, 4]


def test_never_more_is_taken_out_than_was_sold() -> None:
    told = history([[9] * 10 + [0] * 3, [1] * 10 + [1, 0, 2]], {0: range(10, 13)})
    assert without_spill(told, pairs(("MUG", "CUP", 1.0))).units[1, 10:].tolist() == [0, 0, 0]


def test_a_day_on_which_the_substitute_was_missing_too_stays_as_it_is() -> None:
    told = history([[4] * 10 + [0] * 2, [2] * 10 + [4] * 2], {0: range(10, 12), 1: range(11, 12)})
    assert without_spill(told, pairs(("MUG", "CUP", 0.5))).units[1, 10:].tolist() == [2, 4]


def test_an_item_hardly_known_before_it_ran_out_takes_nothing_away() -> None:
    told = history([[4] * 6 + [0] * 4, [2] * 6 + [4] * 4], {0: range(6, 10)})
    assert without_spill(told, pairs(("MUG", "CUP", 0.5))) is told


def test_substitution_stays_within_a_node_and_within_known_items() -> None:
    keys = pl.DataFrame({"sku": ["MUG", "CUP", "CUP"], "node": ["TX", "TX", "PA"]})
    told = history([[4] * 10 + [0], [2] * 10 + [4], [2] * 10 + [4]], {0: range(10, 11)}, keys)
    found = without_spill(told, pairs(("MUG", "CUP", 0.5), ("MUG", "JAR", 0.5), ("MUG", "MUG", 1.0)))
    assert found.units[:, 10].tolist() == [0, 2, 4]


def test_two_missing_items_add_up_on_one_substitute_and_the_list_says_so() -> None:
    keys = pl.DataFrame({"sku": ["MUG", "JUG", "CUP"], "node": "TX"})
    told = history([[4] * 10 + [0], [2] * 10 + [0], [1] * 10 + [9]], {0: range(10, 11), 1: range(10, 11)}, keys)
    found = without_spill(told, pairs(("MUG", "CUP", 0.5), ("JUG", "CUP", 1.0)))
    assert found.units[2, 10] == 5
    assert found.changes.select("rule", "sku", "node", "date", "before", "after").rows() == [
        ("substitute", "CUP", "TX", date(2026, 1, 11), 9.0, 5.0)
    ]
    assert told.units[2, 10] == 9


def test_without_stock_outs_or_pairs_nothing_is_copied() -> None:
    seen = DemandHistory.from_matrix(np.ones((2, 9), int), pl.DataFrame({"sku": ["MUG", "CUP"], "node": "TX"}), FIRST)
    assert without_spill(seen, pairs(("MUG", "CUP", 0.5))) is seen
    told = history([[4] * 10, [2] * 10], {0: range(9, 10)})
    assert without_spill(told, pairs().cast({"share": pl.Float64})) is told


def test_spilled_demand_of_a_random_world_is_taken_out_in_the_mean() -> None:
    rng = np.random.default_rng(8)
    days, share = 400, 0.4
    wanted, own = rng.poisson(6.0, days), rng.poisson(3.0, days)
    out = np.zeros(days, bool)
    out[100:] = rng.random(300) < 0.3
    sold = own + np.where(out, rng.binomial(wanted, share), 0)
    keys = pl.DataFrame({"sku": ["MUG", "CUP"], "node": "TX"})
    told = DemandHistory.from_matrix(
        np.stack([np.where(out, 0, wanted), sold]), keys, FIRST, hidden=np.stack([out, np.zeros(days, bool)])
    )
    assert sold.mean() > 3.5
    assert abs(without_spill(told, pairs(("MUG", "CUP", share))).units[1].mean() - 3.0) < 0.2
