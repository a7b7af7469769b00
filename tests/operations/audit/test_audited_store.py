"""A row and its deed are in the books together or not at all, whoever did it and whichever way."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace
from typing import Any

import pytest
from tests.reliability.deeds import DEEDS as DAY
from tests.reliability.deeds import NETWORK, NOW, ONE, POLICY, TWO, Deed, fill, routed
from tests.routing.brand import order

from evenstock.domain import OrderId, ReservationState, ShipTo
from evenstock.domain.merkle import leaf_hash
from evenstock.operations.audit.audited_store import AuditedStore
from evenstock.operations.audit.deeds import DEEDS, READS
from evenstock.operations.audit.rows import NOTHING, STREAMS, AuditRow, audit_of
from evenstock.operations.audit.who import Through, Who, acting, each_for
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.decisions import decision_from
from evenstock.operations.one_transaction import JoinedStore
from evenstock.operations.ports import Answer, Entry, Store, StoreError, Transaction
from evenstock.operations.route_order import route_order
from evenstock.operations.route_together import Wish, route_together

ANA = Who("person:ana", "person", Through.API, session="5e55")


@pytest.fixture
def audited(store: Store) -> Store:
    made = AuditedStore(store)
    fill(made)
    return made


def rows(store: Store) -> list[AuditRow]:
    with store.reading() as books:
        log = audit_of(books)
        return [row for stream in range(STREAMS) for row in log.audit_rows(stream, 0, 10_000)]


def fail_after(books: Transaction, name: str) -> None:
    books.enter(Entry("thing", name, {}))
    raise ZeroDivisionError


def last(store: Store, about: str) -> dict[str, Any]:
    with store.reading() as books:
        found = audit_of(books).audit_about([about], 100)
    told: dict[str, Any] = json.loads(found[-1].said)
    return told


def test_every_call_of_a_transaction_is_listed_as_reading_or_as_changing() -> None:
    calls = {name for name, made in inspect.getmembers(Transaction, inspect.isfunction) if not name.startswith("_")}

    assert calls == set(DEEDS) | READS
    assert not set(DEEDS) & READS


def test_what_is_said_of_a_call_takes_the_arguments_of_the_call() -> None:
    for name, said in DEEDS.items():
        asked = list(inspect.signature(getattr(Transaction, name)).parameters.values())[1:]
        told = list(inspect.signature(said).parameters.values())[1:]
        assert [(p.name, p.kind, p.default) for p in told] == [(p.name, p.kind, p.default) for p in asked], name


@pytest.mark.parametrize("deed", DAY, ids=lambda deed: deed.name)
def test_every_deed_of_a_day_leaves_rows_that_chain(audited: Store, deed: Deed) -> None:
    deed.prepare(audited, "it")
    before = {(row.stream, row.number) for row in rows(audited)}
    with acting(ANA):
        deed.do(audited, "it")

    every = rows(audited)
    new = [row for row in every if (row.stream, row.number) not in before]
    assert new
    assert {json.loads(row.said)["who"]["id"] for row in new} == {"person:ana"}
    links = {(row.stream, row.number): row.link for row in every}
    for row in every:
        assert row.link == leaf_hash(links.get((row.stream, row.number - 1), NOTHING) + row.line)
        assert json.loads(row.said)["about"] == row.about
    with audited.reading() as books:
        assert all(
            head.link == links.get((head.stream, head.number), NOTHING) for head in audit_of(books).audit_heads()
        )


def test_an_order_is_one_row_that_says_what_was_decided_and_set_aside(audited: Store) -> None:
    with acting(ANA):
        record = routed(audited, "A-1").record

    told = last(audited, "A-1")
    assert told["who"] == {"id": "person:ana", "kind": "person", "session": "5e55", "through": "api"}
    said = {name: value for deed in told["deeds"] for name, value in deed.items() if name != "did"}
    assert said["decision"] == record.id
    assert said["digest"] == record.digest()
    assert said["policy"] == record.inputs.policy
    assert record.choice is not None
    assert said["cents"] == record.choice.cents
    assert sum(units for _, _, units in said["units"]) == 2 + 1


def test_a_batch_is_a_row_for_each_order_and_each_says_whose_it_is(audited: Store) -> None:
    bob = replace(ANA, id="key:bob", kind="integration")
    before = len(rows(audited))
    wishes = [Wish(RouteOrder(order((ONE, 1), name=name), NOW)) for name in ("A-1", "A-2")]
    with each_for({"A-1": ANA, "A-2": bob}):
        route_together(audited, NETWORK, POLICY, wishes)

    assert len(rows(audited)) == before + 2
    assert [last(audited, name)["who"]["id"] for name in ("A-1", "A-2")] == ["person:ana", "key:bob"]


def test_what_is_taken_back_leaves_no_row(audited: Store) -> None:
    before = rows(audited)
    with pytest.raises(ZeroDivisionError), audited.transaction() as books:
        fail_after(books, "one")
    assert rows(audited) == before


def test_a_step_that_is_taken_back_leaves_no_row_and_the_others_do(audited: Store) -> None:
    with audited.transaction() as books:
        books.enter(Entry("thing", "one", {}))
        with pytest.raises(ZeroDivisionError), JoinedStore(books).transaction() as inner:
            fail_after(inner, "two")
        with pytest.raises(StoreError):
            books.enter(Entry("thing", "one", {}))
    told = [json.loads(row.said) for row in rows(audited) if row.about.startswith("thing:")]
    assert [(one["about"], len(one["deeds"])) for one in told] == [("thing:one", 1)]


def test_what_changes_nothing_leaves_no_row(audited: Store) -> None:
    routed(audited, "A-1")
    with audited.reading() as books:
        (held,) = books.reservations_of(OrderId("A-1"))
    with audited.transaction() as books:
        assert books.settle(held.id, ReservationState.POSTED, NOW)
        assert books.lease("job", "me", 60) == 1
    before = rows(audited)

    with audited.transaction() as books:
        assert not books.settle(held.id, ReservationState.POSTED, NOW)
        assert books.lease("job", "me", 60) == 1
        assert books.lease("job", "another", 60) is None
        books.delivered([], NOW)
        assert books.post([], NOW) == 0
    routed(audited, "A-1")
    assert rows(audited) == before


def test_an_id_that_is_too_long_for_an_index_stands_under_its_digest(audited: Store) -> None:
    with audited.transaction() as books:
        books.enter(Entry("thing", "x" * 5_000, {}))
    (row,) = [row for row in rows(audited) if "sha256:" in row.about]
    assert json.loads(row.said)["about"] == row.about


def test_a_store_that_cannot_write_the_row_takes_the_deed_back(memory: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from evenstock.storage.memory import MemoryTransaction

    def full(*_: object) -> None:
        raise StoreError("the log is full")

    monkeypatch.setattr(MemoryTransaction, "append_audit", full)
    with pytest.raises(StoreError, match="the log is full"), AuditedStore(memory).transaction() as books:
        books.enter(Entry("thing", "one", {}))
    with memory.reading() as books:
        assert books.entry("thing", "one") is None


def test_no_address_no_text_of_people_and_no_secret_is_in_a_row(audited: Store) -> None:
    canary = "CANARY-7f3a"
    wanted = replace(order((ONE, 1), (TWO, 1), name="A-1"), ship_to=ShipTo("94107"), tags=frozenset({canary}))

    route_order(audited, NETWORK, POLICY, RouteOrder(wanted, NOW))
    with audited.transaction() as books:
        for kind in ("person", "session", "api_key", "thing"):
            books.enter(Entry(kind, "x", {"password": canary, "name": canary}, due_at=None))
        books.remember(f"http:{canary}", canary, canary.encode(), NOW)
    text = "\n".join(row.said for row in rows(audited))
    assert canary not in text
    assert "94107" not in text


def test_a_batch_and_its_rows_are_one_statement_that_needs_no_transaction(audited: Store) -> None:
    """A row for each order, and none for a batch that could not be kept."""
    before = len(rows(audited))
    wish = Wish(RouteOrder(order((ONE, 1), name="single"), NOW))
    with acting(ANA):
        assert route_together(audited, NETWORK, POLICY, [wish])[0] is not None
    added = [json.loads(row.said) for row in rows(audited)[before:]]
    told = [said for said in map(json.loads, (row.said for row in rows(audited))) if said["about"] == "single"]

    assert len(added) == 1
    assert [deed["did"] for said in told for deed in said["deeds"]] == ["decide"]
    answer = route_order(audited, NETWORK, POLICY, RouteOrder(order((ONE, 1), name="kept"), NOW))
    assert not answer.repeated
    there = len(rows(audited))
    again = spare(audited, "kept")
    with audited.singly() as books:
        assert not books.keep_together([again], NOW)
    assert len(rows(audited)) == there


def spare(store: Store, name: str) -> Answer:
    """The answer to an order that was kept before."""
    with store.reading() as books:
        record = books.decision_of(OrderId(name))
        [reservation] = books.reservations_of(OrderId(name))
        placed = books.order(OrderId(name))
    assert record is not None
    assert placed is not None
    return Answer(placed, decision_from(record), reservation, [], [], f"again:{name}", "sha256:0")
