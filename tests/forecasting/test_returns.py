"""What comes back is a rate of what was sold, an item's own as far as its sales tell it."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from evenstock.forecasting.returns import USUAL_LAG, return_lag, return_rates

DAY = date(2026, 1, 1)
SCHEMA = {"date": pl.Date, "sku": pl.String, "node": pl.String, "units": pl.Int64}


def rows(*days: tuple[int, int], sku: str = "MUG") -> pl.DataFrame:
    """(day, units)."""
    return pl.DataFrame([(DAY + timedelta(days=d), sku, "TX", u) for d, u in days], schema=SCHEMA, orient="row")


def waves(lag: int, share: float = 0.2) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two hundred days of sales that rise and fall by chance, and the share of them that comes back `lag` days later."""
    rng = np.random.default_rng(5)
    level = np.exp(np.repeat(rng.normal(0, 0.8, 20), 10))
    sold = rng.poisson(60 * level)
    back = rng.binomial(sold, share)
    return (
        rows(*enumerate(sold.tolist())),
        rows(*((d + lag, b) for d, b in enumerate(back.tolist()) if d + lag < 200)),
    )


@pytest.mark.parametrize("lag", [3, 21, 40])
def test_the_lag_is_the_shift_at_which_returns_follow_sales(lag):
    demand, returns = waves(lag)

    assert return_lag(returns, demand) == lag
    assert return_rates(returns, demand, DAY + timedelta(days=200))["rate"][0] == pytest.approx(0.2, abs=0.02)


def test_steady_sales_do_not_tell_the_lag():
    assert return_lag(rows(*((d, 1) for d in range(9, 100))), rows(*((d, 5) for d in range(100)))) == USUAL_LAG
    assert return_lag(rows(), rows((0, 1))) == USUAL_LAG


def test_an_item_that_sold_little_has_its_categorys_rate():
    demand = pl.concat(
        [
            rows(*((d, 100) for d in range(100)), sku="SHOE"),
            rows((3, 1), sku="NEW"),
            rows(*((d, 100) for d in range(100)), sku="MUG"),
        ]
    )
    returns = pl.concat([rows(*((d, 30) for d in range(14, 100)), sku="SHOE"), rows((20, 1), sku="NEW")])
    items = pl.DataFrame({"sku": ["SHOE", "NEW", "MUG"], "category": ["shoes", "shoes", "kitchen"]})
    found = {
        row["sku"]: row
        for row in return_rates(returns, demand, DAY + timedelta(days=100), items=items).iter_rows(named=True)
    }

    assert found["SHOE"]["rate"] == pytest.approx(0.30, abs=0.005)
    # One pair sold and one returned is no rate of 1: (1 + 50 x 0.29) / (1 + 50).
    assert 0.28 < found["NEW"]["rate"] < 0.33
    assert found["MUG"]["rate"] < 0.01
    assert found["MUG"]["returned"] == 0


def test_what_was_sold_within_the_lag_is_not_taken_for_kept():
    # 86 days of ten a day, then a fortnight of a thousand: none of those can have come back yet.
    demand = rows(*((d, 10 if d < 86 else 1000) for d in range(100)))
    returns = rows(*((d, 2) for d in range(14, 100)))

    assert return_rates(returns, demand, DAY + timedelta(days=100))["rate"][0] == pytest.approx(0.2, abs=0.01)


def test_more_returned_than_sold_is_a_rate_of_one_and_the_future_is_not_looked_at():
    demand = rows(*((d, 1) for d in range(30)))
    returns = rows((20, 500), (40, 9))
    found = return_rates(returns, demand, DAY + timedelta(days=30))

    assert found["rate"][0] == 1.0
    assert found["returned"][0] == 500
    with pytest.raises(ValueError, match="no demand before 2026-01-01"):
        return_rates(returns, demand, DAY)
