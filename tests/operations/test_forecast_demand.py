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
from evenstock.operations.model_versions import champion_of
from evenstock.operations.ports import StoreError
from evenstock.operations.promote_forecast import promote_forecast
from evenstock.operations.roll_back_forecast import roll_back_forecast
from evenstock.operations.train_forecast import train_forecast

START = FIRST + dt.timedelta(days=160)
SMALL = demand(days=180, skus=20)


@pytest.fixture
def brand(tmp_path) -> Brand:
    return Brand(tmp_path, SMALL, START)


def forecast(brand: Brand, **more):
    return forecast_demand(*brand.books, brand.company, as_of=brand.today, now=night(brand.today), **more)


def train(brand: Brand, model: str):
    return train_forecast(
        *brand.books, brand.company, as_of=brand.today, now=night(brand.today), model=model, origins=1
    )


def crowned(brand: Brand, model: str = "empirical"):
    trained = train(brand, model)
    promote_forecast(*brand.books, by="dana", now=night(brand.today), because="to test", override=True)
    return trained.kept


def test_without_any_champion_the_fast_forecast_serves(brand) -> None:
    made = forecast(brand)
    told = provenance(brand.snapshots, made.digest)

    assert made.forecast.version.startswith("baseline")
    assert (told.model, told.champion, told.fell_back) == (None, None, "")
    assert told.data == {name: brand.company.digests[name] for name in ("demand", "network")}


def test_the_champion_serves_and_the_forecast_names_it(brand) -> None:
    kept = crowned(brand)
    told = provenance(brand.snapshots, forecast(brand).digest)

    assert told.version == "empirical-56"
    assert told.model == kept.version
    assert told.champion is not None
    assert (told.champion.by, told.champion.because, told.champion.overridden) == ("dana", "to test", True)
    assert [gate.name for gate in told.gates] == [gate.name for gate in kept.gates]


def test_a_model_asked_for_by_name_passes_the_champion_by(brand) -> None:
    crowned(brand)
    made = forecast(brand, model="seasonal_naive")

    assert made.forecast.version == "seasonal-naive-7"
    assert provenance(brand.snapshots, made.digest).model is None


def test_the_same_morning_twice_is_one_forecast(brand) -> None:
    crowned(brand)
    first, second = forecast(brand), forecast(brand)

    assert first.digest == second.digest == brand.pointer("forecast") == brand.pointer(f"forecast:{START}")


def test_a_champion_whose_snapshot_is_lost_is_replaced_for_the_night(brand, tmp_path) -> None:
    kept = crowned(brand)
    (brand.snapshots._path / kept.digest.removeprefix("sha256:")).rename(tmp_path / "lost")
    made = forecast(brand)
    told = provenance(brand.snapshots, made.digest)

    assert made.forecast.version.startswith("baseline")
    assert f"snapshot {kept.digest} is not in" in told.fell_back
    assert any("serves instead of the champion" in note for note in told.notes)
    assert told.champion is not None  # whose word it should have been


def test_a_champion_that_is_out_of_all_reason_is_replaced_for_the_night(brand, monkeypatch) -> None:
    crowned(brand)
    from evenstock.forecasting.models import empirical

    honest = empirical.predict

    def tenfold(*args, **more):
        said = honest(*args, **more)
        return replace(said, mu=10.0 * said.mu)

    monkeypatch.setattr(empirical, "predict", tenfold)
    made = forecast(brand)

    assert made.forecast.version.startswith("baseline")
    assert "all nodes: it expects" in provenance(brand.snapshots, made.digest).fell_back


def test_a_champion_that_breaks_is_replaced_for_the_night(brand, monkeypatch) -> None:
    crowned(brand)
    from evenstock.forecasting.models import empirical

    def broken(*_args, **_more):
        raise RuntimeError("the library is another one")

    monkeypatch.setattr(empirical, "predict", broken)

    assert "RuntimeError: the library is another one" in provenance(brand.snapshots, forecast(brand).digest).fell_back


def test_the_challengers_forecast_is_kept_beside_and_serves_nobody(brand) -> None:
    kept = train(brand, "empirical").kept
    made = forecast(brand)
    beside = brand.pointer("forecast:challenger")

    assert made.forecast.version.startswith("baseline")
    assert beside == brand.pointer(f"forecast:challenger:{START}")
    assert provenance(brand.snapshots, beside).model == kept.version


def test_a_challenger_that_breaks_does_not_keep_the_night_from_its_forecast(brand, monkeypatch) -> None:
    train(brand, "empirical")
    from evenstock.forecasting.models import empirical

    monkeypatch.setattr(empirical, "predict", None)
    forecast(brand)

    assert brand.pointer("forecast:challenger") is None


def doubled(said: Forecast, times: float = 2.0) -> Forecast:
    return replace(said, mu=times * said.mu, notes=(*said.notes, f"times {times}"))


def test_adjustments_are_applied_in_order_named_and_undone_for_scoring(brand) -> None:
    def plus_one(said: Forecast) -> Forecast:
        return replace(said, mu=said.mu + 1.0)

    plain = forecast(brand)
    made = forecast(brand, adjust=[functools.partial(doubled, times=3.0), plus_one])

    np.testing.assert_allclose(made.forecast.mu, 3.0 * plain.forecast.mu + 1.0)
    assert provenance(brand.snapshots, made.digest).adjusted == ("doubled", "plus_one")
    kept = brand.snapshots.read(made.digest)
    np.testing.assert_array_equal(read_forecast(kept, adjusted=False).mu, plain.forecast.mu)
    np.testing.assert_array_equal(read_forecast(kept).mu, made.forecast.mu)


def test_a_forecast_is_current_until_data_or_champion_change(brand) -> None:
    crowned(brand)
    made = forecast(brand)

    def current():
        return current_forecast(*brand.books, brand.company, brand.today)

    found = current()
    assert found is not None
    assert found.digest == made.digest
    np.testing.assert_array_equal(found.forecast.paths(3, seed=1), made.forecast.paths(3, seed=1))
    roll_back_forecast(*brand.books, by="dana", because="to test", now=night(START))
    assert current() is None
    forecast(brand)
    assert current() is not None
    sale = {"promotion": ["P"], "sku": ["S000"], "node": [""], "first_day": [START], "last_day": [START]}
    brand.go_to(START, promotions=pl.DataFrame(sale | {"discount_bp": [1000], "announced_on": [START]}))
    assert current() is None


def test_a_forecast_asked_for_by_name_outlives_a_change_of_champion(brand) -> None:
    made = forecast(brand, model="empirical")
    crowned(brand)

    found = current_forecast(*brand.books, brand.company, START)
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


def test_the_record_of_a_champion_survives_the_loss_of_nothing_but_is_read_with_its_version(brand) -> None:
    kept = crowned(brand)
    champion = champion_of(*brand.books, "demand")

    assert champion is not None
    assert champion.kept is not None
    assert champion.kept.version == kept.version
