"""What became of a period, over the API: figures, the rows behind them, and the reports of months."""

from __future__ import annotations

from typing import Any

import pytest
from tests.service.conftest import NOW, order_body
from tests.service.one_brand import Brand, brand, opened, plan_made  # noqa: F401 (fixtures)

from evenstock.simulation.monthly.report import FORM, keep_report

ORDERS = 4


@pytest.fixture(scope="module")
def lived(opened: Brand) -> dict[str, Any]:  # noqa: F811
    """Orders routed, a plan changed by hand and set aside."""
    stock = opened.get("/stock/balances", limit=1000)["items"]
    skus = sorted({row["sku"] for row in stock if row["atp"] > 5})[:ORDERS]
    for n, sku in enumerate(skus):
        line = {"id": "1", "sku": sku, "units": 1, "price_cents": 2_000}
        opened.post("/route", order_body(f"O-{n}", lines=[line], promise={"deliver_by": "2026-11-27"}))
    plan = plan_made(opened)
    first = plan.lines[0]
    cut = {"sku": first.sku, "origin": first.origin, "destination": first.destination, "mode": first.mode, "units": 0}
    edited = opened.post(f"/plans/{plan.id}/edits", {"lines": [cut]})
    opened.post(f"/plans/{edited['id']}/rejections", {"because": "the dock is full"})
    return {"plan": plan, "lines": len(plan.lines)}


def test_lines_of_a_plan_set_aside_are_refused_with_the_reason_and_add_up(brand: Brand, lived: dict[str, Any]) -> None:  # noqa: F811
    said = brand.get("/outcomes", first="2026-11-01", last="2026-11-30")
    rows = brand.get("/outcomes/rows", first="2026-11-01", last="2026-11-30", kind="transfer line", limit=1000)["items"]

    assert len(rows) >= lived["lines"]
    assert {(row["became"], row["reason"]) for row in rows} == {("refused", "the dock is full")}
    assert {row["decider"] for row in rows} != {""}
    whole = said["recommendations"]["all"]
    for name in ("layer", "kind", "node", "proposer", "decider"):
        parts = said["recommendations"][f"by_{name}"]
        for figure in ("count", "adopted", "edited", "refused", "expired", "overtaken", "waits", "cents"):
            assert sum(part[figure] for part in parts) == whole[figure], (name, figure)
    assert said["decided"]["orders"] >= ORDERS


def test_each_node_has_its_own_part_of_the_company(brand: Brand, lived: dict[str, Any]) -> None:  # noqa: F811
    del lived
    whole = brand.get("/outcomes/rows", first="2026-11-01", last="2026-11-30", limit=1000)["items"]
    nodes = sorted({row["node"] for row in whole if row["node"]})

    own = [
        brand.get("/outcomes/rows", first="2026-11-01", last="2026-11-30", node=node, limit=1000)["items"]
        for node in nodes
    ]

    assert len(nodes) > 1
    assert sorted(row["key"] for rows in own for row in rows) == sorted(row["key"] for row in whole if row["node"])


def test_a_period_without_anything_says_so_and_claims_nothing(brand: Brand) -> None:  # noqa: F811
    said = brand.get("/outcomes", first="2024-01-01", last="2024-01-31")

    assert said["recommendations"]["all"] is None
    assert said["decided"]["orders"] == 0
    assert said["foretold"]["delivery"]["brier"] is None


@pytest.mark.parametrize("query", [{"zone": "Mars/Olympus"}, {"first": "2020-01-01", "last": "2026-01-01"}])
def test_what_is_no_period_is_refused(brand: Brand, query: dict[str, str]) -> None:  # noqa: F811
    answer = brand.client.get("/v1/outcomes", params=query)

    assert answer.status_code == 422
    assert answer.json()["type"].endswith("invalid_request") or "invalid_request" in answer.text


def test_the_report_of_a_month_is_given_as_it_was_kept(brand: Brand) -> None:  # noqa: F811
    assert brand.client.get("/v1/outcomes/months/2026-09").status_code == 404
    document = {"form": FORM, "period": {"month": "2026-09"}, "made_at": NOW.isoformat()}
    assert keep_report(brand.service.store, document)
    assert not keep_report(brand.service.store, document | {"made_at": ""})

    assert brand.get("/outcomes/months/2026-09") == document
    assert "2026-09" in brand.get("/outcomes/months")["items"]


def test_a_month_is_the_company_s_and_not_told_to_who_may_see_some_nodes(brand: Brand) -> None:  # noqa: F811
    brand.access.scope = frozenset({"TX-DC"})
    answers = [brand.client.get(f"/v1/outcomes{path}") for path in ("/months", "/months/2026-09")]
    own = brand.get("/outcomes/rows", first="2026-11-01", last="2026-11-30", limit=1000)["items"]

    assert {answer.status_code for answer in answers} == {403}
    assert {row["node"] for row in own} <= {"TX-DC"}
