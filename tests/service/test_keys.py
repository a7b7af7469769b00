"""`evenstock keys` and `evenstock people` as an operator uses them before anybody can sign in."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner, Result

from evenstock.cli import app
from evenstock.service.app import create_app
from evenstock.service.configuration import Configuration
from evenstock.service.serving import open_service
from evenstock.settings import Settings

PASSWORD = "correct horse battery staple"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DATABASE", "PEPPER", "PEPPER_FILE", "HOST"):
        monkeypatch.delenv(f"EVENSTOCK_{name}", raising=False)
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(*words: str, given: str | None = None) -> Result:
    return CliRunner().invoke(app, list(words), input=given)


def test_the_first_account_and_the_first_key_come_from_the_command_line_and_open_the_service(home: Path) -> None:
    made = said("keys", "issue", "shop", "--role", "viewer", "--json")
    assert made.exit_code == 0, made.output
    key = json.loads(made.stdout)["key"]
    added = said("people", "add", "Ana@Example.com", "--role", "admin", "--password-stdin", given=PASSWORD + "\n")
    assert added.exit_code == 0, added.output
    service = open_service(Settings.load(), Configuration.load())
    try:
        with TestClient(create_app(service)) as client:
            who = client.get("/v1/session", headers={"Authorization": f"Bearer {key}"})
            assert (who.status_code, who.json()["roles"]) == (200, ["viewer"])
            signed_in = client.post("/v1/session", json={"account": "ana@example.com", "password": PASSWORD})
            assert signed_in.status_code == 200
            assert client.get("/v1/people").status_code == 200
    finally:
        service.store.close()


def test_a_key_goes_to_standard_output_alone_and_is_listed_without_itself(home: Path) -> None:
    made = said("keys", "issue", "shop", "--role", "planner", "--role", "node_operator@TX+PA", "--days", "30")
    assert re.fullmatch(r"ek_[0-9a-f]{10}_[\w-]{43}\n", made.stdout)
    key = made.stdout.strip()
    listed = json.loads(said("keys", "list", "--json").stdout)["keys"]
    assert [(one["id"], one["roles"]) for one in listed] == [(key[:13], ["planner", "node_operator@PA+TX"])]
    shown = said("keys", "list").stdout
    assert key[:13] in shown
    assert key[14:] not in shown
    books = (home / "home" / "evenstock.db").read_bytes()
    assert key[14:].encode() not in books
    pepper = home / "home" / "secrets" / "pepper"
    assert pepper.stat().st_mode & 0o077 == 0


def test_a_key_is_rotated_and_revoked(home: Path) -> None:
    key = said("keys", "issue", "shop", "--role", "viewer").stdout[:13]
    new = json.loads(said("keys", "rotate", key, "--overlap-hours", "1", "--json").stdout)
    assert new["roles"] == ["viewer"]
    again = said("keys", "rotate", key)
    assert (again.exit_code, new["id"] in again.stderr) == (3, True)
    assert said("keys", "revoke", key, "--because", "lost").exit_code == 0
    states = {one["id"]: one["state"] for one in json.loads(said("keys", "list", "--all", "--json").stdout)["keys"]}
    assert states == {key: "revoked", new["id"]: "active"}
    assert [one["id"] for one in json.loads(said("keys", "list", "--json").stdout)["keys"]] == [new["id"]]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("keys", "issue", "x", "--role", "god"), 2, "there is no role"),
        (("keys", "issue", "x", "--role", "viewer@country:Germany"), 2, "is no country"),
        (("keys", "issue", "x", "--role", "viewer", "--owner", "nobody@example.com"), 3, "there is no account"),
        (("keys", "issue", "x", "--role", "viewer", "--days", "731"), 2, "less than or equal to 730"),
        (("keys", "revoke", "ek_none"), 4, "there is no key"),
        (("keys", "rotate", "ek_none"), 4, "there is no key"),
        (("people", "disable", "nobody@example.com"), 4, "there is no account"),
        (("people", "roles", "nobody@example.com", "--role", "viewer"), 4, "there is no account"),
        (("people", "enable", "nobody@example.com"), 4, "there is no account"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(words: tuple[str, ...], code: int, told: str, home: Path) -> None:
    refused = said(*words)
    assert refused.exit_code == code, refused.output
    assert told in " ".join(re.sub(r"[│╭╮╰╯─]", " ", refused.stderr).split())


def test_people_are_added_given_roles_disabled_and_given_a_new_password(home: Path) -> None:
    for account, role in (("ana@example.com", "admin"), ("bob@example.com", "viewer")):
        assert said("people", "add", account, "--role", role, "--password-stdin", given=PASSWORD + "\n").exit_code == 0
    twice = said("people", "add", "BOB@example.com", "--role", "viewer", "--password-stdin", given=PASSWORD + "\n")
    assert (twice.exit_code, "already" in twice.stderr) == (3, True)
    assert said("people", "roles", "bob@example.com", "--role", "planner").exit_code == 0
    asked = said("people", "password", "bob@example.com", given="another long password\nanother long password\n")
    assert asked.exit_code == 0, asked.output
    assert "another" not in asked.output
    assert said("people", "disable", "bob@example.com", "--because", "left").exit_code == 0
    last = said("people", "disable", "ana@example.com")
    assert (last.exit_code, "last administrator" in last.stderr) == (3, True)
    found = {
        one["account"]: (one["roles"], one["state"])
        for one in json.loads(said("people", "list", "--json").stdout)["people"]
    }
    assert found == {"ana@example.com": (["admin"], "active"), "bob@example.com": (["planner"], "disabled")}
    assert "argon2" not in said("people", "list").stdout


def test_a_weak_password_is_refused_before_anything_is_kept(home: Path) -> None:
    weak = said("people", "add", "ana@example.com", "--role", "admin", "--password-stdin", given="short\n")
    assert (weak.exit_code, "at least 12 characters" in weak.stderr) == (3, True)
    assert json.loads(said("people", "list", "--json").stdout)["people"] == []


def test_without_the_service_installed_the_command_says_what_to_install(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "evenstock.service.access.credentials", None)
    monkeypatch.setitem(sys.modules, "evenstock.service.access.passwords", None)
    for words in (
        ("keys", "issue", "x", "--role", "viewer"),
        ("people", "add", "a@b.c", "--role", "viewer", "--password-stdin"),
    ):
        missing = said(*words)
        assert missing.exit_code == 3
        assert "evenstock[service]" in missing.stderr
