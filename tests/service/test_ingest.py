"""Events of other systems: believed only if signed, stored once before they are answered, applied afterwards."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.service import sending
from tests.service.conftest import ANYBODY, NOW, Anything, order_body
from tests.service.sending import (
    BATCH,
    KEY,
    SECRET,
    WHSEC,
    cloud,
    hmac64,
    node,
    send,
    sku,
    source,
    standard,
    standing,
    stored,
)

from evenstock.operations.access.principal import Grant, Kind, Principal, Role
from evenstock.operations.ports import Handling, Store, UnavailableError
from evenstock.service.api.ingest import brings
from evenstock.service.app import create_app
from evenstock.service.context import Service
from evenstock.service.events.cloudevents import Read, received
from evenstock.service.events.intake import Intake
from evenstock.service.http.problems import Problem
from evenstock.storage import open_store
from evenstock.storage.vital_signs import events_waiting

JSON = "application/json"


class Nobody(Anything):
    """Nobody is signed in."""

    def known(self, _request: object) -> Principal:
        raise Problem("not_authenticated", "nobody is signed in")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    store = open_store("memory:")
    yield standing(store, tmp_path)
    store.close()


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(create_app(service), raise_server_exceptions=False) as opened:
        yield opened


def _strangers(service: Service) -> None:
    service.access = Nobody()


# --- who is believed -------------------------------------------------------------------------------------------------
def test_a_signed_event_is_stored_once_and_applied_once(client: TestClient, service: Service) -> None:
    source(client, scheme="standard_webhooks", secret=WHSEC)
    _strangers(service)
    body = json.dumps(cloud()).encode()
    first = send(client, body, standard(body))
    again = send(client, body, standard(body))
    assert (first.status_code, first.json()) == (202, {"new": 1, "seen": 0, "dead": 0, "errors": []})
    assert (again.status_code, again.json()) == (202, {"new": 0, "seen": 1, "dead": 0, "errors": []})
    assert sending.applied(service).done == 1
    with service.store.reading() as books:
        (balance,) = (b for b in books.balances([sku()]) if b.node == node())  # type: ignore[list-item]
    assert balance.on_hand - balance.shortfall == 7


@pytest.mark.parametrize("broken", ["tampered", "unsigned", "stale", "other secret", "unknown source"])
def test_whoever_cannot_sign_is_refused_and_nothing_is_stored(
    client: TestClient, service: Service, broken: str
) -> None:
    source(client, scheme="standard_webhooks", secret=WHSEC)
    _strangers(service)
    body = json.dumps(cloud()).encode()
    headers = standard(body)
    sent, to = body, "wms"
    match broken:
        case "tampered":
            sent = body.replace(b"7", b"8")
        case "unsigned":
            headers = {}
        case "stale":
            headers = standard(body, int(NOW.timestamp()) - 301)
        case "other secret":
            headers = standard(body, key=KEY.replace("a", "b"))
        case _:
            to = "nobody"
    refused = send(client, sent, headers, to=to)
    assert refused.status_code == 401
    assert refused.json()["code"] == (
        "not_authenticated" if broken in ("unsigned", "unknown source") else "bad_signature"
    )
    assert stored(service) == {}


def test_a_webhook_replayed_a_day_later_is_refused_where_time_is_signed_and_dropped_where_it_is_not(
    client: TestClient, service: Service
) -> None:
    source(client, scheme="standard_webhooks", secret=WHSEC)
    source(client, id="shop", scheme="shopify", secret=SECRET, mapping=[SHOPIFY])
    body, shopify = json.dumps(cloud()).encode(), json.dumps(INVENTORY).encode()
    signed = {"x-shopify-hmac-sha256": hmac64(SECRET.encode(), shopify), "x-shopify-event-id": "ev-1"}
    assert send(client, body, standard(body)).json()["new"] == 1
    assert send(client, shopify, signed, JSON, "shop").json()["new"] == 1
    sending.applied(service)
    service.clock = lambda: NOW + timedelta(days=1)
    assert send(client, body, standard(body)).status_code == 401
    assert send(client, shopify, signed, JSON, "shop").json() == {"new": 0, "seen": 1, "dead": 0, "errors": []}
    # Even under another id it is older by its version, and moves nothing.
    assert send(client, shopify, signed | {"x-shopify-event-id": "ev-2"}, JSON, "shop").json()["new"] == 1
    assert sending.applied(service).done == 1
    with service.store.reading() as books:
        assert books.received_event("shop", "ev-2").because.startswith("nothing changed")  # type: ignore[union-attr]


def test_while_a_secret_changes_both_are_good_for_an_hour(client: TestClient, service: Service) -> None:
    source(client, scheme="standard_webhooks", secret=WHSEC)
    fresh = client.post("/v1/sources/wms/secrets", json={}).json()
    new_key = fresh["secret"].removeprefix("whsec_")
    assert [s["until"] for s in fresh["secrets"]] == [None, "2026-11-20T16:00:00.000000Z"]
    for number, key in enumerate((KEY, new_key)):
        body = json.dumps(cloud(name=f"e{number}")).encode()
        assert send(client, body, standard(body, key=key)).status_code == 202
    service.clock = lambda: NOW + timedelta(hours=1)
    late = int((NOW + timedelta(hours=1)).timestamp())
    body = json.dumps(cloud(name="e3")).encode()
    assert send(client, body, standard(body, late, key=KEY)).status_code == 401
    assert send(client, body, standard(body, late, key=new_key)).status_code == 202


def test_a_third_secret_ends_the_first_at_once(client: TestClient) -> None:
    source(client, scheme="standard_webhooks", secret=WHSEC)
    client.post("/v1/sources/wms/secrets", json={})
    client.post("/v1/sources/wms/secrets", json={})
    body = json.dumps(cloud()).encode()
    assert send(client, body, standard(body)).status_code == 401
    assert len(client.get("/v1/sources/wms").json()["secrets"]) == 2


def test_no_secret_is_ever_shown_again_or_kept_in_the_open(client: TestClient, service: Service) -> None:
    made = source(client, scheme="standard_webhooks")
    secret = made["secret"]
    assert secret.startswith("whsec_")
    shown = client.get("/v1/sources").text + client.get("/v1/sources/wms").text
    with service.store.reading() as books:
        kept = repr(books.entries("source"))
    assert secret not in shown + kept
    assert secret.removeprefix("whsec_") not in shown + kept
    assert made["secrets"][0]["until"] is None


def test_a_key_bound_to_one_source_brings_no_other_ones_events(client: TestClient, service: Service) -> None:
    source(client)
    source(client, id="other")
    bound = Principal("key:1", Kind.INTEGRATION, (Grant(Role.INTEGRATION, source="wms"),))

    class Bound(Anything):
        def known(self, _request: object) -> Principal:
            return bound

    service.access = Bound()
    assert send(client, cloud(), {}).status_code == 202
    refused = send(client, cloud(), {}, to="other")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert brings(Principal("key:2", Kind.INTEGRATION, (Grant(Role.INTEGRATION),)), "any")
    assert brings(ANYBODY, "any")


def test_a_paused_source_takes_nothing(client: TestClient, service: Service) -> None:
    source(client)
    tag = client.get("/v1/sources/wms").headers["etag"]
    assert client.patch("/v1/sources/wms", json={"paused": True}, headers={"If-Match": tag}).status_code == 200
    assert send(client, cloud(), {}).status_code == 403
    assert client.patch("/v1/sources/wms", json={"paused": False}, headers={"If-Match": tag}).status_code == 412
    assert stored(service) == {}


# --- what a body says ------------------------------------------------------------------------------------------------
def test_the_three_modes_of_cloudevents_say_the_same(client: TestClient, service: Service) -> None:
    source(client)
    event = cloud(name="same")
    headers = {f"ce-{key}": str(event[key]) for key in ("specversion", "id", "source", "type", "time")}
    assert send(client, event, {}).json()["new"] == 1
    assert send(client, [event, event], {}, BATCH).json() == {"new": 0, "seen": 2, "dead": 0, "errors": []}
    assert send(client, event["data"], headers, JSON).json()["seen"] == 1
    assert send(client, event, {}, JSON).json()["seen"] == 1
    assert stored(service) == {Handling.WAITING: 1}


def test_events_of_two_senders_may_have_the_same_id(client: TestClient, service: Service) -> None:
    source(client)
    assert send(client, [cloud(), cloud() | {"source": "/other"}], {}, BATCH).json()["new"] == 2


@pytest.mark.parametrize(
    ("body", "because"),
    [
        (b"{", "this is not JSON"),
        (b'{"a": NaN}', "this is not JSON"),
        (b"[]", "an event is a JSON object"),
        (json.dumps(cloud() | {"specversion": "0.3"}).encode(), "/specversion: 1.0 is needed"),
        (json.dumps(cloud() | {"id": 7}).encode(), "/id: text is needed"),
        (json.dumps(cloud() | {"id": "a\nb"}).encode(), "/id: a character"),
        (json.dumps(cloud() | {"time": "yesterday"}).encode(), "/time: this is no moment"),
        (json.dumps(cloud() | {"time": "2026-11-20T14:59:00"}).encode(), "/time: the moment has no time zone"),
        (json.dumps(cloud() | {"type": "stock.levelled"}).encode(), "/type: nothing is known of 'stock.levelled'"),
        (b"\xff\xfe", "this is not JSON"),
    ],
)
def test_what_cannot_be_read_is_stored_as_dead_and_never_lost(
    client: TestClient, service: Service, body: bytes, because: str
) -> None:
    source(client)
    reply = send(client, body, {})
    assert reply.status_code == 202
    told = reply.json()
    assert (told["new"], told["dead"]) == (1, 1)
    assert told["errors"][0]["because"].startswith(because)
    assert send(client, body, {}).json()["seen"] == 1, "sent again it is the same"
    assert stored(service) == {Handling.DEAD: 1}
    (letter,) = client.get("/v1/dead-letters").json()["items"]
    whole = client.get(f"/v1/dead-letters/{letter['number']}").json()["body"]
    assert whole["text"].encode() == body if "text" in whole else base64.b64decode(whole["base64"]) == body


def test_one_bad_event_of_a_batch_is_dead_and_the_others_are_stored(client: TestClient, service: Service) -> None:
    source(client)
    batch = [cloud(name="a"), {"id": "b"}, cloud(name="c")]
    reply = send(client, batch, {}, BATCH).json()
    assert (reply["new"], reply["dead"]) == (3, 1)
    assert reply["errors"] == [{"place": 1, "because": "event 1 of a batch: /specversion: 1.0 is needed"}]
    assert stored(service) == {Handling.WAITING: 2, Handling.DEAD: 1}


def test_a_new_field_is_kept_and_a_changed_type_is_quarantined_with_its_place(
    client: TestClient, service: Service
) -> None:
    source(client)
    fields = {"sku": sku(), "node": node(), "version": 10**17}
    send(client, cloud(name="new", **fields, units=3, colour="red"), {})
    send(client, cloud(name="drifted", **fields, units="3"), {})
    send(client, cloud(name="renamed", node=node(), units=3, sku_code=sku()), {})
    done = sending.applied(service)
    assert (done.done, done.dead) == (1, 2)
    letters = {letter["id"]: letter["because"] for letter in client.get("/v1/dead-letters").json()["items"]}
    assert letters == {
        "drifted": "/data/units: a whole number is needed, not text",
        "renamed": "/data/sku: it is missing",
    }


# --- bodies of other systems -----------------------------------------------------------------------------------------
INVENTORY = {
    "inventory_item": {"sku": sku()},
    "location": "gid://1",
    "on_hand": 4,
    "updated_at": "2026-11-20T14:30:00Z",
}
SHOPIFY = {
    "type": "'stock.observed'",
    "time": "body.updated_at",
    "data": f"{{sku: body.inventory_item.sku, node: '{node()}', units: body.on_hand}}",
}
LEVELS = {
    "when": "body.webhook_type == 'Inventory Update'",
    "each": "body.inventory",
    "id": "join('-', [headers.\"x-shiphero-message-id\", item.sku])",
    "type": "'stock.observed'",
    "data": f"{{sku: item.sku, node: '{node()}', units: item.on_hand, version: item.version}}",
}


def test_a_foreign_body_becomes_events_by_the_sources_mapping(client: TestClient, service: Service) -> None:
    rules = [LEVELS, {"when": "body.webhook_type == 'Ping'", "ignore": True}]
    source(client, id="hero", scheme="shiphero", secret=SECRET, mapping=rules)
    _strangers(service)
    levels = [{"sku": sku(0), "on_hand": 4, "version": 1}, {"sku": sku(1), "on_hand": 5, "version": 1}]
    for said, expected in (
        ({"webhook_type": "Inventory Update", "inventory": levels}, {"new": 2, "seen": 0, "dead": 0}),
        ({"webhook_type": "Ping"}, {"new": 0, "seen": 0, "dead": 0}),
        ({"webhook_type": "Something else"}, {"new": 1, "seen": 0, "dead": 1}),
        ({"webhook_type": "Inventory Update", "inventory": None}, {"new": 1, "seen": 0, "dead": 1}),
    ):
        body = json.dumps(said).encode()
        headers = {"x-shiphero-hmac-sha256": hmac64(SECRET.encode(), body), "x-shiphero-message-id": "m-1"}
        reply = send(client, body, headers, JSON, "hero").json()
        assert {key: reply[key] for key in expected} == expected, said
    with service.store.reading() as books:
        assert {e.id for e in books.received(Handling.WAITING)} == {f"m-1-{sku(0)}", f"m-1-{sku(1)}"}


def test_a_mapping_is_tried_before_it_is_used_and_told_where_it_is_wrong(client: TestClient) -> None:
    source(client, mapping=[SHOPIFY])
    tried = client.post("/v1/sources/wms/trials", json={"body": INVENTORY}).json()
    assert tried["events"] == [
        {"type": "stock.observed", "time": "2026-11-20T14:30:00Z", "data": {"sku": sku(), "node": node(), "units": 4}}
    ]
    wrong = client.post(
        "/v1/sources/wms/trials", json={"body": INVENTORY, "mapping": [SHOPIFY | {"type": "body.kind"}]}
    )
    assert wrong.json()["because"] == "rule 0, type: text is needed, and nothing was found"
    for bad in ({"type": "'x'", "data": "{"}, {"type": "'x'"}):
        refused = client.post("/v1/sources", json={"id": "bad", "mapping": [bad]})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/mapping"


def test_what_could_not_be_read_is_read_again_once_the_mapping_is_corrected(
    client: TestClient, service: Service
) -> None:
    source(client, id="shop", scheme="shopify", secret=SECRET, mapping=[SHOPIFY | {"time": "body.changed.at"}])
    client.patch("/v1/sources/shop", json={"mapping": [SHOPIFY | {"data": "body.nothing"}]})
    body = json.dumps(INVENTORY).encode()
    signed = {"x-shopify-hmac-sha256": hmac64(SECRET.encode(), body), "x-shopify-event-id": "ev-1"}
    assert send(client, body, signed, JSON, "shop").json()["dead"] == 1
    (letter,) = client.get("/v1/dead-letters?source=shop").json()["items"]
    replay = f"/v1/dead-letters/{letter['number']}/replay"
    assert client.post(replay).status_code == 409
    client.patch("/v1/sources/shop", json={"mapping": [SHOPIFY]})
    assert client.post(replay).json() == {"events": 1}
    assert client.post(replay).status_code == 404
    assert send(client, body, signed, JSON, "shop").json()["seen"] == 1, "the same delivery is the same event"
    assert sending.applied(service).done == 1
    whole = json.dumps([letter, service.store is not None])
    assert hmac64(SECRET.encode(), body) not in whole


# --- room, crashes, floods -------------------------------------------------------------------------------------------
def test_nothing_more_is_taken_where_too_much_waits_and_nothing_is_half_stored(
    client: TestClient, service: Service
) -> None:
    source(client)
    send(client, [cloud(name=f"e{n}") for n in range(5)], {}, BATCH)
    client.app.state.taking.intake.most_waiting = 5  # type: ignore[attr-defined]
    refused = send(client, [cloud(name=f"f{n}") for n in range(3)], {}, BATCH)
    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
    assert int(refused.headers["retry-after"]) > 0
    assert stored(service) == {Handling.WAITING: 5}


def test_a_body_beyond_sixteen_megabytes_is_refused(client: TestClient) -> None:
    source(client)
    assert send(client, b" " * 16_000_001, {}).status_code == 413


def test_events_are_stored_without_a_network_and_an_order_is_routed_when_applied(
    client: TestClient, service: Service
) -> None:
    source(client, id="shop")
    order = cloud("order.created", **order_body("W-7"))
    assert send(client, order, {}, to="shop").json()["new"] == 1
    assert sending.applied(service).done == 1
    assert client.get("/v1/orders/W-7").status_code == 200


class Failing:
    """A store that cannot be reached, so many times."""

    def __init__(self, inner: Store, times: int, error: Exception) -> None:
        self._inner, self._times, self._error = inner, times, error

    def transaction(self) -> Any:
        if self._times:
            self._times -= 1
            raise self._error
        return self._inner.transaction()


def _read(name: str) -> Read:
    event = cloud(name=name)
    return Read([received("wms", event, json.dumps(event).encode(), NOW)], [])


def test_a_store_that_cannot_be_reached_is_told_to_all_who_waited_and_the_next_are_stored(memory: Store) -> None:
    async def story() -> None:
        intake = Intake(Failing(memory, 1, UnavailableError("gone")), lambda: NOW)  # type: ignore[arg-type]
        told = await asyncio.gather(*[intake.keep(_read(f"a{n}")) for n in range(4)], return_exceptions=True)
        assert any(isinstance(one, UnavailableError) for one in told)
        assert (await intake.keep(_read("b"))).new == 1

    asyncio.run(story())


def test_one_request_that_cannot_be_stored_does_not_take_the_others_with_it(memory: Store) -> None:
    async def story() -> list[Any]:
        intake = Intake(Failing(memory, 0, ValueError()), lambda: NOW)  # type: ignore[arg-type]
        bad = Read([_read("x").events[0].__class__("wms", "x", "k", "", NOW, b"", number=7)], [])
        return await asyncio.gather(
            *[intake.keep(one) for one in (_read("a"), bad, _read("b"))], return_exceptions=True
        )

    first, bad, last = asyncio.run(story())
    assert (first.new, last.new) == (1, 1)
    assert isinstance(bad, ValueError)


def test_a_flood_is_stored_whole_in_few_commits(postgres: Store) -> None:
    """Ten deliveries of each of 300 webhooks at once: 300 are stored, whoever asked is told right."""

    async def story() -> tuple[int, int]:
        intake = Intake(postgres, lambda: NOW)
        told = await asyncio.gather(*[intake.keep(_read(f"e{n % 300}")) for n in range(3_000)])
        return sum(one.new for one in told), sum(one.seen for one in told)

    assert asyncio.run(story()) == (300, 2_700)
    with postgres.reading() as books:
        assert len(books.received(Handling.WAITING, limit=1_000)) == 300


def test_answers_are_given_only_once_it_is_committed(postgres: Store) -> None:
    async def story() -> None:
        intake = Intake(postgres, lambda: NOW)
        for n in range(20):
            await intake.keep(_read(f"e{n}"))
            with postgres.reading() as books:
                assert books.received_event("wms", f"e{n}") is not None

    asyncio.run(story())


def test_what_waits_is_counted_in_every_store(store: Store) -> None:
    async def story() -> int:
        intake = Intake(store, lambda: NOW, most_waiting=3)
        for n in range(3):
            await intake.keep(_read(f"e{n}"))
        afresh = Intake(store, lambda: NOW, most_waiting=3)
        afresh.require_room()
        for _ in range(200):
            await asyncio.sleep(0.01)
            try:
                afresh.require_room()
            except Problem as refused:
                return refused.code.status
        return 0

    assert asyncio.run(story()) == 503
    assert events_waiting(store, 10) == 3
    assert events_waiting(store, 2) == 2
