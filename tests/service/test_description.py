"""What the API's description says of a request is what the API takes: each was once not so."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from jsonschema_rs import validator_for
from tests.service.conftest import order_body
from tests.service.one_brand import Brand, brand, opened  # noqa: F401 (fixtures)

from evenstock.domain import rfc3339
from evenstock.operations.runs.keeping import Run, RunState
from evenstock.operations.schedule.timing import timing_of
from evenstock.service.access.passwords import LONGEST, SHORTEST
from evenstock.service.api.schedule import TimingBody
from evenstock.service.app import document
from evenstock.service.events.signatures.standard_webhooks import key
from evenstock.service.http.parts import NAME_PATTERN, Problem, _plain_name
from evenstock.service.run_events import event_of


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = document()["components"]["schemas"][name]
    return found


def texts(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schema and every one inside it that is of text."""
    if found.get("type") == "string":
        yield found
    for inner in (*found.get("anyOf", ()), *([found["items"]] if "items" in found else ())):
        yield from texts(inner)


def test_every_text_of_an_address_says_which_characters_it_cannot_hold() -> None:
    """Lists of names said nothing of control characters, which are refused."""
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                for text in texts(parameter["schema"]):
                    assert {"pattern", "enum", "format", "const"} & text.keys(), f"{method} {path} {parameter['name']}"


@pytest.mark.parametrize(
    ("model", "field"), [("AddBody", "password"), ("PasswordBody", "password"), ("NewPasswordBody", "new")]
)
def test_a_new_password_is_as_long_as_its_description_says(model: str, field: str) -> None:
    told = schema(model)["properties"][field]
    assert (told["minLength"], told["maxLength"]) == (SHORTEST, LONGEST)
    assert schema("SignInBody")["properties"]["password"]["minLength"] == 1


def test_only_the_metrics_are_told_without_a_key() -> None:
    without = [
        path
        for path, operations in document()["paths"].items()
        for operation in operations.values()
        if "x-action" in operation and {} in operation["security"]
    ]
    assert without == ["/v1/metrics"]


def test_an_event_of_a_run_is_as_described() -> None:
    at = datetime(2026, 11, 20, 15, tzinfo=UTC)
    content = document()["paths"]["/v1/runs/{run}/events"]["get"]["responses"]["200"]["content"]
    told = content["text/event-stream"]["schema"]
    run = Run("run-1", "plan", {"seed": 0}, "person:ana", at, RunState.RUNNING, begun_at=at)
    fields = dict(line.split(": ", 1) for line in event_of(run).decode().splitlines() if line)
    assert fields.keys() == set(told["required"]) == told["properties"].keys()
    assert fields["event"] == told["properties"]["event"]["const"]
    assert re.search(told["properties"]["id"]["pattern"], fields["id"])
    data = json.loads(fields["data"])
    assert told["properties"]["data"]["contentSchema"] == {"$ref": "#/components/schemas/RunOut"}
    assert data.keys() == schema("RunOut")["properties"].keys()
    assert data["asked_at"] == rfc3339(at)


def test_the_name_of_a_model_says_what_it_cannot_hold(brand: Brand) -> None:  # noqa: F811
    told = schema("MakeForecastBody")["properties"]["model"]
    for name, right in (("", True), ("naive", True), ("na\x07ive", False), ("naive ", False)):
        assert bool(re.search(told["pattern"], name)) is right
        brand.post("/forecasts", {"model": name, "horizon": 7}, 202 if right else 422)


@pytest.mark.parametrize("prefix", ["", "whsec_"])
@pytest.mark.parametrize("size", range(10, 40))
def test_a_secret_of_a_webhook_is_described_as_it_is_taken(prefix: str, size: int) -> None:
    text = prefix + base64.b64encode(b"k" * size).decode()
    pattern = next(one for one in schema("WebhookBody")["properties"]["secret"]["anyOf"] if "pattern" in one)["pattern"]
    try:
        taken = bool(key(text, {}))
    except ValueError:
        taken = False
    assert bool(re.search(pattern, text)) is taken is (size >= 16)


@pytest.mark.parametrize(
    "name", ["nodes.csv", "a b.csv", "-x.csv", ".hidden", "a/b.csv", "", "ä.csv", "n" * 201, "a\n.csv", "a.csv\n"]
)
def test_a_file_is_named_as_described(name: str) -> None:
    try:
        taken = bool(_plain_name(name))
    except Problem:
        taken = False
    described = bool(re.search(NAME_PATTERN, name)) and not name.endswith("\n") and len(name) <= 200
    assert taken is described


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/stock/buffers", {"buffers": [{"sku": "NOBODY", "node": "TX-DC", "units": 1}]}),
        ("/stock/buffers", {"buffers": [{"sku": "KIT-0001", "node": "NOWHERE", "units": 1}]}),
        ("/quotas", {"quotas": [{"sku": "NOBODY", "node": "TX-DC", "order_class": "gold", "units": 1}]}),
    ],
)
def test_a_name_that_nobody_knows_is_not_found(brand: Brand, path: str, body: dict[str, Any]) -> None:  # noqa: F811
    answer = brand.client.put(f"/v1{path}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(body))}/0"


def test_a_return_of_an_order_with_too_many_lines_names_some(brand: Brand) -> None:  # noqa: F811
    """The description let a thousand lines through where eight are taken."""
    lines = [{"id": str(n), "sku": f"KIT-{n:04}", "units": 1, "price_cents": 100} for n in range(1, 10)]
    brand.post("/route", order_body("R-9", lines=lines))
    whole = brand.post("/returns", {"order": "R-9"}, 409)
    assert whole["code"] == "refused"
    assert "9 lines; a return has at most 8" in whole["detail"]
    assert brand.post("/returns", {"order": "R-9", "lines": [{"sku": "KIT-0001"}]})
    assert schema("ReturnBody")["properties"]["lines"]["maxItems"] == 8
    other = brand.post("/returns", {"order": "R-9", "lines": [{"sku": "KIT-0099"}]}, 404)
    assert (other["code"], other["errors"][0]["pointer"]) == ("not_found", "/lines/0/sku")


def test_a_source_is_named_as_described(brand: Brand) -> None:  # noqa: F811
    """The pattern of any name stood where that of a source's belongs."""
    told = schema("SourceBody")["properties"]["id"]
    for name, right in (("shop-1", True), ("ã", False), ("a b", False), ("-a", False)):
        assert bool(re.search(told["pattern"], name)) is right
        brand.post("/sources", {"id": name}, 201 if right else 422)


@pytest.mark.parametrize("every", [None, 5])
@pytest.mark.parametrize("at", [None, "02:00"])
@pytest.mark.parametrize("weekday", [None, "monday"])
def test_a_timing_is_described_as_it_is_taken(every: int | None, at: str | None, weekday: str | None) -> None:
    said = {"every_minutes": every, "at": at, "weekday": weekday, "zone": "UTC"}
    try:
        taken = timing_of(TimingBody(**said).model_dump()) is not None
    except ValueError:
        taken = False
    for body in (said, {name: value for name, value in said.items() if value is not None}):
        assert validator_for(TimingBody.model_json_schema()).is_valid(body) is taken
