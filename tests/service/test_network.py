from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from starlette.testclient import TestClient
from tests.service.conftest import EXAMPLE, NOW, Anything, example, made

from evenstock.operations.import_network import import_network
from evenstock.service.app import create_app
from evenstock.service.context import Service
from evenstock.storage import open_store


def files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(EXAMPLE.glob("*.csv"))}


def zipped(content: Mapping[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in content.items():
            archive.writestr(name, body)
    return sink.getvalue()


def form(content: Mapping[str, bytes]) -> list[tuple[str, tuple[str, bytes, str]]]:
    return [(Path(name).stem, (name, body, "text/csv")) for name, body in content.items()]


class OnlyTexas(Anything):
    """May do everything at TX-DC and nothing elsewhere."""

    def nodes(self, *_: object) -> Any:
        return frozenset({"TX-DC"})


def test_nodes_lanes_and_items_are_the_tables_that_were_imported(client: TestClient) -> None:
    nodes = client.get("/v1/nodes").json()
    assert [row["node"] for row in nodes["items"]] == sorted(example()["nodes"]["node"])
    assert nodes["next"] is None
    tx = client.get("/v1/nodes/TX-DC")
    assert tx.json()["orders_per_day"] == 28
    assert client.get("/v1/nodes/TX-DC", headers={"If-None-Match": tx.headers["etag"]}).status_code == 304
    lanes = client.get("/v1/lanes", params={"origin": "TX-DC"}).json()["items"]
    assert {row["destination"] for row in lanes} == {"PA-3PL", "CA-3PL"}
    assert client.get("/v1/items/KIT-0001").json()["unit_cost_cents"] == 2310
    assert client.get("/v1/items/NONE").json()["code"] == "not_found"


def test_pages_hold_every_item_once(client: TestClient) -> None:
    found, cursor = [], None
    while True:
        page = client.get("/v1/items", params={"limit": 7, **({"cursor": cursor} if cursor else {})}).json()
        found += [row["sku"] for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == sorted(example()["items"]["sku"])


def test_a_table_goes_out_as_arrow_and_as_lines_and_comes_in_again(client: TestClient) -> None:
    arrow = client.get("/v1/network/tables/items", headers={"Accept": "application/vnd.apache.arrow.stream"})
    lines = client.get("/v1/network/tables/nodes", headers={"Accept": "application/x-ndjson"})
    assert pl.read_ipc_stream(io.BytesIO(arrow.content)).height == example()["items"].height
    assert len(lines.content.splitlines()) == example()["nodes"].height

    content = files()
    del content["items.csv"], content["nodes.csv"]
    content |= {"items.arrow": arrow.content, "nodes.ndjson": lines.content}
    again = client.post("/v1/network", content=zipped(content), headers={"Content-Type": "application/zip"})
    assert again.status_code == 200, again.text
    assert again.json()["imported"] is True
    assert again.json()["changed"] == []


def test_an_empty_company_is_imported_from_a_form(tmp_path: Path, service: Service) -> None:
    store = open_store("memory:")
    empty = Service(
        settings=service.settings, configuration=service.configuration, store=store, snapshots=service.snapshots,
        clock=service.clock, access=Anything(), company=type(service.company)(store, service.snapshots, service.clock),
    )  # fmt: skip
    with TestClient(create_app(empty), raise_server_exceptions=False) as client:
        assert client.get("/v1/nodes").json()["code"] == "not_set_up"
        checked = client.post("/v1/network", params={"check": True}, files=form(files()))
        assert checked.json()["imported"] is False
        assert checked.json()["rows"]["nodes"] == 3
        assert client.get("/v1/nodes").json()["code"] == "not_set_up"
        taken = client.post("/v1/network", files=form(files()))
        assert taken.status_code == 200, taken.text
        assert taken.json()["opened_movements"] > 0
        assert len(client.get("/v1/nodes").json()["items"]) == 3
    store.close()


def test_every_problem_is_told_by_file_row_and_column_and_nothing_is_imported(client: TestClient) -> None:
    before = client.get("/v1/network").headers["etag"]
    content = files()
    content["nodes.csv"] = content["nodes.csv"].replace(b"TX-DC,own,", b"TX-DC,castle,")
    content["stock.csv"] = content["stock.csv"].replace(b"KIT-0001,PA-3PL", b"NOBODY,PA-3PL", 1)
    content["items.csv"] = content["items.csv"].replace(b",614,", b",-614,", 1)
    refused = client.post("/v1/network", files=form(content))
    assert refused.status_code == 422
    told = refused.json()
    places = {(p["file"], p["row"], p["column"]) for p in told["problems"]}
    assert {("nodes.csv", 2, "kind"), ("stock.csv", 3, "sku"), ("items.csv", 2, "weight_g")} <= places
    assert told["imported"] is False
    assert told["count"] >= 3
    assert client.get("/v1/network").headers["etag"] == before


def test_a_long_import_is_checked_at_once_and_taken_in_by_a_run(client: TestClient, service: Service) -> None:
    asked = client.post("/v1/network", files=form(files()), headers={"Prefer": "respond-async"})
    assert asked.status_code == 202
    run = asked.json()
    assert run["job"] == "import"
    assert asked.headers["location"] == f"/v1/runs/{run['id']}"
    frames = service.snapshots.read(run["asked"]["snapshot"])
    assert frames["stock"].height == example()["stock"].height


def test_the_same_key_imports_once(client: TestClient) -> None:
    body = zipped(files())
    headers = {"Content-Type": "application/zip", "Idempotency-Key": "import-1"}
    first = client.post("/v1/network", content=body, headers=headers)
    again = client.post("/v1/network", content=body, headers=headers)
    assert first.content == again.content
    assert again.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"{}", "application/json", "unsupported_media_type"),
        (b"no zip", "application/zip", "malformed_body"),
        (zipped({"a.csv": b"x"})[:-30], "application/zip", "malformed_body"),
        (zipped({}), "application/zip", "invalid_request"),
        (zipped({".hidden": b"x"}), "application/zip", "invalid_request"),
        (b"--b\r\n\r\n", "multipart/form-data; boundary=b", "malformed_body"),
        (b"anything", "multipart/form-data", "malformed_body"),
        (
            b'--b\r\nContent-Disposition: form-data; name="x"; filename="../../etc/passwd"\r\n\r\nx\r\n--b--',
            "multipart/form-data; boundary=b",
            "invalid_request",
        ),
    ],
)
def test_what_is_no_bundle_of_files_is_refused(client: TestClient, body: bytes, kind: str, code: str) -> None:
    refused = client.post("/v1/network", content=body, headers={"Content-Type": kind})
    assert refused.json()["code"] == code


