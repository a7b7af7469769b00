"""The queue over HTTP: two people never answer one case, and nobody answers what he did not see."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.service.conftest import order_body
from tests.service.test_orders import widely_stocked
from tests.service.test_rules import review_everything

from evenstock.operations.access.limits import ANSWERS
from evenstock.operations.access.principal import Grant, Kind, Principal, Role


@pytest.fixture
def case(client: TestClient) -> dict[str, Any]:
    """A plan that waits for a person."""
    review_everything(client)
    lines = [{"id": "1", "sku": widely_stocked(), "units": 1, "price_cents": 1000}]
    assert client.post("/v1/route", json=order_body(lines=lines)).json()["outcome"] == "awaits_approval"
    (found,) = client.get("/v1/queue").json()["items"]
    shown: dict[str, Any] = found
    return shown


def test_what_waits_says_what_is_at_stake(client: TestClient, case: dict[str, Any]) -> None:
    assert (case["kind"], case["role"], case["value_cents"]) == ("review", "operations lead", 1000)
    assert case["plan_cents"] > 0
    assert client.get("/v1/queue?role=nobody").json()["items"] == []
    assert [c["id"] for c in client.get("/v1/cases?state=open&kind=review").json()["items"]] == [case["id"]]
    assert client.get("/v1/cases?kind=fire").status_code == 422
    whole = client.get(f"/v1/cases/{case['id']}")
    assert whole.json()["explanation"]["options"][0]["cents"] == case["plan_cents"]


def test_accepted_once(client: TestClient, case: dict[str, Any]) -> None:
    at = f"/v1/cases/{case['id']}"
    tag = client.get(at).headers["etag"]
    done = client.post(f"{at}/acceptance", json={"because": "fine"}, headers={"if-match": tag})
    assert (done.json()["state"], done.json()["closed_by"]) == ("closed", "person:test")
    assert client.get(f"/v1/decisions/{done.json()['decision']}").json()["layer"] == "person"
    late = client.post(f"{at}/acceptance", json={}, headers={"if-match": tag})
    assert (late.status_code, late.json()["code"]) == (412, "changed_meanwhile")
    again = client.post(f"{at}/acceptance", json={})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert client.get("/v1/queue").json()["items"] == []


def test_of_many_who_answer_at_once_one_does(client: TestClient, case: dict[str, Any]) -> None:
    at = f"/v1/cases/{case['id']}"
    tag = client.get(at).headers["etag"]

    def answer(n: int) -> int:
        if n % 2:
            return client.post(f"{at}/acceptance", json={}, headers={"if-match": tag}).status_code
        body = {"because": "another way", "alternative": 1}
        return client.post(f"{at}/override", json=body, headers={"if-match": tag}).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(answer, range(8)))
    assert statuses == [200] + [412] * 7


def test_an_override_costs_what_it_costs(client: TestClient, case: dict[str, Any]) -> None:
    at = f"/v1/cases/{case['id']}"
    options = client.get(at).json()["explanation"]["options"]
    done = client.post(f"{at}/override", json={"because": "she asked for it", "alternative": 1}).json()
    assert "price_cents" in done, done
    assert done["price_cents"] == options[1]["cents"] - options[0]["cents"]
    refused = client.post(f"{at}/override", json={"because": "again", "alternative": 1})
    assert refused.status_code == 409


@pytest.mark.parametrize("role", sorted(ANSWERS))
@pytest.mark.parametrize("deed", ["acceptance", "override"])
def test_who_has_a_limit_answers_up_to_it(client: TestClient, case: dict[str, Any], role: Role, deed: str) -> None:
    """Of every role that may answer; refused with what it is worth and the limit, and then the case stands as before."""
    at = f"/v1/cases/{case['id']}"
    before = client.get(at)
    options = before.json()["explanation"]["options"]
    cents = options[1 if deed == "override" else 0]["cents"]
    body = {"because": "she asked for it"} | ({"alternative": 1} if deed == "override" else {})
    access: Any = client.app.state.service.access  # type: ignore[attr-defined]
    access.known = lambda _: Principal("person:ben", Kind.PERSON, (Grant(role, limit_cents=cents - 1),))
    refused = client.post(f"{at}/{deed}", json=body, headers={"idempotency-key": "k"})
    assert (refused.status_code, refused.json()["code"]) == (403, "over_limit")
    said = f"is worth {cents / 100:,.2f}; you may approve up to {(cents - 1) / 100:,.2f} at "
    assert said in refused.json()["detail"]
    assert {one["pointer"]: int(one["because"]) for one in refused.json()["errors"]} == {
        "cents": cents,
        "limit_cents": cents - 1,
    }
    assert client.get(at).headers["etag"] == before.headers["etag"]
    access.known = lambda _: Principal("person:ben", Kind.PERSON, (Grant(role, limit_cents=cents),))
    assert client.post(f"{at}/{deed}", json=body, headers={"idempotency-key": "k"}).status_code == 200


def test_an_override_that_is_not_possible_changes_nothing(client: TestClient, case: dict[str, Any]) -> None:
    at = f"/v1/cases/{case['id']}"
    before = client.get(at)
    for body in ({"nodes": ["NOWHERE"]}, {"alternative": 999}, {}, {"alternative": 1, "nodes": ["TX"]}):
        refused = client.post(f"{at}/override", json=body | {"because": "why not"})
        assert (refused.status_code, refused.json()["code"]) == (409, "refused"), body
    assert client.post(f"{at}/override", json={"alternative": 1}).status_code == 422, "a reason is wanted"
    assert client.get(at).headers["etag"] == before.headers["etag"]


def test_more_time_moves_the_deadline_and_the_tag(client: TestClient, case: dict[str, Any]) -> None:
    at = f"/v1/cases/{case['id']}"
    before = client.get(at)
    body = {"until": "2026-11-20T20:30:00Z", "because": "she calls at eight"}
    done = client.post(f"{at}/hold", json=body)
    assert done.json()["due_at"] == "2026-11-20T20:30:00.000000Z"
    assert done.headers["etag"] == client.get(at).headers["etag"] != before.headers["etag"]
    past = client.post(f"{at}/hold", json=body | {"until": "2026-11-20T14:00:00Z"})
    assert (past.status_code, past.json()["code"]) == (409, "refused")


def test_what_a_person_decides_is_not_done_by_itself(client: TestClient, case: dict[str, Any]) -> None:
    refused = client.post(f"/v1/cases/{case['id']}/act")
    assert (refused.status_code, refused.json()["code"]) == (409, "refused")
    client.post("/v1/route", json=order_body("U-1", ship_to={"postal_code": "00000"}))
    (unserved,) = client.get("/v1/cases?kind=unserved").json()["items"]
    tried = client.post(f"/v1/cases/{unserved['id']}/act").json()
    assert (tried["action"], tried["failed"]) == ("retry", False)
    assert client.post("/v1/cases/none/act").status_code == 404


def test_pages_of_the_queue(client: TestClient) -> None:
    review_everything(client)
    for n in range(5):
        client.post("/v1/route", json=order_body(f"Q-{n}"))
    found, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/v1/queue?limit=2{f'&cursor={cursor}' if cursor else ''}").json()
        found += [one["about"] for one in page["items"]]
        cursor = page["next"]
    assert sorted(found) == [f"order:Q-{n}" for n in range(5)]
