"""Actors at a terminal: listed, stopped, released, each with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.commands import run, told

from evenstock.bootstrap import open_workspace
from evenstock.operations.access.add_person import AddPerson, add_person
from evenstock.operations.access.grants import grant_of
from evenstock.settings import Settings


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path))
    with open_workspace(Settings.load()) as opened:
        for account, role in (("ana@example.com", "admin"), ("ben@example.com", "planner@TX")):
            add_person(opened.store, AddPerson(account, account, (grant_of(role),), "hash", "test"))


def test_an_actor_is_stopped_shown_and_released() -> None:
    ben = "person:ben@example.com"
    listed = told("actors", "list")["actors"]
    assert [(one["id"], one["scope"], one["state"]) for one in listed] == [
        ("person:ana@example.com", ["admin"], "active"),
        (ben, ["planner@TX"], "active"),
    ]
    stopped = told("actors", "quarantine", ben, "--because", "412 counts at night", "--by", "ana@example.com")
    assert (stopped["state"], stopped["quarantine"]["because"]) == ("quarantined", "412 counts at night")
    assert [one["id"] for one in told("actors", "list", "--state", "quarantined")["actors"]] == [ben]
    assert "412 counts at night" in run("actors", "show", ben)
    assert "quarantined" in run("actors", "list")
    run("actors", "release", ben, "--because", "it was he", "--by", "ben@example.com", code=3)
    freed = told("actors", "release", ben, "--because", "it was he", "--by", "ana@example.com")
    assert (freed["state"], freed["quarantine"]["released_by"]) == ("active", "ana@example.com")
    assert "released" in run("actors", "show", ben)


def test_what_is_not_there_and_what_may_not_be() -> None:
    run("actors", "show", "key:ek_0000000000", code=4)
    run("actors", "quarantine", "nobody", "--because", "x", code=4)
    run("actors", "release", "person:ana@example.com", "--because", "x", code=4)
    run("actors", "quarantine", "person:ana@example.com", "--because", "the last one", code=3)
