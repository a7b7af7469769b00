"""One worker at a time does a run; whoever lost it writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from evenstock.operations.ports import Entry, Store
from evenstock.operations.runs.keeping import MOST_TRIES, Run, RunState, ask_for, cancel, run_named
from evenstock.operations.runs.taking import (
    FIRST_WAIT,
    LEASE_S,
    FencedStore,
    LostRunError,
    Taken,
    fail,
    finish,
    hand_back,
    renew,
    take_up,
    tell,
)
from evenstock.storage.memory import MemoryStore

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)


@dataclass
class Hands:
    """A clock that is moved by hand."""

    at: datetime = field(default=NOW)

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def books(clock: Hands) -> Store:
    return MemoryStore(clock)


def asked(store: Store, name: str = "run-1", job: str = "plan") -> Run:
    with store.transaction() as t:
        return ask_for(t, job, {"seed": 1}, "person:ana", NOW, name=name)


def taken(store: Store, holder: str = "one", job: str = "plan") -> Taken | None:
    with store.transaction() as t:
        return take_up(t, holder, [job], NOW)


def there(store: Store, name: str = "run-1") -> Run:
    with store.reading() as t:
        found = run_named(t, name)
    assert found is not None
    return found


def test_of_two_workers_one_takes_it_up(store: Store) -> None:
    asked(store)
    first, second = taken(store, "one"), taken(store, "two")

    assert first is not None
    assert second is None
    assert there(store).state is RunState.RUNNING
    assert there(store).tries == 1


def test_a_run_goes_from_the_wish_to_its_end(store: Store) -> None:
    asked(store)
    first = taken(store)
    assert first is not None
    with store.transaction() as t:
        tell(t, first, 40, "planning transfers")
    assert (there(store).share_done, there(store).doing) == (40, "planning transfers")
    with store.transaction() as t:
        finish(t, first, {"plan": "plan-1"}, NOW)

    done = there(store)
    assert (done.state, done.result, done.share_done) == (RunState.DONE, {"plan": "plan-1"}, 100)
    assert taken(store, "two") is None


def test_the_same_name_is_the_same_run(books: Store) -> None:
    assert asked(books) == asked(books)


def test_the_run_of_a_dead_worker_is_taken_up_by_the_next_and_keeps_the_moment_it_began(
    books: Store, clock: Hands
) -> None:
    asked(books)
    taken(books, "one")
    clock.pass_by(LEASE_S - 1)
    assert taken(books, "two") is None
    clock.pass_by(2)
    with books.transaction() as t:
        again = take_up(t, "two", ["plan"], NOW + timedelta(hours=1))

    assert again is not None
    assert again.run.tries == 2
    assert again.run.begun_at == NOW


def test_who_tells_that_he_lives_keeps_it(books: Store, clock: Hands) -> None:
    asked(books)
    mine = taken(books, "one")
    assert mine is not None
    for _ in range(5):
        clock.pass_by(LEASE_S - 1)
        with books.transaction() as t:
            renew(t, mine)
        assert taken(books, "two") is None


def test_a_worker_that_slept_through_its_lease_writes_nothing(books: Store, clock: Hands) -> None:
    asked(books)
    slept = taken(books, "one")
    assert slept is not None
    clock.pass_by(LEASE_S + 1)
    second = taken(books, "two")
    assert second is not None

    with pytest.raises(LostRunError, match="ran out"), FencedStore(books, slept).transaction() as t:
        t.enter(Entry("effect", "1", {}))
    with pytest.raises(LostRunError), books.transaction() as t:
        finish(t, slept, {}, NOW)
    with FencedStore(books, second).transaction() as t:
        assert t.entry("effect", "1") is None
        t.enter(Entry("effect", "1", {}))
    with books.reading() as t:
        assert t.entry("effect", "1") is not None


def test_even_with_nobody_after_it_a_lease_that_ran_out_lets_nothing_through(books: Store, clock: Hands) -> None:
    asked(books)
    slept = taken(books, "one")
    assert slept is not None
    clock.pass_by(LEASE_S + 1)
    with pytest.raises(LostRunError), FencedStore(books, slept).transaction() as t:
        t.enter(Entry("effect", "1", {}))


def test_after_a_cancellation_nothing_more_is_written(store: Store) -> None:
    asked(store)
    mine = taken(store)
    assert mine is not None
    with store.transaction() as t:
        cancel(t, "run-1", "person:ben", NOW)
    with pytest.raises(LostRunError, match="cancelled"), FencedStore(store, mine).transaction() as t:
        t.enter(Entry("effect", "1", {}))
    with store.reading() as t:
        assert t.entry("effect", "1") is None
    assert there(store).because == "cancelled by person:ben"


def test_what_failed_is_tried_again_each_time_later_and_then_given_up(books: Store, clock: Hands) -> None:
    asked(books)
    waits = []
    for _ in range(MOST_TRIES):
        waited = 0
        while (mine := taken(books, f"worker-{waited}")) is None:
            clock.pass_by(1)
            waited += 1
        waits.append(waited)
        with books.transaction() as t:
            fail(t, mine, "the solver was killed", NOW)

    first = FIRST_WAIT.total_seconds()
    assert waits == [0, first, 2 * first, 4 * first, 8 * first]
    assert (there(books).state, there(books).because) == (RunState.FAILED, "the solver was killed")
    clock.pass_by(10_000)
    assert taken(books) is None


def test_a_run_that_kills_its_worker_each_time_is_given_up(books: Store, clock: Hands) -> None:
    asked(books)
    for _ in range(MOST_TRIES):
        assert taken(books, str(clock.at)) is not None
        clock.pass_by(LEASE_S + 1)
    assert taken(books, "last") is None
    assert there(books).state is RunState.FAILED
    assert "its worker died" in there(books).because


def test_what_is_wrong_for_good_is_not_tried_again(books: Store) -> None:
    asked(books)
    mine = taken(books)
    assert mine is not None
    with books.transaction() as t:
        fail(t, mine, "there is no such plan", NOW, for_good=True)
    assert there(books).state is RunState.FAILED


def test_what_is_handed_back_is_another_workers_at_once(books: Store) -> None:
    asked(books)
    mine = taken(books)
    assert mine is not None
    with books.transaction() as t:
        hand_back(t, mine)
    again = taken(books, "two")
    assert again is not None
    assert again.run.tries == 1


def test_runs_of_one_job_are_done_one_after_the_other(books: Store) -> None:
    asked(books, "run-1")
    asked(books, "run-2")
    asked(books, "run-3", "reprice")
    first = taken(books, "one")
    assert first is not None
    assert taken(books, "two") is None
    assert taken(books, "three", "reprice") is not None
    with books.transaction() as t:
        finish(t, first, {}, NOW)
    second = taken(books, "two")
    assert second is not None
    assert second.run.id == "run-2"


def test_a_run_asked_for_by_a_clock_that_runs_ahead_is_done_none_the_later(books: Store) -> None:
    with books.transaction() as t:
        ask_for(t, "plan", {}, "person:ana", NOW + timedelta(days=3), name="ahead")
    assert taken(books) is not None


def test_what_is_raised_inside_is_raised_and_nothing_kept(books: Store) -> None:
    asked(books)
    mine = taken(books)
    assert mine is not None

    def effect(made: Callable[[], None]) -> None:
        with FencedStore(books, mine).transaction() as t:
            t.enter(Entry("effect", "1", {}))
            made()

    def breaks() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        effect(breaks)
    effect(lambda: None)
