"""Stages, halts, simulations and roll-backs over the API: decisions heed each at once."""

from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.service.access_world import World, sign_in
from tests.service.conftest import NOW, made, order_body
from tests.service.test_orders import widely_stocked

from evenstock.operations.runs.keeping import RunState, run_named
from evenstock.service.app import create_app
from evenstock.service.worker.jobs import simulate_change
from evenstock.service.worker.workplace import Workplace
from evenstock.storage import open_store

ROUTES = {"kinds": ["route"]}
WHY = {"because": "something looks wrong"}


def one_line(name: str) -> dict[str, object]:
    return order_body(name, lines=[{"id": "1", "sku": widely_stocked(), "units": 1, "price_cents": 1000}])


def outcome(client: TestClient, name: str) -> str:
    return client.post("/v1/route", json=one_line(name)).json()["outcome"]


def test_a_halt_stops_software_at_once_and_loses_nothing(client: TestClient) -> None:
    assert outcome(client, "A-1") == "executed"
    halted = client.post("/v1/autonomy/halts", json={"scope": ROUTES, **WHY})
    assert halted.status_code == 201, halted.text
    assert (halted.json()["settled"], halted.json()["repeated"]) == (True, False)
    assert outcome(client, "A-2") == "awaits_approval"
    assert [case["about"] for case in client.get("/v1/queue").json()["items"]] == ["order:A-2"]
    assert client.post("/v1/autonomy/halts", json={"scope": ROUTES, **WHY}).json()["repeated"]

    name = halted.json()["id"]
    assert [one["id"] for one in client.get("/v1/autonomy/halts").json()["items"]] == [name]
    over = client.post(f"/v1/autonomy/halts/{name}/resumptions", json={"because": "it is fine"})
    assert (over.status_code, over.json()["resumed_by"]) == (200, "person:test")
    assert client.post(f"/v1/autonomy/halts/{name}/resumptions", json=WHY).status_code == 404
    assert client.get("/v1/autonomy/halts").json()["items"] == []
    assert [one["id"] for one in client.get("/v1/autonomy/halts?past=true").json()["items"]] == [name]
    assert outcome(client, "A-3") == "executed"


def test_halting_needs_a_role_anywhere_and_resuming_a_policy_administrator(tmp_path: Path) -> None:
    world = World(tmp_path, network=True)
    world.person("pat", "planner@TX-DC")
    world.person("polly", "policy_admin")
    world.person("val", "viewer")
    with world.client() as client:
        assert client.post("/v1/autonomy/halts", json=WHY, headers=sign_in(client, "val")).status_code == 403
        client.cookies.clear()
        pat = sign_in(client, "pat")
        made_by_pat = client.post("/v1/autonomy/halts", json=WHY, headers=pat)
        assert made_by_pat.status_code == 201, made_by_pat.text
        address = f"/v1/autonomy/halts/{made_by_pat.json()['id']}/resumptions"
        assert client.post(address, json=WHY, headers=pat).status_code == 403
        client.cookies.clear()
        assert client.post(address, json=WHY, headers=sign_in(client, "polly")).status_code == 200


def test_a_stage_is_set_seen_and_taken_back(client: TestClient) -> None:
    before = client.get("/v1/autonomy/stages")
    assert (before.json()["lines"], before.json()["version"]) == ([], None)
    body = {"stage": "guided", "scope": ROUTES, "pilot": "first week", **WHY}
    done = client.post("/v1/autonomy/stages", json=body, headers={"if-match": before.headers["etag"]})
    assert done.status_code == 200, done.text
    assert done.json()["lines"][0]["said"] == "route at company: guided (pilot first week)"
    assert outcome(client, "S-1") == "awaits_approval"
    assert (
        client.post("/v1/autonomy/stages", json=body, headers={"if-match": before.headers["etag"]}).status_code == 412
    )
    support = client.post("/v1/autonomy/stages", json={"stage": "support", "scope": ROUTES, **WHY})
    assert support.json()["lines"][0]["stage"] == "support"
    assert outcome(client, "S-2") == "shadow"
    assert client.post("/v1/autonomy/stages/roll-backs", json=WHY).json()["lines"][0]["stage"] == "guided"
    assert client.post("/v1/autonomy/stages/ends", json={"scope": ROUTES, **WHY}).json()["lines"] == []
    assert outcome(client, "S-3") == "executed"
    said = client.get("/v1/autonomy/stages/history?limit=2").json()
    assert len(said["items"]) == 2
    assert len(client.get(f"/v1/autonomy/stages/history?cursor={said['next']}").json()["items"]) == 2
    strange = client.post("/v1/autonomy/stages", json={"stage": "guided", "scope": {"nodes": ["MARS"]}, **WHY})
    assert (strange.status_code, "MARS is no node" in strange.json()["detail"]) == (409, True)
    assert client.post("/v1/autonomy/stages", json={"stage": "wild", **WHY}).status_code == 422


