from datetime import date

import numpy as np
import polars as pl
from tests.freight.ltl.conftest import PLACES

from evenstock import tables
from evenstock.freight.ltl.density import BY_DENSITY
from evenstock.freight.ltl.synthetic import BREAKS_LB, synthetic_tariff
from evenstock.freight.ltl.tariff import editions

JANUARY = date(2026, 1, 5)


def made(places=PLACES, seed=7, increase=0.0):
    return synthetic_tariff(places, tariff="synthetic", valid_from=JANUARY, seed=seed, increase=increase)


def test_it_has_the_form_of_a_class_tariff_and_is_read_without_a_note(synthetic):
    assert tables.LtlTariffs.is_valid(synthetic.with_columns(pl.col("at_least_lb").cast(pl.Int64)))
    (edition,), notes = editions(synthetic)
    assert notes == ()
    assert edition.cents_cwt.shape == (9, len(BY_DENSITY), len(BREAKS_LB))


def test_the_same_seed_gives_the_same_tariff_and_another_seed_another():
    assert made().equals(made())
    assert not made().equals(made(seed=8))


def test_a_lane_keeps_its_rates_when_places_are_added():
    more = made(PLACES | {"331": (25.8, -80.2)})
    kept = more.filter(pl.col("origin_zip3").is_in(list(PLACES)) & pl.col("destination_zip3").is_in(list(PLACES)))
    assert kept.equals(made())


def test_distance_costs_and_directions_differ():
    (edition,), _ = editions(made())

    def class_100(lane):
        return int(edition.rates(lane, "100")[0])

    # 52.00 and 0.11 a mile: about 0, 710 and 2,450 miles; lanes scatter by 6 % around that.
    for lane, miles in ((("070", "070"), 0), (("070", "606"), 710), (("070", "902"), 2_450)):
        assert abs(np.log(class_100(lane) / (5_200 + 11 * miles))) < 0.25
    assert class_100(("070", "606")) != class_100(("606", "070"))


def test_next_year_is_dearer_by_the_general_increase():
    now, then = made()["cents_cwt"].to_numpy(), made(increase=0.059)["cents_cwt"].to_numpy()
    assert np.allclose(then / now, 1.059, rtol=0.002)
