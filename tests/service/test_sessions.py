"""People who sign in with a password: what a session is worth, how long, and from where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.service.access_world import PASSWORD, World, bearer, sign_in

from evenstock.operations.access.session import KIND as SESSIONS
from evenstock.operations.access.sign_in_tries import KIND as TRIES

WHO = "/v1/session"
ANA = "ana@example.com"


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.person(ANA, "planner")
    return made


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    with world.client() as opened:
        yield opened


def test_whoever_signs_in_is_known_by_a_cookie_that_no_script_reads(world: World, client: TestClient) -> None:
    answer = client.post("/v1/session", json={"account": " ANA@example.com"[1:], "password": PASSWORD})
    assert answer.status_code == 200
    told = answer.json()
    assert (told["id"], told["kind"], told["roles"]) == (f"person:{ANA}", "person", ["planner"])
    cookie = answer.headers["set-cookie"]
    assert re.match(r"evenstock_session=[\w-]{43}; ", cookie)
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Max-Age=43200"} <= set(cookie.split("; "))
    assert client.get(WHO).json() == told
    kept = world.events(SESSIONS)
    assert len(kept) == 1
    assert client.cookies["evenstock_session"] not in kept[0]


def test_under_https_the_cookie_is_bound_to_the_host_and_to_tls(tmp_path: Path) -> None:
    world = World(tmp_path, public_url="https://stock.example.com")
    world.person(ANA, "planner")
    with world.client() as client:
        cookie = client.post(WHO, json={"account": ANA, "password": PASSWORD}).headers["set-cookie"]
    assert cookie.startswith("__Host-evenstock_session=")
    assert "Secure" in cookie.split("; ")
    assert "Domain" not in cookie


@pytest.mark.parametrize(
    ("account", "password"),
    [
        (ANA, "wrong horse battery staple"),
        ("nobody@example.com", PASSWORD),
        ("off@example.com", PASSWORD),
        (ANA, " " + PASSWORD),
    ],
)
def test_a_wrong_password_and_a_wrong_account_give_the_same_answer(
    account: str, password: str, world: World, client: TestClient
) -> None:
    world.person("off@example.com", "viewer")
    client.post("/v1/people/off@example.com/disabling", json={"because": "left"}, headers=bearer(world.key("admin")))
    answer = client.post(WHO, json={"account": account, "password": password})
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_password")
    assert answer.json()["detail"] == "account and password do not match"
    assert "set-cookie" not in answer.headers


def test_tries_wait_longer_and_longer_and_the_right_password_waits_too(world: World, client: TestClient) -> None:
    def answer(password: str) -> tuple[int, str | None]:
        got = client.post(WHO, json={"account": ANA, "password": password})
        return got.status_code, got.headers.get("retry-after")

    assert [answer("wrong wrong wrong")[0] for _ in range(5)] == [401] * 5
    assert answer("wrong wrong wrong") == (429, "30")
    assert answer(PASSWORD) == (429, "30")
    world.time.pass_by(seconds=30)
    assert answer("wrong wrong wrong") == (401, None)
    assert answer(PASSWORD) == (429, "60")
    world.time.pass_by(seconds=60)
    assert answer(PASSWORD) == (200, None)
    assert answer("wrong wrong wrong") == (401, None)
    assert answer(PASSWORD) == (200, None)


def test_an_account_that_does_not_exist_is_throttled_like_one_that_does(client: TestClient) -> None:
    codes = [
        client.post(WHO, json={"account": "nobody@example.com", "password": "wrong wrong"}).status_code
        for _ in range(7)
    ]
    assert codes == [401] * 5 + [429] * 2


def test_nobody_locks_another_out_from_elsewhere(world: World) -> None:
    def codes(address: str, times: int, password: str) -> list[int]:
        with TestClient(app, client=(address, 1)) as client:
            return [client.post(WHO, json={"account": ANA, "password": password}).status_code for _ in range(times)]

    with world.client() as first:
        app = first.app
    assert codes("192.0.2.1", 7, "wrong wrong wrong") == [401] * 5 + [429] * 2
    assert codes("192.0.2.2", 1, PASSWORD) == [200]


def test_from_all_addresses_together_an_account_is_tried_at_most_once_a_minute(world: World) -> None:
    with world.client() as first:
        app = first.app
    codes = []
    for n in range(25):
        with TestClient(app, client=(f"198.51.100.{n}", 1)) as client:
            codes.append(client.post(WHO, json={"account": ANA, "password": "wrong wrong wrong"}).status_code)
    assert codes == [401] * 20 + [429] * 5


def test_counters_are_forgotten_when_they_no_longer_count(world: World, client: TestClient) -> None:
    client.post(WHO, json={"account": "nobody@example.com", "password": "wrong wrong"})
    assert len(world.events(TRIES)) == 3
    world.time.pass_by(hours=1)
    sign_in(client, ANA)
    assert world.events(TRIES) == []


def test_a_session_ends_when_nobody_uses_it_for_an_hour(world: World, client: TestClient) -> None:
    sign_in(client, ANA)
    for _ in range(3):
        world.time.pass_by(minutes=59)
        assert client.get(WHO).status_code == 200
    world.time.pass_by(minutes=60)
    assert client.get(WHO).status_code == 401


def test_a_session_ends_after_twelve_hours_however_busy(world: World, client: TestClient) -> None:
    sign_in(client, ANA)
    for _ in range(23):
        world.time.pass_by(minutes=30)
        assert client.get(WHO).status_code == 200
    world.time.pass_by(minutes=30)
    assert client.get(WHO).status_code == 401


def test_signing_out_ends_the_session_here_at_once(world: World, client: TestClient) -> None:
    header = sign_in(client, ANA)
    token = client.cookies["evenstock_session"]
    assert client.delete(WHO, headers=header).status_code == 204
    assert "evenstock_session" not in client.cookies
    assert client.get(WHO, headers={"Cookie": f"evenstock_session={token}"}).status_code == 401
    assert world.events(SESSIONS) == []


def test_signing_in_takes_a_new_token_and_ends_the_session_before(world: World, client: TestClient) -> None:
    sign_in(client, ANA)
    before = client.cookies["evenstock_session"]
    sign_in(client, ANA)
    assert client.cookies["evenstock_session"] != before
    assert len(world.events(SESSIONS)) == 1
    assert TestClient(client.app, cookies={"evenstock_session": before}).get(WHO).status_code == 401


def test_a_token_that_somebody_planted_is_never_taken_on(world: World, client: TestClient) -> None:
    client.cookies["evenstock_session"] = "A" * 43
    answer = client.post(WHO, json={"account": ANA, "password": PASSWORD})
    assert "A" * 43 not in answer.headers["set-cookie"]


def test_a_person_has_at_most_twenty_sessions(world: World, client: TestClient) -> None:
    for _ in range(22):
        client.cookies.clear()
        sign_in(client, ANA)
        world.time.pass_by(seconds=1)
    assert len(world.events(SESSIONS)) == 20
    assert client.get(WHO).status_code == 200


# --- changes that another site's page may have sent ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, 204),
        ({"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}, 204),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://testserver.evil.example"}, 403),
        ({"Origin": "http://evil.example@testserver"}, 403),
        ({"Origin": "null"}, 403),
        ({"X-CSRF-Token": ""}, 403),
        ({"X-CSRF-Token": "0" * 64}, 403),
    ],
)
def test_a_change_by_cookie_must_come_from_our_own_page(headers: dict[str, str], code: int, client: TestClient) -> None:
    header = sign_in(client, ANA)
    answer = client.delete(WHO, headers=header | headers)
    assert answer.status_code == code, answer.text
    if code == 403:
        assert answer.json()["code"] == "cross_site"
        assert client.get(WHO).status_code == 200


def test_the_token_of_one_session_is_of_no_use_to_another(world: World, client: TestClient) -> None:
    world.person("bob@example.com", "viewer")
    with world.client() as other:
        stolen = sign_in(other, "bob@example.com")
    sign_in(client, ANA)
    assert client.delete(WHO, headers=stolen).status_code == 403


def test_without_the_token_nothing_is_changed_but_everything_is_read(world: World, client: TestClient) -> None:
    sign_in(client, ANA)
    assert client.get(WHO).status_code == 200
    assert client.delete(WHO).status_code == 403


def test_a_key_needs_no_token_and_beats_the_cookie(world: World, client: TestClient) -> None:
    sign_in(client, ANA)
    key = world.key("admin")
    made = client.post("/v1/api-keys", json={"name": "x", "grants": [{"role": "viewer"}]}, headers=bearer(key))
    assert made.status_code == 201
    assert made.json()["issued_by"] == f"key:{key[:13]}"
    assert client.get(WHO, headers=bearer("ek_wrong")).status_code == 401


def test_another_sites_page_signs_nobody_in(client: TestClient) -> None:
    body = {"account": ANA, "password": PASSWORD}
    assert client.post(WHO, json=body, headers={"Origin": "https://evil.example"}).status_code == 403
    assert client.post(WHO, json=body, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_under_a_public_address_only_that_is_our_own_page(tmp_path: Path) -> None:
    world = World(tmp_path, public_url="https://stock.example.com/")
    world.person(ANA, "planner")
    with world.client() as client:
        body = {"account": ANA, "password": PASSWORD}
        own = client.post(WHO, json=body, headers={"Origin": "https://stock.example.com"})
        assert own.status_code == 200
        for other in ("http://testserver", "http://stock.example.com", "https://stock.example.com:8443"):
            assert client.post(WHO, json=body, headers={"Origin": other}).status_code == 403


# --- passwords -----------------------------------------------------------------------------------------------------


def test_a_changed_password_ends_every_other_session(world: World, client: TestClient) -> None:
    with world.client() as other:
        sign_in(other, ANA)
        header = sign_in(client, ANA)
        new = "seven purple elephants dancing"
        wrong = client.post("/v1/session/password", json={"old": "wrong wrong wrong", "new": new}, headers=header)
        assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_password")
        assert (
            client.post("/v1/session/password", json={"old": PASSWORD, "new": new}, headers=header).status_code == 204
        )
        assert client.get(WHO).status_code == 200
        assert other.get(WHO).status_code == 401
        other.cookies.clear()
        assert other.post(WHO, json={"account": ANA, "password": PASSWORD}).status_code == 401
        sign_in(other, ANA, new)


@pytest.mark.parametrize("new", ["short", "a" * 40, "ana-ana-ana-ana", "x" * 200, "aaaaaaaabbbbbbbb"])
def test_a_password_that_is_soon_guessed_is_refused(new: str, client: TestClient) -> None:
    header = sign_in(client, ANA)
    refused = client.post("/v1/session/password", json={"old": PASSWORD, "new": new}, headers=header)
    assert refused.status_code == 422
    assert [place["pointer"] for place in refused.json()["errors"]] == ["/new"]
    assert new not in refused.text


def test_a_password_is_the_same_whatever_keyboard_it_was_typed_on(world: World, client: TestClient) -> None:
    world.person("zoe@example.com", "viewer", password="crème brûlée mañana")
    sign_in(client, "zoe@example.com", "cre\u0300me bru\u0302le\u0301e man\u0303ana")


def test_passwords_are_kept_as_argon2id_with_the_parameters_owasp_names(world: World) -> None:
    with world.store.reading() as books:
        found = books.entry("person", ANA)
    assert found is not None
    assert re.fullmatch(r"\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}", found.body["password"])


def test_a_hash_with_older_parameters_is_renewed_at_sign_in(world: World, client: TestClient) -> None:
    from argon2 import PasswordHasher

    from evenstock.operations.access.change_password import change_password

    old = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    change_password(world.store, ANA, old, "test")
    sign_in(client, ANA)
    with world.store.reading() as books:
        found = books.entry("person", ANA)
    assert found is not None
    assert "m=19456,t=2" in found.body["password"]
    sign_in(client, ANA)


def test_a_key_has_no_session_to_end(world: World, client: TestClient) -> None:
    answer = client.delete(WHO, headers=bearer(world.key("viewer")))
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_nothing_secret_stands_in_an_answer(world: World, client: TestClient) -> None:
    canary = "canary canary canary"
    world.person("cat@example.com", "viewer", password=canary)
    admin = bearer(world.key("admin"))
    texts = [
        client.post(WHO, json={"account": "cat@example.com", "password": canary}).text,
        client.post(WHO, json={"account": "cat@example.com", "password": canary, "role": "admin"}).text,
        client.post(WHO, json={"account": "cat@example.com", "password": [canary]}).text,
        client.get("/v1/people", headers=admin).text,
        client.get("/v1/people/cat@example.com", headers=admin).text,
    ]
    assert not any("canary canary" in text or "argon2" in text for text in texts)
