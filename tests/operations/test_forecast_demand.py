"""The champion forecasts; where it cannot, the fast forecast does and says why; and every forecast says where it came from."""

import datetime as dt
import functools
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.operations.forecasting_brand import FIRST, Brand, demand, night

from evenstock.forecasting import Forecast
from evenstock.forecasting.plausible import implausible
from evenstock.operations.forecast_demand import current_forecast, forecast_demand, provenance, read_forecast
from evenstock.operations.model_versions import challenger_of, champion_of
from evenstock.operations.ports import StoreError
from evenstock.operations.promote_forecast import promote_forecast
from evenstock.operations.roll_back_forecast import roll_back_forecast
from evenstock.operations.train_forecast import train_forecast

START = FIRST + dt.timedelta(days=160)
SMALL = demand(days=180, skus=20)


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Brand:
    return Brand(tmp_path_factory.mktemp("brand"), SMALL, START)


@pytest.fixture(scope="module")
def challenged(plain) -> Brand:
    """The empirical quantiles stand beside the fast forecast."""
    brand = plain.again()
    train(brand, "empirical")
    return brand


@pytest.fixture(scope="module")
def led(challenged) -> Brand:
    """They serve."""
    brand = challenged.again()
    promote_forecast(*brand.books, by="dana", now=night(brand.today), because="to test", override=True)
    return brand


@pytest.fixture
def brand(plain) -> Brand:
    return plain.again()


@pytest.fixture
def crowned(led) -> Brand:
    return led.again()


def forecast(brand: Brand, **more):
    return forecast_demand(*brand.books, brand.company, as_of=brand.today, now=night(brand.today), **more)


def train(brand: Brand, model: str):
    return train_forecast(
        *brand.books, brand.company, as_of=brand.today, now=night(brand.today), model=model, origins=1
    )


def test_without_any_champion_the_fast_forecast_serves(brand) -> None:
    made = forecast(brand)
    told = provenance(brand.snapshots, made.digest)

    assert made.forecast.version.startswith("baseline")
    assert (told.model, told.champion, told.fell_back) == (None, None, "")
    assert told.data == {name: brand.company.digests[name] for name in ("demand", "network")}


def test_the_champion_serves_and_the_forecast_names_it(crowned) -> None:
    kept = champion_of(*crowned.books, "demand").kept
    told = provenance(crowned.snapshots, forecast(crowned).digest)

    assert told.version == "empirical-56"
    assert told.model == kept.version
    assert told.champion is not None
    assert (told.champion.by, told.champion.because, told.champion.overridden) == ("dana", "to test", True)
    assert [gate.name for gate in told.gates] == [gate.name for gate in kept.gates]


def test_a_model_asked_for_by_name_passes_the_champion_by(crowned) -> None:
    made = forecast(crowned, model="seasonal_naive")

    assert made.forecast.version == "seasonal-naive-7"
    assert provenance(crowned.snapshots, made.digest).model is None


def test_the_same_morning_twice_is_one_forecast(crowned) -> None:
    first, second = forecast(crowned), forecast(crowned)

    assert first.digest == second.digest == crowned.pointer("forecast") == crowned.pointer(f"forecast:{START}")


def test_a_champion_whose_snapshot_is_lost_is_replaced_and_can_be_rolled_back(crowned, tmp_path, request) -> None:
    digest = champion_of(*crowned.books, "demand").record.kept
    place = crowned.snapshots._path / digest.removeprefix("sha256:")
    place.rename(tmp_path / "lost")
    request.addfinalizer(lambda: (tmp_path / "lost").rename(place))
    made = forecast(crowned)
    told = provenance(crowned.snapshots, made.digest)

    assert made.forecast.version.startswith("baseline")
    assert f"snapshot {digest} is not in" in told.fell_back
    assert any("serves instead of the champion" in note for note in told.notes)
    assert told.champion is not None  # whose word it should have been
    roll_back_forecast(*crowned.books, by="dana", because="it is lost", now=night(START))
    assert provenance(crowned.snapshots, forecast(crowned).digest).fell_back == ""


def test_a_champion_that_is_out_of_all_reason_is_replaced_for_the_night(crowned, monkeypatch) -> None:
    from evenstock.forecasting.models import empirical

    honest = empirical.predict

    def tenfold(*args, **more):
        said = honest(*args, **more)
        return replace(said, mu=10.0 * said.mu)

    monkeypatch.setattr(empirical, "predict", tenfold)
    made = forecast(crowned)

    assert made.forecast.version.startswith("baseline")
    assert "all nodes: it expects" in provenance(crowned.snapshots, made.digest).fell_back


