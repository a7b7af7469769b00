"""Other systems as tests play them: sources made over the API, bodies signed by a reckoning of their own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient
from tests.service.conftest import NOW, example, made

from evenstock.operations.inbound.applying import Inbound
from evenstock.operations.inbound.drain import Drained, drain
from evenstock.operations.ports import Handling, Store
from evenstock.service.configuration import Configuration, Secret
from evenstock.service.context import Service

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
SECRET = "a secret of sixteen bytes or more"
KEY = base64.b64encode(b"k" * 32).decode()
WHSEC = f"whsec_{KEY}"
SEALING = Configuration(secrets_key=Secret("s" * 40))


def sku(n: int = 0) -> str:
    return str(example()["items"]["sku"][n])


def node() -> str:
    return str(example()["nodes"]["node"][0])


def cloud(kind: str = "stock.observed", name: str = "e1", **data: Any) -> dict[str, Any]:
    said = data or {"sku": sku(), "node": node(), "units": 7, "version": 10**17}
    return {
        "specversion": "1.0", "id": name, "source": "wms", "type": kind, "time": "2026-11-20T14:59:00Z", "data": said,
    }  # fmt: skip


def standing(store: Store, folder: Path, **options: Any) -> Service:
    return made(store, folder, **({"configuration": SEALING} | options))


def source(client: TestClient, **body: Any) -> dict[str, Any]:
    reply = client.post("/v1/sources", json={"id": "wms", **body})
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


def hmac64(secret: bytes, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode()


def standard(body: bytes, at: int | None = None, name: str = "msg_1", key: str = KEY) -> dict[str, str]:
    """Headers as the specification of Standard Webhooks says them, reckoned without our code."""
    stamp = str(int(NOW.timestamp()) if at is None else at)
    signed = hmac64(base64.b64decode(key), f"{name}.{stamp}.".encode() + body)
    return {"webhook-id": name, "webhook-timestamp": stamp, "webhook-signature": f"v1,{signed}"}


def send(client: TestClient, body: Any, headers: Mapping[str, str], kind: str = STRUCTURED, to: str = "wms") -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(f"/v1/ingest/{to}/events", content=content, headers={"content-type": kind, **headers})


def applied(service: Service) -> Drained:
    here = service.company.get()
    return drain(Inbound(service.store, here.shipping, here.policy, here.stage, here.substitutes), service.clock())


def stored(service: Service) -> dict[Handling, int]:
    with service.store.reading() as books:
        return {one: n for one in Handling if (n := len(books.received(one, limit=1_000)))}
