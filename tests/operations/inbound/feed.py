"""Events of other systems, as tests send them to a brand of eight nodes."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from tests.operations.exceptions.shop import NETWORK, NOW, POLICY

from evenstock.operations.inbound.applying import Inbound, subject_of
from evenstock.operations.inbound.drain import Drained, drain
from evenstock.operations.ports import Handling, Received, Store

SOURCE = "wms"


def event(kind: str, name: str, at: datetime = NOW, source: str = SOURCE, **data: Any) -> Received:
    body = json.dumps({"specversion": "1.0", "id": name, "source": source, "type": kind, "data": data}).encode()
    return Received(source, name, kind, subject_of(kind, data, ""), at, body)


def level(name: str, sku: str, units: int, version: int, node: str = "TX", **more: Any) -> Received:
    """A statement of units on hand, whose moment grows with its version."""
    at = NOW - timedelta(minutes=30) + timedelta(seconds=version)
    return event("stock.observed", name, at, sku=sku, node=node, units=units, version=version, **more)


def receive(store: Store, *events: Received) -> list[bool]:
    with store.transaction() as books:
        return books.receive(list(events), NOW)


def inbound(store: Store) -> Inbound:
    return Inbound(store, NETWORK, POLICY)


def applied(store: Store, *events: Received, now: datetime = NOW) -> Drained:
    receive(store, *events)
    return drain(inbound(store), now)


def handled(store: Store, name: str, source: str = SOURCE) -> tuple[Handling, str]:
    with store.reading() as books:
        found = books.received_event(source, name)
    assert found is not None
    return found.handling, found.because
