"""Runs over HTTP: seen, followed line by line, cancelled against what was seen."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient
from tests.service.conftest import NOW

from evenstock.operations.runs.keeping import Run, RunState, ask_for
from evenstock.operations.runs.taking import Taken, finish, take_up, tell
from evenstock.service import run_events
from evenstock.service.admission import Load
from evenstock.service.context import Service


def asked(service: Service, name: str = "run-1", job: str = "plan") -> Run:
    with service.store.transaction() as books:
        return ask_for(books, job, {"seed": 1}, "person:ana", NOW, name=name)


def taken(service: Service) -> Taken:
    with service.store.transaction() as books:
        found = take_up(books, "worker", ["plan"], NOW)
    assert found is not None
    return found


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(run_events, "LOOK_EVERY_S", 0.02)
    yield
    assert run_events._Lines.held == 0, "a line of events was left open"


def events_of(text: str) -> list[tuple[int, dict[str, object]]]:
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            assert fields["event"] == "run"
            found.append((int(fields["id"]), json.loads(fields["data"])))
    return found


def test_runs_are_listed_page_by_page(client: TestClient, service: Service) -> None:
    for number in range(3):
        asked(service, f"run-{number}")
    first = client.get("/v1/runs", params={"limit": 2}).json()
    second = client.get("/v1/runs", params={"limit": 2, "cursor": first["next"]}).json()

    assert [run["id"] for run in first["items"] + second["items"]] == ["run-0", "run-1", "run-2"]
    assert second["next"] is None
    assert client.get("/v1/runs", params={"state": "done"}).json()["items"] == []


def test_a_run_that_nobody_asked_for_is_not_found(client: TestClient) -> None:
    for address in ("/v1/runs/none", "/v1/runs/none/events"):
        assert client.get(address).json()["code"] == "not_found"
    assert client.post("/v1/runs/none/cancel").json()["code"] == "not_found"


def test_its_tag_changes_with_it(client: TestClient, service: Service) -> None:
    asked(service)
    seen = client.get("/v1/runs/run-1")
    again = client.get("/v1/runs/run-1", headers={"If-None-Match": seen.headers["etag"]})
    assert again.status_code == 304
    taken(service)
    now = client.get("/v1/runs/run-1", headers={"If-None-Match": seen.headers["etag"]})
    assert now.json()["state"] == "running"


def test_who_cancels_what_has_moved_on_is_told(client: TestClient, service: Service) -> None:
    asked(service)
    seen = client.get("/v1/runs/run-1").headers["etag"]
    taken(service)
    refused = client.post("/v1/runs/run-1/cancel", headers={"If-Match": seen})
    assert (refused.status_code, refused.json()["code"]) == (412, "changed_meanwhile")
    done = client.post("/v1/runs/run-1/cancel", headers={"Idempotency-Key": "k"})
    assert (done.json()["state"], done.json()["because"]) == ("cancelled", "cancelled by person:test")
    assert client.post("/v1/runs/run-1/cancel", headers={"Idempotency-Key": "k"}).content == done.content


def test_what_is_over_stays_as_it_ended(client: TestClient, service: Service) -> None:
    asked(service)
    mine = taken(service)
    with service.store.transaction() as books:
        finish(books, mine, {"plan": "p"}, NOW)
    assert client.post("/v1/runs/run-1/cancel").json()["state"] == "done"


def test_every_step_is_told_until_the_end(client: TestClient, service: Service, quick: None) -> None:
    asked(service)

    def work() -> None:
        time.sleep(0.1)
        mine = taken(service)
        for share in (30, 60):
            time.sleep(0.1)
            with service.store.transaction() as books:
                tell(books, mine, share, f"at {share}")
        time.sleep(0.1)
        with service.store.transaction() as books:
            finish(books, mine, {"plan": "p"}, NOW)

    worker = threading.Thread(target=work)
    worker.start()
    told = client.get("/v1/runs/run-1/events")
    worker.join()

    assert told.headers["content-type"].startswith("text/event-stream")
    steps = events_of(told.text)
    assert [share for _, run in steps if (share := run["share_done"])] == [30, 60, 100]
    assert [number for number, _ in steps] == sorted({number for number, _ in steps})
    assert steps[-1][1]["state"] == RunState.DONE


def test_it_goes_on_after_the_last_event_that_was_seen(client: TestClient, service: Service, quick: None) -> None:
    asked(service)
    mine = taken(service)
    with service.store.transaction() as books:
        finish(books, mine, {}, NOW)
    whole = events_of(client.get("/v1/runs/run-1/events").text)
    assert len(whole) == 1
    last = whole[-1][0]
    assert events_of(client.get("/v1/runs/run-1/events", headers={"Last-Event-ID": str(last - 1)}).text) == whole
    assert events_of(client.get("/v1/runs/run-1/events", headers={"Last-Event-ID": str(last)}).text) == []


def test_lines_that_stay_open_hold_no_place_and_are_kept_alive_by_comments(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch, quick: None
) -> None:
    monkeypatch.setattr(run_events, "COMMENT_EVERY_S", 0.05)
    monkeypatch.setattr(run_events, "LONGEST_S", 0.6)
    asked(service)
    share = service.admission.shares[Load.CONSOLE].at_once
    said: list[str] = []
    lines = [
        threading.Thread(target=lambda: said.append(client.get("/v1/runs/run-1/events").text)) for _ in range(3 * share)
    ]
    for line in lines:
        line.start()
    time.sleep(0.3)
    assert service.admission.busy == 0
    assert client.get("/v1/runs/run-1").status_code == 200
    for line in lines:
        line.join()
    assert all(": still here" in text and len(events_of(text)) == 1 for text in said)
    assert len(said) == 3 * share


def test_more_lines_than_can_be_held_are_refused(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_events, "MOST_AT_ONCE", 0)
    asked(service)
    refused = client.get("/v1/runs/run-1/events")
    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
    assert refused.headers["retry-after"]
