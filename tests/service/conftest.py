"""A service over the example brand, with everybody allowed everything unless a test says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from starlette.testclient import TestClient

from evenstock.connectors.files import read_folder
from evenstock.operations.access.principal import Grant, Kind, Principal, Role
from evenstock.operations.import_network import import_network
from evenstock.operations.ports import Store
from evenstock.service.app import create_app
from evenstock.service.company_now import CompanyNow
from evenstock.service.configuration import Configuration
from evenstock.service.context import Service
from evenstock.settings import Settings
from evenstock.storage import open_store
from evenstock.storage.snapshots import SnapshotFolder

EXAMPLE = Path(__file__).parents[2] / "examples" / "dtc-3-node"
NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
ANYBODY = Principal("person:test", Kind.PERSON, tuple(Grant(role) for role in Role), "a test")


class Anything:
    """Lets everybody do everything."""

    def known(self, _request: object) -> Principal:
        return ANYBODY

    def authenticate(self, _request: object) -> Principal:
        return ANYBODY

    def require(self, *_: object) -> None:
        return None

    def nodes(self, *_: object) -> None:
        return None


@cache
def example() -> dict[str, pl.DataFrame]:
    return read_folder(EXAMPLE).frames


def made(store: Store, folder: Path, **options: Any) -> Service:
    """A service over `store` in which the example brand is imported, its clock standing at NOW."""
    snapshots = SnapshotFolder(folder / "snapshots")
    import_network(store, snapshots, example(), NOW)

    def clock() -> datetime:
        return NOW

    parts: dict[str, Any] = {
        "settings": Settings(folder, "memory:"),
        "configuration": Configuration(),
        "clock": clock,
        "access": Anything(),
        "company": CompanyNow(store, snapshots, clock),
    }
    service = Service(store=store, snapshots=snapshots, **(parts | options))
    # A start loads beside the requests; a test does not wait for it.
    service.company.look()
    return service


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    store = open_store("memory:")
    yield made(store, tmp_path)
    store.close()


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(create_app(service), raise_server_exceptions=False) as opened:
        yield opened


def order_body(name: str = "T-1", **changes: Any) -> dict[str, Any]:
    """An order of one unit that the example brand can ship."""
    return {
        "id": name,
        "lines": [{"id": "1", "sku": example()["items"]["sku"][0], "units": 1, "price_cents": 1000}],
        "ship_to": {"postal_code": "94105"},
        "placed_at": "2026-11-20T14:00:00Z",
    } | changes
