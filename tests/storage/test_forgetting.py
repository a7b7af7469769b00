"""Only what is long settled is forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from evenstock.operations.ports import Handling, Received, Store
from evenstock.storage import forgetting
from evenstock.storage.forgetting import forget_answers, forget_events

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
OLD = NOW - timedelta(days=40)
BEFORE = NOW - timedelta(days=30)


@pytest.fixture(params=["sqlite", "postgres"])
def books(request: pytest.FixtureRequest, tmp_path: object) -> object:
    from evenstock.storage import open_store

    if request.param == "sqlite":
        opened = open_store(f"sqlite:///{tmp_path}/books.db")
    else:
        opened = open_store(request.getfixturevalue("postgres_url"))
    request.addfinalizer(opened.close)  # noqa: PT021
    return opened


def test_old_answers_to_requests_are_forgotten_and_those_of_orders_never(
    books: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "AT_ONCE", 2)
    with books.transaction() as t:
        for number in range(5):
            t.remember(f"http:person:ana:POST /v1/route:old-{number}", "digest", b"{}", OLD)
        t.remember("http:person:ana:POST /v1/route:new", "digest", b"{}", NOW)
        t.remember("route:O-1", "digest", b"{}", OLD)
        t.remember("zeta", "digest", b"{}", OLD)
    assert forget_answers(books, BEFORE) == 5
    assert forget_answers(books, BEFORE) == 0
    with books.reading() as t:
        kept = ("http:person:ana:POST /v1/route:new", "route:O-1", "zeta")
        assert all(t.recall(name) is not None for name in kept)
        assert t.recall("http:person:ana:POST /v1/route:old-0") is None


def test_old_events_that_were_applied_are_forgotten_and_no_others(books: Store) -> None:
    def event(name: str) -> Received:
        return Received("wms", name, "stock.observed", name, OLD, b"{}")

    with books.transaction() as t:
        t.receive([event("applied"), event("dead"), event("waiting")], OLD)
        for one in t.claim_received(OLD, 10):
            if one.id != "waiting":
                handling = Handling.DONE if one.id == "applied" else Handling.DEAD
                t.handled(one, handling, OLD, "")
        t.receive([event("lately")], NOW)
    assert forget_events(books, BEFORE) == 1
    with books.reading() as t:
        assert t.received_event("wms", "applied") is None
        assert all(t.received_event("wms", name) is not None for name in ("dead", "waiting", "lately"))


def test_books_in_memory_forget_nothing(memory: Store) -> None:
    assert forget_answers(memory, BEFORE) == forget_events(memory, BEFORE) == 0
