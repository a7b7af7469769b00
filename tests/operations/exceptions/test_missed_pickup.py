"""A truck that did not come: who stood on the dock, how late each becomes, and who is moved for it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from tests.operations.exceptions.shop import (
    LATER,
    NETWORK,
    NOW,
    ONE,
    POLICY,
    TX,
    order,
    released,
    routed,
    shelf,
    stocked,
    told,
    whole,
)

from evenstock.domain import CaseState, NodeId, OrderId, Refuse
from evenstock.operations.decisions import decision_from
from evenstock.operations.exceptions.answer import Handled
from evenstock.operations.exceptions.missed_pickup import MissedPickup, affected, missed_pickup
from evenstock.operations.exceptions.questions import services_down
from evenstock.operations.ports import Store
from evenstock.operations.ship_order import ship_order

EVENING = NOW + timedelta(hours=10)
"""Friday, 19:00 in Texas."""
FRIDAY, MONDAY = date(2026, 11, 20), date(2026, 11, 23)


def service_of(store: Store, name: str) -> str:
    with store.reading() as books:
        record = books.decision_of(OrderId(name))
    assert record is not None
    choice = decision_from(record).choice
    assert choice is not None
    return choice.shipments[0].candidate.service


def test_who_stood_on_the_dock_is_told_with_the_lateness_of_each(store: Store) -> None:
    stocked(store, {(ONE, TX): 9})
    routed(store, order((ONE, 1), name="A-soft", promised_days=9))
    released(store, order((ONE, 1), name="B-packed", promised_days=7))
    ship_order(store, released(store, order((ONE, 1), name="C-gone")), LATER)
    service = service_of(store, "B-packed")
    assert {service_of(store, name) for name in ("A-soft", "C-gone")} == {service}

    rows = affected(store, NETWORK, MissedPickup("M-1", TX, service, FRIDAY, EVENING))

    assert [(row.order, row.state) for row in rows] == [
        ("B-packed", "allocated"),
        ("A-soft", "reserved"),
        ("C-gone", "shipped"),
    ]
    packed, soft, gone = rows
    zone = NETWORK.book.zone("75201", "78701")
    assert zone is not None
    for row, days in ((packed, 7), (soft, 9)):
        told_day = NOW.date() + timedelta(days=days)
        assert row.late_before_millionths == round(1e6 * NETWORK.late(service, zone, FRIDAY, told_day))
        assert row.late_after_millionths == round(1e6 * NETWORK.late(service, zone, MONDAY, told_day))
    assert packed.late_after_millionths is not None
    assert packed.late_before_millionths is not None
    assert packed.late_after_millionths > packed.late_before_millionths
    assert gone.late_before_millionths is None


def test_unreleased_orders_are_decided_again_and_packed_ones_ask_for_another_label(store: Store) -> None:
    stocked(store, {(ONE, TX): 9})
    routed(store, order((ONE, 1), name="A-soft", promised_days=20))
    released(store, order((ONE, 1), name="B-packed", promised_days=7))
    service = service_of(store, "B-packed")

    answer = missed_pickup(store, NETWORK, POLICY, MissedPickup("M-1", TX, service, FRIDAY, EVENING))

    assert isinstance(answer, Handled)
    assert (
        f"{service} did not pick up at TX on 2026-11-20: 2 orders wait for 2026-11-23; 1 promises are at risk"
        == answer.sentence
    )
    label = next(case for case in answer.cases if case.about == "order:B-packed")
    assert (label.state, label.at_deadline, label.role) == (CaseState.OPEN, "accept_plan", "dock at TX")
    assert label.suggestion.startswith("relabel at TX: ups:two_day (P(late) ")
    assert label.suggestion.endswith(f"else it goes with {service} on 2026-11-23")
    soft = next(case for case in answer.cases if case.about == "order:A-soft")
    assert soft.resolution == "stays as it is: no other way saves 25 cents"
    assert shelf(store, ONE, TX) == {"available": 7, "reserved": 1, "allocated": 1}
    facts = told(store)
    again = missed_pickup(store, NETWORK, POLICY, MissedPickup("M-1", TX, service, FRIDAY, EVENING))
    assert again == replace(answer, repeated=True)
    assert told(store) == facts
    assert whole(store)


def test_a_carrier_that_fails_for_days_is_not_used_until_it_is_back(store: Store) -> None:
    stocked(store, {(ONE, TX): 9})
    routed(store, order((ONE, 1), name="A-soft", promised_days=20))
    service = service_of(store, "A-soft")
    back = EVENING + timedelta(days=5)

    answer = missed_pickup(store, NETWORK, POLICY, MissedPickup("M-1", TX, service, FRIDAY, EVENING, until=back))

    assert isinstance(answer, Handled)
    assert service_of(store, "A-soft") != service
    with store.reading() as books:
        assert services_down(books, EVENING) == {service}
        assert services_down(books, back) == frozenset()
    (case,) = answer.waiting
    assert (case.about, case.at_deadline, case.due_at) == (f"service:{service}", "service_back", back)
    assert whole(store)


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"node": NodeId("ZZ")}, "ZZ is no node of this network"),
        ({"service": "dove:mail"}, "dove:mail does not pick up at TX"),
        ({"day": MONDAY}, "2026-11-23 is still to come at TX"),
    ],
)
def test_what_cannot_be_right_is_refused(store: Store, change, because: str) -> None:
    report = MissedPickup("M-1", TX, "ups:ground", FRIDAY, EVENING)

    answer = missed_pickup(store, NETWORK, POLICY, replace(report, **change))

    assert isinstance(answer, Refuse)
    assert because in answer.because