def test_a_champion_that_breaks_is_replaced_for_the_night(crowned, monkeypatch) -> None:
    from evenstock.forecasting.models import empirical

    def broken(*_args, **_more):
        raise RuntimeError("the library is another one")

    monkeypatch.setattr(empirical, "predict", broken)

    assert (
        "RuntimeError: the library is another one" in provenance(crowned.snapshots, forecast(crowned).digest).fell_back
    )


def test_the_challengers_forecast_is_kept_beside_and_serves_nobody(challenged) -> None:
    brand = challenged.again()
    kept = challenger_of(*brand.books, "demand")
    made = forecast(brand)
    beside = brand.pointer("forecast:challenger")

    assert made.forecast.version.startswith("baseline")
    assert beside == brand.pointer(f"forecast:challenger:{START}")
    assert provenance(brand.snapshots, beside).model == kept.version


def test_a_challenger_that_breaks_does_not_keep_the_night_from_its_forecast(challenged, monkeypatch) -> None:
    brand = challenged.again()
    from evenstock.forecasting.models import empirical

    monkeypatch.setattr(empirical, "predict", None)

    assert "TypeError" in forecast(brand).shadow_trouble

    assert brand.pointer("forecast:challenger") is None


def doubled(said: Forecast, history: object, times: float = 2.0) -> Forecast:
    return replace(said, mu=times * said.mu, notes=(*said.notes, f"times {times}"))


def test_adjustments_are_applied_in_order_named_and_undone_for_scoring(brand) -> None:
    def plus_one(said: Forecast, history: object) -> Forecast:
        return replace(said, mu=said.mu + 1.0)

    plain = forecast(brand)
    made = forecast(brand, adjust=[functools.partial(doubled, times=3.0), plus_one])

    np.testing.assert_allclose(made.forecast.mu, 3.0 * plain.forecast.mu + 1.0)
    assert provenance(brand.snapshots, made.digest).adjusted == ("doubled", "plus_one")
    kept = brand.snapshots.read(made.digest)
    np.testing.assert_array_equal(read_forecast(kept, adjusted=False).mu, plain.forecast.mu)
    np.testing.assert_array_equal(read_forecast(kept).mu, made.forecast.mu)


def test_a_forecast_is_current_until_data_or_champion_change(crowned) -> None:
    made = forecast(crowned)

    def current():
        return current_forecast(*crowned.books, crowned.company, crowned.today)

    found = current()
    assert found is not None
    assert found.digest == made.digest
    np.testing.assert_array_equal(found.forecast.paths(3, seed=1), made.forecast.paths(3, seed=1))
    roll_back_forecast(*crowned.books, by="dana", because="to test", now=night(START))
    assert current() is None
    forecast(crowned)
    assert current() is not None
    sale = {"promotion": ["P"], "sku": ["S000"], "node": [""], "first_day": [START], "last_day": [START]}
    crowned.go_to(START, promotions=pl.DataFrame(sale | {"discount_bp": [1000], "announced_on": [START]}))
    assert current() is None


def test_a_forecast_asked_for_by_name_outlives_a_change_of_champion(crowned) -> None:
    made = forecast(crowned, model="empirical")
    roll_back_forecast(*crowned.books, by="dana", because="to test", now=night(START))

    found = current_forecast(*crowned.books, crowned.company, START)
    assert found is not None
    assert found.digest == made.digest


def test_only_forecasts_have_a_provenance(brand) -> None:
    with pytest.raises(ValueError, match="is no forecast"):
        provenance(brand.snapshots, brand.company.digests["demand"])
    with pytest.raises(StoreError, match="is not in"):
        provenance(brand.snapshots, "sha256:" + "0" * 64)


def test_a_forecast_of_other_series_or_days_is_not_plausible(brand) -> None:
    made = forecast(brand).forecast

    assert implausible(made, made) is None
    assert "the history asks for" in (implausible(made.rows(np.arange(5)), made) or "")
    mu = made.mu.copy()
    mu[made.keys["node"].to_numpy() == "TX"] = 0.0
    assert (implausible(replace(made, mu=mu), made) or "").startswith("TX: it expects 0 units where")
