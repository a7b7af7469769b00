"""Who gets in with a key, and who no longer does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.service.access_world import World, bearer

from evenstock.operations.access.api_key import KIND, Quota
from evenstock.operations.access.disable_person import disable_person
from evenstock.operations.access.revoke_key import revoke_key
from evenstock.service.configuration import ConfigurationError, Secret

WHO = "/v1/session"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    with world.client() as opened:
        yield opened


def test_a_key_says_who_asks_and_what_he_may(world: World, client: TestClient) -> None:
    key = world.key("node_operator@TX")
    answer = client.get(WHO, headers=bearer(key))
    assert answer.status_code == 200
    told = answer.json()
    assert (told["id"], told["kind"], told["roles"]) == (f"key:{key[:13]}", "integration", ["node_operator@TX"])
    assert {"action": "stock.read", "nodes": ["TX"]} in told["may"]
    assert not any(one["action"] == "plans.make" for one in told["may"])


def test_only_a_digest_of_a_key_is_kept(world: World) -> None:
    key = world.key("viewer")
    with world.store.reading() as books:
        kept = repr(books.entries(KIND))
    assert key[:13] in kept
    assert key[14:] not in kept


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer ek_0000000000_" + "A" * 43,
        "Basic YTpi",
        "Bearer " + "A" * 5_000,
        "Bearer ek_0000000000_" + "é" * 43,
        "bearer \x00",
    ],
)
def test_what_is_no_key_gets_nobody_in(header: str, client: TestClient) -> None:
    answer = client.get(WHO, headers={"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_without_anything_nobody_gets_in(client: TestClient) -> None:
    assert client.get(WHO).status_code == 401


def test_a_key_with_one_sign_changed_is_another_key(world: World, client: TestClient) -> None:
    key = world.key("viewer")
    for at in range(len(key)):
        other = "A" if key[at] != "A" else "B"
        world.time.pass_by(seconds=1)  # or the address would be kept out for bringing so many
        assert client.get(WHO, headers=bearer(key[:at] + other + key[at + 1 :])).status_code == 401
    assert client.get(WHO, headers=bearer(key)).status_code == 200


def test_a_revoked_key_is_refused_at_once_here_and_within_five_seconds_elsewhere(world: World) -> None:
    key = world.key("viewer")
    admin = bearer(world.key("admin"))
    other = world.beside()
    with world.client() as here, other.client() as there:
        assert here.get(WHO, headers=bearer(key)).status_code == 200
        assert there.get(WHO, headers=bearer(key)).status_code == 200
        done = here.post(f"/v1/api-keys/{key[:13]}/revocation", json={"because": "lost"}, headers=admin)
        assert (done.status_code, done.json()["state"], done.json()["because"]) == (200, "revoked", "lost")
        assert here.get(WHO, headers=bearer(key)).status_code == 401
        assert there.get(WHO, headers=bearer(key)).status_code == 200
        world.time.pass_by(seconds=5)
        assert there.get(WHO, headers=bearer(key)).status_code == 401


def test_a_look_up_that_a_revocation_overtakes_is_not_remembered(
    world: World, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = world.key("viewer")
    look = world.door._look

    def overtaken(credential: object) -> object:
        found = look(credential)  # type: ignore[arg-type]
        revoke_key(world.store, key[:13], "test", "meanwhile")
        world.door.changed()
        return found

    monkeypatch.setattr(world.door, "_look", overtaken)
    assert client.get(WHO, headers=bearer(key)).status_code == 200
    monkeypatch.undo()
    assert client.get(WHO, headers=bearer(key)).status_code == 401


def test_a_key_expires_by_the_stores_clock(world: World, client: TestClient) -> None:
    key = world.key("viewer", days=1)
    world.time.pass_by(hours=23, minutes=59)
    assert client.get(WHO, headers=bearer(key)).status_code == 200
    world.time.pass_by(minutes=1)
    assert client.get(WHO, headers=bearer(key)).status_code == 401


def test_last_use_is_kept_at_most_once_a_minute(world: World, client: TestClient) -> None:
    key = world.key("viewer")
    admin = bearer(world.key("admin"))

    def used() -> object:
        return client.get(f"/v1/api-keys/{key[:13]}", headers=admin).json()["used_at"]

    assert used() is None
    client.get(WHO, headers=bearer(key))
    first = used()
    assert first is not None
    world.time.pass_by(seconds=30)
    client.get(WHO, headers=bearer(key))
    assert used() == first
    world.time.pass_by(seconds=31)
    client.get(WHO, headers=bearer(key))
    assert used() > first  # type: ignore[operator]


def test_a_rotated_key_works_on_for_its_overlap_and_has_one_successor(world: World, client: TestClient) -> None:
    key = world.key("viewer")
    admin = bearer(world.key("admin"))
    made = client.post(f"/v1/api-keys/{key[:13]}/rotation", json={"overlap_hours": 2}, headers=admin)
    assert made.status_code == 201
    new = made.json()["key"]
    assert made.headers["location"] == f"/v1/api-keys/{new[:13]}"
    assert client.get(WHO, headers=bearer(key)).status_code == 200
    assert client.get(WHO, headers=bearer(new)).json()["roles"] == ["viewer"]
    again = client.post(f"/v1/api-keys/{key[:13]}/rotation", json={}, headers=admin)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    world.time.pass_by(hours=2)
    assert client.get(WHO, headers=bearer(key)).status_code == 401
    assert client.get(WHO, headers=bearer(new)).status_code == 200


def test_a_key_rotated_without_overlap_is_refused_at_once(world: World, client: TestClient) -> None:
    key = world.key("viewer")
    admin = bearer(world.key("admin"))
    client.get(WHO, headers=bearer(key))
    client.post(f"/v1/api-keys/{key[:13]}/rotation", json={"overlap_hours": 0}, headers=admin)
    assert client.get(WHO, headers=bearer(key)).status_code == 401


def test_the_keys_of_a_person_die_with_the_account(world: World, client: TestClient) -> None:
    world.person("ana@example.com", "planner")
    key = world.key("viewer", owner="ana@example.com")
    assert client.get(WHO, headers=bearer(key)).status_code == 200
    disable_person(world.store, "ana@example.com", "test", "left")
    world.time.pass_by(seconds=5)
    assert client.get(WHO, headers=bearer(key)).status_code == 401
    admin = bearer(world.key("admin"))
    assert client.post("/v1/people/ana@example.com/enabling", headers=admin).json()["state"] == "active"
    assert client.get(WHO, headers=bearer(key)).status_code == 401


def test_a_key_beyond_its_quota_is_told_when_to_come_back(world: World, client: TestClient) -> None:
    key = world.key("viewer", quota=Quota(per_s=1, burst=3))
    other = world.key("viewer")
    assert [client.get(WHO, headers=bearer(key)).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    late = client.get(WHO, headers=bearer(key))
    assert (late.json()["code"], late.headers["retry-after"]) == ("too_many_requests", "1")
    assert client.get(WHO, headers=bearer(other)).status_code == 200
    world.time.pass_by(seconds=1)
    assert [client.get(WHO, headers=bearer(key)).status_code for _ in range(2)] == [200, 429]


def test_an_address_that_brings_many_wrong_keys_waits_and_keeps_out_nobody_who_got_in_before(
    world: World, client: TestClient
) -> None:
    good = world.key("viewer")
    assert client.get(WHO, headers=bearer(good)).status_code == 200
    answers = [client.get(WHO, headers=bearer(f"ek_{n:010x}_{'A' * 43}")).status_code for n in range(60)]
    assert answers == [401] * 50 + [429] * 10
    world.time.pass_by(seconds=5.5)
    assert client.get(WHO, headers=bearer(good)).status_code == 200


def test_a_new_pepper_in_front_lets_the_keys_of_the_old_one_in(world: World) -> None:
    key = world.key("viewer")
    both = World(world.folder, world.time, world.store, pepper=Secret("q" * 32 + "," + "p" * 32))
    only_new = World(world.folder, world.time, world.store, pepper=Secret("q" * 32))
    with both.client() as client:
        assert client.get(WHO, headers=bearer(key)).status_code == 200
        assert client.get(WHO, headers=bearer(both.key("viewer"))).status_code == 200
    with only_new.client() as client:
        assert client.get(WHO, headers=bearer(key)).status_code == 401


@pytest.mark.parametrize("pepper", ["", "short", "p" * 31])
def test_without_a_pepper_the_service_does_not_start(pepper: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="EVENSTOCK_PEPPER"):
        World(tmp_path, pepper=Secret(pepper))


def test_an_unknown_caller_is_told_nothing_and_a_known_one_what_role_he_lacks(world: World, client: TestClient) -> None:
    refused = client.get("/v1/api-keys", headers=bearer(world.key("viewer")))
    assert refused.status_code == 403
    assert refused.json()["code"] == "not_allowed"
    assert "keys.manage" in refused.json()["detail"]
    assert "admin" in refused.json()["detail"]


# --- the resource ------------------------------------------------------------------------------------------------


@pytest.fixture
def admin(world: World) -> dict[str, str]:
    return bearer(world.key("admin"))


def test_a_key_is_issued_shown_once_and_listed_without_itself(client: TestClient, admin: dict[str, str]) -> None:
    body = {
        "name": "shop",
        "grants": [{"role": "integration", "source": "shopify"}],
        "days": 90,
        "quota": {"per_s": 50},
    }
    made = client.post("/v1/api-keys", json=body, headers=admin)
    assert made.status_code == 201
    key = made.json()["key"]
    assert len(key) == len("ek_") + 10 + 1 + 43
    assert made.json()["quota"] == {"per_s": 50, "burst": 2000}
    listed = client.get("/v1/api-keys", headers=admin)
    assert key[:13] in {one["id"] for one in listed.json()["items"]}
    assert key[14:] not in listed.text
    one = client.get(f"/v1/api-keys/{key[:13]}", headers=admin)
    assert "digest" not in one.json()
    assert one.headers["etag"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"grants": []}, "/grants"),
        ({"grants": [{"role": "root"}]}, "/grants/0/role"),
        ({"grants": [{"role": "viewer", "regions": ["Germany"]}]}, "/grants/0/regions/0"),
        ({"grants": [{"role": "viewer", "everything": True}]}, "/grants/0/everything"),
        ({"days": 731}, "/days"),
        ({"days": True}, "/days"),
        ({"id": "ek_chosen"}, "/id"),
        ({"digest": "0" * 64}, "/digest"),
        ({"state": "active"}, "/state"),
        ({"quota": {"per_s": 0}}, "/quota/per_s"),
    ],
)
def test_a_key_takes_no_field_and_no_value_it_should_not(
    change: dict[str, object], pointer: str, client: TestClient, admin: dict[str, str]
) -> None:
    body = {"name": "shop", "grants": [{"role": "viewer"}]} | change
    refused = client.post("/v1/api-keys", json=body, headers=admin)
    assert refused.status_code == 422
    assert [place["pointer"] for place in refused.json()["errors"]] == [pointer]


def test_a_key_of_somebody_without_an_account_is_not_issued(client: TestClient, admin: dict[str, str]) -> None:
    body = {"name": "shop", "grants": [{"role": "viewer"}], "owner": "nobody@example.com"}
    refused = client.post("/v1/api-keys", json=body, headers=admin)
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert [place["pointer"] for place in refused.json()["errors"]] == ["/owner"]


def test_lists_go_on_at_their_cursor(world: World, client: TestClient, admin: dict[str, str]) -> None:
    for _ in range(4):
        world.key("viewer")
    seen: list[str] = []
    cursor = None
    while True:
        answer = client.get(
            "/v1/api-keys", params={"limit": 2, **({"cursor": cursor} if cursor else {})}, headers=admin
        )
        seen += [one["id"] for one in answer.json()["items"]]
        cursor = answer.json()["next"]
        if cursor is None:
            break
    assert seen == sorted(set(seen))
    assert len(seen) == 5


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/api-keys/ek_nothing", None),
        ("POST", "/v1/api-keys/ek_nothing/revocation", {"because": "x"}),
        ("POST", "/v1/api-keys/ek_nothing/rotation", {}),
    ],
)
def test_a_key_that_is_not_there_is_not_found(
    method: str, path: str, body: object, client: TestClient, admin: dict[str, str]
) -> None:
    assert client.request(method, path, json=body, headers=admin).status_code == 404
