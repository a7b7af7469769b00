"""Deadlines act by themselves, a process that dies loses nothing, and whatever happens the books stay whole."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.operations.exceptions.shop import (
    A1,
    CA,
    LATER,
    NETWORK,
    NJ,
    NOW,
    ONE,
    POLICY,
    TWO,
    TX,
    order,
    released,
    routed,
    shelf,
    stocked,
    told,
    whole,
)

from evenstock.domain import CaseKind, CaseState, LineId, OrderId, Refuse, ReservationState
from evenstock.operations.exceptions import rerouting
from evenstock.operations.exceptions.answer import Handled
from evenstock.operations.exceptions.cancel import CancelOrder, cancel_order
from evenstock.operations.exceptions.cutoff_missed import CutoffMissed, cutoff_missed
from evenstock.operations.exceptions.hold import RELEASE, HoldOrder, ReleaseHold, hold_order, release_hold
from evenstock.operations.exceptions.node_down import NodeDown, node_down
from evenstock.operations.exceptions.short_pick import ShortPick, short_pick
from evenstock.operations.exceptions.stop import NodeStopped, node_stopped
from evenstock.operations.ports import ConflictError, Store
from evenstock.operations.reservations import post_reservation
from evenstock.operations.route_order import RouteOrder, route_order
from evenstock.operations.run_due import Workplace, run_due
from evenstock.operations.ship_order import ship_order
from evenstock.operations.standing import standing
from evenstock.storage import open_store


def tick(store: Store, hours: float) -> list[str]:
    """What was due by so many hours later, by action; nothing failed."""
    done = run_due(Workplace(store, NETWORK, POLICY), LATER + timedelta(hours=hours))
    assert not [each.sentence for each in done if each.failed]
    return [each.action for each in done]


def test_a_fraud_hold_nobody_answers_is_cancelled_once(store: Store) -> None:
    stocked(store, {(ONE, TX): 5})
    routed(store, order((ONE, 2)))
    hold_order(store, NETWORK, POLICY, HoldOrder("F-1", A1, CaseKind.FRAUD, "stolen card", LATER))

    assert tick(store, 47) == []
    assert tick(store, 48) == ["cancel_order"]
    assert tick(store, 49) == []
    assert shelf(store, ONE, TX) == {"available": 5}
    assert told(store)[-1] == "OrderCancelled"
    assert whole(store)


def test_an_address_that_may_go_is_released_and_decided_again(store: Store) -> None:
    stocked(store, {(ONE, TX): 5})
    routed(store, order((ONE, 2)))
    hold = HoldOrder("H-1", A1, CaseKind.ADDRESS, "no such street", LATER, at_deadline=RELEASE)
    hold_order(store, NETWORK, POLICY, hold)

    assert tick(store, 48) == ["release_hold"]
    assert tick(store, 48) == ["reroute"]
    assert shelf(store, ONE, TX) == {"available": 3, "reserved": 2}
    assert whole(store)


def test_counts_and_stops_are_asked_for_again_and_closures_end(store: Store) -> None:
    stocked(store, {(ONE, TX): 9, (ONE, NJ): 9})
    released(store, order((ONE, 3)))
    short_pick(store, NETWORK, POLICY, ShortPick("S-1", A1, TX, ONE, 1, LATER))
    cancel_order(store, NETWORK, POLICY, CancelOrder("C-1", A1, "changed my mind", "customer", LATER))
    until = LATER + timedelta(hours=30)
    node_down(store, NETWORK, POLICY, NodeDown("D-1", NJ, until, "fire drill", LATER))

    assert tick(store, 4) == ["stop_again"]
    assert tick(store, 24) == ["stop_again", "count_again"]
    assert tick(store, 30) == ["stop_again", "node_up"]
    node_stopped(store, NodeStopped("N-1", A1, TX, "lead", LATER + timedelta(hours=31)))
    assert tick(store, 48) == ["count_again"]
    assert tick(store, 72) == ["count_again"]
    # Three were allocated: one stopped and back, two never counted and written off.
    assert shelf(store, ONE, TX) == {"available": 7}
    assert shelf(store, ONE, NJ) == {"available": 9}
    assert whole(store)
    with store.reading() as books:
        assert books.cases(CaseState.OPEN) == []


def test_a_process_that_dies_after_the_report_leaves_the_rest_to_the_next_tick(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    stocked(store, {(ONE, TX): 5, (ONE, NJ): 5})
    released(store, order((ONE, 3)))
    with monkeypatch.context() as dying:
        dying.setattr(rerouting, "act_now", _dies)
        with pytest.raises(KeyboardInterrupt):
            short_pick(store, NETWORK, POLICY, ShortPick("S-1", A1, TX, ONE, 1, LATER))
    assert shelf(store, ONE, TX) == {"available": 2, "allocated": 1, "held": 2}
    assert shelf(store, ONE, NJ) == {"available": 5}

    assert tick(store, 0) == ["reroute"]

    assert shelf(store, ONE, NJ) == {"available": 3, "reserved": 2}
    again = short_pick(store, NETWORK, POLICY, ShortPick("S-1", A1, TX, ONE, 1, LATER))
    assert isinstance(again, Handled)
    assert again.repeated
    assert shelf(store, ONE, NJ) == {"available": 3, "reserved": 2}
    assert whole(store)


def _dies(*_: object) -> None:
    raise KeyboardInterrupt


DEEDS = st.lists(
    st.tuples(
        st.sampled_from(
            ["post", "ship", "short", "together", "fraud", "address", "clear", "cancel", "line", "stopped", "down", "cutoff", "tick"]
        ),
        st.sampled_from(["A-1", "B-1"]),
        st.sampled_from([TX, NJ, CA]),
        st.sampled_from([ONE, TWO]),
        st.integers(0, 2),
    ),
    max_size=14,
)  # fmt: skip


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(DEEDS)
def test_whatever_happens_in_whatever_order_no_unit_is_lost_and_none_is_promised_twice(deeds: list) -> None:
    store = open_store("memory:")
    stocked(store, {(ONE, TX): 4, (TWO, TX): 3, (ONE, NJ): 3, (TWO, CA): 3})
    for name in ("A-1", "B-1"):
        route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 2), (TWO, 1), name=name), NOW))
    for number, deed in enumerate(deeds):
        answer = _do(store, number, *deed)
        assert answer is None or isinstance(answer, Handled | Refuse)
        assert whole(store)
        _no_order_has_more_than_it_wants(store)
    # Everything that was ever there is on a shelf, with a customer, or written off.
    with store.reading() as books:
        out = books.outside_frame()
        assert set(out["cause"]) <= {"count", "customer", "lost"}
        units = {row["sku"]: 0 for row in out.to_dicts()}
        for b in books.balances([ONE, TWO]):
            units[b.sku] += b.on_hand
        for row in out.to_dicts():
            units[row["sku"]] += row["units"]
    assert units == {ONE: 0, TWO: 0}
    store.close()


def _do(store: Store, number: int, deed: str, name: str, node: str, sku: str, found: int) -> object:
    at, order_id, report = NOW + timedelta(hours=number * 5), OrderId(name), f"X-{number}"
    with store.reading() as books:
        made = books.reservations_of(order_id)
    match deed:
        case "post" | "ship":
            for reservation in made:
                if reservation.state in (ReservationState.PENDING, ReservationState.POSTED):
                    try:
                        (post_reservation if deed == "post" else ship_order)(store, reservation.id, at)
                    except ConflictError as held:
                        assert "is held" in str(held)  # noqa: PT017 (a hold may stand in the way, and nothing else)
            return None
        case "short" | "together":
            pick = ShortPick(report, order_id, node, sku, found, at, together=deed == "together")  # type: ignore[arg-type]
            return short_pick(store, NETWORK, POLICY, pick)
        case "fraud" | "address":
            return hold_order(store, NETWORK, POLICY, HoldOrder(report, order_id, CaseKind(deed), "doubt", at))
        case "clear":
            clear = ReleaseHold(report, order_id, CaseKind.FRAUD, "Ann", "fine", at)
            return release_hold(store, NETWORK, POLICY, clear)
        case "cancel" | "line":
            lines = (LineId("2"),) if deed == "line" else ()
            return cancel_order(store, NETWORK, POLICY, CancelOrder(report, order_id, "no", "customer", at, lines))
        case "stopped":
            return node_stopped(store, NodeStopped(report, order_id, node, "lead", at))  # type: ignore[arg-type]
        case "down":
            return node_down(store, NETWORK, POLICY, NodeDown(report, node, at + timedelta(hours=9), "flood", at))  # type: ignore[arg-type]
        case "cutoff":
            return cutoff_missed(store, NETWORK, POLICY, CutoffMissed(report, order_id, at))
    done = run_due(Workplace(store, NETWORK, POLICY), at)
    assert not [each.sentence for each in done if each.failed]
    return None


def _no_order_has_more_than_it_wants(store: Store) -> None:
    """Units set aside, picked and gone never exceed what was ordered, and what waits is still wanted."""
    with store.reading() as books:
        for name in ("A-1", "B-1"):
            found = standing(books, OrderId(name))
            assert found is not None
            has = [x for r in found.soft for x in r.lines]
            has += [x for piece in (*found.picking, *found.left) for x in piece.lines]
            for sku, most in ((ONE, 2), (TWO, 1)):
                assert sum(x.units for x in has if x.sku == sku) <= most
