"""Approvals by the API: what waits for whom, votes one by one and many at once, and who decides for another."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.operations.approvals.town import PEOPLE, asked, plan
from tests.service.access_world import World, bearer, sign_in

from evenstock.domain import NodeId, PlanState
from evenstock.operations.approvals.plan_content import plan_digest
from evenstock.service.worker.duties import approvals as duty

TX, PA = NodeId("TX-DC"), NodeId("PA-3PL")


class Town:
    """A service, its people, and whoever is signed in now."""

    def __init__(self, world: World, client: TestClient) -> None:
        self.world, self.client, self.headers = world, client, dict[str, str]()

    def as_(self, account: str) -> Town:
        self.client.cookies.clear()
        self.headers = sign_in(self.client, account)
        return self

    def get(self, path: str, status: int = 200, **params: Any) -> Any:
        answer = self.client.get(f"/v1{path}", params=params, headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    def post(self, path: str, body: Any, status: int = 200, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.client.post(f"/v1{path}", json=body, headers=self.headers | named)
        assert answer.status_code == status, answer.text
        return answer.json()

    def ask(self, name: str = "p1", *, people: int = 1, cents: int = 90_000, proposer: str = "person:ana") -> str:
        return asked(
            self.world.store, plan(name, origin=TX, destination=PA), people=people, cents=cents, proposer=proposer
        )

    def vote(self, request: str, status: int = 200, *, name: str = "p1", says: str = "approve", **more: Any) -> Any:
        body = {"says": says, "digest": content(name)} | more
        return self.post(f"/approvals/{request}/votes", body, status)


def content(name: str = "p1") -> str:
    return plan_digest(plan(name, origin=TX, destination=PA))


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Town]:
    world = World(tmp_path, network=True)
    for name, grants in PEOPLE.items():
        world.person(name, *(grant.replace("NJ+TX", "TX-DC+PA-3PL").replace("@CA", "@NV-DC") for grant in grants))
    with world.client() as client:
        yield Town(world, client)


def test_two_people_agree_and_the_plan_is_released(there: Town) -> None:
    request = there.ask(people=2)
    first = there.as_("bob").vote(request)
    assert (first["agree"], first["approval"]["state"], first["carried_out"]) == (1, "open", False)
    assert there.vote(request)["repeated"] is True
    assert there.post("/plans/p1/approvals", {}, 409)["code"] == "conflict"
    second = there.as_("cai").vote(request)
    assert (second["carried_out"], second["approval"]["state"]) == (True, "executed")
    assert second["result"] == "plan p1: 1 transfer released"
    with there.world.store.reading() as books:
        kept = books.plan(plan().id)
    assert kept is not None
    assert kept.state is PlanState.APPROVED
    assert "before" in there.post(f"/approvals/{request}/executions", {})["result"]


def test_the_way_of_a_single_approver_counts_as_his_vote(there: Town) -> None:
    there.ask()
    assert there.as_("ana").post("/plans/p1/approvals", {}, 403)["code"] == "not_allowed"
    assert there.as_("bob").post("/plans/p1/approvals", {})["state"] == "approved"
    assert there.get("/approvals")["items"][0]["votes"][0]["person"] == "person:bob"


def test_people_are_asked_by_hand_and_never_by_fewer(there: Town) -> None:
    with there.world.store.transaction() as books:
        books.put_plan(plan("p1", origin=TX, destination=PA))
    body = {"about": "plan:p1", "because": "a new lane", "people": 2}
    made = there.as_("fay").post("/approvals", body)
    assert (made["people"], made["proposer"], made["digest"]) == (2, "person:ana", content())
    assert there.post("/approvals", body | {"people": 1})["id"] == made["id"]
    assert there.as_("bob").post("/plans/p1/approvals", {}, 409)["code"] == "conflict"
    assert there.post("/approvals", body | {"about": "plan:none"}, 409)["code"] == "refused"
    assert there.as_("eva").post("/approvals", body, 403)["code"] == "not_allowed"


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("ana", 409, "conflict"), ("dee", 403, "over_limit"), ("eva", 403, "not_allowed"), ("fay", 403, "not_allowed"),
        ("gus", 403, "not_allowed"), ("hal", 403, "not_allowed"),
    ],
)  # fmt: skip
def test_others_are_told_why_not(there: Town, who: str, status: int, code: str) -> None:
    request = there.ask(cents=500_000)
    assert there.as_(who).vote(request, status)["code"] == code


def test_no_program_votes(there: Town) -> None:
    request = there.ask()
    there.headers = bearer(there.world.key("approver"))
    assert there.vote(request, 403)["code"] == "not_allowed"


def test_what_changed_since_it_was_read_is_not_voted_on(there: Town) -> None:
    request = there.ask()
    there.as_("bob")
    assert there.vote(request, 409, name="p2")["code"] == "conflict"
    seen = there.client.get(f"/v1/approvals/{request}", headers=there.headers)
    there.as_("cai").vote(request, carry_out=False)
    there.as_("bob")
    body = {"says": "approve", "digest": content()}
    told = there.post(f"/approvals/{request}/votes", body, 412, If_Match=seen.headers["etag"])
    assert told["code"] == "changed_meanwhile"
    assert there.vote(request, 409, says="refuse")["detail"].endswith("say why it is refused")
    assert there.vote("approval-none", 404)["code"] == "not_found"
    assert there.vote(request, 422, says="perhaps")["code"] == "invalid_request"


def test_the_same_key_has_one_effect(there: Town) -> None:
    request = there.ask(people=2)
    body = {"says": "approve", "digest": content()}
    there.as_("bob")
    answers = [there.post(f"/approvals/{request}/votes", body, Idempotency_Key="k-1") for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[1]["repeated"] is False


def test_my_own_list_and_everybodys(there: Town) -> None:
    dear, cheap = there.ask("dear", cents=95_000), there.ask("cheap", cents=5_000)
    over = there.ask("over", cents=500_000)
    there.as_("dee")
    mine = there.get("/approvals", mine=True)["items"]
    assert [(one["id"], one["on_behalf_of"]) for one in mine] == [(dear, ""), (cheap, "")]
    page = there.get("/approvals", mine=True, limit=1)
    assert [one["id"] for one in there.get("/approvals", mine=True, limit=1, cursor=page["next"])["items"]] == [cheap]
    assert {one["id"] for one in there.get("/approvals")["items"]} == {dear, cheap, over}
    first = there.get("/approvals", limit=2)
    assert len(there.get("/approvals", limit=2, cursor=first["next"])["items"]) == 1
    assert [one["id"] for one in there.get("/approvals", about="plan:over", state="open")["items"]] == [over]
    there.as_("eva")  # elsewhere
    assert there.get("/approvals")["items"] == there.get("/approvals", mine=True)["items"] == []
    assert there.get(f"/approvals/{over}", 403)["code"] == "not_allowed"


def test_each_of_many_votes_has_its_outcome(there: Town) -> None:
    names = [f"p{k}" for k in range(4)]
    requests = [there.ask(name) for name in names]
    rows = [{"approval": r, "says": "approve", "digest": content(n)} for r, n in zip(requests, names, strict=True)]
    rows[1]["digest"] = content("p0")
    rows[2]["says"] = "refuse"
    rows += [{"approval": "approval-none", "says": "approve", "digest": "x"}]
    told = there.as_("bob").post("/approval-votes", {"votes": rows})
    assert [(one["ok"], one["state"], one["code"]) for one in told["items"]] == [
        (True, "executed", ""), (False, "", "conflict"), (False, "", "refused"), (True, "executed", ""), (False, "", "refused"),
    ]  # fmt: skip
    assert told["counted"] == 2
    again = there.post("/approval-votes", {"votes": rows})["items"]
    assert (again[0]["ok"], again[0]["repeated"]) == (True, True)
    assert there.post("/approval-votes", {"votes": []}, 422)["code"] == "invalid_request"


def test_five_hundred_votes_take_seconds(there: Town) -> None:
    requests = [there.ask(f"p{k}") for k in range(500)]
    rows = [{"approval": r, "says": "approve", "digest": content(f"p{k}")} for k, r in enumerate(requests)]
    there.as_("bob")
    began = time.process_time()
    told = there.post("/approval-votes", {"votes": rows, "carry_out": False})
    spent = time.process_time() - began
    print(f"  500 votes in one request: {spent:.2f} s of CPU")
    assert told["counted"] == 500
    assert spent < 20


def test_who_is_away_lets_another_decide_and_takes_it_back(there: Town) -> None:
    request = there.ask(people=2)
    body = {
        "to": "fay",
        "first": "2026-11-20",
        "last": "2026-11-27",
        "because": "on leave",
        "nodes": ["TX-DC", "PA-3PL"],
    }
    made = there.as_("bob").post("/delegations", body)
    assert (made["giver"], made["taker"], made["ended"]) == ("person:bob", "person:fay", False)
    wider = body | {"nodes": ["NV-DC"]}
    assert there.as_("dee").post("/delegations", wider, 409)["code"] == "refused"
    there.as_("fay")
    assert there.get("/delegations")["items"] == [made]
    assert there.get("/approvals", mine=True)["items"][0]["on_behalf_of"] == "person:bob"
    voted = there.vote(request, on_behalf_of="bob")["approval"]["votes"]
    assert [(one["person"], one["voter"]) for one in voted] == [("person:bob", "person:fay")]
    assert there.as_("cai").post(f"/delegations/{made['id']}/ends", {}, 403)["code"] == "not_allowed"
    assert there.post("/delegations/delegation-none/ends", {}, 404)["code"] == "not_found"
    assert there.as_("bob").post(f"/delegations/{made['id']}/ends", {})["ended"] is True
    assert there.get("/delegations")["items"] == []


def test_the_worker_moves_up_and_closes_what_waits_too_long(there: Town) -> None:
    request = there.ask()
    at: Any = there.world.service
    assert duty.do(at) == 0
    there.world.time.pass_by(hours=25)
    assert (duty.do(at), duty.do(at)) == (1, 0)
    assert there.as_("gus").get(f"/approvals/{request}")["escalated_to"] == "policy_admin"
    there.world.time.pass_by(hours=48)
    assert duty.do(at) == 1
    assert there.as_("gus").get(f"/approvals/{request}")["state"] == "expired"
    assert there.vote(request, 409)["code"] == "conflict"
