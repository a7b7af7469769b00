"""Actors over the API: who they are, who is stopped at the door and what he is told, who lets him in again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.service.access_world import Time, World, bearer, sign_in

from evenstock.operations.access.api_key import Caps
from evenstock.operations.access.grants import grant_of
from evenstock.operations.access.issue_key import IssueKey, issue_key
from evenstock.operations.audit.audited_store import AuditedStore
from evenstock.service.access.credentials import mint_key
from evenstock.storage.memory import MemoryStore

ADMIN, PLANNER = "ana@example.com", "ben@example.com"
WHO = "/v1/session"


@pytest.fixture
def world(tmp_path: Path) -> World:
    time = Time()
    made = World(tmp_path, time, AuditedStore(MemoryStore(time.clock)), network=True)
    made.person(ADMIN, "admin")
    made.person(PLANNER, "planner")
    return made


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    with world.client() as opened:
        yield opened


def as_person(client: TestClient, account: str) -> dict[str, str]:
    client.cookies.clear()
    headers = sign_in(client, account)
    token = client.cookies["evenstock_session"]
    client.cookies.clear()
    return headers | {"Cookie": f"evenstock_session={token}"}


def post(client: TestClient, path: str, body: Any, headers: dict[str, str]) -> Any:
    return client.post(f"/v1{path}", json=body, headers=headers)


def count(name: str, units: int, sku: str, node: str = "TX-DC") -> dict[str, Any]:
    return {"id": name, "sku": sku, "node": node, "units": units}


def sku_of(world: World) -> str:
    return str(next(iter(world.service.company.get().company.network.items)))


def test_a_quarantined_key_is_told_so_in_general_words_and_gets_no_further(world: World, client: TestClient) -> None:
    key = world.key("agent@TX-DC", owner=PLANNER)
    actor, admin = f"key:{key[:13]}", as_person(client, ADMIN)
    assert client.get(WHO, headers=bearer(key)).status_code == 200
    told = post(
        client, f"/actors/{actor}/quarantine", {"because": "412 counts in ten minutes, at most 31 before"}, admin
    )
    assert told.status_code == 200
    assert told.json()["state"] == "quarantined"
    assert told.json()["owner"] == f"person:{PLANNER}"
    refused = client.get(WHO, headers=bearer(key))
    assert (refused.status_code, refused.json()["code"]) == (403, "quarantined")
    assert refused.headers["content-type"] == "application/problem+json"
    assert f"{actor} is quarantined" in refused.json()["detail"]
    assert "412" not in refused.text, "how much is not noticed is nobody's business"
    assert "a person who manages accounts" in refused.json()["hint"]
    assert client.get(WHO, headers=bearer(world.key("viewer"))).status_code == 200, "others go on"
    # A wrong key learns nothing.
    assert client.get(WHO, headers=bearer(key[:-1] + ("A" if key[-1] != "A" else "B"))).status_code == 401
    freed = post(client, f"/actors/{actor}/release", {"because": "a stock-take"}, admin)
    assert (freed.status_code, freed.json()["state"]) == (200, "active")
    assert freed.json()["quarantine"]["released_by"] == f"person:{ADMIN}"
    assert client.get(WHO, headers=bearer(key)).status_code == 200


def test_another_process_follows_within_five_seconds(world: World, client: TestClient) -> None:
    key = world.key("viewer")
    with world.beside().client() as there:
        assert there.get(WHO, headers=bearer(key)).status_code == 200
        post(client, f"/actors/key:{key[:13]}/quarantine", {"because": "lost"}, as_person(client, ADMIN))
        world.time.pass_by(seconds=5)
        assert there.get(WHO, headers=bearer(key)).json()["code"] == "quarantined"


def test_a_quarantined_person_reads_and_changes_nothing(world: World, client: TestClient) -> None:
    ben, admin = as_person(client, PLANNER), as_person(client, ADMIN)
    actor = f"person:{PLANNER}"
    assert post(client, f"/actors/{actor}/quarantine", {"because": "asked him"}, admin).status_code == 200
    assert client.get("/v1/transfers", headers=ben).status_code == 200
    assert client.get(WHO, headers=ben).status_code == 200
    for path, body in (("/counts", count("c-1", 3, sku_of(world))), ("/plans", {"paths": 8})):
        refused = post(client, path, body, ben)
        assert (refused.status_code, refused.json()["code"]) == (403, "quarantined"), path
    again = as_person(client, PLANNER)
    assert post(client, "/plans", {"paths": 8}, again).json()["code"] == "quarantined", "signing in anew helps nothing"
    assert not any(one["action"] == "plans.make" for one in client.get(WHO, headers=again).json()["may"])
    post(client, f"/actors/{actor}/release", {"because": "it was he"}, admin)
    assert post(client, "/plans", {"paths": 8}, again).status_code < 300


def test_the_last_administrator_is_not_stopped_and_nobody_releases_himself(world: World, client: TestClient) -> None:
    world.person("cy@example.com", "admin")
    admin, cy = as_person(client, ADMIN), as_person(client, "cy@example.com")
    assert post(client, f"/actors/person:{ADMIN}/quarantine", {"because": "x"}, admin).status_code == 409
    assert post(client, f"/actors/person:{ADMIN}/quarantine", {"because": "x"}, cy).status_code == 200
    assert post(client, f"/actors/person:{ADMIN}/release", {"because": "x"}, admin).json()["code"] == "quarantined"
    world.person("key-manager@example.com", "viewer")
    robot = bearer(world.key("admin"))
    assert post(client, "/actors/person:cy@example.com/quarantine", {"because": "x"}, robot).status_code == 409
    refused = post(client, f"/actors/person:{ADMIN}/release", {"because": "x"}, robot)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert "only a person who is signed in releases" in refused.json()["detail"]
    assert post(client, f"/actors/person:{ADMIN}/release", {"because": "x"}, cy).status_code == 200


def test_when_the_owners_roles_shrink_so_do_his_keys(world: World, client: TestClient) -> None:
    key, admin = bearer(world.key("node_operator@TX-DC+PA-3PL", owner=PLANNER)), as_person(client, ADMIN)
    sku = sku_of(world)

    def counted(name: str, node: str) -> int:
        return int(post(client, "/counts", count(name, 3, sku, node), key).status_code)

    assert (counted("c-1", "TX-DC"), counted("c-2", "PA-3PL")) == (200, 200)
    smaller = {"grants": [{"role": "planner", "nodes": ["TX-DC"]}]}
    assert client.put(f"/v1/people/{PLANNER}/grants", json=smaller, headers=admin).status_code == 200
    assert (counted("c-3", "TX-DC"), counted("c-4", "PA-3PL")) == (200, 403)
    none = {"grants": [{"role": "viewer"}]}
    assert client.put(f"/v1/people/{PLANNER}/grants", json=none, headers=admin).status_code == 200
    assert counted("c-5", "TX-DC") == 403
    refused = client.get("/v1/transfers", headers=key)
    assert refused.status_code == 200, "what both may is left"


def test_a_key_with_more_right_than_its_owner_is_not_issued(world: World, client: TestClient) -> None:
    admin = as_person(client, ADMIN)
    body = {"name": "shop", "grants": [{"role": "admin"}], "owner": PLANNER}
    refused = post(client, "/api-keys", body, admin)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert refused.json()["errors"][0]["pointer"] == "/grants"
    assert "admin is more than ben@example.com may do (planner)" in refused.json()["detail"]


def test_beyond_its_cap_a_key_is_stopped_before_its_next_request(world: World, client: TestClient) -> None:
    text, minted = mint_key(world.door.digests)
    grants = (grant_of("agent@TX-DC"),)
    wish = IssueKey("robot", grants, "test", timedelta(days=9), owner=PLANNER, caps=Caps(60, deeds=5, units=1_000))
    issue_key(world.store, wish, minted)
    skus, robot = list(map(str, world.service.company.get().company.network.items)), bearer(text)
    codes = [post(client, "/counts", count(f"c-{n}", 1 + n, skus[n]), robot).status_code for n in range(12)]
    assert 200 in codes
    taken = codes.index(403)
    assert 1 <= taken <= 6, "each count is a deed or more"
    assert codes == [200] * taken + [403] * (12 - taken), "from then on it is refused"
    admin = as_person(client, ADMIN)
    told = client.get(f"/v1/actors/key:{minted.id}", headers=admin).json()
    assert told["quarantine"]["aspect"] == "cap"
    assert "its key allows 5" in told["quarantine"]["because"]
    post(client, f"/actors/key:{minted.id}/release", {"because": "looked at"}, admin)
    assert post(client, "/counts", count("c-50", 1, skus[12]), robot).status_code == 200, "and begins anew"
    # So many units at once are stopped too, with the one deed that brought them.
    assert post(client, "/counts", count("c-51", 500_000, skus[13]), robot).status_code == 200
    assert post(client, "/counts", count("c-52", 3, skus[14]), robot).json()["code"] == "quarantined"


def test_actors_are_listed_page_by_page_and_by_state(world: World, client: TestClient) -> None:
    key, admin = world.key("agent@TX-DC", owner=PLANNER), as_person(client, ADMIN)
    first = client.get("/v1/actors?limit=2", headers=admin).json()
    assert [one["id"] for one in first["items"]] == [f"person:{ADMIN}", f"person:{PLANNER}"]
    rest = client.get(f"/v1/actors?limit=2&cursor={first['next']}", headers=admin).json()
    (agent,) = rest["items"]
    assert (agent["id"], agent["kind"], agent["owner"]) == (f"key:{key[:13]}", "agent", f"person:{PLANNER}")
    assert [grant["nodes"] for grant in agent["scope"]] == [["TX-DC"]]
    assert client.get("/v1/actors?state=quarantined", headers=admin).json()["items"] == []
    assert client.get("/v1/actors/key:ek_0000000000", headers=admin).status_code == 404
    assert post(client, "/actors/key:nothing/quarantine", {"because": "x"}, admin).status_code == 404


def test_how_many_are_quarantined_is_a_metric(world: World, client: TestClient) -> None:
    admin, key = as_person(client, ADMIN), world.key("viewer")
    post(client, f"/actors/key:{key[:13]}/quarantine", {"because": "lost"}, admin)
    text = client.get("/v1/metrics", headers=admin).text
    assert 'evenstock_actors_quarantined{kind="key"} 1.0' in text
    assert 'evenstock_actors_quarantined{kind="person"} 0.0' in text
