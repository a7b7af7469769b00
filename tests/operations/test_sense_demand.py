"""What came in corrects the forecast and is told once where it has shifted, however often one asks."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from tests.operations.forecasting_brand import FIRST, Brand, night

from evenstock.operations.company import Company
from evenstock.operations.forecast_demand import forecast_demand
from evenstock.operations.sense_demand import POINTER, open_alerts, sense_demand, sensed_forecast

START = FIRST + dt.timedelta(days=100)
SHIFT = START + dt.timedelta(days=4)
NODES = ("NJ", "NV", "TX")
MEAN = 12.0


def demand(days: int = 150, skus: int = 8) -> pl.DataFrame:
    """Twelve a day of eight mugs at three nodes; from SHIFT on, S001 sells five times as much in Texas and S002 hardly at all."""
    rng = np.random.default_rng(5)
    keys = [(f"S{k:03}", node) for k in range(skus) for node in NODES]
    mean = np.full((len(keys), days), MEAN)
    at = (SHIFT - FIRST).days
    mean[keys.index(("S001", "TX")), at:] *= 5.0
    mean[[keys.index(("S002", node)) for node in NODES], at:] *= 0.1
    units = rng.poisson(mean * rng.gamma(10.0, 0.1, mean.shape))
    return pl.DataFrame(
        {
            "date": pl.Series([FIRST + dt.timedelta(days=d) for d in range(days)] * len(keys), dtype=pl.Date),
            "sku": [sku for sku, _ in keys for _ in range(days)],
            "node": [node for _, node in keys for _ in range(days)],
            "units": units.ravel(),
        }
    )


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Brand:
    brand = Brand(tmp_path_factory.mktemp("brand"), demand(), START)
    foretell(brand)
    return brand


@pytest.fixture
def brand(plain) -> Brand:
    return plain.again()


def foretell(brand: Brand):
    return forecast_demand(*brand.books, brand.company, as_of=brand.today, now=night(brand.today))


def sense(brand: Brand, day: dt.date, now: dt.datetime | None = None, **more):
    return sense_demand(*brand.books, brand.company, as_of=day, now=now or night(day), n_paths=600, **more)


def after(brand: Brand, days: int) -> dt.date:
    day = START + dt.timedelta(days=days)
    brand.go_to(day)
    return day


def test_a_shift_is_told_once_and_stays_open(brand):
    day = after(brand, 12)
    first = sense(brand, day)
    told = brand.facts("DemandShifted")

    series = first.alerts.filter(scope="series")
    assert set(series.select("sku", "node", "direction").rows()) == {
        ("S001", "TX", "up"),
        *(("S002", node, "down") for node in NODES),
    }
    assert ("S002", "", "down") in first.alerts.filter(scope="item").select("sku", "node", "direction").rows()
    up = series.filter(sku="S001").row(0, named=True)
    assert abs((up["since"] - SHIFT).days) <= 1
    assert up["ratio_low"] < 5 < up["ratio_high"]
    assert first.new == first.alerts.height == len(told)
    assert up["because"] in {body["because"] for body in told}

    again = sense(brand, day, now=night(day) + dt.timedelta(hours=3))
    assert (again.digest, again.new) == (first.digest, 0)
    assert len(brand.facts("DemandShifted")) == len(told)
    assert open_alerts(*brand.books).equals(first.alerts)
    # A day later the evidence is newer, the alerts are the same.
    later = sense(brand, after(brand, 13))
    assert later.new == 0
    assert later.alerts.select("scope", "sku", "node").sort("scope", "sku", "node").equals(
        first.alerts.select("scope", "sku", "node").sort("scope", "sku", "node")
    )  # fmt: skip


def test_the_forecast_follows_what_came(brand):
    day = after(brand, 12)
    sensed = sense(brand, day)
    said = sensed.forecast
    mean = dict(zip(said.keys.rows(), said.mu.mean(axis=1), strict=True))

    assert (said.as_of, said.horizon, said.cut_off) == (day, 16, day - dt.timedelta(days=1))
    assert mean["S001", "TX"] > 2 * MEAN
    assert mean["S002", "TX"] < 0.6 * MEAN
    assert mean["S005", "NJ"] == pytest.approx(MEAN, rel=0.25)
    assert sensed_forecast(*brand.books, day).mu.tolist() == said.mu.tolist()
    assert sensed_forecast(*brand.books, day + dt.timedelta(days=1)) is None
    foretell(brand)
    assert sensed_forecast(*brand.books, day) is None


def test_a_newer_forecast_does_not_set_the_evidence_back(brand):
    sense(brand, after(brand, 5))
    assert open_alerts(*brand.books).is_empty() or brand.facts("DemandShifted")
    foretell(brand)
    found = sense(brand, after(brand, 12)).alerts
    assert found.filter(sku="S001", node="TX").height == 1
    assert set(found["baseline"]) == {START}


def test_after_28_days_a_new_watch_begins_and_old_alerts_close_in_time(brand):
    sense(brand, after(brand, 12))
    raised = open_alerts(*brand.books)["raised_on"].max()
    for days in (27, 29):
        after(brand, days)
        foretell(brand)
        found = sense(brand, brand.today)
        told = {(row["scope"], row["sku"], row["node"]) for row in found.alerts.iter_rows(named=True)}
        still = ("series", "S001", "TX") in told
        # Fourteen days are over by then; until the watch ends, what it found stands.
        assert still == (days == 27)
    assert (brand.today - raised).days > 14


def test_another_rate_begins_another_watch(brand):
    day = after(brand, 12)
    sense(brand, day)
    wider = sense(brand, day, false_alarms=20.0)
    assert wider.new == 0 or wider.alerts.height >= wider.new
    with pytest.raises(ValueError, match="above 0 and up to 100"):
        sense(brand, day, false_alarms=0.0)


def orders(day: dt.date, hours: int, per_hour: int) -> pl.DataFrame:
    """Orders of S005 in Texas: two months even over the day, then `per_hour` in the first `hours` of `day`."""
    zone = dt.timedelta(hours=5)
    midnight = dt.datetime.combine(day, dt.time(0), dt.UTC) + zone  # Central daylight time
    past = [midnight - dt.timedelta(hours=h, minutes=30) for h in range(24, 24 * 40)]
    now = [midnight + dt.timedelta(hours=h, minutes=59) for h in range(hours) for _ in range(per_hour)]
    placed = past + now
    return pl.DataFrame(
        {"order": [str(k) for k in range(len(placed))], "line": "1", "sku": "S005", "units": 1, "cancelled": 0}
        | {"placed_at": placed, "postal_code": "75201", "country": "US", "served_by": "TX", "channel": ""}
    )


def test_a_busy_morning_lifts_what_is_left_of_today_and_the_days_after(brand):
    day = START + dt.timedelta(days=3)
    brand.go_to(day, order_history=orders(day, hours=12, per_hour=3))
    noon = dt.datetime.combine(day, dt.time(17, 30), dt.UTC)
    before = sense(brand, day, now=night(day)).forecast
    said = sense(brand, day, now=noon).forecast
    row = said.keys.with_row_index("k").filter(sku="S005", node="TX")["k"][0]

    # 36 came by noon where six were expected: twelve a day, half of it gone.
    assert said.mu[row, 0] > 1.2 * before.mu[row, 0] / 2
    assert said.mu[row, 5] > 1.1 * before.mu[row, 5]
    other = said.keys.with_row_index("k").filter(sku="S005", node="NJ")["k"][0]
    assert said.mu[other, 0] < 0.65 * before.mu[other, 0]


def test_the_day_in_which_orders_break_off_counts_only_as_far_as_they_go(brand):
    # Demand is made of orders, and the last of them was heard two hours into yesterday. Nothing since is no fall.
    day = START + dt.timedelta(days=6)
    yesterday = day - dt.timedelta(days=1)
    brand.go_to(yesterday, order_history=orders(yesterday, hours=2, per_hour=1))
    frame = brand.whole.filter(pl.col("date") < yesterday).with_columns(in_stock=pl.lit(value=True))
    part = pl.DataFrame({"date": [yesterday], "sku": ["S005"], "node": ["TX"], "units": [2], "in_stock": [True]})
    homes = pl.DataFrame({"country": ["US"], "area": ["752"], "channel": [""], "group": ["/mugs"], "node": ["TX"]})
    made = {"demand": pl.concat([frame, part]), "homes": homes.with_columns(because=pl.lit(""))}
    means = {}
    for pointers in (("demand",), ("demand", "attributed_demand")):
        twin = brand.again()
        with twin.store.transaction() as books:
            for name in pointers:
                books.point(name, twin.snapshots.take(made), night(day))
        company = Company.load(*twin.books)
        sensed = sense_demand(*twin.books, company, as_of=day, now=night(day), n_paths=500)
        means[pointers] = sensed.forecast.mu[:, 1:].sum()
    known, taken_as_whole = means["demand", "attributed_demand"], means["demand",]
    assert taken_as_whole < 0.97 * known


def test_without_a_forecast_of_today_it_says_what_to_do(plain, brand, tmp_path):
    with pytest.raises(ValueError, match="forecast again"):
        sense(brand, after(brand, 28))
    with pytest.raises(ValueError, match="forecast again"):
        sense(plain.again(), START - dt.timedelta(days=1))
    bare = Brand(tmp_path, demand(), START)
    with pytest.raises(ValueError, match="run `evenstock forecast predict` first"):
        sense(bare, START)


def test_of_two_at_once_both_end_up_with_one_record(brand, monkeypatch):
    day = after(brand, 12)
    begun = brand.store.transaction
    first = [True]

    def meanwhile():
        if first:
            first.clear()
            sense(brand, day)
        return begun()

    monkeypatch.setattr(brand.store, "transaction", meanwhile)
    last = sense(brand, day)
    assert last.new == 0
    assert brand.pointer(POINTER) == last.digest
    assert len(brand.facts("DemandShifted")) == last.alerts.height