def test_weights_are_set_and_everything_is_taken_back_together(client: TestClient) -> None:
    before = client.get("/v1/weights").json()
    assert before["amounts"] == {}
    done = client.put("/v1/weights", json={"amounts": [{"cost": "late_order_cents", "amount": 1234}], **WHY})
    assert done.json()["costs"] == before["costs"] | {"late_order_cents": 1234}
    assert client.put("/v1/weights", json={"amounts": [{"cost": "lateness", "amount": 1}], **WHY}).status_code == 409
    client.put("/v1/roll-out", json={"live": True, "share_bp": 0, **WHY})

    asked = {"to": "2026-11-20T14:59:00Z", **WHY}
    rehearsed = client.post("/v1/rollback", json=asked | {"rehearse": True}).json()
    assert {step["part"] for step in rehearsed["steps"] if step["changes"]} == {"weights", "stages"}
    assert client.get("/v1/weights").json()["amounts"] == {"late_order_cents": 1234}
    done = client.post("/v1/rollback", json=asked)
    assert done.json() == rehearsed | {"done": True}
    assert client.get("/v1/weights").json()["amounts"] == {}
    assert client.get("/v1/roll-out").json()["stage"] == "live for every order"
    assert client.post("/v1/rollback", json={"to": "2027-01-01T00:00:00Z", **WHY}).status_code == 409
    assert client.post("/v1/rollback", json={"parts": ["weather"], **WHY}).status_code == 422


@pytest.mark.parametrize("wish", [{}, {"costs": [{"cost": "claim_cents", "amount": 1}], "rules": "x"}])
def test_a_simulation_is_of_one_change(client: TestClient, wish: dict[str, object]) -> None:
    answer = client.post("/v1/autonomy/simulations", json=wish)
    assert answer.status_code == 409, answer.text


def test_a_change_is_tried_by_the_worker_and_then_comes_into_force(tmp_path: Path) -> None:
    store = open_store("memory:")
    service = made(store, tmp_path)
    with TestClient(create_app(service)) as client:
        for n in range(5):
            assert outcome(client, f"W-{n}") == "executed"
        asked = client.put("/v1/autonomy/evidence", json={"asks": True, **WHY})
        assert asked.json()["asks_evidence"]
        refused = client.put("/v1/weights", json={"amounts": [{"cost": "claim_cents", "amount": 1}], **WHY})
        assert (refused.status_code, "asks for one" in refused.json()["detail"]) == (409, True)
        started = client.post("/v1/autonomy/simulations", json={"costs": [{"cost": "claim_cents", "amount": 1}]})
        assert started.status_code == 202, started.text
        with store.reading() as books:
            run = run_named(books, started.json()["id"])
        assert run is not None
        assert run.state is RunState.WAITING
        place = Workplace(service.settings, service.configuration, store, service.snapshots, service.company)
        found = simulate_change.work(
            place, replace(run, begun_at=NOW), simulate_change.Asked.model_validate(dict(run.asked)), lambda *_: None
        )
        assert (found["orders"], found["days"], found["enough"]) == (5, 1, False)
        shown = client.get(f"/v1/autonomy/simulations/{found['of']}")
        assert shown.json() == found
        assert (
            client.put("/v1/weights", json={"amounts": [{"cost": "claim_cents", "amount": 1}], **WHY}).status_code
            == 200
        )
        assert client.get("/v1/autonomy/simulations/none").status_code == 404
