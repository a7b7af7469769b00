"""Forecasts are held against what came, by what was known then; a failing champion goes, drift is told, chance is not."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from tests.operations.forecasting_brand import FIRST, Brand, demand, night

from evenstock.operations.forecast_demand import forecast_demand
from evenstock.operations.model_versions import champion_of
from evenstock.operations.promote_forecast import promote_forecast
from evenstock.operations.train_forecast import train_forecast
from evenstock.operations.watch_forecast import _drifted, watch_forecast

START = FIRST + dt.timedelta(days=160)
SMALL = demand(days=180, skus=20)


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Brand:
    return Brand(tmp_path_factory.mktemp("brand"), SMALL, START)


@pytest.fixture(scope="module")
def lived(plain) -> Brand:
    """Eight days on the fast forecast, a challenger beside it."""
    brand = plain.again()
    train_forecast(*brand.books, brand.company, as_of=START, now=night(START), model="empirical", origins=1)
    live(brand, 8)
    return brand


@pytest.fixture
def brand(plain) -> Brand:
    return plain.again()


def live(brand: Brand, days: int, **more) -> None:
    for _ in range(days):
        forecast_demand(*brand.books, brand.company, as_of=brand.today, now=night(brand.today), **more)
        brand.go_to(brand.today + dt.timedelta(days=1))


def watch(brand: Brand, **more):
    return watch_forecast(*brand.books, brand.company, as_of=brand.today, now=night(brand.today), **more)


def crown(brand: Brand, model: str) -> None:
    train_forecast(*brand.books, brand.company, as_of=brand.today, now=night(brand.today), model=model, origins=1)
    promote_forecast(*brand.books, by="dana", now=night(brand.today), because="to test", override=True)


def test_a_day_is_scored_by_the_forecast_of_its_morning(lived) -> None:
    days = watch(lived.again()).days.filter(pl.col("role") == "served")
    window = pl.col("date").is_between(START, START + dt.timedelta(days=7))
    sold = SMALL.filter(window).group_by("date").agg(pl.sum("units"))

    scored = days.group_by("date").agg(pl.sum("sold", "series")).sort("date")
    assert scored["sold"].to_list() == sold.sort("date")["units"].to_list()
    assert scored["series"].to_list() == [60] * 8
    # the fast forecast beside itself loses the same
    assert days["loss"].equals(days["fallback_loss"].alias("loss"))


def test_watching_again_changes_nothing_until_more_is_imported(lived) -> None:
    brand = lived.again()
    first, pointer = watch(brand), brand.pointer("watch:demand")
    second = watch(brand)

    assert (first.newly_scored, second.newly_scored) == (16, 0)
    assert brand.pointer("watch:demand") == pointer
    assert second.days.equals(first.days)
    live(brand, 1)
    # a new day of each, and for each the week that ends with it
    assert watch(brand).newly_scored == 4


def test_days_not_yet_imported_are_not_taken_for_zeros(brand) -> None:
    forecast_demand(*brand.books, brand.company, as_of=START, now=night(START))
    brand.today = START + dt.timedelta(days=3)  # three days on, and no import

    assert watch(brand).newly_scored == 0


def test_a_champion_that_loses_to_the_fast_forecast_for_a_week_is_rolled_back(brand) -> None:
    crown(brand, "seasonal_naive")
    kept = champion_of(*brand.books, "demand").record.kept
    live(brand, 6)
    assert watch(brand).because == ""
    live(brand, 1)
    told = watch(brand, roll_back=False)
    assert "exceeds the fallback's by" in told.because
    assert told.rolled_back is None
    assert champion_of(*brand.books, "demand").record.version != ""

    done = watch(brand)

    assert done.rolled_back is not None
    assert done.rolled_back.by == "evenstock watch"
    assert champion_of(*brand.books, "demand").record.version == ""
    assert len(brand.facts("ModelRolledBack")) == 1
    assert watch(brand).rolled_back is None

    # crowned anew, it is not judged by its days before
    with brand.store.transaction() as books:
        books.point("challenger:demand", kept, night(brand.today))
    promote_forecast(*brand.books, by="dana", now=night(brand.today), because="once more", override=True)
    assert watch(brand).because == ""


def test_challenger_and_champion_are_scored_on_the_same_days(lived) -> None:
    days = watch(lived.again()).days

    both = days.group_by("role").agg(pl.sum("sold"), pl.col("date").n_unique()).sort("role")
    assert both["role"].to_list() == ["challenger", "served"]
    assert both["sold"].n_unique() == 1
    assert both["date"].to_list() == [8, 8]


def test_models_are_scored_without_what_planners_did_to_them(brand) -> None:
    from dataclasses import replace

    live(brand, 1, adjust=[lambda said, _: replace(said, mu=50.0 * said.mu)])

    days = watch(brand).days
    assert days["mean"].sum() < 3 * days["sold"].sum()


def test_a_forecast_asked_for_by_name_is_scored_apart(brand) -> None:
    live(brand, 1, model="empirical")

    assert set(watch(brand).days["role"]) == {"asked"}


def test_sums_are_scored_when_their_last_day_is_in(lived) -> None:
    sums = watch(lived.again()).sums.filter(pl.col("role") == "served")

    assert sums["days"].to_list() == [7, 7]
    assert sums["date"].to_list() == [START + dt.timedelta(days=k) for k in (6, 7)]
    assert sums["coverage"].is_between(0.8, 1.0).all()


def log(shift: float, days: int = 90, seed: int = 1) -> pl.DataFrame:
    """Two nodes of fifty series; the transforms of TX move up by `shift` on day 60."""
    rng = np.random.default_rng(seed)
    rows = [
        (START + dt.timedelta(days=k), "served", "f", "v1", "m-1", node, "2 to 5", 50, 50 * pit, 0.0, 100.0, 100.0, 1.0, 1.0)
        for k in range(days)
        for node in ("NJ", "TX")
        for pit in [0.5 + 0.02 * rng.normal() + (shift if node == "TX" and k >= 60 else 0.0)]
    ]  # fmt: skip
    from evenstock.operations.live_scores import DAYS

    return pl.DataFrame(rows, schema=DAYS, orient="row")


def test_drift_is_told_of_the_node_where_it_happened() -> None:
    pytest.importorskip("river")
    found, notes = _drifted(log(0.08))

    assert notes == ()
    assert {(d.node, d.figure) for d in found} >= {("TX", "pit")}
    assert "NJ" not in {d.node for d in found}
    assert all(START + dt.timedelta(days=60) <= d.drift.fired_on for d in found)


def test_without_drift_nothing_is_told() -> None:
    pytest.importorskip("river")
    assert sum(len(_drifted(log(0.0, seed=seed))[0]) for seed in range(5)) == 0


def test_few_series_are_too_few_to_speak_of_drift() -> None:
    pytest.importorskip("river")
    assert _drifted(log(0.08).with_columns(pl.lit(4, pl.Int64).alias("series"), pl.col("pit") * 4 / 50))[0] == ()


def test_drift_is_published_once(brand) -> None:
    pytest.importorskip("river")
    from evenstock.operations.live_scores import SUMS

    with brand.store.transaction() as books:
        frames = {"days": log(0.08), "sums": pl.DataFrame(schema=SUMS)}
        books.point("watch:demand", brand.snapshots.take(frames), night(START))
    found = watch(brand)
    watch(brand)

    assert found.drifted
    assert len(brand.facts("DemandDrifted")) == len(found.drifted)
    assert brand.facts("DemandDrifted")[0]["because"].startswith("pit of node")
