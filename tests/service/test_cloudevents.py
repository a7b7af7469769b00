"""The page about events says what is so: its bodies are taken, its verifier verifies."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from tests.service.conftest import NOW
from tests.service.sending import WHSEC, standard

from evenstock.operations.inbound.applying import kinds
from evenstock.operations.inbound.drain import told_of
from evenstock.operations.inbound.kinds import order_created, shipment_event, stock_observed
from evenstock.service.events.cloudevents import kept_headers, received, unread_body, unread_document
from evenstock.service.events.signing import schemes

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text("utf-8")
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
READERS: dict[str, Any] = {
    "stock.observed": stock_observed.observation_of,
    "order.created": order_created.order_of,
    "shipment.event": shipment_event.scan_of,
}


@pytest.mark.parametrize(
    "event", [e for e in EXAMPLES if not e["type"].startswith("evenstock.")], ids=lambda e: e["type"]
)
def test_every_example_is_taken(event: dict[str, Any]) -> None:
    stored = received("wms", event, json.dumps(event).encode(), NOW)
    told = told_of(stored)
    if event["type"] in READERS:
        assert READERS[event["type"]](told)
    assert stored.subject


def test_every_kind_and_scheme_stands_on_the_page() -> None:
    for name in (*kinds(), *schemes()):
        assert f"`{name}`" in PAGE, name


def test_the_verifier_of_the_page_verifies() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    said: dict[str, Any] = {}
    exec(block, said)
    body = b'{"a": 1}'
    headers = standard(body, int(time.time()))
    assert said["verified"](WHSEC, headers, body)
    assert not said["verified"](WHSEC, headers, body + b" ")
    assert not said["verified"](WHSEC, standard(body, int(time.time()) - 301), body)
    two = headers | {"webhook-signature": "v1,AAAA " + headers["webhook-signature"]}
    assert said["verified"](WHSEC, two, body)


def test_what_is_kept_of_an_unreadable_request_holds_no_secret_and_gives_its_bytes_back() -> None:
    headers = {
        "content-type": "text/plain", "x-topic": "stock", "webhook-id": "m1", "x-shopify-hmac-sha256": "SECRET",
        "authorization": "Bearer SECRET", "cookie": "SECRET", "x-api-key": "SECRET", "webhook-signature": "SECRET",
    }  # fmt: skip
    assert kept_headers(headers) == {"content-type": "text/plain", "x-topic": "stock", "webhook-id": "m1"}
    for body in (b"plain \xc3\xa9", b"\xff\xfe\x00"):
        document = unread_document(headers, body)
        assert b"SECRET" not in document
        assert unread_body(document)[1] == body


@pytest.mark.parametrize(
    "event", [None, [], "x", 7, {"specversion": "1.0"}, {"specversion": "1.0", "id": "a", "source": "s"}]
)
def test_what_is_no_event_is_told_as_a_value_error(event: Any) -> None:
    with pytest.raises(ValueError, match=r"needed|object"):
        received("wms", event, b"", NOW)
