"""Every gram has a mode, a way, a weight and a source."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenstock.freight.carbon import FACTORS, Mode, emissions, lane_emissions, load_factor, service_mode, travelled_km
from evenstock.freight.carbon.factors import TRUCKS


def test_factors_come_from_a_named_source_and_year_and_tell_both_scopes_apart():
    assert set(FACTORS) == set(Mode)
    for factor in FACTORS.values():
        assert factor.year == 2024
        assert "2012" in factor.source
        assert ("EPA" in factor.source) != ("UK Government" in factor.source)
        assert factor.well_to_wheel_mg > factor.tank_to_wheel_mg > 0


def test_the_epas_table_comes_out_in_grams_a_tonne_km():
    # kg CO2, g CH4 and g N2O a short ton-mile, over 1.45997 tonne-km:
    # rail (22 + 0.0017 x 28 + 0.0005 x 265) = 22.18 g; waterborne (82 + 0.0326 x 28 + 0.0021 x 265) = 83.47 g.
    assert FACTORS[Mode.RAIL].tank_to_wheel_mg == round(22_180.1 / 1.459972)
    assert FACTORS[Mode.BARGE].tank_to_wheel_mg == round(83_469.3 / 1.459972)
    assert [FACTORS[m].grams for m in (Mode.PARCEL, Mode.PARCEL_AIR)] == [116, 625]


def test_ships_emit_least_then_rails_then_trucks_then_aircraft():
    per_tonne = [emissions(mode, 1_000_000, 100).well_to_wheel_g for mode in (Mode.SEA, Mode.RAIL, Mode.FTL, Mode.AIR)]

    assert per_tonne == sorted(per_tonne)
    assert per_tonne[-1] > 5 * per_tonne[-2]


def test_a_parcel_of_two_kilograms_by_air_across_the_country():
    # 3,940 km of great circle and 95 more; 2 kg x 4,035 km = 8.07 tkm at 624.939 g = 5,043 g; x 3.88 / 3.18 = 6,153 g.
    found = emissions(Mode.PARCEL_AIR, 2_000, travelled_km(Mode.PARCEL_AIR, 3_940))

    assert (found.tank_to_wheel_g, found.well_to_wheel_g) == (5_043, 6_153)
    assert found.sentence == "2 kg over 4,035 km by parcel air: 6.2 kg CO2e well to wheel (5.0 kg tank to wheel)"


def test_the_last_mile_of_a_van_is_told_apart_from_weight():
    # A light-duty truck: 955 + 0.026 x 28 + 0.023 x 265 = 961.8 g a mile; a tenth of a mile a stop is 96.2 g.
    without, stop = emissions(Mode.PARCEL, 1_000, 100), emissions(Mode.PARCEL, 1_000, 100, stop_miles=0.1)

    assert without.tank_to_wheel_g == 12  # 0.1 tkm x 115.953
    assert stop.tank_to_wheel_g == 108  # 11.6 + 96.2
    assert emissions(Mode.PARCEL, 0, 100, stop_miles=0.1).well_to_wheel_g == 117  # 96.2 x 3.90 / 3.21


@given(st.floats(0.05, 1.0), st.floats(0.05, 1.0))
def test_a_fuller_truck_emits_less_a_tonne_and_more_in_all(one, other):
    low, high = sorted((one, other))
    if high - low > 1e-6:
        assert load_factor(low) > load_factor(high)
        assert low * load_factor(low) < high * load_factor(high)


rows = st.lists(
    st.tuples(
        st.sampled_from(list(Mode)), st.integers(0, 30_000_000), st.floats(0, 20_000), st.none() | st.floats(0.01, 1.0)
    ),
    min_size=1,
    max_size=12,
)


@given(rows, st.booleans())
def test_lanes_in_one_call_are_what_each_shipment_is_by_itself(rows, great_circle):
    rows = [(mode, g, km, load if mode in TRUCKS else None) for mode, g, km, load in rows]
    frame = pl.DataFrame(
        rows,
        schema={"mode": pl.String, "weight_g": pl.Int64, "km": pl.Float64, "load": pl.Float64},
        orient="row",
    )
    found = lane_emissions(frame, great_circle=great_circle)
    for (mode, g, km, load), row in zip(rows, found.iter_rows(named=True), strict=True):
        one = emissions(mode, g, travelled_km(mode, km) if great_circle else km, load=load)
        assert abs(row["tank_to_wheel_g"] - one.tank_to_wheel_g) <= 1  # the same sum in another order of rounding
        assert abs(row["well_to_wheel_g"] - one.well_to_wheel_g) <= 1
        assert (row["source"], row["year"]) == (one.source, one.year)


def test_a_mode_that_the_company_states_wins_over_the_name():
    said = {"ups:ground": "rail", "maersk:": Mode.SEA}

    assert service_mode("ups:ground", said) is Mode.RAIL
    assert service_mode("maersk:two_day", said) is Mode.SEA
    assert service_mode("ups:two_day", said) is Mode.PARCEL_AIR
    with pytest.raises(ValueError, match="ups:ground: mode 'zeppelin' is none of parcel"):
        service_mode("ups:ground", {"ups:ground": "zeppelin"})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mode": "pigeon"}, "row 2: mode 'pigeon' is none of parcel"),
        ({"weight_g": -1}, "row 2: weight_g -1 is no weight"),
        ({"km": float("nan")}, "row 2: km nan is no distance"),
        ({"load": 1.5}, "row 2: load 1.5 is no load of ftl or ltl"),
        ({"mode": "rail", "load": 0.5}, "row 2: load 0.5 is no load"),
    ],
)
def test_a_cell_that_cannot_be_right_is_named(changes, said):
    row = {"mode": "ltl", "weight_g": 1_000, "km": 10.0, "load": None}
    frame = pl.DataFrame([row, row | changes], schema_overrides={"load": pl.Float64})

    with pytest.raises(ValueError, match=said):
        lane_emissions(frame)


def test_what_no_shipment_can_be_is_refused():
    with pytest.raises(ValueError, match="cannot be below zero"):
        emissions(Mode.LTL, -1, 10)
    with pytest.raises(ValueError, match="asked of ftl, ltl alone"):
        emissions(Mode.SEA, 1, 10, load=0.5)
    with pytest.raises(ValueError, match="filled above 0 and to 1"):
        emissions(Mode.LTL, 1, 10, load=0.0)
    with pytest.raises(ValueError, match="column km is missing"):
        lane_emissions(pl.DataFrame({"mode": ["ltl"], "weight_g": [1]}))
