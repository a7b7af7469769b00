"""A governed company lives some days by its API; an auditor exports the log, and the evaluator finds all of it lawful.

Then somebody who owns the database does what he may not, past the program, and the evaluator names each of it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.service.access_world import Time, World, bearer, sign_in
from tests.service.conftest import NOW, example, order_body

from evenstock.operations.audit.audited_store import AuditedStore, say
from evenstock.operations.audit.rows import audit_of
from evenstock.operations.audit.standing import last_evaluation
from evenstock.operations.audit.who import Who, acting
from evenstock.operations.audit.wordings import wordings
from evenstock.operations.rulebook import activate_rules, propose_rules, roll_back_rules
from evenstock.service.worker.jobs import evaluate_audit
from evenstock.storage.audit_evidence.evaluate import evaluate
from evenstock.storage.audit_evidence.evaluating import evaluate_books, evaluate_new
from evenstock.storage.audit_evidence.pack import write_pack
from evenstock.storage.audit_folder import AuditFolder
from evenstock.storage.memory import MemoryStore

RULES = """policy governed
rule open: active
rule agents: refuse route, split when actor is agent
rule big: propose route, split for approver when units above 3
rule routing: automatic route when value at most {most}
rule splits: automatic split when value at most {most}
"""


class Days:
    """The company, and what its people do."""

    def __init__(self, folder: Path) -> None:
        self.time = Time()
        self.world = World(folder, self.time, AuditedStore(MemoryStore(self.time.clock)), network=True)
        self.snapshots = self.world.service.snapshots
        self.folder = AuditFolder(folder / "checkpoints", folder / "key")
        self.put_in_force("20")

    def put_in_force(self, most: str) -> None:
        store = self.world.store
        version = propose_rules(store, self.snapshots, RULES.format(most=most), by="ana", because="a test", now=NOW)
        done = activate_rules(
            store, self.snapshots, version.id, by="ana", because="a test", now=self.time.now, force=True
        )
        assert done.activation is not None, done.checked
        self.world.service.company.look()

    def report(self) -> dict[str, Any]:
        """Of the exported pack."""
        file = io.BytesIO()
        policies = wordings(self.world.store, self.snapshots)
        with self.world.store.reading() as books:
            write_pack(file, audit_of(books), self.folder, policies=policies)
        file.seek(0)
        found = evaluate(file)
        assert evaluate_books(self.world.store)["violations"] == [one for one in found["violations"] if one["row"]], (
            "the books at hand are judged as their pack is"
        )
        return found


@pytest.fixture
def days(tmp_path: Path) -> Days:
    return Days(tmp_path)


@pytest.fixture
def client(days: Days) -> Iterator[TestClient]:
    with days.world.client() as opened:
        yield opened


def route(client: TestClient, days: Days, name: str, units: int = 1, role: str = "integration") -> Any:
    stock = example()["stock"].sort("on_hand", descending=True)
    body = order_body(name, lines=[{"id": "1", "sku": str(stock["sku"][0]), "units": units, "price_cents": 1_000}])
    answer = client.post("/v1/route", json=body, headers=bearer(days.world.key(role)))
    assert answer.status_code in {200, 202}, answer.text
    return answer.json()


def live(client: TestClient, days: Days) -> None:
    """Orders that ship alone, orders that wait and are accepted, under two policies and one that was taken back."""
    days.world.person("ben@example.com", "approver")
    for day in range(3):
        for n in range(4):
            route(client, days, f"D{day}-{n}", units=5 if n == 3 else 1)
        head = sign_in(client, "ben@example.com")
        for case in client.get("/v1/queue", headers=head).json()["items"]:
            done = client.post(f"/v1/cases/{case['id']}/acceptance", json={}, headers=head)
            assert done.status_code == 200, done.text
        if day == 0:
            days.put_in_force("30")
        if day == 1:
            roll_back_rules(days.world.store, days.snapshots, by="ana", because="too wide", now=days.time.now)
            days.world.service.company.look()
        days.time.pass_by(days=1)


def test_days_of_a_governed_company_are_lawful(client: TestClient, days: Days) -> None:
    live(client, days)
    report = days.report()
    assert report["violations"] == []
    checked = report["checked"]
    assert checked["that are automatic"] >= 6
    assert checked["answered as cases"] >= 3
    assert checked["policies put in force"] == 4
    assert checked["wordings of policies"] >= 2


def test_each_night_only_what_is_new_is_judged(client: TestClient, days: Days) -> None:
    route(client, days, "A")
    first = evaluate_new(days.world.store)
    route(client, days, "B", units=5)
    second = evaluate_new(days.world.store)
    assert first["checked"]["executed actions"] == 1
    assert second["checked"]["rows"] < first["checked"]["rows"]
    forge(days, "A", units=5)
    assert {one["about"] for one in evaluate_new(days.world.store)["violations"]} == {"A"}
    with days.world.store.reading() as books:
        last = last_evaluation(books)
    assert last is not None
    assert (last.actions, last.violations) == (2, len(last.sentences))
    assert "says automatic, and its policy says propose by big" in last.sentences[0]


def test_the_worker_judges_at_night_and_metrics_tell_what_it_found(client: TestClient, days: Days) -> None:
    route(client, days, "A")
    forge(days, "A", units=5)
    at: Any = SimpleNamespace(store=days.world.store, snapshots=days.snapshots)
    result = evaluate_audit.work(at, None, evaluate_audit.Asked(), lambda *_: None)  # type: ignore[arg-type]
    assert (result["lawful"], result["violations"]) == (False, len(result["sentences"]))
    shown = dict(line.split(" ") for line in exposed(client, days).splitlines() if line.startswith("evenstock_audit"))
    assert float(shown["evenstock_audit_violations"]) == result["violations"] > 0
    assert float(shown["evenstock_audit_evaluated_seconds"]) >= 0


def exposed(client: TestClient, days: Days) -> str:
    return str(client.get("/v1/metrics", headers=bearer(days.world.key("operator"))).text)


def test_the_page_of_an_order_names_rules_models_and_what_envelopes_said(client: TestClient, days: Days) -> None:
    route(client, days, "A", units=5)
    days.world.person("ben@example.com", "approver")
    head = sign_in(client, "ben@example.com")
    (case,) = client.get("/v1/queue", headers=head).json()["items"]
    client.post(f"/v1/cases/{case['id']}/acceptance", json={}, headers=head)
    with acting(Who("person:ana@example.com", "person")):
        days.put_in_force("30")
    page = client.get("/v1/audit/trail", params={"about": "A"}, headers=bearer(days.world.key("auditor"))).json()
    rules = page["based_on"]["rules"]
    assert rules["put_in_force_by"] == "system", "the version that was in force when it was decided, not the later one"
    assert len(rules["version"]) == 12
    (done,) = page["executed"]
    assert (done["says"], done["rule"], done["approval"]) == ("propose", "big", case["id"])
    assert page["approvals"] == [], "a case is answered in the queue, and nobody votes"


def acts(days: Days, about: str) -> list[dict[str, Any]]:
    with days.world.store.reading() as books:
        rows = audit_of(books).audit_about([about], 100)
    return [deed for row in rows for deed in json.loads(row.said)["deeds"] if deed["did"] == "act"]


def forge(days: Days, about: str, **changed: Any) -> None:
    """What the program would have written, with something in it that is not so."""
    deed = {name: value for name, value in (acts(days, about)[-1] | changed).items() if value != ""}
    with acting(Who("schedule", "schedule")), days.world.store.transaction() as books:
        say(books, about, deed)


def test_what_was_done_past_the_rules_is_named(client: TestClient, days: Days) -> None:
    live(client, days)
    before = acts(days, "D1-0")[-1]["policy"]
    days.time.pass_by(minutes=10)
    forge(days, "D0-3", approval="")
    forge(days, "D0-0", cents=3_001, says="automatic")
    forge(days, "D0-1", actor="agent")
    forge(days, "D0-2", policy=before)
    forge(days, "D1-1", units=None)
    forge(days, "D2-3", approval="case-of-nobody")

    found: dict[str, str] = {}
    for one in days.report()["violations"]:
        found[one["about"]] = f"{found.get(one['about'], '')}{one['sentence']}; "
    assert "without approval" in found["D0-3"]
    assert "the row says automatic, and its policy says propose" in found["D0-0"]
    assert "refuse by agents" in found["D0-1"]
    assert "was not in force then" in found["D0-2"]
    assert "its approval case-of-nobody is not in the log" in found["D2-3"]
    assert "propose by big" in found["D1-1"], "units that nobody knows count as too many"
    assert len(found) == 6


def test_a_wording_that_was_changed_in_the_pack_is_named(days: Days, tmp_path: Path) -> None:
    policies = {
        digest: said.replace(b"splits", b"splats")
        for digest, said in wordings(days.world.store, days.snapshots).items()
    }
    file = io.BytesIO()
    with days.world.store.reading() as books:
        write_pack(file, audit_of(books), days.folder, policies=policies)
    file.seek(0)
    assert "changed since" in evaluate(file)["violations"][0]["sentence"]


def test_an_auditor_asks_over_the_api(client: TestClient, days: Days) -> None:
    route(client, days, "A")
    answer = client.get("/v1/audit/evaluation", headers=bearer(days.world.key("auditor")))
    assert answer.status_code == 200, answer.text
    assert answer.json()["lawful"]
    assert answer.json()["checked"]["executed actions"] == 1
    assert client.get("/v1/audit/evaluation", headers=bearer(days.world.key("planner"))).status_code == 403
    assert days.time.now - NOW < timedelta(days=1)
