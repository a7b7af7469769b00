from __future__ import annotations

import io
import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.service.conftest import NOW
from tests.service.one_brand import Brand, brand, opened  # noqa: F401 (fixtures)

from evenstock.operations.believe_stock import believe_stock

SKU = "BEA-0004"
SHELF = {"sku": SKU, "node": "TX-DC"}


def observation(**changes: Any) -> dict[str, Any]:
    return {"source": "wms", **SHELF, "units": 40, "observed_at": "2026-11-20T14:00:00Z"} | changes


def on_hand(brand: Brand, sku: str = SKU, node: str = "TX-DC") -> int:  # noqa: F811
    return sum(row["on_hand"] for row in brand.get("/stock/balances", sku=sku, node=node)["items"])


def test_balances_are_the_books_and_go_out_in_bulk(brand: Brand) -> None:  # noqa: F811
    with brand.service.store.reading() as books:
        frame = books.balance_frame()
    page = brand.get("/stock/balances", limit=10)
    assert len(page["items"]) == 10
    assert page["next"]
    rest = brand.get("/stock/balances", limit=1000, cursor=page["next"])
    assert len(page["items"]) + len(rest["items"]) == frame.height
    arrow = brand.client.get("/v1/stock/balances", headers={"Accept": "application/vnd.apache.arrow.stream"})
    whole = pl.read_ipc_stream(io.BytesIO(arrow.content))
    assert whole.height == frame.height
    assert whole["available"].sum() == frame["available"].sum()
    row = brand.get("/stock/balances", sku=SKU, node="TX-DC")["items"][0]
    assert row["atp"] == max(0, row["available"] - row["buffer"])


def test_an_older_statement_never_overwrites_a_newer_one(brand: Brand) -> None:  # noqa: F811
    first = brand.post("/stock/observations", {"observations": [observation(units=40, version=7)]})
    assert first["items"][0]["outcome"] == "changed"
    assert on_hand(brand) == 40
    older = brand.post("/stock/observations", {"observations": [observation(units=3, version=6)]})
    assert older["unchanged"] == 1
    assert on_hand(brand) == 40
    newer = brand.post("/stock/observations", {"observations": [observation(units=30, version=8)]})
    assert newer["items"][0]["lost"] == 10
    assert on_hand(brand) == 30
    again = brand.post("/stock/observations", {"observations": [observation(units=31, version=8)]})
    assert again["items"][0]["outcome"] == "refused"
    assert on_hand(brand) == 30


def test_what_cannot_be_used_is_refused_by_itself_and_the_others_count(brand: Brand) -> None:  # noqa: F811
    told = brand.post(
        "/stock/observations",
        {
            "observations": [
                observation(source="feed", units=21, observed_at="2026-11-20T14:10:00Z"),
                observation(source="feed", sku="NOBODY"),
                observation(source="feed", node="NOWHERE"),
                observation(source="feed", units=5, node="PA-3PL"),
            ]
        },
    )
    assert [row["outcome"] for row in told["items"]] == ["changed", "refused", "refused", "changed"]
    assert told["items"][1]["because"] == "there is no item NOBODY"
    assert (told["changed"], told["refused"]) == (2, 2)
    assert on_hand(brand) == 21
    assert on_hand(brand, node="PA-3PL") == 5


def test_movements_of_an_item_are_told_in_the_order_recorded(brand: Brand) -> None:  # noqa: F811
    brand.post(
        "/stock/observations", {"observations": [observation(source="m", units=12, observed_at="2026-11-20T14:20:00Z")]}
    )
    brand.post(
        "/stock/observations", {"observations": [observation(source="m", units=9, observed_at="2026-11-20T14:21:00Z")]}
    )
    found = brand.get("/stock/movements", sku=SKU, limit=1000)["items"]
    assert [row["number"] for row in found] == list(range(1, len(found) + 1))
    assert found[-1]["units"] == 3
    assert found[-1]["because"].startswith("count by m, version ")
    page = brand.get("/stock/movements", sku=SKU, limit=2)
    rest = brand.get("/stock/movements", sku=SKU, limit=1000, cursor=page["next"])
    assert page["items"] + rest["items"] == found
    assert brand.client.get("/v1/stock/movements", params={"sku": "NOBODY"}).status_code == 404


def test_a_caller_of_one_node_sees_and_changes_it_alone(brand: Brand) -> None:  # noqa: F811
    brand.access.scope = frozenset({"TX-DC"})
    assert {row["node"] for row in brand.get("/stock/balances", limit=1000)["items"]} == {"TX-DC"}
    moved = brand.get("/stock/movements", sku=SKU)["items"]
    assert all("TX-DC" in (row["source_node"], row["destination_node"]) for row in moved)
    refused = brand.post("/stock/observations", {"observations": [observation(node="PA-3PL")]}, 403)
    assert "PA-3PL" in refused["detail"]
    brand.post("/counts", {"id": "c", "sku": SKU, "node": "PA-3PL", "units": 1}, 403)
    brand.post("/stock/reconciliations", {}, 403)
    put = brand.client.put("/v1/stock/buffers", json={"buffers": [{"sku": SKU, "node": "PA-3PL", "units": 1}]})
    assert put.status_code == 403


