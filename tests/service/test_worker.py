"""A worker does what was asked for, lives through jobs that hang, crash or eat memory, and leaves in order."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.service.conftest import NOW, example
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

from evenstock.domain import LineId, Order, OrderId, OrderLine, ShipTo, Sku, Units
from evenstock.operations.company import Company
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.import_network import import_network
from evenstock.operations.ports import Store
from evenstock.operations.replaying.keep_replay import last_replay
from evenstock.operations.route_order import route_order
from evenstock.operations.runs.keeping import RunState, cancel, runs
from evenstock.operations.runs.workers import workers
from evenstock.operations.schedule.keeping import schedule
from evenstock.service.worker.loop import Worker
from evenstock.service.worker.workplace import Workplace
from evenstock.storage import open_store


@pytest.fixture
def url(tmp_path: Path) -> str:
    (tmp_path / "home").mkdir()
    return f"sqlite:///{tmp_path / 'home' / 'evenstock.db'}"


@pytest.fixture
def books(url: str) -> Iterator[Store]:
    opened = open_store(url)
    yield opened
    opened.close()


@pytest.fixture
def probes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = installed(tmp_path / "probes")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    forget_members()
    yield folder
    monkeypatch.undo()
    forget_members()


@pytest.fixture
def at(books: Store, url: str, tmp_path: Path, probes: Path) -> Workplace:
    return workplace(books, tmp_path / "home", url)


def done_one(at: Workplace, job: str, **said: object) -> str:
    """The run's name, after a worker has done it once."""
    name = asked(at.store, job, **said)
    worker = Worker(at)
    worker._take([job])
    return name


def test_a_light_job_is_done_by_the_worker_itself(at: Workplace) -> None:
    run = run_of(at.store, done_one(at, "probe_here", says="hello"))
    assert run.state is RunState.DONE
    assert run.result == {"pid": os.getpid()}
    assert effect_of(at.store, run.id) == {"says": "hello", "pid": os.getpid()}


def test_a_heavy_job_is_done_in_a_process_of_its_own(at: Workplace) -> None:
    run = run_of(at.store, done_one(at, "probe_ok", says="hello"))
    assert (run.state, run.because) == (RunState.DONE, "")
    assert run.result is not None
    assert run.result["pid"] != os.getpid()
    assert effect_of(at.store, run.id) == {"says": "hello", "pid": run.result["pid"]}


def test_what_a_library_prints_is_no_answer(at: Workplace) -> None:
    run = run_of(at.store, done_one(at, "probe_prints", says="mine"))
    assert run.result == {"said": "mine"}


@pytest.mark.parametrize("job", ["probe_wrong", "probe_wrong_apart"])
def test_what_is_wrong_fails_for_good_with_its_reason(at: Workplace, job: str) -> None:
    run = run_of(at.store, done_one(at, job))
    assert (run.state, run.because, run.tries) == (RunState.FAILED, "there is no such plan", 1)


def test_what_a_job_does_not_take_is_named(at: Workplace) -> None:
    run = run_of(at.store, done_one(at, "probe_here", speed=3))
    assert run.state is RunState.FAILED
    assert run.because.startswith("job probe_here: /speed: ")


@pytest.mark.parametrize(
    ("job", "because"),
    [
        ("probe_breaks", "ZeroDivisionError: division by zero"),
        ("probe_hangs", "it took longer than 1 s"),
        ("probe_hungry", "MB of memory, of 600 MB at most"),
        ("probe_crashes", "signal SIGSEGV"),
    ],
)
def test_what_breaks_is_tried_again_and_harms_nobody_else(at: Workplace, job: str, because: str) -> None:
    """F38 to F41: hung, too large, crashed."""
    run = run_of(at.store, done_one(at, job))
    assert run.state is RunState.WAITING
    assert because in run.because
    assert run.tries == 1
    other = run_of(at.store, done_one(at, "probe_here", says="still here"))
    assert other.state is RunState.DONE


def test_a_cancelled_run_is_stopped_and_writes_nothing(at: Workplace, url: str, tmp_path: Path, probes: Path) -> None:
    name = asked(at.store, "probe_waits_apart", folder=str(tmp_path))
    process = started(tmp_path / "home", url, probes, 4)
    try:
        assert eventually(lambda: list(tmp_path.glob("begun-*")))
        with at.store.transaction() as t:
            cancel(t, name, "person:ben", NOW)
        child = int(next(tmp_path.glob("begun-*")).name.removeprefix("begun-"))
        assert eventually(lambda: not alive(child))
        (tmp_path / "go").touch()
    finally:
        process.terminate()
        process.wait(20)
    assert run_of(at.store, name).state is RunState.CANCELLED
    assert effect_of(at.store, name) is None


