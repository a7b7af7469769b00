"""Scans in any order make one journey; scans that are missing are told."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock import tables
from evenstock.freight import tracking, transit

START = datetime(2026, 11, 2, 8, tzinfo=UTC)


def scans(*told: tuple[str, float, str], service: str = "ups:ground") -> pl.DataFrame:
    """Parcel, hours from START, status; the code repeats the status."""
    return pl.DataFrame(
        {
            "parcel": [parcel for parcel, _, _ in told],
            "scanned_at": [START + timedelta(hours=hours) for _, hours, _ in told],
            "code": [status.upper() for *_, status in told],
            "service": [service] * len(told),
            "status": [status for *_, status in told],
        },
        schema_overrides={"scanned_at": pl.Datetime("us", "UTC")},
    )


def hour(row: dict, name: str) -> float | None:
    return None if row[name] is None else (row[name] - START).total_seconds() / 3600


def only(events: pl.DataFrame, hours: float = 1_000) -> dict:
    (row,) = tracking.journeys(events, START + timedelta(hours=hours)).frame.iter_rows(named=True)
    return row


USUAL = [
    ("P1", 0, "pending"),
    ("P1", 9, "picked_up"),
    ("P1", 20, "in_transit"),
    ("P1", 46, "out_for_delivery"),
    ("P1", 50, "delivery_failed"),
    ("P1", 72, "out_for_delivery"),
    ("P1", 75, "delivered"),
]


def test_our_statuses_are_those_of_the_data_dictionary() -> None:
    assert sorted(tracking.PROGRESS) == sorted(tables.TrackingEvents.columns()["status"].categories)


def test_a_usual_journey_has_its_times() -> None:
    row = only(scans(*USUAL))

    assert row["state"] == "delivered"
    assert [
        hour(row, name) for name in ("picked_up_at", "out_for_delivery_at", "first_attempt_at", "delivered_at")
    ] == [
        9,
        46,
        50,
        75,
    ]
    assert (row["scans"], row["exceptions"], row["longest_gap_h"]) == (7, 1, 26)


@settings(max_examples=40)
@given(st.data())
def test_the_order_in_which_scans_come_and_their_repeats_change_nothing(data) -> None:
    told = data.draw(
        st.lists(
            st.tuples(st.sampled_from(["P1", "P2"]), st.integers(0, 6), st.sampled_from(tracking.PROGRESS)),
            min_size=1,
            max_size=10,
        )
    )
    as_of = START + timedelta(hours=50)
    shuffled = data.draw(st.permutations([*told, *told[:3]]))

    first, second = tracking.journeys(scans(*told), as_of).frame, tracking.journeys(scans(*shuffled), as_of).frame

    assert first.equals(second)
    ended = first.filter(pl.col("delivered_at").is_not_null() & pl.col("first_attempt_at").is_not_null())
    assert (ended["first_attempt_at"] <= ended["delivered_at"]).all()


def test_what_is_scanned_as_delivered_on_its_way_back_was_returned() -> None:
    row = only(scans(("P1", 1, "picked_up"), ("P1", 30, "return_to_sender"), ("P1", 90, "delivered")))

    assert (row["state"], row["delivered_at"], hour(row, "returned_at")) == ("return_to_sender", None, 30)


def test_a_lost_parcel_that_is_delivered_was_found_and_one_lost_stays_lost() -> None:
    found = only(scans(("P1", 1, "in_transit"), ("P1", 200, "lost"), ("P1", 300, "delivered")))
    lost = only(scans(("P1", 1, "in_transit"), ("P1", 200, "lost")))

    assert (found["state"], found["lost_at"]) == ("delivered", None)
    assert (lost["state"], hour(lost, "lost_at")) == ("lost", 200)


def test_a_scan_after_delivery_does_not_undo_it_and_is_told() -> None:
    events = scans(*USUAL, ("P1", 80, "in_transit"))
    found = tracking.journeys(events, START + timedelta(hours=100))

    assert found.frame["state"].to_list() == ["delivered"]
    assert "moved after its end" in tracking.missing_scans(found)["kind"].to_list()


def test_scans_that_lie_ahead_are_not_known_and_bad_ones_are_returned_with_their_reason() -> None:
    events = pl.concat([scans(*USUAL), scans(("P2", 1, "exploded")), scans(("", 1, "pending"))])

    found = tracking.journeys(events, START + timedelta(hours=30))

    assert found.frame["state"].to_list() == ["in_transit"]
    assert sorted(found.refused["reason"]) == ["parcel or service is missing", "status exploded is none of ours"]
    assert any("4 scans lie after" in note for note in found.notes)
    with pytest.raises(ValueError, match="column status is missing"):
        tracking.journeys(events.drop("status"), START)


def fleet(gap: float, count: int, prefix: str) -> list[tuple[str, float, str]]:
    """Delivered parcels that were silent for `gap` hours at the longest."""
    return [
        scan
        for k in range(count)
        for scan in (
            (f"{prefix}{k}", 0, "picked_up"),
            (f"{prefix}{k}", gap, "in_transit"),
            (f"{prefix}{k}", gap + 4, "out_for_delivery"),
            (f"{prefix}{k}", gap + 6, "delivered"),
        )
    ]


def test_a_parcel_is_silent_by_the_habit_of_its_lane_not_by_that_of_all() -> None:
    """On the lane to Alaska 60 hours without a scan are usual; on the one to New Jersey 10 are."""
    told = [*fleet(60, 120, "A"), *fleet(10, 120, "N"), ("A-open", 0, "picked_up"), ("N-open", 0, "picked_up")]
    lanes = pl.DataFrame({"parcel": [p for p, *_ in told]}).unique().with_columns(lane=pl.col("parcel").str.slice(0, 1))

    missing = tracking.missing_scans(tracking.journeys(scans(*told), START + timedelta(hours=40)), lanes)

    # After 40 hours nothing of Alaska has been seen to arrive; only what is known by then may speak.
    silent = missing.filter(pl.col("kind") == "silent")
    assert "N-open" in silent["parcel"].to_list()
    later = tracking.missing_scans(tracking.journeys(scans(*told), START + timedelta(hours=70)), lanes)
    by_lane = later.filter((pl.col("kind") == "silent") & (pl.col("parcel") == "A-open"))
    assert by_lane.select("usual_hours", "usual_of").row(0) == (60.0, "service and lane")
    earlier = tracking.missing_scans(tracking.journeys(scans(*told), START + timedelta(hours=67)), lanes)
    assert earlier.filter(pl.col("parcel") == "N-open")["usual_hours"].to_list() == [10.0]


def test_steps_that_a_service_usually_scans_are_told_where_they_are_missing() -> None:
    told = [*fleet(10, 20, "P"), ("Q1", 3, "in_transit"), ("Q1", 20, "delivered"), ("L1", 0, "pending")]
    left = pl.DataFrame(
        {"parcel": ["Z1", "Z2"], "service": "ups:ground", "shipped_at": [START, START + timedelta(hours=60)]},
        schema_overrides={"shipped_at": pl.Datetime("us", "UTC")},
    )

    missing = tracking.missing_scans(tracking.journeys(scans(*told), START + timedelta(hours=72)), None, left)

    assert sorted(missing.select("parcel", "kind").iter_rows()) == [
        ("L1", "not picked up"),
        ("Q1", "no out-for-delivery scan"),
        ("Q1", "no pick-up scan"),
        ("Z1", "never scanned"),
    ]
    assert missing["parcel"][0] in {"L1", "Z1"}


def test_how_fully_a_service_scans_is_counted() -> None:
    told = [*fleet(10, 3, "P"), ("Q1", 3, "in_transit"), ("Q1", 20, "delivered")]

    (row,) = tracking.scan_discipline(tracking.journeys(scans(*told), START + timedelta(hours=72))).iter_rows(
        named=True
    )

    # Three parcels of four scans and one of two.
    assert (row["parcels"], row["scans_a_parcel"], row["with_pickup"]) == (4, 3.5, 0.75)


def test_journeys_are_scans_that_delivery_times_are_learned_from() -> None:
    told = [
        *fleet(30, 2, "P"),
        ("Q1", 5, "in_transit"),
        ("T1", 1, "picked_up"),
        ("T1", 20, "return_to_sender"),
        ("L1", 0, "pending"),
        ("X1", 1, "picked_up"),
    ]
    left = pl.DataFrame({"parcel": ["P0", "P1", "Q1", "T1", "L1"]}).with_columns(
        origin=pl.lit("TX"), origin_postal_code=pl.lit("75201"), destination_postal_code=pl.lit("90001")
    )
    found = tracking.journeys(scans(*told), START + timedelta(hours=60))

    made = tracking.deliveries(found, left)

    # One turned back, one was never taken over, of one nobody knows where it went.
    assert made["parcel"].to_list() == ["P0", "P1", "Q1"]
    assert made["delivered_at"].is_null().to_list() == [False, False, True]
    assert set(made.columns) == set(tables.Deliveries.columns())
    read = transit.read(made, (START + timedelta(days=3)).date())
    # From 8 in the morning to 8 in the evening of the next day: a calendar day.
    assert read.days.tolist()[:2] == [1, 1]
    assert read.delivered.tolist() == [True, True, False]