def test_beliefs_tell_what_is_held_back(brand: Brand) -> None:  # noqa: F811
    assert brand.client.get("/v1/stock/beliefs").json()["code"] == "not_found"
    run = brand.post("/stock/beliefs", {}, 202)
    assert (run["job"], run["state"], run["asked"]) == ("beliefs", "waiting", {"level": 0.95})
    kept = believe_stock(brand.service.store, brand.service.snapshots, brand.service.company.get().company, now=NOW)
    found = brand.get("/stock/beliefs", limit=1000)["items"]
    assert len(found) == kept.beliefs.frame.height
    assert sum(row["buffer"] for row in found) == int(kept.held["units"].sum())
    most = max(row["p_phantom"] for row in found)
    doubtful = brand.get("/stock/beliefs", least_doubt=most)["items"]
    assert {row["p_phantom"] for row in doubtful} == {most}


def test_a_count_answers_a_short_pick_and_frees_what_was_frozen(brand: Brand) -> None:  # noqa: F811
    open_before = brand.get("/count-requests")["items"]
    assert open_before == []
    told = brand.post("/counts", {"id": "count-1", "sku": SKU, "node": "TX-DC", "units": 17})
    assert told["handled"] is None
    assert told["observed"]["outcome"] in {"changed", "unchanged"}
    assert on_hand(brand) == 17
    assert brand.post("/counts", {"id": "c", "sku": "NOBODY", "node": "TX-DC", "units": 1}, 404)["code"] == "not_found"


def test_what_is_worth_counting_is_told_with_its_worth(brand: Brand) -> None:  # noqa: F811
    told = brand.get("/count-requests/proposals", per_node=2)
    assert told["on"] == "2026-11-20"
    assert all(row["net_cents"] == row["value_cents"] - row["cost_cents"] for row in told["items"])
    assert max((row["rank"] for row in told["items"]), default=0) <= 2


def test_buffers_and_quotas_are_set_all_or_none(brand: Brand) -> None:  # noqa: F811
    set_ = brand.client.put("/v1/stock/buffers", json={"buffers": [{**SHELF, "units": 2}]})
    assert set_.json()["items"] == [{**SHELF, "lot": "", "units": 2}]
    assert {**SHELF, "lot": "", "units": 2} in brand.get("/stock/buffers", sku=SKU)["items"]
    half = {"buffers": [{**SHELF, "units": 9}, {"sku": "NOBODY", "node": "TX-DC", "units": 1}]}
    refused = brand.client.put("/v1/stock/buffers", json=half)
    assert [place["pointer"] for place in refused.json()["errors"]] == ["/buffers/1"]
    assert {**SHELF, "lot": "", "units": 2} in brand.get("/stock/buffers", sku=SKU)["items"]

    quota = {**SHELF, "order_class": "vip", "units": 5}
    assert brand.client.put("/v1/quotas", json={"quotas": [quota]}).json()["items"] == [quota | {"taken": 0, "left": 5}]
    assert brand.get("/quotas", sku=SKU)["items"] == [quota | {"taken": 0, "left": 5}]
    twice = brand.client.put("/v1/quotas", json={"quotas": [quota, quota]})
    assert twice.json()["code"] == "invalid_request"
    brand.client.put("/v1/quotas", json={"quotas": [quota | {"units": 0}]})


def test_reconciliations_are_asked_for_and_read(brand: Brand) -> None:  # noqa: F811
    assert brand.client.get("/v1/stock/reconciliation").json()["code"] == "not_found"
    assert brand.get("/stock/reconciliations")["items"] == []
    assert brand.post("/stock/reconciliations", {"days": 3}, 202)["asked"] == {"days": 3}
    assert brand.post("/stock/reconciliations", {"days": 0}, 422)["errors"][0]["pointer"] == "/days"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"units": -1}, "/observations/0/units"),
        ({"units": True}, "/observations/0/units"),
        ({"units": 1.0}, "/observations/0/units"),
        ({"units": "1"}, "/observations/0/units"),
        ({"units": 10**10}, "/observations/0/units"),
        ({"version": 2**63}, "/observations/0/version"),
        ({"observed_at": "2026-11-20"}, "/observations/0/observed_at"),
        ({"sku": ""}, "/observations/0/sku"),
        ({"sku": "a\0"}, "/observations/0/sku"),
        ({"more": 1}, "/observations/0/more"),
    ],
)
def test_nothing_is_taken_for_something_else(brand: Brand, change: dict[str, Any], pointer: str) -> None:  # noqa: F811
    refused = brand.post("/stock/observations", {"observations": [observation(**change)]}, 422)
    assert [place["pointer"] for place in refused["errors"]] == [pointer]


def test_the_same_key_states_once(brand: Brand) -> None:  # noqa: F811
    body = {"observations": [observation(source="keyed", units=50, version=1)]}
    first = brand.post("/stock/observations", body, Idempotency_Key="k-1")
    assert brand.post("/stock/observations", body, Idempotency_Key="k-1") == first
    other = {"observations": [observation(source="keyed", units=51, version=2)]}
    assert brand.post("/stock/observations", other, 409, Idempotency_Key="k-1")["code"] == "idempotency_key_reused"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40)
@given(value=_JSON, where=st.sampled_from(["units", "version", "sku", "node", "observed_at", "lot", "source"]))
def test_whatever_is_stated_the_books_stay_whole(opened: Brand, where: str, value: object) -> None:  # noqa: F811
    text = json.dumps({"observations": [observation(source="fuzz") | {where: value}]})
    answer = opened.client.post("/v1/stock/observations", content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code in {200, 400, 422}, answer.text
    with opened.service.store.reading() as books:
        assert books.balance_frame().equals(books.recompute_balances())