def test_told_to_stop_it_hands_back_what_runs_and_leaves(at: Workplace, url: str, tmp_path: Path, probes: Path) -> None:
    heavy = asked(at.store, "probe_waits_apart", folder=str(tmp_path))
    process = started(tmp_path / "home", url, probes, 60)
    assert eventually(lambda: list(tmp_path.glob("begun-*")))
    assert eventually(lambda: workers_of(at.store) == [heavy])
    process.send_signal(signal.SIGTERM)
    assert process.wait(15) == 0

    child = int(next(tmp_path.glob("begun-*")).name.removeprefix("begun-"))
    assert not alive(child)
    run = run_of(at.store, heavy)
    assert (run.state, run.tries, run.doing) == (RunState.WAITING, 0, "handed back")
    assert workers_of(at.store) == []
    # Its lease is free: another takes it up at once.
    (tmp_path / "go").touch()
    Worker(at)._take(["probe_waits_apart"])
    assert run_of(at.store, heavy).state is RunState.DONE


def test_a_killed_worker_takes_its_child_with_it_and_another_does_the_run_once(
    at: Workplace, url: str, tmp_path: Path, probes: Path
) -> None:
    name = asked(at.store, "probe_waits_apart", folder=str(tmp_path), says="once")
    process = started(tmp_path / "home", url, probes, 2)
    assert eventually(lambda: list(tmp_path.glob("begun-*")))
    process.kill()
    process.wait(10)
    child = int(next(tmp_path.glob("begun-*")).name.removeprefix("begun-"))
    assert eventually(lambda: not alive(child), 10)
    (tmp_path / "go").touch()
    second = Worker(at, lease_s=2)
    assert eventually(lambda: second._take(["probe_waits_apart"]) == "done")

    run, effect = run_of(at.store, name), effect_of(at.store, name)
    assert run.tries == 2
    assert effect is not None
    assert run.result == {"pid": effect["pid"]}
    assert effect["pid"] != child


def test_done_once_it_plants_the_schedule_and_does_what_is_due(at: Workplace) -> None:
    name = asked(at.store, "probe_here")
    assert Worker(at).once() == {"done": 1}
    assert run_of(at.store, name).state is RunState.DONE
    with at.store.reading() as t:
        planted = {one.name: str(one.timing) for one in schedule(t)}
    assert planted["plan"] == "daily at 02:00 UTC"
    assert planted["tick"] == "every minute"
    assert planted["reprice"] == "every 15 minutes"
    assert planted["train"] == "on sundays at 03:00 UTC"
    assert "probe_here" not in planted


def test_a_tick_over_the_example_brand(at: Workplace) -> None:
    import_network(at.store, at.snapshots, example(), NOW)
    run = run_of(at.store, done_one(at, "tick"))
    assert (run.state, run.because) == (RunState.DONE, "")
    assert run.result is not None
    assert run.result["still_due"] == 0


def test_a_night_is_planned_once_however_often_it_is_tried(memory: Store, tmp_path: Path) -> None:
    at = workplace(memory, tmp_path, "memory:")
    import_network(at.store, at.snapshots, example(), NOW)
    run = run_of(at.store, done_one(at, "plan", paths=5))
    assert (run.state, run.because) == (RunState.DONE, "")
    with at.store.transaction() as t:
        plans = t.plans(10)
        # As after a kill between the plan's commit and the run's: the run is there, not over.
        entry = t.entry("run", run.id)
        assert entry is not None
        t.change_entry(entry.step, replace(entry, step=entry.step + 1, state="running", due_at=t.clock()))
    Worker(at)._take(["plan"])
    again = run_of(at.store, run.id)
    with at.store.reading() as t:
        assert t.plans(10) == plans
    assert run.result is not None
    assert again.result == run.result
    assert [plan.id for plan in plans] == [run.result["plan"]]


def test_without_a_network_the_scheduled_jobs_say_that_there_is_nothing_to_do(at: Workplace) -> None:
    run = run_of(at.store, done_one(at, "reprice"))
    assert run.state is RunState.DONE
    assert run.result is not None
    assert "no network yet" in run.result["skipped"]


def test_runs_long_over_are_forgotten(at: Workplace) -> None:
    name = done_one(at, "probe_here")
    later = Workplace(
        at.settings, at.configuration, at.store, at.snapshots, at.current, lambda: NOW + timedelta(days=31)
    )
    purged = run_of(at.store, done_one(later, "purge"))
    assert purged.result is not None
    assert purged.result["runs"] == 1
    with at.store.reading() as t:
        assert name not in {run.id for run in runs(t)}


def test_decisions_of_the_day_are_decided_again(at: Workplace) -> None:
    import_network(at.store, at.snapshots, example(), NOW)
    company = Company.load(at.store, at.snapshots, NOW.date())
    order = Order(OrderId("R-1"), (OrderLine(LineId("1"), Sku("KIT-0004"), Units(1)),), ShipTo("75201"), NOW)
    route_order(at.store, company.shipping, company.network.policy, RouteOrder(order, NOW))

    run = run_of(at.store, done_one(at, "replay", share_bp=10_000))

    assert run.state is RunState.DONE
    assert run.result is not None
    assert (run.result["replayed"], run.result["equal"], run.result["unequal"], run.result["missing"]) == (1, 1, [], {})
    with at.store.reading() as books:
        told = last_replay(books)
    assert told is not None
    assert (told.replayed, told.unequal) == (1, 0)


def workers_of(store: Store) -> list[str]:
    with store.reading() as t:
        return [one.doing for one in workers(t)]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text("ascii").split()[2] != "Z" if Path(f"/proc/{pid}").exists() else False
