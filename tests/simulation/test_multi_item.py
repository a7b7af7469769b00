"""The fair instances are those of the literature: distances, demand, stock and customers from one seed."""

import numpy as np
import pytest
from benchmarks.harness import shared_data
from benchmarks.jasin_sinha_ma import instance

from evenstock.simulation.multi_item import multi_item

CENTRES = [(40.0, -75.0), (41.0, -75.0)]
CITIES = [(40.0, -75.0, 3.0), (42.0, -75.0, 1.0)]


def test_a_degree_of_latitude_is_sixty_nine_miles_and_costs_by_the_mile() -> None:
    drawn = multi_item(CENTRES, CITIES, seed=1)
    degree = np.pi / 180 * 6371 / 1.61

    assert drawn.miles == pytest.approx(np.array([[0, 2 * degree], [degree, degree]]))
    assert drawn.unit_cost[0].tolist() == pytest.approx([0.423, 0.423 + 0.000541 * 2 * degree])


def test_there_are_five_types_of_each_size_and_people_decide_where_they_are_wanted() -> None:
    drawn = multi_item(CENTRES, CITIES, seed=1)

    assert [len(t) for t in drawn.types] == [0] + [s for s in range(1, 6) for _ in range(5)]
    assert drawn.rate.sum() == pytest.approx(1.0)
    assert drawn.rate[:, 0] == pytest.approx(3 * drawn.rate[:, 1])


def test_stock_is_what_the_nearest_carrying_centres_expect_and_half_a_deviation() -> None:
    drawn = multi_item(CENTRES, CITIES, seed=1, periods=400, carried=1.0)
    wanted = np.zeros((2, 20))
    for goods, rate in zip(drawn.types, drawn.rate, strict=True):
        wanted[:, list(goods)] += rate[:, None]

    expected = 400 * wanted + 0.5 * np.sqrt(400 * wanted * (1 - wanted))

    assert drawn.stock.tolist() == np.rint(expected).astype(int).tolist()


def test_the_same_seed_and_path_bring_the_same_customers() -> None:
    drawn = multi_item(CENTRES, CITIES, seed=1, periods=5_000)

    first, again, other = drawn.arrivals(0, seed=1), drawn.arrivals(0, seed=1), drawn.arrivals(1, seed=1)

    assert (first == again).all()
    assert (first != other).any()
    assert np.mean(first[:, 1] == 0) == pytest.approx(0.75, abs=0.03)


def test_a_wrong_forecast_still_expects_as_many_orders() -> None:
    drawn = multi_item(CENTRES, CITIES, seed=1)
    believed = drawn.believed(0.6, seed=1)

    assert believed.sum() == pytest.approx(1.0)
    assert (believed[0] == drawn.rate[0]).all()
    assert np.std(np.log(believed[1:] / drawn.rate[1:])) == pytest.approx(0.6, abs=0.15)


def test_less_stock_and_misplaced_stock_are_the_same_instance_otherwise() -> None:
    drawn = multi_item(CENTRES, CITIES, seed=1)

    assert drawn.scaled(0.5).stock.tolist() == np.rint(0.5 * drawn.stock).astype(int).tolist()
    assert drawn.misplaced(0.0).stock.tolist() == drawn.stock.tolist()
    assert (drawn.misplaced(0.6).stock[drawn.stock == 0] == 0).all()
    assert drawn.misplaced().rate is drawn.rate


@pytest.mark.real_data
def test_the_published_places_give_five_centres_and_ten_cities() -> None:
    folder = shared_data("jasin_sinha_ma")
    if folder is None:
        pytest.skip("the published places are not here")
    drawn = instance(folder, seed=0)

    assert drawn.stock.shape == (5, 20)
    assert drawn.rate.shape == (26, 10)
    assert drawn.lost_unit == 30.0
    assert instance(folder, seed=0, large=True).rate.shape == (101, 99)