def test_an_archive_that_grows_without_end_is_not_unpacked(client: TestClient) -> None:
    bomb = zipped({f"t{n}.csv": bytes(60_000_000) for n in range(9)})
    assert len(bomb) < 1_000_000
    refused = client.post("/v1/network", content=bomb, headers={"Content-Type": "application/zip"})
    assert refused.json()["code"] == "too_large"


def test_who_may_see_one_node_sees_it_alone_and_imports_nothing(tmp_path: Path) -> None:
    store = open_store("memory:")
    with TestClient(create_app(made(store, tmp_path, access=OnlyTexas())), raise_server_exceptions=False) as client:
        assert [row["node"] for row in client.get("/v1/nodes").json()["items"]] == ["TX-DC"]
        assert all("TX-DC" in (r["origin"], r["destination"]) for r in client.get("/v1/lanes").json()["items"])
        other = client.get("/v1/nodes/PA-3PL")
        assert other.status_code == 403
        assert "PA-3PL" in other.json()["detail"]
        assert client.post("/v1/network", files=form(files())).status_code == 403
    store.close()


@pytest.mark.parametrize("cursor", ["x", "bm8", json.dumps({"after": 1}), "eyJhZnRlciI6ICJbMSwgMl0ifQ"])
def test_a_cursor_that_is_none_of_ours_is_refused(client: TestClient, cursor: str) -> None:
    refused = client.get("/v1/items", params={"cursor": cursor})
    assert refused.json()["code"] == "not_found"


def test_a_feed_that_is_silent_for_twice_its_pause_is_late(client: TestClient, service: Service) -> None:
    assert client.get("/v1/feeds").json() == {"items": [], "next": None}
    kinds = pl.Enum(["oms", "wms", "3pl", "fba", "erp", "file", "count"])
    sources = pl.DataFrame(
        {"source": ["mute", "slow", "wms"], "kind": ["3pl", "3pl", "wms"], "every_minutes": [60, 60, 60]}
    ).with_columns(pl.col("kind").cast(kinds))
    said = pl.DataFrame(
        {
            "source": ["slow", "wms", "wms"],
            "sku": ["KIT-0001", "KIT-0001", "KIT-0002"],
            "node": ["PA-3PL", "TX-DC", "TX-DC"],
            "lot": ["", "", ""],
            "observed_at": [NOW - timedelta(minutes=121), NOW - timedelta(minutes=300), NOW - timedelta(minutes=119)],
            "units": [1, 2, 3],
        }
    ).with_columns(pl.col("observed_at").cast(pl.Datetime("us", "UTC")))
    tables = example() | {"sources": sources, "observations": said}
    import_network(service.store, service.snapshots, tables, NOW)
    service.company.refresh()
    found = client.get("/v1/feeds").json()["items"]
    shown = [(row["source"], row["node"], row["items"], row["age_minutes"], row["late"]) for row in found]
    assert shown == [("mute", None, 0, None, None), ("slow", "PA-3PL", 1, 121, True), ("wms", "TX-DC", 2, 119, False)]
    told = client.get("/v1/stock/reconciliation").json()
    assert {row["source"] for row in told["totals"]} == {"slow", "wms"}
    assert told["unexplained"] <= len(told["lines"])
