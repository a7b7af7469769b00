"""People with accounts: added, given roles, disabled, and never the last who can do so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.service.access_world import PASSWORD, World, bearer, sign_in

ANA = "ana@example.com"
BODY = {"account": "Bob@Example.com", "name": "Bob", "grants": [{"role": "planner"}], "password": PASSWORD}


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.person(ANA, "admin")
    return made


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    with world.client() as opened:
        yield opened


@pytest.fixture
def admin(world: World) -> dict[str, str]:
    return bearer(world.key("admin"))


def test_somebody_is_added_once_and_signs_in(client: TestClient, admin: dict[str, str]) -> None:
    made = client.post("/v1/people", json=BODY, headers=admin)
    assert (made.status_code, made.json()["account"], made.json()["added_by"][:4]) == (201, "bob@example.com", "key:")
    again = client.post("/v1/people", json=BODY | {"account": "bob@EXAMPLE.com"}, headers=admin)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    sign_in(client, "BOB@example.com")
    assert [one["account"] for one in client.get("/v1/people", headers=admin).json()["items"]] == [
        ANA,
        "bob@example.com",
    ]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"password": "short"}, "/password"),
        ({"grants": [{"role": "god"}]}, "/grants/0/role"),
        ({"grants": []}, "/grants"),
        ({"state": "active"}, "/state"),
        ({"source": "https://evil.example"}, "/source"),
        ({"account": "oidc:evil:1"}, "/account"),
        ({"account": "a\u0000b"}, "/account"),
    ],
)
def test_an_account_takes_no_field_and_no_value_it_should_not(
    change: dict[str, object], pointer: str, client: TestClient, admin: dict[str, str]
) -> None:
    refused = client.post("/v1/people", json=BODY | change, headers=admin)
    assert refused.status_code == 422
    assert [place["pointer"] for place in refused.json()["errors"]] == [pointer]


def test_disabling_cuts_sessions_and_keys_at_once(world: World, admin: dict[str, str]) -> None:
    world.person("bob@example.com", "planner")
    key = world.key("viewer", owner="bob@example.com")
    with world.client() as bob, world.client() as other:
        sign_in(bob, "bob@example.com")
        assert bob.get("/v1/session", headers=bearer(key)).status_code == 200
        done = other.post("/v1/people/bob@example.com/disabling", json={"because": "left"}, headers=admin)
        assert (done.json()["state"], done.json()["because"]) == ("disabled", "left")
        assert bob.get("/v1/session").status_code == 401
        assert bob.get("/v1/session", headers=bearer(key)).status_code == 401
        bob.cookies.clear()
        assert bob.post("/v1/session", json={"account": "bob@example.com", "password": PASSWORD}).status_code == 401


def test_roles_are_replaced_and_hold_from_the_next_request_on(world: World, admin: dict[str, str]) -> None:
    world.person("bob@example.com", "admin")
    with world.client() as bob, world.client() as other:
        sign_in(bob, "bob@example.com")
        assert bob.get("/v1/people").status_code == 200
        seen = other.get("/v1/people/bob@example.com", headers=admin)
        put = other.put(
            "/v1/people/bob@example.com/grants",
            json={"grants": [{"role": "node_operator", "nodes": ["TX"]}]},
            headers=admin | {"If-Match": seen.headers["etag"]},
        )
        assert put.status_code == 200
        assert bob.get("/v1/people").status_code == 403
        assert bob.get("/v1/session").json()["roles"] == ["node_operator@TX"]
        late = other.put(
            "/v1/people/bob@example.com/grants",
            json={"grants": [{"role": "admin"}]},
            headers=admin | {"If-Match": seen.headers["etag"]},
        )
        assert (late.status_code, late.json()["code"]) == (412, "changed_meanwhile")


def test_the_last_administrator_stays(world: World, client: TestClient, admin: dict[str, str]) -> None:
    for method, path, body in (
        ("POST", f"/v1/people/{ANA}/disabling", {"because": "x"}),
        ("PUT", f"/v1/people/{ANA}/grants", {"grants": [{"role": "viewer"}]}),
    ):
        refused = client.request(method, path, json=body, headers=admin)
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    world.person("bob@example.com", "admin")
    assert client.post(f"/v1/people/{ANA}/disabling", json={"because": "x"}, headers=admin).status_code == 200
    assert client.post("/v1/people/bob@example.com/disabling", json={"because": "x"}, headers=admin).status_code == 409


def test_an_administrator_sets_a_password_and_every_session_ends(world: World, client: TestClient) -> None:
    world.person("bob@example.com", "viewer")
    new = "seven purple elephants dancing"
    with world.client() as bob:
        sign_in(bob, "bob@example.com")
        header = sign_in(client, ANA)
        put = client.put("/v1/people/bob@example.com/password", json={"password": new}, headers=header)
        assert put.status_code == 204
        assert bob.get("/v1/session").status_code == 401
        bob.cookies.clear()
        sign_in(bob, "bob@example.com", new)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PUT", "/grants", {"grants": [{"role": "viewer"}]}),
        ("POST", "/disabling", {"because": "x"}),
        ("POST", "/enabling", None),
        ("PUT", "/password", {"password": PASSWORD}),
    ],
)
def test_an_account_that_is_not_there_is_not_found(
    method: str, path: str, body: object, client: TestClient, admin: dict[str, str]
) -> None:
    assert client.request(method, f"/v1/people/nobody@example.com{path}", json=body, headers=admin).status_code == 404
