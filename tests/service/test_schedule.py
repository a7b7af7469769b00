"""The schedule over HTTP: read, changed, paused, resumed, asked for now."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from evenstock.operations.runs.keeping import runs
from evenstock.operations.schedule.keeping import plant, scheduled
from evenstock.service.context import Service
from evenstock.service.worker.family import jobs, planted


@pytest.fixture
def kept(service: Service) -> Service:
    with service.store.transaction() as books:
        plant(books, planted())
    return service


def test_everything_the_worker_does_by_itself_is_listed(client: TestClient, kept: Service) -> None:
    listed = client.get("/v1/schedule").json()["items"]
    assert {one["name"] for one in listed} == {job.NAME for job in jobs().values() if job.SCHEDULE}
    plan = next(one for one in listed if one["name"] == "plan")
    assert plan["when"] == "daily at 02:00 UTC"
    assert plan["asked"] == {"seed": 0, "paths": 50, "method": "evenstock"}
    assert plan["paused"] is False


def test_it_is_changed_against_what_was_seen(client: TestClient, kept: Service) -> None:
    seen = client.get("/v1/schedule/plan").headers["etag"]
    change = {"timing": {"at": "03:30", "zone": "America/Chicago"}, "asked": {"paths": 80}}
    done = client.patch("/v1/schedule/plan", json=change, headers={"If-Match": seen})
    assert done.status_code == 200, done.text
    assert done.json()["when"] == "daily at 03:30 America/Chicago"
    assert done.json()["asked"] == {"seed": 0, "paths": 80, "method": "evenstock"}
    assert done.json()["by"] == "person:test"
    late = client.patch("/v1/schedule/plan", json={"paused": True}, headers={"If-Match": seen})
    assert late.json()["code"] == "changed_meanwhile"


def test_paused_and_resumed(client: TestClient, kept: Service) -> None:
    paused = client.patch("/v1/schedule/reprice", json={"paused": True}).json()
    assert (paused["paused"], paused["next_at"]) == (True, None)
    resumed = client.patch("/v1/schedule/reprice", json={"paused": False}).json()
    assert resumed["next_at"] is not None
    assert resumed["when"] == "every 15 minutes"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"timing": {}}, "/timing"),
        ({"timing": {"every_minutes": 5, "at": "02:00"}}, "/timing"),
        ({"timing": {"at": "25:00"}}, "/timing/at"),
        ({"timing": {"at": "02:00", "weekday": "someday"}}, "/timing/weekday"),
        ({"timing": {"at": "02:00", "zone": "Mars/Base"}}, "/timing"),
        ({"timing": {"every_minutes": 0}}, "/timing/every_minutes"),
        ({"asked": {"paths": "many"}}, "/asked"),
        ({"asked": {"speed": 3}}, "/asked"),
        ({"job": "train"}, "/job"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_changed(
    client: TestClient, kept: Service, change: dict[str, Any], pointer: str
) -> None:
    before = client.get("/v1/schedule/plan").json()
    refused = client.patch("/v1/schedule/plan", json=change)
    assert refused.status_code == 422
    assert [place["pointer"] for place in refused.json()["errors"]] == [pointer]
    assert client.get("/v1/schedule/plan").json() == before


def test_asked_for_now_it_is_a_run_beside_its_slots(client: TestClient, kept: Service) -> None:
    with kept.store.reading() as books:
        before = scheduled(books, "plan")
    done = client.post("/v1/schedule/plan/run", headers={"Idempotency-Key": "now"})
    again = client.post("/v1/schedule/plan/run", headers={"Idempotency-Key": "now"})
    assert done.status_code == 202
    assert done.content == again.content
    assert client.get(done.headers["location"]).json() == done.json()
    assert done.json()["by"] == "person:test"
    with kept.store.reading() as books:
        assert [run.job for run in runs(books)] == ["plan"]
        assert scheduled(books, "plan") == before


def test_what_is_not_scheduled_is_not_found(client: TestClient, kept: Service) -> None:
    assert client.get("/v1/schedule/none").json()["code"] == "not_found"
    assert client.patch("/v1/schedule/none", json={"paused": True}).json()["code"] == "not_found"
    assert client.post("/v1/schedule/none/run").json()["code"] == "not_found"
