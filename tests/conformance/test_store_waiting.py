"""What every store must keep of orders, cases, capacity prices and quotas: one suite over memory, SQLite and PostgreSQL."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from evenstock.domain import (
    CapacityPrice,
    Case,
    CaseId,
    CaseKind,
    CaseState,
    Cents,
    LineId,
    Order,
    OrderId,
    OrderLine,
    Promise,
    ServiceLevel,
    ShipTo,
    Sku,
    Units,
)
from evenstock.operations.ports import ConflictError, Store

NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)
TODAY = date(2026, 11, 20)


# --- orders ----------------------------------------------------------------------------------------------------------
ORDER = Order(
    OrderId("A-1"),
    (
        OrderLine(LineId("1"), Sku("MUG"), Units(2), Cents(1_500), "gift"),
        OrderLine(LineId("2"), Sku("é"), Units(1), kit="gift"),
    ),
    ShipTo("02139", "US", residential=False),
    NOW,
    Promise(date(2026, 11, 24), 0.1 + 0.2),
    "vip",
    "shop",
    frozenset({"gift", "b"}),
    ServiceLevel.TWO_DAY,
    Cents(795),
)


@pytest.mark.parametrize("order", [ORDER, Order(OrderId("A-2"), ORDER.lines[:1], ShipTo("73301"), NOW)])
def test_an_order_is_kept_as_it_was_placed(store: Store, order: Order) -> None:
    with store.transaction() as t:
        assert t.order(order.id) is None
        t.put_order(order)
        t.put_order(order)
    with store.transaction() as t:
        assert t.order(order.id) == order, "a probability of 0.30000000000000004 too"
        with pytest.raises(ConflictError, match=f"order {order.id} was placed with other content"):
            t.put_order(replace(order, channel="marketplace"))
        t.put_order(replace(order, placed_at=order.placed_at.astimezone(tz=None)))


# --- cases -----------------------------------------------------------------------------------------------------------
def case(name: str, due_in: timedelta = HOUR, kind: CaseKind = CaseKind.REVIEW, about: str = "order:A-1") -> Case:
    return Case(
        CaseId(name),
        kind,
        about,
        "costs more than 40.00",
        "ship from TX",
        "execute",
        "operations lead",
        NOW,
        NOW + due_in,
        (("decision", "route-1"), ("né", "")),
    )


def test_a_case_is_kept_once_whatever_became_of_it_since(store: Store) -> None:
    opened = case("c1")
    with store.transaction() as t:
        t.put_case(opened)
        t.put_case(opened)
        assert t.case(opened.id) == opened
        assert t.case(CaseId("c9")) is None
        t.change_case(0, opened.closed(NOW + HOUR, "Ana", "accepted"))
        t.put_case(opened)
        with pytest.raises(ConflictError, match="case c1 was opened with other content"):
            t.put_case(replace(opened, because="another reason"))
        with pytest.raises(ValueError, match="a case is put open, at step 0"):
            t.put_case(replace(opened, id=CaseId("c2"), step=1))
    with store.reading() as t:
        assert t.case(opened.id) == opened.closed(NOW + HOUR, "Ana", "accepted")


def test_a_case_changes_from_the_step_seen_and_one_of_two_wins(store: Store) -> None:
    opened = case("c1")
    later = replace(opened, due_at=NOW + 2 * HOUR, step=1)
    with store.transaction() as t:
        t.put_case(opened)
        t.change_case(0, later)
    with store.transaction() as t:
        with pytest.raises(ConflictError, match="case c1 is at step 1, not at step 0; read it again"):
            t.change_case(0, opened.closed(NOW, "Ben", "accepted"))
        with pytest.raises(ConflictError, match="case c9 was never opened"):
            t.change_case(0, replace(later, id=CaseId("c9")))
        with pytest.raises(ValueError, match="after step 1 comes 2, not 1"):
            t.change_case(1, later)
        assert t.case(opened.id) == later


def test_cases_come_by_deadline_and_only_open_ones_are_due(store: Store) -> None:
    soon, tie, late = case("z", HOUR), case("a", HOUR), case("m", 3 * HOUR, CaseKind.UNSERVED, "order:A-2")
    done = case("done", timedelta(minutes=1))
    with store.transaction() as t:
        for each in (late, soon, tie, done):
            t.put_case(each)
        t.change_case(0, done.closed(NOW, "system", "gone"))
    with store.reading() as t:
        assert [c.id for c in t.cases()] == ["done", "a", "z", "m"]
        assert [c.id for c in t.cases(CaseState.OPEN)] == ["a", "z", "m"]
        assert [c.id for c in t.cases(CaseState.OPEN, CaseKind.UNSERVED)] == ["m"]
        assert [c.id for c in t.cases(about="order:A-1")] == ["done", "a", "z"]
        assert [c.id for c in t.cases(CaseState.CLOSED, about="order:A-2")] == []
        assert t.due_cases(NOW, 9) == []
        assert t.due_cases(NOW + HOUR, 9) == ["a", "z"]
        assert t.due_cases(NOW + 9 * HOUR, 2) == ["a", "z"]
    with store.transaction() as t:
        t.change_case(0, replace(soon, due_at=NOW + 5 * HOUR, step=1))
        assert t.due_cases(NOW + 9 * HOUR, 9) == ["a", "m", "z"]


# --- capacity prices -------------------------------------------------------------------------------------------------
def priced(
    name: str, cents: int, source: str = "nightly", at: datetime = NOW, day: date = TODAY, scope: str = "node"
) -> CapacityPrice:
    return CapacityPrice(scope, name, day, at, source, Cents(cents))


def test_one_capacity_price_is_in_force_for_each_scope_name_and_day(store: Store) -> None:
    tomorrow = TODAY + timedelta(days=1)
    with store.transaction() as t:
        t.put_capacity_prices(
            [
                priced("TX", 90),
                priced("TX", 95),  # computed again
                priced("TX", 120, "repricing"),
                priced("TX", 50, at=NOW + HOUR),
                priced("TX", 70, day=tomorrow),
                priced("TX", 30, scope="service"),
                priced("PA", 10, at=NOW + HOUR),
                priced("CA", 40, at=NOW - HOUR),
                priced("CA", 0),
            ]
        )
        t.put_capacity_prices([])

    def said(days: list[date], now: datetime) -> list[tuple[str, str, int, int]]:
        with store.reading() as t:
            return [(p.scope, p.name, (p.day - TODAY).days, p.cents) for p in t.capacity_prices(days, now)]

    assert said([TODAY], NOW) == [("node", "CA", 0, 0), ("node", "TX", 0, 120), ("service", "TX", 0, 30)]
    assert said([TODAY, tomorrow, TODAY], NOW + HOUR) == [
        ("node", "CA", 0, 0),
        ("node", "PA", 0, 10),
        ("node", "TX", 0, 50),
        ("node", "TX", 1, 70),
        ("service", "TX", 0, 30),
    ]
    assert said([TODAY], NOW - HOUR) == [("node", "CA", 0, 40)]
    assert said([], NOW) == []
    with store.reading() as t:
        assert t.capacity_prices([tomorrow], NOW) == [priced("TX", 70, day=tomorrow)]


def test_what_a_failed_transaction_put_is_gone(store: Store) -> None:
    def put_and_fail() -> None:
        with store.transaction() as t:
            t.put_order(ORDER)
            t.put_case(case("c1"))
            t.put_capacity_prices([priced("TX", 90)])
            raise RuntimeError("power failed")

    with pytest.raises(RuntimeError, match="power"):
        put_and_fail()
    with store.transaction() as t:
        assert t.order(ORDER.id) is None
        assert t.cases() == t.cases(CaseState.OPEN) == t.cases(about="order:A-1") == []
        assert t.due_cases(NOW + 9 * HOUR, 9) == []
        assert t.capacity_prices([TODAY], NOW) == []
        t.put_case(case("c1"))


def test_a_case_closed_in_a_failed_transaction_is_still_open(store: Store) -> None:
    def close_and_fail() -> None:
        with store.transaction() as t:
            t.change_case(0, case("c1").closed(NOW, "Ana", "accepted"))
            raise RuntimeError("power failed")

    with store.transaction() as t:
        t.put_case(case("c1"))
    with pytest.raises(RuntimeError, match="power"):
        close_and_fail()
    with store.reading() as t:
        assert t.due_cases(NOW + HOUR, 9) == ["c1"]
        assert [c.state for c in t.cases()] == [CaseState.OPEN]
