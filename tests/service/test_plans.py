from __future__ import annotations

import io
import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.service.one_brand import Brand, approver, brand, opened, plan_made  # noqa: F401 (fixtures)

from evenstock.domain import TransferPlan
from evenstock.operations.access.principal import Grant, Kind, Principal, Role


@pytest.fixture(scope="module")
def plan(opened: Brand) -> TransferPlan:  # noqa: F811
    return plan_made(opened)


def proposal(brand: Brand) -> dict[str, Any]:  # noqa: F811
    """The newest plan that is still proposed."""
    newest: dict[str, Any] = brand.get("/plans", state="proposed")["items"][0]
    return newest


def test_a_plan_is_asked_for_as_a_run(brand: Brand) -> None:  # noqa: F811
    run = brand.post("/plans", {"paths": 8}, 202)
    assert run["job"] == "plan"
    assert run["asked"] == {"seed": 0, "paths": 8, "method": "evenstock"}
    assert brand.get(f"/runs/{run['id']}")["state"] == "waiting"
    assert brand.post("/plans", {"paths": 0}, 422)["errors"][0]["pointer"] == "/paths"


def test_a_plan_says_what_its_lines_add_up_to(brand: Brand, plan: TransferPlan) -> None:  # noqa: F811
    told = brand.get(f"/plans/{plan.id}")
    lines = brand.get(f"/plans/{plan.id}/lines", limit=1000)["items"]
    assert told["net_cents"] == told["worth_cents"] - told["cost_cents"] == sum(row["net_cents"] for row in lines)
    assert sum(row["units"] for row in lines) == sum(line["units"] for line in told["lines"])
    assert len(brand.get(f"/plans/{plan.id}/purchases")["items"]) == len(told["purchases"])
    arrow = brand.client.get(f"/v1/plans/{plan.id}/lines", headers={"Accept": "application/vnd.apache.arrow.stream"})
    assert pl.read_ipc_stream(io.BytesIO(arrow.content)).height == len(lines)
    page = brand.get(f"/plans/{plan.id}/lines", limit=3)
    rest = brand.get(f"/plans/{plan.id}/lines", limit=1000, cursor=page["next"])
    assert page["items"] + rest["items"] == lines
    assert brand.client.get("/v1/plans/none").status_code == 404


def test_an_edit_is_priced_at_once_and_seen_only_by_who_saw_the_plan(brand: Brand, plan: TransferPlan) -> None:  # noqa: F811
    address = f"/plans/{proposal(brand)['id']}"
    seen = brand.client.get(f"/v1{address}")
    line = seen.json()["lines"][0]
    change = {k: line[k] for k in ("sku", "origin", "destination", "mode")} | {"units": 0}
    stale = brand.post(f"{address}/edits", {"lines": [change]}, 412, If_Match='"00"')
    assert stale["code"] == "changed_meanwhile"
    edited = brand.post(f"{address}/edits", {"lines": [change]}, 200, If_Match=seen.headers["etag"])
    assert edited["edited_from"] == plan.id
    assert edited["edited_by"] == "person:test"
    assert len(edited["lines"]) == len(seen.json()["lines"]) - 1
    assert edited["net_cents"] != seen.json()["net_cents"]
    assert brand.get(address)["state"] == "superseded"
    again = brand.post(f"{address}/edits", {"lines": [change]}, 409)
    assert "superseded" in again["detail"]
    for wrong in ({"sku": "NOBODY"}, {"destination": "NOWHERE"}, {"units": 10**8}):
        refused = brand.post(f"/plans/{edited['id']}/edits", {"lines": [change | {"units": 12} | wrong]}, 409)
        assert refused["detail"]
    brand.post(f"/plans/{edited['id']}/approvals", {}, 403)  # whoever changed it does not approve it


