"""What is told of each source of events is what happened, under names that nobody outside can make up."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient
from tests.operations.inbound.feed import event, receive
from tests.service.conftest import NOW
from tests.service.sending import BATCH, WHSEC, applied, cloud, node, send, sku, source, standard, standing

from evenstock.operations.inbound.tally import Tally, add, tallies
from evenstock.operations.ports import Handling, Store
from evenstock.service.app import create_app
from evenstock.service.context import Service
from evenstock.service.telemetry.source_metrics import UNKNOWN
from evenstock.storage.memory import MemoryStore
from evenstock.storage.source_signs import SourceSigns, source_signs


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return standing(MemoryStore(lambda: NOW), tmp_path)


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(create_app(service)) as opened:
        yield opened


def figures(client: TestClient) -> dict[tuple[str, ...], float]:
    """By name, source and reason."""
    families = text_string_to_metric_families(client.get("/v1/metrics").text)
    return {
        (s.name.removeprefix("evenstock_source_"), *(s.labels[k] for k in ("source", "reason") if k in s.labels)): s.value
        for family in families
        for s in family.samples
        if s.name.startswith("evenstock_source_") and not s.name.endswith("_created")
    }  # fmt: skip


def level(name: str, units: Any, version: int) -> dict[str, Any]:
    return cloud("stock.observed", name, sku=sku(), node=node(), units=units, version=version)


def test_what_comes_is_counted_by_source(service: Service, client: TestClient) -> None:
    """Three new, one of them unreadable; sent again they are duplicates."""
    source(client)
    source(client, id="silent")
    batch = [level("a", 5, 1), level("b", "many", 2), {"id": "no event"}]
    for _ in range(2):
        assert send(client, batch, {}, BATCH).status_code == 202
    applied(service)

    found = figures(client)
    assert found["received_total", "wms"] == 3
    assert found["duplicates_total", "wms"] == 3
    assert found["refused_total", "wms", "unreadable"] == 1
    assert found["applied_total", "wms"] == 1
    assert found["dead", "wms"] == 2, "one could not be read at all, the other has many units"
    assert found["waiting", "wms"] == 0
    assert found["heard_seconds", "wms"] == 0
    assert found["applied_total", "silent"] == 0
    assert ("heard_seconds", "silent") not in found, "it never spoke"
    assert {key[1] for key in found} == {"wms", "silent"}


def test_what_is_refused_is_counted_by_its_reason(client: TestClient) -> None:
    source(client, scheme="standard_webhooks", secret=WHSEC)
    body = json.dumps(level("a", 5, 1)).encode()
    wrong = standard(body) | {"webhook-signature": "v1," + "A" * 43 + "="}
    assert send(client, body, wrong).status_code == 401
    assert send(client, body, standard(body)).status_code == 202
    etag = client.get("/v1/sources/wms").headers["etag"]
    assert client.patch("/v1/sources/wms", json={"paused": True}, headers={"if-match": etag}).status_code == 200
    assert send(client, body, standard(body)).status_code == 403

    found = figures(client)
    assert found["refused_total", "wms", "bad_signature"] == 1
    assert found["refused_total", "wms", "not_allowed"] == 1
    assert found["received_total", "wms"] == 1


def test_names_that_callers_make_up_are_one(service: Service, client: TestClient) -> None:
    for n in range(50):
        assert send(client, level(f"e{n}", 5, 1), {}, to=f"made-up-{n}").status_code == 404
    receive(service.store, event("stock.observed", "x", source="removed", sku=sku(), node=node(), units=1))
    found = figures(client)
    assert found["refused_total", UNKNOWN, "not_found"] == 50
    assert found["waiting", UNKNOWN] == 1, "of a source that was removed since"
    assert {key[1] for key in found} == {UNKNOWN}


def test_age_and_silence_are_told_by_the_clock_of_the_books(tmp_path: Path) -> None:
    later = NOW + timedelta(seconds=90)
    service = standing(MemoryStore(lambda: later), tmp_path)
    with TestClient(create_app(service)) as client:
        source(client)
        receive(service.store, event("stock.observed", "x", source="wms", sku=sku(), node=node(), units=1))
        found = figures(client)
        assert found["waiting", "wms"] == 1
        assert found["oldest_seconds", "wms"] == found["heard_seconds", "wms"] > 0
        with service.store.transaction() as books:
            (one,) = books.received(Handling.WAITING)
            assert one.received_at is not None
            assert found["oldest_seconds", "wms"] == (later - one.received_at).total_seconds()


def test_a_source_goes_on_being_heard_of_when_all_it_said_is_applied(service: Service, client: TestClient) -> None:
    source(client)
    send(client, level("a", 5, 1), {})
    applied(service)
    with service.store.reading() as books:
        assert source_signs(books) == {}, "nothing waits"
        heard = tallies(books)["wms"]
        kept = books.received_event("wms", "a")
        assert kept is not None
        assert heard == Tally(1, 0, kept.received_at)
    assert figures(client)["heard_seconds", "wms"] == 0


def test_signs_are_the_same_over_every_store(store: Store) -> None:
    receive(store, *[event("stock.observed", f"{s}{n}", source=s, sku="S", node="N", units=n) for s in "ab" for n in range(3)])  # fmt: skip
    with store.transaction() as books:
        for one in books.claim_received(NOW, 10):
            books.handled(one, Handling.DEAD if one.source == "a" else Handling.DONE, NOW, "so")
    with store.reading() as books:
        found = source_signs(books)
    moment = found["a"].oldest
    assert moment is not None
    assert found == {"a": SourceSigns(2, moment, 1, moment), "b": SourceSigns(2, moment, 0, moment)}


def test_workers_at_once_lose_no_count(store: Store) -> None:
    more = {"wms": Tally(2, 1, NOW), "erp": Tally(1)}

    def count() -> None:
        for _ in range(10):
            with store.transaction() as books:
                add(books, more)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as books:
        assert tallies(books) == {"wms": Tally(80, 40, NOW), "erp": Tally(40)}
