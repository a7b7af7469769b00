from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from starlette.testclient import TestClient
from tests.operations.carrier_overrides.shop import NOW, tables
from tests.operations.carriers_brand import busiest, carrier_tables, carriers_world
from tests.service.one_brand import Brand, Scoped, work_done

from evenstock.connectors.files import write_folder
from evenstock.connectors.files.reading import read_folder
from evenstock.operations.import_network import import_network
from evenstock.service.app import create_app
from evenstock.service.company_now import CompanyNow
from evenstock.service.configuration import Configuration
from evenstock.service.context import Service
from evenstock.settings import Settings
from evenstock.storage import open_store
from evenstock.storage.snapshots import SnapshotFolder


@contextmanager
def served(folder: Path, frames: Mapping[str, pl.DataFrame], now: datetime) -> Iterator[Brand]:
    """A company of these tables behind the API, its clock standing."""
    write_folder(frames, folder / "brand")
    store, access, snapshots = open_store("memory:"), Scoped(), SnapshotFolder(folder / "snapshots")
    reading = read_folder(folder / "brand")
    assert not reading.count, reading.problems
    import_network(store, snapshots, reading.frames, now)

    def clock() -> datetime:
        return now

    company = CompanyNow(store, snapshots, clock)
    settings = Settings(folder, "memory:")
    service = Service(settings, Configuration(), store, snapshots, clock, access, company)
    with TestClient(create_app(service), raise_server_exceptions=False) as client:
        yield Brand(client, service, access)
    store.close()


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Brand, str, str]]:
    """A brand of which one lane began to fail; its service and origin."""
    world = carriers_world(3_000)
    tables_of = {**world.frames, **carrier_tables(world)}
    with served(tmp_path_factory.mktemp("carriers"), tables_of, world.opens_at) as brand:
        yield brand, *busiest(world.frames["deliveries"])


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Brand]:
    """A shop of one node whose ground service to Dallas has been three days slower for nine days."""
    shelf = pl.DataFrame({"sku": ["MUG"], "node": ["TX"], "on_hand": [10_000], "observed_at": [NOW]})
    with served(tmp_path, tables(9) | {"stock": shelf}, NOW) as brand:
        yield brand


def test_carriers_are_scored_and_what_got_worse_is_named(failing: tuple[Brand, str, str]) -> None:
    brand, service, origin = failing
    told = brand.get("/carriers/scores")
    row = max(told["card"], key=lambda each: each["parcels"])
    assert row["on_time_low"] < row["on_time"] < row["on_time_high"]
    assert sum(each["parcels"] for each in told["card"]) == sum(each["parcels"] for each in told["weekly"])
    review = brand.get("/carriers/review")
    assert any(each["service"] == service and each["origin"] == origin for each in review["worse"])
    assert review["cents_week"] == pytest.approx(sum(each["cents_week"] for each in review["worse"]), abs=1)
    assert brand.client.get("/v1/carriers/scores", params={"by": "planet"}).status_code == 422
    services = brand.get("/services")["items"]
    assert service in {each["service"] for each in services}
    assert all(each["zones"] for each in services if each["valid_from"])


def test_an_override_is_proposed_by_a_run_and_answered_by_a_person_once(shop: Brand) -> None:
    brand = shop
    run = brand.post("/carrier-overrides", {}, 202)
    assert run["job"] == "carriers"
    proposed = work_done(brand, run)["proposed"]
    found = brand.get("/carrier-overrides")["items"]
    assert [one["id"] for one in found] == proposed
    mine, origin = found[0], found[0]["origin"]
    assert (mine["state"], mine["service"], origin, mine["areas"]) == ("proposed", "road:ground", "TX", ["752"])
    address = f"/carrier-overrides/{mine['id']}"
    seen = brand.client.get(f"/v1{address}")
    assert seen.json() == mine

    brand.access.scope = frozenset({"ELSEWHERE"})
    assert brand.get("/carrier-overrides")["items"] == []
    assert origin in brand.post(f"{address}/adoptions", {}, 403)["detail"]
    brand.access.scope = None

    assert brand.post(f"{address}/adoptions", {}, 412, If_Match='"0"')["code"] == "changed_meanwhile"
    assert brand.post(f"{address}/adoptions", {"weeks": 27}, 422)["errors"][0]["pointer"] == "/weeks"
    adopted = brand.post(f"{address}/adoptions", {"weeks": 2}, If_Match=seen.headers["etag"])
    assert (adopted["state"], adopted["by"]) == ("adopted", "person:test")
    assert brand.post(f"{address}/rejections", {"because": "no"}, 409)["detail"]
    ended = brand.post(f"{address}/ends", {"because": "mended"})
    assert ended["state"] == "ended"
    assert brand.get("/carrier-overrides", state="ended")["items"] == [ended]
    assert brand.post("/carrier-overrides/none/rejections", {"because": "no"}, 404)["code"] == "not_found"


def test_money_and_carbon_want_the_past(failing: tuple[Brand, str, str]) -> None:
    brand, _, _ = failing
    for path in ("/carbon", "/shipping-margin"):
        answer = brand.client.get(f"/v1{path}")
        assert answer.status_code in {200, 404}, answer.text
        if answer.status_code == 404:
            assert "import" in answer.json()["detail"]