def test_approving_is_bound_by_the_money_of_the_grant(brand: Brand, plan: TransferPlan) -> None:  # noqa: F811
    address = f"/plans/{proposal(brand)['id']}"
    told = brand.get(address)
    cents = told["cost_cents"] + sum(t["cents"] for p in told["purchases"] for t in p["costs"])
    brand.access.caller = approver(cents - 1)
    refused = brand.post(f"{address}/approvals", {}, 403)
    assert refused["code"] == "over_limit"
    assert "you may approve up to" in refused["detail"]
    assert {one["pointer"]: int(one["because"]) for one in refused["errors"]} == {
        "cents": cents,
        "limit_cents": cents - 1,
    }
    brand.access.caller = Principal(
        "person:texan",
        Kind.PERSON,
        (Grant(Role.APPROVER, frozenset({"TX-DC"}), limit_cents=cents),),  # type: ignore[arg-type]
    )
    brand.access.scope = frozenset({"TX-DC"})
    assert "is not allowed at" in brand.post(f"{address}/approvals", {}, 403)["detail"]
    brand.access.scope = None
    brand.access.caller = approver(cents)
    done = brand.post(f"{address}/approvals", {"ship_by": "2026-11-23"}, Idempotency_Key="approve-1")
    assert done["state"] == "approved"
    assert sum(line["units"] for t in done["transfers"] for line in t["lines"]) == sum(
        x["units"] for x in told["lines"]
    )
    again = brand.post(f"{address}/approvals", {})
    assert again["repeated"] is True
    assert again["transfers"] == done["transfers"]
    assert brand.post(f"{address}/rejections", {"because": "too late"}, 409)["code"] == "conflict"


def test_a_plan_is_set_aside_with_the_reason(brand: Brand) -> None:  # noqa: F811
    other = plan_made(brand, seed=3)
    assert brand.post(f"/plans/{other.id}/rejections", {"because": ""}, 422)["code"] == "invalid_request"
    first = brand.post(f"/plans/{other.id}/rejections", {"because": "the trade fair is off"})
    assert first == {"plan": other.id, "state": "rejected", "changed": True}
    assert brand.post(f"/plans/{other.id}/rejections", {"because": "again"})["changed"] is False
    assert brand.post(f"/plans/{other.id}/approvals", {}, 409)["code"] == "conflict"


def test_a_caller_of_one_node_sees_its_lines_alone(brand: Brand, plan: TransferPlan) -> None:  # noqa: F811
    whole = brand.get(f"/plans/{plan.id}")
    brand.access.scope = frozenset({"CA-3PL"})
    part = brand.get(f"/plans/{plan.id}")
    assert all("CA-3PL" in (line["origin"], line["destination"]) for line in part["lines"])
    assert len(part["lines"]) < len(whole["lines"])
    assert part["bound_cents"] is None
    assert part["net_cents"] == sum(
        row["net_cents"] for row in brand.get(f"/plans/{plan.id}/lines", limit=1000)["items"]
    )
    brand.post("/plans", {}, 403)
    edits = {"lines": [{"sku": "BEA-0004", "origin": "TX-DC", "destination": "PA-3PL", "units": 1}]}
    assert "PA-3PL" in brand.post(f"/plans/{plan.id}/edits", edits, 403)["detail"]


def test_a_plan_is_judged_only_when_something_came(brand: Brand, plan: TransferPlan) -> None:  # noqa: F811
    assert brand.post(f"/plans/{plan.id}/outcome", {}, 409)["code"] == "refused"
    assert brand.post("/plan-reviews", {}, 409)["detail"]


_EDIT = {"sku": "BEA-0004", "origin": "TX-DC", "destination": "PA-3PL", "units": 12}
_JSON = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=10) | st.just([])


@settings(max_examples=30)
@given(where=st.sampled_from([*_EDIT, "mode", "more"]), value=_JSON)
def test_whatever_is_asked_of_a_plan_is_answered(opened: Brand, plan: TransferPlan, where: str, value: object) -> None:  # noqa: F811
    body = json.dumps({"lines": [_EDIT | {where: value}]})
    answer = opened.client.post(
        f"/v1/plans/{plan.id}/edits", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in {400, 409, 422}, answer.text
