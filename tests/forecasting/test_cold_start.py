"""What has no past is forecast from what is like it, and from its own sales as soon as there are some."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from evenstock.forecasting import DemandHistory, fit
from evenstock.forecasting.cold_start import HANDOVER_DAYS, offered, with_launches
from evenstock.forecasting.life_cycle import life_cycle

FIRST = date(2026, 1, 5)
DAYS = 280
AS_OF = FIRST + timedelta(days=DAYS)
NODES = ("NJ", "TX", "WA")
SIZE = {"NJ": 0.5, "TX": 1.5, "WA": 1.0}


def company(n_items: int = 12, *, seed: int = 3, **late: int) -> DemandHistory:
    """Items that sell 4 a day at a mean node, Poisson; ``I03_WA=250`` has its first day at column 250."""
    rng = np.random.default_rng(seed)
    keys = [(f"I{k:02}", node) for k in range(n_items) for node in NODES]
    mean = np.array([4.0 * SIZE[node] for _, node in keys])
    units = rng.poisson(mean[:, None], (len(keys), DAYS))
    for name, begin in late.items():
        row = keys.index(tuple(name.split("_")))
        units[row, :begin] = 0
        if begin < DAYS:
            units[row, begin] = max(units[row, begin], 1)
    frame = pl.DataFrame({"sku": [s for s, _ in keys], "node": [n for _, n in keys], "category": "kitchen"})
    return DemandHistory.from_matrix(units, frame, FIRST)


def without(history: DemandHistory, *names: str) -> DemandHistory:
    gone = {tuple(name.split("_")) for name in names}
    rows = [
        k for k, (sku, node) in enumerate(history.keys.select("sku", "node").iter_rows()) if (sku, node) not in gone
    ]
    return history.rows(np.array(rows))


def on_sale(*rows: tuple[str, str], **columns: object) -> pl.DataFrame:
    frame = pl.DataFrame({"sku": [s for s, _ in rows], "node": [n for _, n in rows], "category": "kitchen"})
    return frame.with_columns(pl.lit(value).alias(name) for name, value in columns.items())


def row_of(forecast, sku: str, node: str) -> int:
    return forecast.keys.rows().index((sku, node))


def said(history: DemandHistory, *rows: tuple[str, str], **columns: object):
    forecast = with_launches(fit(history), history, on_sale(*rows, **columns))
    return forecast, [forecast.mu[row_of(forecast, *row)].mean() for row in rows]


def test_an_item_new_to_a_node_is_expected_as_its_siblings_sell_times_the_size_of_the_node():
    history = company()
    fast = history.units.copy()
    fast[: len(NODES)] *= 5
    history = without(DemandHistory.from_matrix(fast, history.keys, FIRST), "I00_TX", "I01_TX", "I02_WA")

    forecast, (five_fold, usual, at_wa) = said(history, ("I00", "TX"), ("I01", "TX"), ("I02", "WA"))

    # TX is half as large again as WA; the item that sells five-fold elsewhere is expected to sell more here too.
    assert five_fold > 2 * usual
    assert 1.3 < usual / at_wa < 1.7
    assert any("3 SKU-nodes without a past are forecast from the same item at other nodes" in n for n in forecast.notes)


def test_an_item_without_siblings_takes_over_from_the_item_it_replaces_and_otherwise_its_category():
    history = company()

    forecast, (follower, stranger) = said(history, ("NEW", "TX"), ("ODD", "TX"), replaces=None)
    following = with_launches(fit(history), history, on_sale(("NEW", "TX"), replaces="I04"))

    predecessor = fit(history).mu[row_of(fit(history), "I04", "TX")].mean()
    assert following.mu[row_of(following, "NEW", "TX")].mean() == pytest.approx(predecessor, rel=0.05)
    assert follower == pytest.approx(stranger)
    assert any("from the item they replace" in note for note in following.notes)
    assert any("for want of any earlier launch" in note for note in forecast.notes)


def test_a_successor_is_expected_to_sell_what_its_predecessor_did_and_not_twice_that():
    history = company()
    begins = AS_OF + timedelta(days=7)
    usual = fit(history)
    items = pl.DataFrame(
        {"sku": ["I04", "NEW"], "category": "kitchen", "introduced_on": [None, begins], "replaces": ["", "I04"]}
    )
    places = pl.DataFrame({"sku": ["NEW"], "node": ["TX"]})

    told = life_cycle(with_launches(usual, history, offered(items, places)), items)

    before = usual.mu[row_of(usual, "I04", "TX")]
    assert told.mu[row_of(told, "NEW", "TX")].tolist() == [0.0] * 7 + before[7:].tolist()
    assert told.mu[row_of(told, "I04", "TX")].tolist() == before[:7].tolist() + [0.0] * 21


def test_after_two_weeks_own_sales_lead_whatever_siblings_sell():
    history = company(I05_TX=DAYS - 15)
    units = history.units.copy()
    row = history.keys.select("sku", "node").rows().index(("I05", "TX"))
    units[row, DAYS - 15 :] = 20
    history = DemandHistory.from_matrix(units, history.keys, FIRST)

    # Siblings would say 6; it sold 20 on each of its fifteen days.
    level = with_launches(fit(history), history).mu[row].mean()

    assert 16 < level < 22


def test_a_series_past_the_hand_over_is_left_to_the_forecaster():
    history = company(I05_TX=DAYS - HANDOVER_DAYS)
    usual = fit(history)

    helped = with_launches(usual, history)

    assert (helped.mu == usual.mu).all()
    assert helped.notes == usual.notes


def test_a_launch_is_wide_and_narrows_as_its_own_days_pass():
    spread = []
    for age in (0, 3, 10, 18):
        history = company(I05_TX=DAYS - age) if age else without(company(), "I05_TX")
        forecast = with_launches(fit(history), history, on_sale(("I05", "TX")))
        spread.append(forecast.path_variance[row_of(forecast, "I05", "TX")])

    assert spread == sorted(spread, reverse=True)
    assert spread[0] > 4 * spread[-1]


def test_the_spread_of_past_launches_is_the_spread_of_the_next():
    # Launches whose levels are Gamma with squared relative error 1, one a day, after siblings that sell 4 a day.
    rng = np.random.default_rng(8)
    n, days = 400, 520
    keys = [(f"I{k:03}", node) for k in range(n) for node in ("NJ", "TX")]
    level = np.full(2 * n, 4.0)
    level[1::2] *= rng.gamma(1.0, 1.0, n)
    units = rng.poisson(level[:, None], (2 * n, days))
    for k in range(n):
        units[2 * k + 1, : 120 + k] = 0
    frame = pl.DataFrame({"sku": [s for s, _ in keys], "node": [w for _, w in keys], "category": "kitchen"})
    history = DemandHistory.from_matrix(units, frame, FIRST)
    later = without(history, "I010_TX", "I300_TX")

    forecast = with_launches(fit(later), later, on_sale(("I010", "TX"), ("I300", "TX")))

    new = [row_of(forecast, "I010", "TX"), row_of(forecast, "I300", "TX")]
    assert forecast.path_variance[new] == pytest.approx([1.0, 1.0], abs=0.35)
    assert forecast.mu[new].mean() == pytest.approx(4.0, rel=0.25)


def test_a_new_node_counts_as_a_mean_one_unless_its_volume_is_given():
    history = company()
    asked = on_sale(("I00", "OR"), ("I01", "OR"))

    usual = with_launches(fit(history), history, asked)
    half = with_launches(fit(history), history, asked, expected_volume={"OR": 0.5})

    rows = [row_of(usual, "I00", "OR"), row_of(usual, "I01", "OR")]
    assert usual.mu[rows].mean() == pytest.approx(4.0, rel=0.2)
    assert half.mu[rows].mean() == pytest.approx(2.0, rel=0.25)
    assert any("node OR has no history" in note for note in usual.notes)
    assert not any("node OR" in note for note in half.notes)


def test_nothing_is_expected_before_the_day_of_introduction():
    history = company()
    asked = on_sale(("NEW", "TX"), introduced_on=AS_OF + timedelta(days=5))
    much_later = on_sale(("NEW", "TX"), introduced_on=AS_OF + timedelta(days=100))

    forecast = with_launches(fit(history), history, asked)
    none = with_launches(fit(history), history, much_later)

    row = forecast.mu[row_of(forecast, "NEW", "TX")]
    assert (row[:5] == 0).all()
    assert (row[5:] > 0).all()
    assert none.keys.height == history.n_series


def test_what_was_offered_for_long_and_never_sold_is_not_expected_to_sell_like_a_launch():
    history = company(I05_TX=DAYS)

    forecast = with_launches(fit(history), history, on_sale(("I05", "TX")))
    fresh = with_launches(fit(history), history, on_sale(("I05", "TX"), introduced_on=AS_OF - timedelta(days=1)))

    row = row_of(forecast, "I05", "TX")
    assert forecast.mu[row].mean() < 0.05 * fresh.mu[row].mean()


def test_paths_of_old_series_stay_what_they_were_and_the_new_frame_is_whole():
    history = without(company(), "I05_TX")
    usual = fit(history)

    forecast = with_launches(usual, history, on_sale(("I05", "TX")))

    old = np.arange(usual.keys.height)
    assert (forecast.paths(5, seed=2, rows=old) == usual.paths(5, seed=2)).all()
    again = type(forecast).from_frame(forecast.frame(), version=forecast.version, cut_off=forecast.cut_off)
    assert (again.paths(5, seed=2) == forecast.paths(5, seed=2)).all()


@pytest.mark.parametrize("days", [1, 20, 100])
def test_short_histories_give_finite_forecasts(days):
    history = company().last(days)

    forecast = with_launches(fit(history), history, on_sale(("NEW", "TX"), ("I00", "OR")))

    assert np.isfinite(forecast.mu).all()
    assert forecast.keys.height == history.n_series + 2


def test_a_forecast_of_another_day_is_refused():
    history = company()

    with pytest.raises(ValueError, match="was not made from this history"):
        with_launches(fit(history), history.before(AS_OF - timedelta(days=1)))


def test_days_on_sale_without_a_sale_speak_against_a_launch():
    history = without(company(), "I05_TX")

    def level(**columns):
        forecast = with_launches(fit(history), history, on_sale(("I05", "TX"), **columns))
        return forecast.mu[row_of(forecast, "I05", "TX")].mean()

    # The item may be years old elsewhere and new to this node; who knows since when it stands here, says so.
    assert level(introduced_on=AS_OF - timedelta(days=200)) == pytest.approx(level())
    assert level(introduced_on=AS_OF - timedelta(days=10)) < 0.3 * level()
    assert level(on_sale_since=AS_OF - timedelta(days=100)) < 0.05 * level()


def test_a_node_that_serves_nobody_gets_no_launch():
    history = company()

    forecast = with_launches(fit(history), history, on_sale(("I00", "ROOM")), expected_volume={"ROOM": 0.0})

    assert forecast.keys.height == history.n_series


def test_a_volume_that_is_no_size_is_refused_by_the_name_of_its_node():
    history = company()

    with pytest.raises(ValueError, match="expected volume of OR"):
        with_launches(fit(history), history, on_sale(("I00", "OR")), expected_volume={"OR": -1.0, "NJ": 2.0})


def test_what_is_offered_is_every_place_of_every_known_item():
    items = pl.DataFrame(
        {"sku": ["A", "B"], "category": ["x", "y"], "introduced_on": [None, AS_OF], "price_cents": 100}
    )
    stock = pl.DataFrame({"sku": ["A", "A", "B", "?"], "node": ["TX", "TX", "NJ", "NJ"], "lot": ["1", "2", "", ""]})

    found = offered(items, stock)

    assert found.select("sku", "node", "category", "introduced_on").rows() == [
        ("A", "TX", "x", None),
        ("B", "NJ", "y", AS_OF),
    ]
