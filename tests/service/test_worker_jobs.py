"""What every job of the worker keeps, and each of ours over the example brand."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.service.conftest import NOW, example
from tests.service.worker_probes import run_of, workplace

from evenstock.domain import OrderId
from evenstock.operations.company import Company
from evenstock.operations.import_network import import_network
from evenstock.operations.network import orders_from_frame
from evenstock.operations.ports import Store
from evenstock.operations.route_order import route_many
from evenstock.operations.runs.keeping import Run, RunState, ask_for
from evenstock.operations.schedule.keeping import Scheduled
from evenstock.service.worker.family import WrongWishError, checked, job_named, jobs, planted, read
from evenstock.service.worker.loop import Worker, duties
from evenstock.service.worker.workplace import Workplace

JOBS = sorted(jobs())


@pytest.mark.parametrize("name", JOBS)
def test_a_job_says_what_it_is(name: str) -> None:
    job = job_named(name)
    assert name == job.NAME
    assert job.TITLE[0].isupper()
    assert job.CAP is None or (job.CAP.seconds > 0 and job.CAP.memory_mb > 0)
    assert (job.__doc__ or "").strip()


@pytest.mark.parametrize("name", JOBS)
def test_a_job_takes_nothing_it_does_not_know(name: str) -> None:
    with pytest.raises(WrongWishError, match=f"job {name}: "):
        read(name, {"a field nobody knows": 1})


@pytest.mark.parametrize("one", planted(), ids=lambda one: str(one.name))
def test_what_is_scheduled_can_be_asked_without_a_word(one: Scheduled) -> None:
    assert checked(one.job, {}) == one.asked
    assert checked(one.job, one.asked) == one.asked


def test_a_job_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(WrongWishError, match=r"there are .*plan"):
        job_named("none")


@pytest.mark.parametrize("name", sorted(duties()))
def test_a_duty_says_how_long_it_rests(name: str) -> None:
    assert 0 < duties()[name].EVERY_S <= 60


@pytest.fixture
def brand(memory: Store, tmp_path: Path) -> Workplace:
    """The example brand with its past orders routed in part, so that there is something to look at."""
    at = workplace(memory, tmp_path, "memory:")
    import_network(memory, at.snapshots, example(), NOW)
    here = Company.load(memory, at.snapshots, NOW.date())
    orders = here.table("orders")
    assert orders is not None
    some = orders_from_frame(orders)[-20:]
    route_many(memory, here.shipping, here.network.policy, some, NOW - timedelta(days=1))
    with memory.reading() as books:
        assert books.reservations_of(OrderId(some[-1].id))
    return at


def done(at: Workplace, job: str) -> Run:
    with at.store.transaction() as books:
        name = ask_for(books, job, checked(job, {}), "schedule", NOW).id
    Worker(at)._take([job])
    return run_of(at.store, name)


@pytest.mark.parametrize("job", [one.job for one in planted() if one.job != "train"])
def test_every_scheduled_job_ends_well_over_the_example_brand(brand: Workplace, job: str) -> None:
    run = done(brand, job)
    assert (run.state, run.because) == (RunState.DONE, "")
    assert run.result is not None


@pytest.mark.parametrize("job", [one.job for one in planted()])
def test_every_scheduled_job_ends_well_where_nothing_was_imported(memory: Store, tmp_path: Path, job: str) -> None:
    run = done(workplace(memory, tmp_path, "memory:"), job)
    assert (run.state, run.because) == (RunState.DONE, "")
