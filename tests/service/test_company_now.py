"""The company as decisions see it: loaded beside the requests, swapped when something changed, the last good one kept."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.service.conftest import NOW, example, made

from evenstock.operations.company import NothingImportedError
from evenstock.operations.import_network import import_network
from evenstock.operations.ports import Store, StoreError, UnavailableError
from evenstock.service.company_now import CompanyNow
from evenstock.service.context import Service
from evenstock.storage import open_store
from evenstock.storage.snapshots import SnapshotFolder


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def running(service: Service, clock: Clock) -> Iterator[CompanyNow]:
    found = CompanyNow(service.store, service.snapshots, clock)
    found.start()
    yield found
    found.stop()


def eventually(true: Callable[[], bool], within_s: float = 10.0) -> bool:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.02)
    return False


def changed_network(service: Service, price_cents: int) -> None:
    frames = dict(example())
    frames["items"] = frames["items"].with_columns(price_cents=price_cents)
    import_network(service.store, service.snapshots, frames, NOW)


def test_it_is_loaded_in_the_background_and_a_request_waits_for_it(running: CompanyNow) -> None:
    assert running.get().loaded_at == NOW
    assert running.freshness().failed == ""


def test_what_another_process_changed_is_seen_within_moments(tmp_path: Path, clock: Clock) -> None:
    url = f"sqlite:///{tmp_path / 'books.db'}"
    store = open_store(url)
    service = made(store, tmp_path)
    watching = CompanyNow(store, service.snapshots, clock)
    watching.start()
    before = watching.get()
    words = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from evenstock.storage import open_store\n"
        "from evenstock.storage.snapshots import SnapshotFolder\n"
        "store, snapshots = open_store(sys.argv[1]), SnapshotFolder(Path(sys.argv[2]))\n"
        "with store.transaction() as books:\n"
        "    frames = snapshots.read(books.pointer('network'))\n"
        "    frames['items'] = frames['items'].with_columns(price_cents=4321)\n"
        "    books.point('network', snapshots.take(frames), datetime(2026, 11, 20, 15, tzinfo=UTC))\n"
    )
    subprocess.run([sys.executable, "-c", words, url, str(tmp_path / "snapshots")], check=True)
    try:
        assert eventually(lambda: watching.get().company.digests != before.company.digests, 3.0)
        assert {int(item.price_cents) for item in watching.get().company.network.items.values()} == {4321}
    finally:
        watching.stop()
        store.close()


def test_without_a_network_it_says_what_to_do_and_sees_the_first_import(tmp_path: Path, clock: Clock) -> None:
    store, snapshots = open_store("memory:"), SnapshotFolder(tmp_path)
    watching = CompanyNow(store, snapshots, clock)
    with pytest.raises(NothingImportedError, match="evenstock import"):
        watching.get()
    watching.look()
    assert watching.freshness().failed == ""
    import_network(store, snapshots, example(), NOW)
    watching.look()
    assert watching.get().shipping.nodes


def test_with_snapshots_gone_the_last_good_one_serves_on_and_its_age_is_told(service: Service, clock: Clock) -> None:
    watching = CompanyNow(service.store, service.snapshots, clock)
    before = watching.get()
    changed_network(service, 777)
    shutil.rmtree(service.settings.snapshots)
    clock.at += timedelta(seconds=90)
    watching.look()

    assert watching.get() is before
    told = watching.freshness()
    assert "StoreError" in told.failed
    assert told.failing_since == clock.at
    assert told.age_s(clock.at) == 90


def test_it_comes_back_by_itself(service: Service, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    watching = CompanyNow(service.store, service.snapshots, clock)
    before = watching.get()
    folder = service.settings.snapshots
    changed_network(service, 777)
    folder.rename(folder.with_name("away"))
    watching.look()
    assert watching.failed
    folder.with_name("away").rename(folder)
    monkeypatch.setattr("evenstock.service.company_now.monotonic", lambda: time.monotonic() + 60)
    watching.look()
    assert watching.failed == ""
    assert watching.freshness().failing_since is None
    assert watching.get() is not before


def test_what_cannot_be_loaded_is_not_tried_without_a_pause(service: Service, clock: Clock) -> None:
    tries = 0
    real = service.snapshots.read

    def counted(digest: str) -> object:
        nonlocal tries
        tries += 1
        return real(digest)

    watching = CompanyNow(service.store, service.snapshots, clock)
    watching.get()
    changed_network(service, 777)
    shutil.rmtree(service.settings.snapshots)
    service.snapshots.read = counted  # type: ignore[assignment,method-assign]
    for _ in range(50):
        watching.look()
    assert tries <= 2


def test_a_request_is_refused_while_the_first_standing_is_still_loading(
    service: Service, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evenstock.service.company_now.PATIENCE_S", 0.05)
    let, reading = threading.Event(), threading.Event()
    real = service.snapshots.read

    def slow(digest: str) -> object:
        reading.set()
        let.wait(10)
        return real(digest)

    service.snapshots.read = slow  # type: ignore[assignment,method-assign]
    watching = CompanyNow(service.store, service.snapshots, clock)
    watching.start()
    reading.wait(10)
    with pytest.raises(UnavailableError, match="still being loaded"):
        watching.get()
    let.set()
    assert eventually(lambda: watching.freshness().loaded_at is not None)
    watching.stop()


def test_where_it_never_could_be_loaded_the_reason_is_told(store: Store, tmp_path: Path, clock: Clock) -> None:
    service = made(store, tmp_path)
    shutil.rmtree(service.settings.snapshots)
    watching = CompanyNow(store, service.snapshots, clock)
    watching.look()
    with pytest.raises(StoreError, match="could not be loaded"):
        watching.get()


def test_the_next_day_is_loaded_anew(service: Service, clock: Clock) -> None:
    watching = CompanyNow(service.store, service.snapshots, clock)
    first = watching.get()
    watching.look()
    assert watching.get() is first
    clock.at += timedelta(days=1)
    watching.look()
    assert watching.get().on == clock.at.date()
