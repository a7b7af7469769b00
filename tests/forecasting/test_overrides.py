"""Planners' overrides change what they say and nothing else, in the order in which they were said."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from evenstock import tables
from evenstock.forecasting import Forecast
from evenstock.forecasting.overrides import active, joined, overridden
from evenstock.forecasting.value_added import by, value_added

TODAY = date(2026, 12, 1)
KEYS = pl.DataFrame({"sku": ["CUP", "CUP", "MUG", "MUG"], "node": ["PA", "TX", "PA", "TX"]})
CATEGORIES = {"CUP": "glass", "MUG": "clay"}


def forecast(mu: np.ndarray | None = None) -> Forecast:
    mean = np.array([[1.0] * 5, [3.0] * 5, [2.0] * 5, [6.0] * 5]) if mu is None else mu
    half = np.full(4, 0.5)
    return Forecast(KEYS, TODAY, mean, half, half / 5, "test", date(2026, 11, 30))


def said(name: str, kind: str, value: float, **more: Any) -> dict[str, Any]:
    row = {"override": name, "sku": "", "node": "", "category": "", "first_day": TODAY, "last_day": date(2026, 12, 31)}
    row |= {"kind": kind, "value": value, "reason": "a fair", "author": "dana", "expires_on": None}
    return row | {"made_at": datetime(2026, 11, 20, tzinfo=UTC)} | more


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    made = pl.DataFrame(rows, schema_overrides={"expires_on": pl.Date, "made_at": pl.Datetime("us", "UTC")})
    return tables.Overrides.validate(made, cast=True)


def test_an_override_speaks_of_its_item_its_node_and_its_days_only() -> None:
    row = said("1", "multiply", 2.0, sku="MUG", node="TX", first_day=date(2026, 12, 2), last_day=date(2026, 12, 3))

    mu = overridden(forecast(), frame(row)).forecast.mu

    assert mu[3].tolist() == [6, 12, 12, 6, 6]
    assert mu[:3].tolist() == forecast().mu[:3].tolist()


def test_an_empty_scope_is_everything_and_a_category_is_its_items() -> None:
    assert overridden(forecast(), frame(said("1", "multiply", 3.0))).forecast.mu[:, 0].tolist() == [3, 9, 6, 18]
    clay = overridden(forecast(), frame(said("1", "multiply", 3.0, category="clay")), CATEGORIES)
    assert clay.forecast.mu[:, 0].tolist() == [1, 3, 6, 18]


def test_units_for_many_series_are_spread_in_proportion_and_evenly_where_nothing_sells() -> None:
    # 12 a day are expected; 24 more are said: each series doubles and one more time.
    assert overridden(forecast(), frame(said("1", "add", 24.0))).forecast.mu[:, 0].tolist() == [3, 9, 6, 18]
    asleep = forecast(np.zeros((4, 5)))
    assert overridden(asleep, frame(said("1", "set", 8.0))).forecast.mu[:, 0].tolist() == [2, 2, 2, 2]


def test_overrides_are_laid_one_over_the_other_in_the_order_in_which_they_were_made() -> None:
    first = said("b", "set", 10.0, sku="MUG", node="TX", made_at=datetime(2026, 11, 1, tzinfo=UTC))
    second = said("a", "multiply", 1.5, sku="MUG", node="TX", made_at=datetime(2026, 11, 2, tzinfo=UTC))

    told = overridden(forecast(), frame(second, first))

    assert told.forecast.mu[3, 0] == 15
    assert [step.override for step in told.steps] == ["b", "a"]
    assert told.steps[1].before[0, 0] == 10


def test_less_than_nothing_is_nothing() -> None:
    assert overridden(forecast(), frame(said("1", "add", -100.0, sku="CUP"))).forecast.mu[:2].max() == 0


def test_an_override_ends_when_it_expires_and_does_not_begin_before_it_was_made() -> None:
    expiring = said("1", "multiply", 2.0, expires_on=date(2026, 12, 3))
    assert overridden(forecast(), frame(expiring)).forecast.mu[3].tolist() == [12, 12, 6, 6, 6]
    assert overridden(forecast(), frame(said("1", "multiply", 2.0, expires_on=TODAY))).steps == ()
    later = said("1", "multiply", 2.0, made_at=datetime(2026, 12, 2, tzinfo=UTC))
    assert overridden(forecast(), frame(later)).steps == ()


def test_what_was_done_stands_in_the_notes_with_its_author_and_reason() -> None:
    told = overridden(forecast(), frame(said("7", "multiply", 2.0, sku="MUG", node="TX"))).forecast
    assert told.notes[-1] == "override 7 by dana: 30.0 to 60.0 units over 5 days in 1 series: a fair"
    assert told.alpha.tolist() == forecast().alpha.tolist()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reason": " "}, "override 1: say why and by whom"),
        ({"last_day": date(2026, 11, 30)}, "override 1 ends on 2026-11-30, before it begins on 2026-12-01"),
        ({"value": -1.0}, "override 1: demand cannot be multiply by -1.0"),
        ({"value": float("nan")}, "override 1: the value must be a number"),
        ({"kind": "guess"}, "override 1: kind is multiply, add or set"),
    ],
)
def test_an_override_that_nobody_can_answer_for_is_refused_by_name(change: dict[str, Any], words: str) -> None:
    odd = pl.DataFrame([said("1", "multiply", 2.0) | change], schema_overrides={"expires_on": pl.Date})
    with pytest.raises(ValueError, match=words):
        overridden(forecast(), odd)


def test_tables_of_several_origins_are_one_and_what_has_passed_is_not_active() -> None:
    here, there = frame(said("1", "set", 1.0)), frame(said("1", "set", 9.0), said("2", "set", 2.0))
    both = joined(here, None, there)
    assert both is not None
    assert both["value"].to_list() == [1.0, 2.0]
    assert joined(None) is None
    assert active(both, date(2026, 12, 31)).height == 2
    assert active(both, date(2027, 1, 1)).height == 0


def test_value_added_is_the_error_saved_on_the_cells_that_were_touched_and_seen() -> None:
    # 6 a day foretold, 12 said. Sold 10, 11 and, on a day out of stock, 0: errors 4 + 5 without, 2 + 1 with.
    told = overridden(forecast(), frame(said("1", "multiply", 2.0, sku="MUG", node="TX")))
    sold = np.zeros((4, 3), np.int64)
    sold[3] = [10, 11, 0]
    seen = np.ones((4, 3), bool)
    seen[3, 2] = False

    row = value_added(forecast(), told.steps, sold, seen).row(0, named=True)

    assert (row["days"], row["units"], row["error_before"], row["error_after"]) == (2, 21, 9.0, 3.0)
    assert row["value_added"] == pytest.approx(6 / 21)
    assert row["bias_after"] == pytest.approx(24 / 21 - 1)
    assert row["pinball_after"] < row["pinball_before"]


def test_value_added_waits_for_its_days_and_has_no_share_of_nothing() -> None:
    later = said("1", "multiply", 2.0, first_day=date(2026, 12, 4))
    told = overridden(forecast(), frame(later, said("2", "multiply", 2.0, last_day=TODAY)))
    none = np.zeros((4, 2), np.int64)

    found = value_added(forecast(), told.steps, none, np.ones((4, 2), bool))

    assert found["override"].to_list() == ["2"]
    assert found["value_added"].to_list() == [None]
    assert by(found, "author")["value_added"].to_list() == [None]
