"""What an operations lead in a hurry types: the queue, one case, one step to answer it; and `tick`, which does what is due."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.cli.commands import run as run_all
from tests.cli.commands import told as told_by_all
from tests.cli.test_commands import EXAMPLE, MORNING, NOON
from typer.testing import CliRunner

from evenstock.cli import queue, tick
from evenstock.cli.opening import workspace
from evenstock.cli.screen import Exit
from evenstock.domain import DecisionId, OrderId, Outcome, ReservationId
from evenstock.operations.access.add_person import AddPerson, add_person
from evenstock.operations.access.grants import grant_of
from evenstock.operations.decisions import decision_from
from evenstock.operations.open_cases import open_review, open_unserved
from evenstock.operations.route_order import RESERVATION

app = typer.Typer()
app.add_typer(queue.app, name="queue")
app.command("tick")(tick.command)
LATER = "2026-11-20T15:00:00Z"


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == code, result.output + str(result.exception)
    return " ".join(result.output.split())


def told(*words: str, code: int = 0) -> dict[str, Any]:
    result = CliRunner().invoke(app, [*words, "--json"])
    assert result.exit_code == code, result.output + str(result.exception)
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture
def order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An order of the example that ships from one node and could ship from another, with a person asked about it."""
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EVENSTOCK_DATABASE", raising=False)
    monkeypatch.chdir(tmp_path)
    run_all("import", str(EXAMPLE), "--as-of", MORNING)
    made = told_by_all("route", "--as-of", NOON, code=0)["decisions"]
    with workspace() as opened, opened.store.transaction() as books:
        for each in made:
            record = decision_from(books.decision_of(OrderId(each["order"])) or b"")
            if record.choice is None or not record.alternatives or len(record.choice.shipments) > 1:
                continue
            open_review(books, record, ReservationId(f"{record.id}{RESERVATION}"), "dearer than usual")
            return str(record.order)
    raise AssertionError("the example has no such order")


def test_the_queue_tells_reason_deadline_suggestion_and_cost(order: str) -> None:
    said = run("queue", "--as-of", LATER)
    assert f"in 3 h 00 min {order}" in said
    assert "dearer than usual" in said
    assert f"Answer: evenstock queue show {order}" in said

    (waiting,) = told("queue", "--as-of", LATER)["waiting"]
    assert waiting["due_at"] == "2026-11-20T18:00:00.000000Z" or waiting["due_at"].startswith("2026-11-20T18:00:00")
    assert (waiting["about"], waiting["at_deadline"]) == (f"order:{order}", "execute")
    assert waiting["next_cents"] >= waiting["plan_cents"] > 0
    assert waiting["value_cents"] > 0

    shown = run("queue", "show", order, "--as-of", LATER)
    assert "operations lead decides; in 3 h 00 min: execute" in shown
    assert "ways to ship it" in shown
    assert "2 h 00 min late" in run("queue", "--as-of", "2026-11-20T20:00:00Z")
    assert told("queue", "--role", "planner")["waiting"] == []


def test_accepting_is_one_step(order: str) -> None:
    said = run("queue", "accept", order, "--by", "Ana", "--as-of", LATER)
    assert said.startswith(f"{order}: ships ")
    assert said.endswith("Ana accepted it")

    assert "Nothing waits for anybody" in run("queue")
    again = run("queue", "accept", order, "--by", "Ben", "--as-of", LATER, code=int(Exit.REFUSED_INPUT))
    assert "was answered by Ana before" in again
    assert "closed by Ana" in run("queue", "show", order)


def test_an_override_names_its_price(order: str) -> None:
    record = told("queue", "show", order)["record"]
    wanted = record["alternatives"][0]["shipments"][0]["candidate"]["node"]

    said = told(
        "queue", "override", order, "--by", "Ana", "--because", "TX is slow", "--alternative", "1", "--as-of", LATER
    )

    assert said["state"] == "closed"
    assert said["resolution"].startswith(f"overridden: {wanted} by ")
    assert int(dict(said["facts"])["override_cents"]) == said["price_cents"]
    assert json.loads(run_all("explain", order, "--json"))["layer"] == "person"


def test_an_override_that_cannot_be_is_refused_with_its_reason(order: str) -> None:
    words = ("queue", "override", order, "--by", "Ana", "--because", "no reason", "--as-of", LATER)
    assert "there is no node MARS" in run(*words, "--node", "MARS", code=int(Exit.REFUSED_INPUT))
    assert len(told("queue", "--as-of", LATER)["waiting"]) == 1


def test_a_held_case_waits_until_its_new_deadline(order: str) -> None:
    until = "2026-11-21T09:00:00Z"
    words = ("--by", "Ana", "--because", "asked the customer", "--as-of", LATER)
    assert f"{order}: waits until 2026-11-21 09:00 UTC" in run("queue", "hold", order, "--until", until, *words)

    assert run("tick", "--as-of", "2026-11-20T19:00:00Z") == "Nothing is due."
    done = told("tick", "--as-of", until)
    assert [each["action"] for each in done["done"]] == ["execute"]
    assert (done["failed"], done["still_due"]) == (0, 0)


def test_tick_does_what_is_due_once_and_says_so(order: str) -> None:
    at = (datetime(2026, 11, 20, 14, tzinfo=UTC) + timedelta(hours=4)).isoformat()

    said = run("tick", "--as-of", at)

    assert said.startswith("1 done: 1 execute")
    assert f"✓ execute order:{order}: ships " in said
    assert "nobody answered by the deadline" in said
    assert run("tick", "--as-of", at) == "Nothing is due."


def test_an_unserved_order_is_tried_again_at_once(order: str) -> None:
    reviewed = run("queue", "act", order, "--as-of", LATER, code=int(Exit.REFUSED_INPUT))
    assert "is a person's to decide: accept it" in reviewed
    with workspace() as opened, opened.store.transaction() as books:
        made = decision_from(books.decision_of(OrderId(order)) or b"")
        lost = replace(made, id=DecisionId("route-lost"), choice=None, outcome=Outcome.UNSERVED, sentence="sold out")
        silent = open_unserved(books, lost)

    assert silent.id not in [each["id"] for each in told("queue")["waiting"]]
    assert silent.id in [each["id"] for each in told("queue", "--all")["waiting"]]
    assert "its stock was set aside meanwhile" in run("queue", "act", silent.id, "--as-of", LATER)
    assert "is closed" in run("queue", "act", silent.id, "--as-of", LATER, code=int(Exit.REFUSED_INPUT))


def test_a_case_nobody_knows_is_not_found(order: str) -> None:
    assert "nothing waits under 'A-404'" in run("queue", "show", "A-404", code=int(Exit.NOT_FOUND))


def test_whoever_has_an_account_with_a_limit_keeps_it_at_the_command_line(order: str) -> None:
    (waiting,) = told("queue", "--as-of", LATER)["waiting"]
    cents = waiting["plan_cents"]
    with workspace() as opened:
        boss = AddPerson("ana@example.com", "Ana", (grant_of(f"approver<={cents - 1}"),), "", "a test")
        add_person(opened.store, boss)
    refused = run("queue", "accept", order, "--by", "Ana@example.com", "--as-of", LATER, code=int(Exit.REFUSED_INPUT))
    assert f"is worth {cents / 100:,.2f}; you may approve up to {(cents - 1) / 100:,.2f}" in refused
    assert len(told("queue", "--as-of", LATER)["waiting"]) == 1

    told("queue", "accept", order, "--by", "somebody without an account", "--as-of", LATER)
    assert told("queue", "--as-of", LATER)["waiting"] == []
