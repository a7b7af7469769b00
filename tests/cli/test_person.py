"""What a person at a terminal types when somebody asks what is known of him, and to be forgotten."""

import json
from pathlib import Path

import pytest
from tests.cli.commands import run, told
from tests.routing.brand import NOW, order

from evenstock.bootstrap import open_workspace
from evenstock.cli.screen import Exit
from evenstock.operations.ports import Handling, Received
from evenstock.operations.standing import cancel_units
from evenstock.settings import Settings

EMAIL = "canary@example.org"
BODY = json.dumps({"data": {"customer": {"email": EMAIL}}}).encode()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Books with one order, of which nothing is to ship any more."""
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    for name in ("DATABASE", "AUDIT_FOLDER", "AUDIT_KEY", "PERSONAL_KEY"):
        monkeypatch.delenv(f"EVENSTOCK_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    kept = order(("MUG", 1), name="A-1")
    with open_workspace(Settings.load()) as opened, opened.store.transaction() as books:
        books.put_order(kept)
        cancel_units(books, kept.id, {line.id: line.units for line in kept.lines}, "the customer gave up", NOW)
        books.receive([Received("shop", "E-1", "order.created", "order:A-1", NOW, BODY)], NOW)
        (event,) = books.claim_received(NOW, 1)
        books.handled(event, Handling.DONE, NOW)
    return tmp_path


def test_a_person_asks_is_shown_held_and_forgotten(home: Path) -> None:
    assert told("person", "find", EMAIL, "--json") == {"orders": ["A-1"], "events": []}
    assert "received event" in run("person", "show", "A-1")
    run("person", "export", "A-1", "--out", "for-them.json")
    assert (home / "for-them.json").stat().st_mode & 0o077 == 0
    (found,) = json.loads((home / "for-them.json").read_text())["orders"]
    assert found["books"]["received event"][0]["content"]["data"]["customer"]["email"] == EMAIL
    run("person", "hold", "A-1", "--because", "case 4711")
    run("person", "erase", "A-1", "--because", "asked", "--yes", code=Exit.REFUSED_INPUT)
    run("person", "lift", "A-1")
    done = told("person", "erase", "A-1", "--because", "asked", "--yes", "--by", "ana", "--json")
    assert done["traces"] == "the file was written anew"
    (certificate,) = done["certificates"]
    assert certificate["by"] == "ana"
    assert {one["place"] for one in certificate["places"]} == {"order", "received event", "key"}
    again = told("person", "erase", "A-1", "--because", "asked", "--yes", "--json")
    assert again["certificates"] == [certificate]
    assert "erased on" in run("person", "show", "A-1")
    run("person", "find", EMAIL, code=Exit.NOT_FOUND)
    assert EMAIL.encode() not in (home / "home" / "evenstock.db").read_bytes()


def test_rules_are_set_shown_and_dropped(home: Path) -> None:
    assert "nothing is forgotten by age" in run("person", "rules")
    run("person", "rule", "US", "--days", "400", "--only-in", "US", "--because", "our notice")
    run("person", "place", "EU")
    found = told("person", "rules", "--json")
    assert (found["place"], [one["orders_days"] for one in found["rules"]]) == ("EU", [400])
    assert "these books lie in EU" in found["broken"][0]
    run("person", "export", "A-1", code=Exit.REFUSED_INPUT)
    assert json.loads(run("person", "export", "A-1", "--to", "US"))["orders"]
    run("person", "rule", "US", "--drop")
    run("person", "rule", "US", "--drop", code=Exit.NOT_FOUND)
    run("person", "rule", "usa", "--days", "3", code=Exit.REFUSED_INPUT)


def test_a_master_key_is_changed_and_the_older_one_dropped(home: Path) -> None:
    assert "2 keys of persons wrapped anew" in run("person", "keys", "--rotate")
    assert "destroyed: " in run("person", "keys", "--drop-old")
    assert told("person", "find", EMAIL, "--json")["orders"] == ["A-1"]
    run("person", "keys", "--rotate", "--drop-old", code=2)


def test_nobody_is_known_of_an_order_that_is_not_there(home: Path) -> None:
    run("person", "show", "X-9", code=Exit.NOT_FOUND)
    run("person", "export", "X-9", code=Exit.NOT_FOUND)
    run("person", "lift", "X-9", code=Exit.NOT_FOUND)
    run("person", "erase", "X-9", "--because", "asked", "--yes", code=Exit.REFUSED_INPUT)
