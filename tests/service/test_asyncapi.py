"""The description of events is current, well made, and says of each kind what the code that reads it reads."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from starlette.testclient import TestClient
from tests.operations.exceptions.shop import NOW, ONE
from tests.operations.inbound.feed import inbound
from tests.service.conftest import made

from evenstock.domain import Event, rfc3339
from evenstock.operations.inbound.applying import Told, kinds
from evenstock.operations.inbound.fields import Fields, WrongDataError
from evenstock.operations.outbound.deliveries import Delivery
from evenstock.operations.outbound.facts import FACTS
from evenstock.operations.ports import Received, StoreError
from evenstock.service.app import create_app
from evenstock.service.events.asyncapi import document
from evenstock.service.events.outgoing.envelope import envelope, signed_headers
from evenstock.service.events.signing import schemes
from evenstock.storage.memory import MemoryStore

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "docs" / "reference" / "asyncapi.json"
OFFICIAL = Path(os.environ.get("EVENSTOCK_SHARED", ROOT / "../shared")) / "specs" / "asyncapi" / "3.0.0.json"
DOCUMENT: dict[str, Any] = json.loads(json.dumps(document()))
COMPONENT = re.compile(r"^[\w.\-]+$")
SECURITY = {"http": {"scheme"}, "httpApiKey": {"name", "in"}}


def test_the_document_that_is_kept_is_current() -> None:
    assert json.loads(KEPT.read_text("utf-8")) == DOCUMENT, "run `make docs`"


def test_it_is_served_to_all(tmp_path: Path) -> None:
    with TestClient(create_app(made(MemoryStore(lambda: NOW), tmp_path))) as client:
        told = client.get("/v1/asyncapi.json")
    assert told.status_code == 200
    assert told.headers["content-type"] == "application/json"
    assert told.json() == DOCUMENT


def test_it_keeps_the_official_schema() -> None:
    if not OFFICIAL.exists():
        pytest.skip(f"the official JSON Schema of AsyncAPI 3.0 is not at {OFFICIAL.name}; its structure is tested here")
    schema = json.loads(OFFICIAL.read_text("utf-8"))
    jsonschema.validators.validator_for(schema)(schema).validate(DOCUMENT)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            assert set(value) == {"$ref"}, "nothing stands beside a reference"
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def found_at(pointer: str) -> Any:
    value: Any = DOCUMENT
    for part in pointer.removeprefix("#/").split("/"):
        value = value[part]
    return value


def test_its_structure_is_that_of_asyncapi() -> None:
    assert set(DOCUMENT) == {
        "asyncapi", "info", "defaultContentType", "servers", "channels", "operations", "components",
    }  # fmt: skip
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(DOCUMENT["info"])
    for server in DOCUMENT["servers"].values():
        assert {"host", "protocol"} <= set(server)
        assert set(re.findall(r"\{(\w+)\}", server["host"])) == set(server["variables"])
    for pointer in references(DOCUMENT):
        assert found_at(pointer) is not None
    for names in DOCUMENT["components"].values():
        assert all(COMPONENT.match(name) for name in names)
    for channel in DOCUMENT["channels"].values():
        inside = set(re.findall(r"\{(\w+)\}", channel["address"] or ""))
        assert inside == set(channel.get("parameters", {}))
        assert channel["messages"]
    for name, operation in DOCUMENT["operations"].items():
        assert set(operation) <= {"action", "channel", "messages", "security"}
        assert operation["action"] == name.partition(".")[0]
        channel = operation["channel"]["$ref"]
        assert all(one["$ref"].startswith(f"{channel}/messages/") for one in operation["messages"])
    for scheme in DOCUMENT["components"]["securitySchemes"].values():
        assert SECURITY[scheme["type"]] <= set(scheme)
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft7Validator.check_schema(schema)


def test_every_kind_scheme_and_fact_stands_in_it() -> None:
    channels = set(DOCUMENT["channels"])
    assert channels == {f"ingest.{kind}" for kind in kinds()} | {f"webhook.{fact}" for fact in FACTS}
    for name, scheme in schemes().items():
        assert DOCUMENT["components"]["securitySchemes"][name]["name"] == scheme.HEADER
        said = [one["$ref"] for one in DOCUMENT["operations"]["receive.stock.observed"]["security"]]
        assert f"#/components/securitySchemes/{name}" in said
    assert all(message["summary"] for message in DOCUMENT["components"]["messages"].values())


# --- what each kind reads --------------------------------------------------------------------------------------------
SAMPLES = {
    "sku": str(ONE), "node": "TX", "service": "ups:ground", "country": "US", "until": rfc3339(NOW + timedelta(days=2)),
    "status": "in_transit", "units": 3,
}  # fmt: skip


class Noted(Mapping[str, Any]):
    """Data that notes what is read of it."""

    def __init__(self, inner: Mapping[str, Any], seen: set[str], at: str = "") -> None:
        self.inner, self.seen, self.at = inner, seen, at

    def __getitem__(self, key: str) -> Any:
        self.seen.add(f"{self.at}/{key}")
        return self.inner[key]

    def get(self, key: str, default: Any = None) -> Any:
        self.seen.add(f"{self.at}/{key}")
        return self.inner.get(key, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self.inner)

    def __len__(self) -> int:
        return len(self.inner)


def sample(shape: Mapping[str, Any], key: str, *, full: bool) -> Any:
    """Something of this shape."""
    if "anyOf" in shape:
        return sample(shape["anyOf"][0], key, full=full)
    if key in SAMPLES and shape["type"] != "object":
        return SAMPLES[key]
    match shape["type"]:
        case "object":
            wanted = shape["properties"] if full else shape.get("required", ())
            return {name: sample(shape["properties"][name], name, full=full) for name in wanted}
        case "array":
            return [sample(shape["items"], key, full=full)]
        case "integer":
            return max(1, shape["minimum"])
        case "boolean":
            return True
    if "enum" in shape:
        return next(word for word in shape["enum"] if word)
    return {"date-time": rfc3339(NOW), "date": "2026-11-21"}.get(shape.get("format", ""), "X-1")


def fields_of(shape: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, bool]]:
    """Every field by its pointer, without places in lists; whether it is needed where it stands."""
    for name, inner in shape.get("properties", {}).items():
        yield f"{at}/{name}", name in shape.get("required", ())
        inner = inner.get("anyOf", [inner])[0]  # noqa: PLW2901 (what may be null)
        yield from fields_of(inner.get("items", inner), f"{at}/{name}")


def tried(kind: str, data: Mapping[str, Any]) -> tuple[set[str], WrongDataError | None]:
    """What was read of it, and what could not be."""
    store, seen = MemoryStore(lambda: NOW), set()  # type: ignore[var-annotated]
    told = Told(Received("wms", "e", kind, "", NOW, b""), _noting(data, seen))
    try:
        with store.transaction() as books:
            kinds()[kind].apply(inbound(store), books, told, NOW)
    except WrongDataError as wrong:
        return seen, wrong
    except StoreError:
        pass
    return seen, None


def _noting(data: Mapping[str, Any], seen: set[str]) -> Fields:
    return NotedFields(Noted(data, seen))


class NotedFields(Fields):
    """Fields that go on noting in what stands within."""

    def inner(self, key: str) -> Fields:
        found = super().inner(key)
        return NotedFields(self._within(key, found.said), found.at)

    def each(self, key: str) -> list[Fields]:
        return [NotedFields(self._within(key, found.said), found.at) for found in super().each(key)]

    def _within(self, key: str, inner: Mapping[str, Any]) -> Noted:
        said = self.said
        assert isinstance(said, Noted)
        return Noted(inner, said.seen, f"{said.at}/{key}")


def without(value: Any, pointer: list[str]) -> Any:
    if isinstance(value, list):
        return [without(one, pointer) for one in value]
    name, *rest = pointer
    if not rest:
        return {key: one for key, one in value.items() if key != name}
    return {key: without(one, rest) if key == name else one for key, one in value.items()}


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_a_shape_says_what_is_read_and_what_is_needed(kind: str) -> None:
    shape = kinds()[kind].DATA
    least, most = sample(shape, "", full=False), sample(shape, "", full=True)
    jsonschema.Draft7Validator(shape).validate(most)
    jsonschema.Draft7Validator(shape).validate(least)
    known = dict(fields_of(shape))
    read, wrong = tried(kind, most)
    assert wrong is None, "what the shape allows is read"
    for pointer, needed in known.items():
        some, wrong = tried(kind, without(most, pointer.strip("/").split("/")))
        read |= some
        if needed:
            assert wrong is not None, f"{pointer} is said to be needed"
            assert re.sub(r"/\d+", "", wrong.pointer) == f"/data{pointer}"
        elif (kind, pointer) != ("receipt.posted", "/node"):
            assert wrong is None, f"{pointer} is said to be free: {wrong}"
    assert read == set(known)


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_what_a_shape_refuses_is_not_read_for_something_else(kind: str) -> None:
    """The control: a list in place of each field is refused by the shape, and by the code."""
    shape = kinds()[kind].DATA
    most = sample(shape, "", full=True)
    for name, inner in shape["properties"].items():
        odd = {**most, name: 1.5}
        assert not jsonschema.Draft7Validator(shape).is_valid(odd)
        _, wrong = tried(kind, odd)
        if name in shape["required"]:
            assert wrong is not None, (name, inner)


# --- what we tell ----------------------------------------------------------------------------------------------------
def test_every_fact_that_is_published_is_described() -> None:
    """Those whose kind is put together are named in the file that does it."""
    constant: set[str] = set()
    words: set[str] = set()
    for path in (ROOT / "src" / "evenstock").rglob("*.py"):
        if path.name == "facts.py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words.add(node.value)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Event" and len(node.args) > 1:
                constant |= {
                    one.value for one in ast.walk(node.args[1]) if isinstance(one, ast.Constant) and isinstance(one.value, str)
                }  # fmt: skip
    assert len(constant) > 30
    assert constant <= set(FACTS), "add it to operations/outbound/facts.py"
    joined = {name for name in FACTS if name.startswith(("Reservation", "CarrierOverride"))}
    assert set(FACTS) - joined <= words, "nobody tells these"


def test_a_message_we_send_is_as_it_is_described() -> None:
    at = datetime(2026, 11, 20, 14, tzinfo=UTC)
    fact = Event("A-1:routed", "OrderRouted", "order:A-1", at, {"order": "A-1"})
    told = {
        "id": fact.id, "kind": fact.kind, "aggregate": fact.aggregate, "occurred_at": rfc3339(at), "body": dict(fact.body),
    }  # fmt: skip
    delivery = Delivery("erp|x|1", "erp", 17, told, "msg_1", at)
    body = envelope(delivery)
    message = found_at("#/components/messages/evenstock.OrderRouted")
    schema = {**message["payload"], "components": DOCUMENT["components"]}
    validator = jsonschema.Draft7Validator(schema)
    validator.validate(json.loads(body))
    assert not validator.is_valid({**json.loads(body), "type": "evenstock.OrderShipped"}), "the control"
    headers = signed_headers(delivery, body, [b"k" * 32], at)
    jsonschema.Draft7Validator(found_at("#/components/schemas/signed_headers")).validate(dict(headers))


def test_an_event_that_docs_show_is_as_it_is_described() -> None:
    """Every example of docs/events.md that names a kind."""
    text = (ROOT / "docs" / "events.md").read_text("utf-8")
    seen = 0
    for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL):
        event = json.loads(block)
        name = event["type"]
        schema = {**found_at(f"#/components/messages/{name}")["payload"], "components": DOCUMENT["components"]}
        jsonschema.Draft7Validator(schema).validate(event)
        seen += 1
    assert seen >= 5
