"""Workers over one server: each run is done by one of them, heavy ones in processes that open the server themselves."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.service.conftest import NOW
from tests.service.worker_probes import (
    asked,
    effect_of,
    eventually,
    forget_members,
    installed,
    run_of,
    started,
    workplace,
)

from evenstock.operations.ports import Store
from evenstock.operations.runs.keeping import RunState, ask_for, runs
from evenstock.operations.runs.workers import workers
from evenstock.service.worker.loop import Worker
from evenstock.storage import open_store


@pytest.fixture(autouse=True)
def probes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = installed(tmp_path / "probes")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    forget_members()
    yield folder
    monkeypatch.undo()
    forget_members()


def test_a_heavy_job_opens_the_server_itself(postgres: Store, postgres_url: str, tmp_path: Path) -> None:
    name = asked(postgres, "probe_ok", says="hello")
    Worker(workplace(postgres, tmp_path, postgres_url))._take(["probe_ok"])
    run, effect = run_of(postgres, name), effect_of(postgres, name)
    assert (run.state, run.because) == (RunState.DONE, "")
    assert run.result is not None
    assert effect == {"says": "hello", "pid": run.result["pid"]}


def test_of_many_workers_each_run_is_done_by_one(postgres_url: str, tmp_path: Path) -> None:
    stores = [open_store(postgres_url) for _ in range(3)]
    with stores[0].transaction() as books:
        for number in range(20):
            ask_for(books, "probe_here", {"says": str(number)}, "person:ana", NOW, name=f"run-{number:02}")
    gate = threading.Barrier(len(stores))

    def work(store: Store) -> None:
        worker = Worker(workplace(store, tmp_path, postgres_url))
        gate.wait()
        idle = 0
        while idle < 20:
            idle = 0 if worker._take(["probe_here"]) else idle + 1
            threading.Event().wait(0.01)

    threads = [threading.Thread(target=work, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with stores[0].reading() as books:
        found = runs(books)
        assert len(books.entries("effect")) == 20
    assert {(run.state, run.tries) for run in found} == {(RunState.DONE, 1)}
    for store in stores:
        store.close()


def test_a_worker_that_wakes_from_a_pause_finds_its_token_refused(
    postgres: Store, postgres_url: str, tmp_path: Path, probes: Path
) -> None:
    """F14: stopped for longer than its lease, then let go on."""
    at = workplace(postgres, tmp_path / "home", postgres_url)
    name = asked(at.store, "probe_waits", folder=str(tmp_path), says="once")
    process = started(tmp_path / "home", postgres_url, probes, 3)
    try:
        assert eventually((tmp_path / f"begun-{process.pid}").exists)
        process.send_signal(signal.SIGSTOP)
        (tmp_path / "go").touch()
        second = Worker(at, lease_s=60)
        assert eventually(lambda: second._take(["probe_waits"]) == "done")
        process.send_signal(signal.SIGCONT)
        assert eventually(lambda: doing(at.store) == [""])
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(20)

    run, effect = run_of(at.store, name), effect_of(at.store, name)
    assert (run.state, run.tries) == (RunState.DONE, 2)
    assert effect == {"says": "once", "pid": os.getpid()}
    assert run.result == {"pid": os.getpid()}


def test_a_sleeper_whose_effect_is_not_there_yet_is_refused_too(
    postgres: Store, postgres_url: str, tmp_path: Path, probes: Path
) -> None:
    """Even where nobody else has taken the run up: a lease that ran out lets nothing through."""
    at = workplace(postgres, tmp_path / "home", postgres_url)
    name = asked(at.store, "probe_waits", folder=str(tmp_path), says="late")
    process = started(tmp_path / "home", postgres_url, probes, 2)
    try:
        assert eventually((tmp_path / f"begun-{process.pid}").exists)
        process.send_signal(signal.SIGSTOP)
        time.sleep(2.5)
        with at.store.transaction() as t:
            # Somebody else has the job's lease by now, and does nothing with it.
            assert t.lease("job:probe_waits", "another", 60) is not None
        (tmp_path / "go").touch()
        process.send_signal(signal.SIGCONT)
        time.sleep(1.0)
        assert effect_of(at.store, name) is None
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(20)
    assert effect_of(at.store, name) is None
    assert run_of(at.store, name).state is RunState.RUNNING


def doing(store: Store) -> list[str]:
    """What each worker says that it does."""
    with store.reading() as books:
        return [one.doing for one in workers(books)]
