"""Days under way, learned from scans made up with known answers."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.distributions import day_table
from evenstock.freight import transit

MONDAY = date(2026, 3, 2)


def scanned(rows: list[tuple[str, str, str, int, int | None]], promised: int | None = None) -> pl.DataFrame:
    """Service, origin, destination, day of hand-over from MONDAY, days taken (None: under way)."""
    at = datetime(MONDAY.year, MONDAY.month, MONDAY.day, 15, tzinfo=UTC)
    return pl.DataFrame(
        {
            "parcel": [f"P{k}" for k in range(len(rows))],
            "service": [row[0] for row in rows],
            "origin_postal_code": [row[1] for row in rows],
            "destination_postal_code": [row[2] for row in rows],
            "shipped_at": [at + timedelta(days=row[3]) for row in rows],
            "delivered_at": [None if row[4] is None else at + timedelta(days=row[3] + row[4]) for row in rows],
            "promised_on": [None if promised is None else MONDAY + timedelta(days=row[3] + promised) for row in rows],
        },
        schema_overrides={"delivered_at": pl.Datetime("us", "UTC"), "promised_on": pl.Date},
    )


def on(day: int) -> date:
    return MONDAY + timedelta(days=day)


def table(
    frame: pl.DataFrame, day: int, service: str = "a:x", origin: str = "10001", destination: str = "20001", **how
):
    model = transit.learn(transit.read(frame, on(day)), **how)
    return model.shares([service], [origin], [destination])[0]


def test_parcels_that_always_take_two_days_are_foretold_to_take_two_days() -> None:
    rows = [("a:x", "10001", "20001", day, 2) for day in range(60) for _ in range(5)]

    share = table(scanned(rows), 70)

    assert share[2] > 0.95
    assert share.sum() == pytest.approx(1.0)


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a:x", "b:y"]),
            st.sampled_from(["10001", "90001"]),
            st.sampled_from(["20001", "30001", "30101"]),
            st.integers(0, 50),
            st.one_of(st.none(), st.integers(0, 300)),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_whatever_was_scanned_a_table_is_finite_rises_and_makes_one(rows) -> None:
    scans = transit.read(scanned(rows), on(40))
    if not scans.delivered.any():
        with pytest.raises(ValueError, match="had arrived before"):
            transit.learn(scans)
        return
    share = transit.learn(scans).shares(["a:x", "b:y", "new"], ["10001"] * 3, ["20001", "99999", ""], [0, 3, 6])

    assert np.isfinite(share).all()
    assert (share >= 0).all()
    assert share.sum(axis=1).tolist() == pytest.approx([1, 1, 1])


@given(st.integers(0, 30))
@settings(max_examples=12)
def test_parcels_under_way_never_make_it_look_faster(waiting: int) -> None:
    came = [("a:x", "10001", "20001", day, 1 + day % 4) for day in range(30) for _ in range(3)]
    waits = [("a:x", "10001", "20001", 30 + k % 5, None) for k in range(waiting)]

    without, with_them = (
        np.cumsum(table(scanned(rows), 36, residual_half_life_days=20.0)) for rows in (came, came + waits)
    )

    assert (with_them <= without + 1e-9).all()


def test_a_network_that_got_faster_is_believed_within_two_weeks() -> None:
    # Ten days for half a year, five for the last three weeks; twenty parcels a day.
    rows = [("a:x", "10001", "20001", day, 10 if day < 180 else 5) for day in range(201) for _ in range(20)]

    medians = [int(day_table.quantiles(table(scanned(rows), day), [0.5])[0]) for day in (179, 195, 201)]

    assert medians[0] == 10
    assert medians[2] in (5, 6)


def test_a_sunday_without_deliveries_is_learned_from_the_scans() -> None:
    # Two working days, Sundays off: handed over on Friday it comes on Monday, on Saturday on Tuesday.
    took = [2, 2, 2, 2, 3, 3]
    rows = [("a:x", "10001", "20001", day, took[day % 7]) for day in range(140) if day % 7 < 6 for _ in range(4)]
    model = transit.learn(transit.read(scanned(rows), on(145)))

    share = model.shares(["a:x"] * 3, ["10001"] * 3, ["20001"] * 3, [0, 4, 5])

    # Friday's second day is a Sunday: nothing comes; nor on Saturday's first.
    assert share[1, 2] < 0.02
    assert share[2, 1] < 0.02
    assert share[0, 2] > 0.5
    assert share[1, 3] > 0.5


def test_a_single_parcel_of_a_service_leans_on_the_others() -> None:
    many = [("a:x", "10001", "20001", day, 4 + day % 3) for day in range(100) for _ in range(3)]
    one = [("b:y", "10001", "20001", 50, 40)]

    both = transit.learn(transit.read(scanned(many + one), on(105))).shares(
        ["a:x", "b:y"], ["10001"] * 2, ["20001"] * 2
    )

    assert day_table.quantiles(both, [0.5])[:, 0].tolist() == [5, 5]
    assert both[1, 20:].sum() > both[0, 20:].sum()


def test_a_lane_with_scans_of_its_own_differs_from_its_neighbours() -> None:
    near = [("a:x", "10001", f"2{k}001", day, 3) for day in range(90) for k in range(5)]
    far = [("a:x", "10001", "29901", day, 9) for day in range(90)]
    model = transit.learn(transit.read(scanned(near + far), on(100)))

    share = model.shares(["a:x"] * 3, ["10001"] * 3, ["20001", "29901", "29955"])

    median = day_table.quantiles(share, [0.5])[:, 0]
    assert median[0] in (3, 4)
    assert median[1] in (8, 9)
    # The same three characters are the same lane.
    assert median[2] == median[1]
    assert "service and lane" in model.basis("a:x", "10001", "29901")
    assert model.basis("new", "", "Z") == ()


def test_rows_that_cannot_be_are_left_out_each_with_its_reason() -> None:
    frame = scanned([("a:x", "10001", "20001", day, 2) for day in range(6)])
    at = datetime(2026, 3, 2, tzinfo=UTC)
    frame = pl.concat(
        [
            frame,
            frame[:1],
            frame[1:2].with_columns(parcel=pl.lit("BACK"), delivered_at=pl.lit(at - timedelta(days=9)).cast(frame["delivered_at"].dtype)),
            frame[1:2].with_columns(parcel=pl.lit("LONG"), delivered_at=pl.lit(at + timedelta(days=900)).cast(frame["delivered_at"].dtype)),
            frame[1:2].with_columns(parcel=pl.lit("BLANK"), destination_postal_code=pl.lit(" ")),
            frame[1:2].with_columns(parcel=pl.lit("NEVER"), shipped_at=pl.lit(None).cast(frame["shipped_at"].dtype)),
        ]
    )  # fmt: skip

    scans = transit.read(frame, on(20))

    assert dict(scans.refused.iter_rows()) == {
        "P0": "stands more than once; keep one row",
        "BACK": "delivered before it was handed over",
        "LONG": "took more than 365 days",
        "BLANK": "service or postal code is missing",
        "NEVER": "no scan of hand-over",
    }
    assert scans.parcel == ("P1", "P2", "P3", "P4", "P5")
    assert any("1 rows are left out: no scan of hand-over" in note for note in scans.notes)


def test_what_was_scanned_later_is_not_known_yet() -> None:
    frame = scanned(
        [("a:x", "1", "2", 0, 3), ("a:x", "1", "2", 0, 4), ("a:x", "1", "2", 4, 1), ("a:x", "1", "2", 3, None)]
    )

    scans = transit.read(frame, on(4))

    # On the morning of day 4: the first came on day 3; the second comes today; the third is handed over today.
    assert scans.parcel == ("P0", "P1", "P3")
    assert scans.delivered.tolist() == [True, False, False]
    assert scans.days.tolist() == [3, 3, 0]


def test_days_are_counted_on_the_clock_of_the_origin() -> None:
    # 02:00 UTC on Tuesday is Monday evening in Los Angeles.
    frame = scanned([("a:x", "90001", "2", 0, 2)]).with_columns(
        origin=pl.lit("LA"), shipped_at=pl.lit(datetime(2026, 3, 3, 2, tzinfo=UTC))
    )

    assert transit.read(frame, on(20)).days.tolist() == [1]
    assert transit.read(frame, on(20), timezones={"LA": "America/Los_Angeles"}).days.tolist() == [2]


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match="deliveries: column service is missing; the table needs parcel, "):
        transit.read(scanned([("a:x", "1", "2", 0, 3)]).drop("service"), on(4))


def test_a_promise_is_judged_when_its_day_has_passed_arrived_or_not() -> None:
    # Promised for two days: 6 in time, 2 late, 1 still under way past its promise, 1 promised for later.
    rows = [("a:x", "1", "2", 0, 2)] * 6 + [("a:x", "1", "2", 0, 5)] * 2 + [("a:x", "1", "2", 1, None)]
    rows += [("a:x", "1", "2", 9, 0)]

    (found,) = transit.promise_reliability(transit.read(scanned(rows, promised=2), on(10)))

    assert (found.parcels, found.late, found.mean_days_late) == (9, 3, 3.0)
    assert found.late_share == pytest.approx(1 / 3)
    assert found.low < 1 / 3 < found.high
    assert transit.promise_reliability(transit.read(scanned(rows), on(10))) == ()


def test_a_calibrated_forecaster_is_found_honest_and_a_boaster_is_not() -> None:
    rng = np.random.default_rng(5)
    said = rng.uniform(0, 1, 20_000)
    happened = rng.uniform(0, 1, 20_000) < said

    honest = transit.calibration(said, happened)
    boast = transit.calibration(said / 3, happened)

    assert honest["honest"].sum() >= honest.height - 1
    assert not boast["honest"].any()
    assert honest["parcels"].sum() == 20_000
    with pytest.raises(ValueError, match="probability"):
        transit.calibration(np.array([np.nan]), np.array([True]))
