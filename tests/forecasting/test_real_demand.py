"""A real shop's order lines as demand: 541,909 rows with returns, parts of days and rare customers, and no unit lost."""

import os
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from evenstock.forecasting import DemandHistory, fit, prepare
from evenstock.forecasting.repairs import split_returns

pytestmark = pytest.mark.real_data
SHARED = Path(os.environ.get("EVENSTOCK_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
FILE = SHARED / "data" / "online_retail" / "online_retail.parquet"


@pytest.fixture(scope="module")
def lines() -> pl.DataFrame:
    """Lines as they stand, with the country as node and no line added up or left out."""
    if not FILE.is_file():
        pytest.skip(f"no real data at {FILE}; set EVENSTOCK_SHARED")
    day = pl.col("InvoiceDate").str.slice(0, 10).str.to_date()
    return pl.read_parquet(FILE).select(date=day, sku="StockCode", node="Country", units="Quantity")


@pytest.fixture(scope="module")
def history(lines: pl.DataFrame) -> DemandHistory:
    return prepare(lines, date(2011, 12, 10))


def total(history: DemandHistory, rule: str) -> int:
    return history.changes.filter(pl.col("rule") == rule)["total"][0]


def test_every_unit_sold_is_demand_and_every_unit_sent_back_a_return(
    lines: pl.DataFrame, history: DemandHistory
) -> None:
    _, returns = split_returns(lines)

    assert history.units.sum() == lines.filter(pl.col("units") > 0)["units"].sum()
    assert history.units.sum() - returns["units"].sum() == lines["units"].sum()
    assert total(history, "negative") == 10_624  # as is known of the file


def test_a_country_that_orders_now_and_then_is_heard_in_between(history: DemandHistory) -> None:
    silent = history.changes.filter(pl.col("rule") == "silent")

    # The shop itself was shut over Christmas 2010; nothing else is no chance.
    assert set(silent["date"].dt.year()) <= {2010}
    assert set(silent["node"]) <= {"United Kingdom", "Germany", "France"}


def test_it_can_be_forecast(history: DemandHistory) -> None:
    forecast = fit(history.last(120), horizon=7)

    assert np.isfinite(forecast.mu).all()
    assert 0.3 < forecast.mu.sum() / history.units[:, -28:].sum() * 4 < 1.5
