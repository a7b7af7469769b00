"""Parcels under way are followed: the one we know least lately of first, inside the quota, nothing told twice."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from evenstock import tables
from evenstock.operations.call_quota import Bucket, Quota
from evenstock.operations.carrier_ports import Message, Scan, TrackingReply
from evenstock.operations.follow_parcels import follow_parcels

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
EVENTS = {name: column.dtype for name, column in tables.TrackingEvents.columns().items()}


def parcels(*rows):
    """(number, service, days since it left)."""
    return pl.DataFrame(
        [
            {
                "parcel": number,
                "service": service,
                "origin_postal_code": "07094",
                "destination_postal_code": "90001",
                "residential": True,
                "shipped_on": NOW.date() - timedelta(days=ago),
                "weight_g": 500,
            }
            for number, service, ago in rows
        ]
    )


def events(*rows):
    """(parcel, status, hours ago)."""
    said = [
        {"parcel": p, "scanned_at": NOW - timedelta(hours=h), "code": s, "service": "x:y", "status": s, "location": ""}
        for p, s, h in rows
    ]
    return pl.DataFrame(said, schema=EVENTS)


class Carrier:
    """Knows one scan of each parcel, an hour old."""

    def __init__(self, numbers_a_call=1, calls=None, messages=(), knows=lambda _: True):
        self.numbers_a_call, self.calls, self.messages, self.knows, self.asked = (
            numbers_a_call,
            calls,
            messages,
            knows,
            [],
        )

    def track(self, wanted):
        self.asked.append([parcel.number for parcel in wanted])
        at = NOW - timedelta(hours=1)
        scans = tuple(Scan(p.number, at, "in_transit", "AR", "Arrived") for p in wanted if self.knows(p.number))
        calls = (1 if self.numbers_a_call else 0) if self.calls is None else self.calls
        return TrackingReply(scans, self.messages, calls=calls)


def follow(sent, seen, carrier, *, burst=10, **more):
    bucket = Bucket.full("usps", Quota(60, 3600, burst), NOW)
    return follow_parcels(sent, seen, {"usps": carrier}, {"usps": bucket}, now=NOW, **more)


SENT = parcels(("A", "usps:ground_advantage", 3), ("B", "usps:ground_advantage", 5), ("C", "usps:priority_mail", 1))


def test_what_we_know_least_lately_of_is_asked_for_first():
    carrier = Carrier()

    # A left three days ago and was seen 50 h ago, C left at midnight 36 h ago, B was seen 2 h ago.
    found = follow(SENT, events(("A", "in_transit", 50), ("B", "in_transit", 2)), carrier)

    assert carrier.asked == [["A"], ["C"], ["B"]]
    assert found.asked["silent_hours"].to_list() == [50, 36, 2]
    tables.TrackingEvents.validate(found.scans)
    assert found.scans.select("parcel", "service", "code", "status").rows() == [
        ("A", "usps:ground_advantage", "AR", "in_transit"),
        ("B", "usps:ground_advantage", "AR", "in_transit"),
        ("C", "usps:priority_mail", "AR", "in_transit"),
    ]


def test_a_label_that_never_ships_does_not_stand_before_all_others_for_ever():
    silent = Carrier(knows=lambda number: number != "B")
    first = follow(SENT, events(), silent, burst=3)
    second = follow(SENT, first.scans, silent, burst=3, asked=first.asked)

    assert silent.asked == [["B"], ["A"]]
    assert first.asked["heard"].to_list() == [False]
    assert second.asked["parcel"].to_list() == ["A"]


@pytest.mark.parametrize("end", ["delivered", "lost", "return_to_sender", "cancelled"])
def test_what_has_come_to_an_end_is_not_asked_for(end):
    carrier = Carrier()

    follow(SENT, events(("A", end, 1), ("B", end, 1), ("C", "delivery_failed", 1)), carrier)

    assert carrier.asked == [["C"]]


def test_parcels_of_long_ago_and_of_tomorrow_are_not_asked_for():
    carrier = Carrier()

    follow(parcels(("A", "usps:x", 30), ("B", "usps:x", -1), ("C", "usps:x", 29)), events(), carrier)

    assert carrier.asked == [["C"]]


def test_a_carrier_that_takes_many_numbers_is_asked_for_many_at_once():
    sent = parcels(*((f"P{k:02d}", "usps:x", 2) for k in range(65)))
    carrier = Carrier(30)

    found = follow(sent, events(), carrier)

    assert [len(some) for some in carrier.asked] == [30, 30, 5]
    assert found.buckets["usps"].calls(NOW) == 10 - 3


def test_the_quota_is_kept_even_if_every_question_is_tried_again():
    sent = parcels(*((f"P{k:02d}", "usps:x", 2) for k in range(9)))
    carrier = Carrier(calls=3)

    found = follow(sent, events(), carrier, burst=10)

    # Three questions cost nine of ten calls; a fourth might cost three more.
    assert len(carrier.asked) == 3
    assert found.buckets["usps"].calls(NOW) == 1
    assert found.left_out.rows() == [("usps's quota is spent for now", 6, "P03")]


def test_a_file_costs_no_call_and_needs_no_quota():
    carrier = Carrier(0)

    found = follow_parcels(SENT, events(), {"usps": carrier}, {}, now=NOW)

    assert carrier.asked == [["B", "A", "C"]]
    assert found.scans.height == 3


def test_a_scan_already_known_is_not_told_again():
    first = follow(SENT, events(), Carrier())
    second = follow(SENT, first.scans, Carrier())

    assert first.scans.height == 3
    assert second.scans.is_empty()


def test_our_number_and_the_carrier_s_are_kept_apart():
    carrier = Carrier()

    found = follow(SENT, events(), carrier, numbers={"A": "9400A", "B": "9400B", "C": "9400C"})

    assert sorted(number for some in carrier.asked for number in some) == ["9400A", "9400B", "9400C"]
    assert found.scans["parcel"].to_list() == ["A", "B", "C"]


def test_a_carrier_nobody_asks_and_one_that_sends_us_away_are_told():
    both = pl.concat([SENT, parcels(("D", "ontrac:ground", 2))])
    carrier = Carrier(messages=(Message("error", "quota", "come back later"),))

    found = follow(both, events(), carrier)

    assert len(carrier.asked) == 1
    assert found.left_out.rows() == [
        ("usps takes no more questions", 2, "A"),
        ("nobody asks ontrac for scans", 1, "D"),
    ]
    assert found.told["words"].to_list() == ["come back later"]
