"""Nothing is expected of an item before it begins or after it ends; what customers then take instead gets its demand."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from evenstock.forecasting import Forecast
from evenstock.forecasting.life_cycle import appended, life_cycle

TODAY = date(2026, 12, 1)


def day(k: int) -> date:
    return date(2026, 12, 1 + k)


def forecast(rows: dict[tuple[str, str], float], days: int = 6) -> Forecast:
    keys = pl.DataFrame(list(rows), schema=["sku", "node"], orient="row")
    mu = np.repeat(np.array(list(rows.values()))[:, None], days, axis=1)
    number = np.arange(1.0, len(rows) + 1)
    return Forecast(
        keys, TODAY, mu, number, number / 10, "test", date(2026, 11, 30), path_drift=number / 100, shared=number / 50
    )


def items(**rows: tuple[date | None, date | None, str]) -> pl.DataFrame:
    """Item: introduced, discontinued, replaces."""
    return pl.DataFrame(
        [(sku, *row) for sku, row in rows.items()],
        schema={"sku": pl.String, "introduced_on": pl.Date, "discontinued_on": pl.Date, "replaces": pl.String},
        orient="row",
    )


def means(told: Forecast) -> dict[tuple[str, str], list[float]]:
    return dict(zip(told.keys.iter_rows(), told.mu.round(6).tolist(), strict=True))


def test_an_item_sells_from_its_first_day_to_the_day_before_its_end() -> None:
    told = life_cycle(forecast({("A", "TX"): 2.0, ("B", "TX"): 3.0}), items(A=(day(2), day(4), ""), B=(None, None, "")))
    assert means(told) == {("A", "TX"): [0, 0, 2, 2, 0, 0], ("B", "TX"): [3] * 6}
    assert told.notes == (
        "1 series end with their item within the horizon: forecast 0 from that day",
        "1 series begin with their item within the horizon: forecast 0 before that day",
    )


def test_what_ended_long_ago_is_expected_to_sell_nothing_and_passes_nothing_on() -> None:
    told = life_cycle(
        forecast({("A", "TX"): 2.0, ("B", "TX"): 3.0}), items(A=(None, date(2026, 6, 1), ""), B=(None, None, "A"))
    )
    assert means(told) == {("A", "TX"): [0] * 6, ("B", "TX"): [3] * 6}


def test_a_successor_takes_over_at_every_node_on_the_day_its_forerunner_ends() -> None:
    told = life_cycle(
        forecast({("A", "TX"): 2.0, ("A", "PA"): 1.0, ("B", "TX"): 3.0}),
        items(A=(None, day(4), ""), B=(None, None, "A")),
    )
    assert means(told) == {
        ("A", "TX"): [2, 2, 2, 2, 0, 0],
        ("A", "PA"): [1, 1, 1, 1, 0, 0],
        ("B", "TX"): [3, 3, 3, 3, 5, 5],
        ("B", "PA"): [0, 0, 0, 0, 1, 1],
    }
    # The new series scatters as the one it inherits from.
    assert told.alpha.tolist() == [1, 2, 3, 2]
    assert told.path_drift.tolist() == [0.01, 0.02, 0.03, 0.02]


def test_a_successor_without_an_end_of_the_old_item_takes_over_when_it_is_introduced() -> None:
    told = life_cycle(forecast({("A", "TX"): 2.0}), items(A=(None, None, ""), B=(day(3), None, "A")))
    assert means(told) == {("A", "TX"): [2, 2, 2, 0, 0, 0], ("B", "TX"): [0, 0, 0, 2, 2, 2]}


def test_a_chain_of_successors_passes_demand_through() -> None:
    chain = items(A=(None, day(2), ""), B=(None, day(4), "A"), C=(None, None, "B"))
    told = life_cycle(forecast({("A", "TX"): 6.0}), chain)
    assert means(told) == {
        ("A", "TX"): [6, 6, 0, 0, 0, 0],
        ("B", "TX"): [0, 0, 6, 6, 0, 0],
        ("C", "TX"): [0, 0, 0, 0, 6, 6],
    }
    assert told.mu.sum() == forecast({("A", "TX"): 6.0}).mu.sum()


def test_an_ending_item_without_successor_passes_its_substitutes_their_shares() -> None:
    rows = forecast({("A", "TX"): 10.0, ("B", "TX"): 1.0})
    pairs = pl.DataFrame({"sku": ["A", "A"], "substitute": ["B", "C"], "share": [0.5, 0.2]})
    told = life_cycle(rows, items(A=(None, day(3), ""), B=(None, None, ""), C=(None, None, "")), pairs)
    assert means(told)["B", "TX"] == [1, 1, 1, 6, 6, 6]
    assert means(told)["C", "TX"] == [0, 0, 0, 2, 2, 2]
    # With a successor, substitutes get nothing.
    followed = items(A=(None, day(3), ""), B=(None, None, ""), C=(None, None, ""), D=(None, None, "A"))
    assert means(life_cycle(rows, followed, pairs))["B", "TX"] == [1] * 6


def test_shares_beyond_the_whole_are_scaled_down_to_it() -> None:
    pairs = pl.DataFrame({"sku": ["A", "A"], "substitute": ["B", "C"], "share": [0.9, 0.6]})
    told = life_cycle(forecast({("A", "TX"): 10.0}), items(A=(None, day(0), "")), pairs)
    assert means(told)["B", "TX"] == [6] * 6
    assert told.mu.sum() == pytest.approx(60)


def test_an_item_that_replaces_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="item A replaces itself"):
        life_cycle(forecast({("A", "TX"): 1.0}), items(A=(None, None, "A")))


def test_forecasts_of_other_days_or_the_same_series_do_not_stand_in_one() -> None:
    one = forecast({("A", "TX"): 1.0})
    with pytest.raises(ValueError, match="cannot stand in one"):
        appended(one, forecast({("B", "TX"): 1.0}, days=7))
    with pytest.raises(ValueError, match=r"\('A', 'TX'\) is forecast twice"):
        appended(one, one)


def test_items_without_dates_change_nothing() -> None:
    same = life_cycle(forecast({("A", "TX"): 1.0}), pl.DataFrame({"sku": ["A"]}))
    assert same.mu.tolist() == forecast({("A", "TX"): 1.0}).mu.tolist()
    assert same.notes == ()
