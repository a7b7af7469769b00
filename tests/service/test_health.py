"""Probes say what is, with the reason, and never wait behind orders."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.service.conftest import NOW, example, made, order_body
from typer.testing import CliRunner

from evenstock.bootstrap import open_workspace
from evenstock.cli import app
from evenstock.operations.import_network import import_network
from evenstock.operations.ports import Entry, Store, UnavailableError
from evenstock.service import readiness
from evenstock.service.app import create_app
from evenstock.service.context import Service
from evenstock.service.readiness import Check, State, look
from evenstock.settings import Settings
from evenstock.storage.memory import MemoryStore
from evenstock.storage.migrate import HEAD
from evenstock.storage.vital_signs import VitalSigns, vital_signs


@pytest.fixture
def steady(tmp_path: Path) -> Service:
    """A service whose books run by the same clock as it does."""
    return made(MemoryStore(lambda: NOW), tmp_path)


@pytest.fixture
def asking(steady: Service) -> Iterator[TestClient]:
    with TestClient(create_app(steady), raise_server_exceptions=False) as opened:
        yield opened


def by_name(checks: Any) -> dict[str, Check]:
    return {check.name: check for check in checks}


def test_it_lives_as_soon_as_it_can_be_asked(asking: TestClient) -> None:
    told = asking.get("/v1/health")
    assert (told.status_code, told.json()["alive"]) == (200, True)


def test_it_is_ready_with_a_reason_for_each_check(asking: TestClient) -> None:
    told = asking.get("/v1/ready")
    checks = {one["name"]: one for one in told.json()["checks"]}
    assert told.status_code == 200
    assert set(checks) == {"database", "schema", "clock", "company", "disk", "worker"}
    assert checks["worker"]["state"] == "warning", "no worker was ever seen"
    assert "evenstock work" in checks["worker"]["fix"]
    assert all(one["because"] for one in checks.values())


def test_a_worker_that_was_seen_lately_is_no_warning(steady: Service) -> None:
    def seen(at: datetime) -> State:
        with steady.store.transaction() as books:
            books.remove_entry("worker", "w1")
            books.enter(Entry("worker", "w1", {"beat_at": at.isoformat()}))
        return by_name(look(steady).checks)["worker"].state

    assert seen(NOW - timedelta(seconds=119)) is State.OK
    assert seen(NOW - timedelta(seconds=121)) is State.WARNING


@pytest.mark.parametrize(("ahead_s", "ready"), [(0, True), (30, True), (31, False), (-31, False), (10_800, False)])
def test_a_clock_that_is_wrong_makes_it_unready(tmp_path: Path, ahead_s: int, ready: bool) -> None:
    here = NOW + timedelta(seconds=ahead_s)
    service = made(MemoryStore(lambda: NOW), tmp_path, clock=lambda: here)
    found = look(service)
    assert found.ready is ready
    assert found.skew == timedelta(seconds=abs(ahead_s))
    if not ready:
        assert "NTP" in by_name(found.checks)["clock"].fix


def test_books_that_cannot_be_read_make_it_unready_at_once(steady: Service, asking: TestClient) -> None:
    class Gone:
        def reading(self) -> Any:
            raise UnavailableError("postgresql://ana:hunter2@db/books: connection refused")

        transaction = reading

    steady.store = Gone()  # type: ignore[assignment]
    told = asking.get("/v1/ready")
    assert told.status_code == 503
    assert told.json()["code"] == "not_ready"
    assert told.json()["errors"] == [{"pointer": "database", "because": "the books cannot be read"}]
    assert "hunter2" not in told.text, "a stranger may ask: no address, no user"
    assert told.headers["retry-after"] == "5"


def test_a_probe_hears_of_books_that_do_not_answer(
    steady: Service, asking: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    monkeypatch.setattr("evenstock.service.api.health.PATIENCE_S", 0.05)
    monkeypatch.setattr(readiness, "vital_signs", lambda *_, **__: release.wait(5))
    told = asking.get("/v1/ready")
    release.set()
    assert told.status_code == 503
    assert "no answer within" in told.json()["detail"]


def test_probes_are_answered_while_the_line_is_full(steady: Service, asking: TestClient) -> None:
    steady.admission.busy = 1_000
    for share in steady.admission.shares:
        steady.admission.shares = {**steady.admission.shares, share: replace(steady.admission.shares[share], waiting=0)}
    assert asking.post("/v1/route", json=order_body()).status_code == 503, "the control: an order is refused"
    assert asking.get("/v1/health").status_code == 200
    assert asking.get("/v1/ready").status_code == 200
    assert asking.get("/v1/metrics").status_code == 200


def test_the_disk_is_looked_at(steady: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def with_free(free: int) -> State:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
        return readiness.room(steady.settings.home).state

    assert with_free(255 * 1024**2) is State.FAILED
    assert with_free(1024**3) is State.WARNING
    assert with_free(100 * 1024**3) is State.OK


def test_a_company_that_cannot_be_loaded_is_told(steady: Service) -> None:
    steady.company.look()
    assert readiness.company(steady.company, NOW).state is State.OK
    steady.company.failing_since = NOW - timedelta(hours=1)
    told = readiness.company(steady.company, NOW)
    assert (told.state, "last good one serves" in told.because) == (State.WARNING, True)


@pytest.mark.parametrize(
    ("found", "serves", "state"),
    [
        (HEAD, True, State.OK),
        ("9999", True, State.WARNING),
        ("9999", False, State.FAILED),
        ("0001", False, State.FAILED),
    ],
)
def test_a_newer_schema_that_serves_us_is_only_a_warning(found: str, serves: bool, state: State) -> None:
    assert readiness.schema(VitalSigns(NOW, found, serves)).state is state


def test_asking_often_looks_once_a_second(steady: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    found = look(steady)
    monkeypatch.setattr(readiness, "look", lambda _: looks.append(1) or found)
    ticks = iter([0.0, 0.0, 0.5, 0.9, 1.1, 1.1])
    asked = readiness.Readiness(steady, lambda: next(ticks))
    for _ in range(5):
        assert asked.look() is found
    assert len(looks) == 2, "at 0.0 and at 1.1"


def test_vital_signs_are_the_same_over_every_store(store: Store, tmp_path: Path) -> None:
    service = made(store, tmp_path)
    with TestClient(create_app(service)) as client:
        assert client.post("/v1/route", json=order_body()).status_code == 200
    with service.store.transaction() as books:
        books.enter(Entry("run", "r1", {}, state="waiting"))
        books.enter(Entry("run", "r2", {}, state="failed"))
    signs = vital_signs(service.store)
    assert (signs.schema, signs.serves_us) == (HEAD, True)
    assert (signs.outbox_waiting, signs.outbox_oldest) == (2, NOW), "the import and the order"
    assert (signs.events_waiting, signs.events_dead, signs.cases_open) == (0, 0, 0)
    assert signs.runs == {"waiting": 1, "failed": 1}
    assert abs(signs.clock - datetime.now(UTC)) < timedelta(minutes=1)


def test_the_doctor_tells_what_the_probes_see(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that fell silent, and a disk that is full, stand beside what else the doctor says."""
    home = tmp_path / "home"
    monkeypatch.setenv("EVENSTOCK_HOME", str(home))
    with open_workspace(Settings(home, f"sqlite:///{home}/evenstock.db")) as opened:
        import_network(opened.store, opened.snapshots, example(), NOW)
        with opened.store.transaction() as books:
            long_ago = books.clock() - timedelta(hours=3)
            books.enter(Entry("worker", "w1", {"beat_at": long_ago.isoformat()}))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1024))
    told = CliRunner().invoke(app, ["doctor", "--json"])
    assert told.exit_code == 5
    advice = {one["what"]: one for one in json.loads(told.stdout)["advice"]}
    assert "no worker was seen for 3 h" in advice
    assert advice["0.0 GiB free in the home folder"]["grave"] is True
    assert not [what for what in advice if "clock" in what], "this machine's clock is that of the books"
