"""What waits for people is listed, agreed to, refused and delegated from the command line."""

from pathlib import Path

import pytest
from tests.cli.commands import run, told
from tests.operations.approvals.town import NOW, asked, people, plan

from evenstock.bootstrap import open_workspace
from evenstock.cli.screen import Exit
from evenstock.domain import PlanState
from evenstock.settings import Settings

AT = ("--as-of", NOW.isoformat())


@pytest.fixture
def request_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A plan that two people must agree to."""
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EVENSTOCK_DATABASE", raising=False)
    monkeypatch.chdir(tmp_path)
    opened = open_workspace(Settings.load())
    name = asked(opened.store, plan(), people=2, cents=90_000)
    opened.store.close()
    return name


def test_two_people_agree_and_the_plan_is_carried_out(request_: str) -> None:
    listed = told("approvals", "list")["approvals"]
    assert [(one["id"], one["about"], one["people"]) for one in listed] == [(request_, "plan:p1", 2)]
    first = told("approvals", "approve", "plan:p1", "--by", "Bob", *AT)
    assert (first["state"], len(first["votes"]), first["result"]) == ("open", 1, "")
    assert "1 of 2" in run("approvals", "list")
    run("approvals", "approve", request_, "--by", "ana", *AT, code=int(Exit.REFUSED_INPUT))
    second = told("approvals", "approve", request_, "--by", "Cai", *AT)
    assert (second["state"], second["result"]) == ("executed", "plan p1: 1 transfer released")
    assert told("approvals", "list")["approvals"] == []
    shown = told("approvals", "show", request_)
    assert [one["voter"] for one in shown["votes"]] == ["person:bob", "person:cai"]
    assert "executed" in run("approvals", "show", request_)
    assert "was carried out before" in run("approvals", "execute", request_, "--by", "Bob", *AT)
    opened = open_workspace(Settings.load())
    with opened.store.reading() as books:
        kept = books.plan(plan().id)
    opened.store.close()
    assert kept is not None
    assert kept.state is PlanState.APPROVED


def test_more_people_are_asked_by_hand(request_: str) -> None:
    three = told("approvals", "ask", "plan:p1", "--because", "a new lane", "--people", "3", *AT)
    assert (three["people"], three["id"] == request_) == (3, False)
    assert "waits for 3" in run("approvals", "ask", "plan:p1", "--because", "in a hurry", *AT)
    run("approvals", "ask", "plan:none", "--because", "x", *AT, code=int(Exit.REFUSED_INPUT))


def test_a_refusal_closes_it_and_the_plan_cannot_be_approved(request_: str) -> None:
    assert told("approvals", "refuse", request_, "--by", "Bob", "--because", "too dear", *AT)["state"] == "refused"
    run("approvals", "approve", request_, "--by", "Cai", *AT, code=int(Exit.REFUSED_INPUT))
    run("plan", "approve", "p1", "--by", "Cai", *AT, code=int(Exit.REFUSED_INPUT))
    run("approvals", "show", "approval-none", code=int(Exit.NOT_FOUND))


def test_what_was_approved_and_not_done_at_once_is_done_later(request_: str) -> None:
    told("approvals", "approve", request_, "--by", "Bob", *AT)
    waits = told("approvals", "approve", request_, "--by", "Cai", "--wait", *AT)
    assert waits["state"] == "approved"
    assert "released" in told("approvals", "execute", "plan:p1", "--by", "Bob", *AT)["result"]


def test_somebody_who_is_away_lets_another_decide(request_: str) -> None:
    opened = open_workspace(Settings.load())
    people(opened.store)
    with opened.store.reading() as books:
        today = books.clock().date().isoformat()
    opened.store.close()
    away = ("--by", "bob", "--to", "fay", "--first", today, "--last", today)
    made = told("approvals", "delegate", *away, "--because", "on leave", *AT)
    assert (made["giver"], made["taker"]) == ("person:bob", "person:fay")
    run("approvals", "delegate", "--by", "dee", "--to", "fay", "--first", today, "--last", today, "--because", "x",
        "--limit-cents", "999999", *AT, code=int(Exit.REFUSED_INPUT))  # fmt: skip
    run("approvals", "delegate", *away[:-1], "soon", "--because", "x", code=2)
    assert [one["on_behalf_of"] for one in told("approvals", "list", "--by", "fay")["approvals"]] == ["person:bob"]
    voted = told("approvals", "approve", request_, "--by", "fay", "--for", "bob", *AT)
    assert [(one["person"], one["voter"]) for one in voted["votes"]] == [("person:bob", "person:fay")]
    assert "on leave" not in run("approvals", "delegations")
    assert told("approvals", "take-back", made["id"], "--by", "bob", *AT)["ended"] is True
    assert told("approvals", "delegations")["delegations"] == []
    assert len(told("approvals", "delegations", "--all")["delegations"]) == 1
