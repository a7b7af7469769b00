"""Each slot is asked for once, by the hour of a stated zone, whoever looks and however often."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from threading import Barrier, Thread
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenstock.operations.ports import ConflictError, Store
from evenstock.operations.runs.keeping import Run, runs
from evenstock.operations.runs.taking import finish, take_up
from evenstock.operations.schedule.keeping import Scheduled, follow, plant, put, schedule, scheduled
from evenstock.operations.schedule.timing import Timing, plain_of, timing_of
from evenstock.storage.memory import MemoryStore

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
NIGHTLY = Scheduled("nightly", "plan", Timing(at=time(2), zone="America/Chicago"), {"seed": 0})


class Clock:
    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def followed(store: Store) -> list[str]:
    with store.transaction() as books:
        return [run.id for run in follow(books, NOW)]


def done_with(store: Store, job: str = "plan") -> Run:
    with store.transaction() as books:
        taken = take_up(books, "worker", [job], NOW)
        assert taken is not None
        return finish(books, taken, {}, NOW)


def planted(clock: Clock, *every: Scheduled) -> Store:
    store = MemoryStore(clock)
    with store.transaction() as books:
        plant(books, every or [NIGHTLY])
    return store


def test_a_slot_is_asked_for_when_it_comes_and_once() -> None:
    clock = Clock()
    store = planted(clock)
    assert followed(store) == []
    clock.at = datetime(2026, 11, 21, 8, 0, 1, tzinfo=UTC)  # 02:00:01 in Chicago
    assert followed(store) == ["nightly:2026-11-21T08:00Z"]
    assert followed(store) == []


def test_missed_slots_are_made_up_for_once() -> None:
    clock = Clock()
    store = planted(clock)
    clock.at = NOW + timedelta(days=5)
    assert followed(store) == ["nightly:2026-11-25T08:00Z"]
    clock.at += timedelta(hours=1)
    assert followed(store) == []


def test_a_slot_whose_forerunner_is_not_over_is_left_out() -> None:
    clock = Clock()
    store = planted(clock, Scheduled("tick", "tick", Timing(every_minutes=1), {}))
    clock.at += timedelta(minutes=1)
    assert followed(store) == ["tick:2026-11-20T15:01Z"]
    clock.at += timedelta(minutes=1)
    assert followed(store) == []
    done_with(store, "tick")
    clock.at += timedelta(minutes=1)
    assert followed(store) == ["tick:2026-11-20T15:03Z"]


def test_paused_it_asks_for_nothing_and_resumed_it_goes_on_from_the_next_slot() -> None:
    clock = Clock()
    store = planted(clock)
    with store.transaction() as books:
        one = scheduled(books, "nightly")
        assert one is not None
        paused = put(books, replace(one, paused=True), "person:ana")
    assert (paused.next_at, paused.by) == (None, "person:ana")
    clock.at += timedelta(days=3)
    assert followed(store) == []
    with store.transaction() as books:
        on = put(books, replace(paused, paused=False), "person:ana")
    assert on.next_at == datetime(2026, 11, 24, 8, tzinfo=UTC)
    assert followed(store) == []


def test_who_did_not_see_the_last_change_changes_nothing() -> None:
    store = planted(Clock())
    with store.transaction() as books:
        one = scheduled(books, "nightly")
        assert one is not None
        put(books, replace(one, paused=True), "person:ana")
        with pytest.raises(ConflictError):
            put(books, replace(one, asked={"seed": 2}), "person:ben")


def test_planting_again_leaves_what_people_changed() -> None:
    store = planted(Clock())
    with store.transaction() as books:
        one = scheduled(books, "nightly")
        assert one is not None
        put(books, replace(one, timing=Timing(at=time(4))), "person:ana")
        assert plant(books, [NIGHTLY]) == []
        assert [str(found.timing) for found in schedule(books)] == ["daily at 04:00 UTC"]


def test_two_schedulers_at_once_ask_for_a_slot_once(store: Store) -> None:
    """F15: both think they lead."""
    with store.transaction() as books:
        plant(books, [Scheduled("tick", "tick", Timing(every_minutes=1), {})])
        one = scheduled(books, "tick")
        assert one is not None
        assert one.next_at is not None
    # The store's clock cannot be moved: bring the slot to it instead.
    with store.transaction() as books:
        entry = books.entry("schedule", "tick")
        assert entry is not None
        books.change_entry(0, replace(entry, step=1, due_at=books.clock() - timedelta(seconds=1)))
    gate, found = Barrier(4), []

    def look() -> None:
        gate.wait()
        found.extend(followed(store))

    threads = [Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1
    with store.reading() as books:
        assert [run.id for run in runs(books)] == found


@pytest.mark.parametrize(
    ("said", "because"),
    [
        ({}, "either every how many minutes"),
        ({"every_minutes": 5, "at": "02:00"}, "either every how many minutes"),
        ({"every_minutes": 2000}, "1 to 1440 minutes"),
        ({"at": "2 am"}, "no time of the day"),
        ({"at": "02:00", "weekday": "someday"}, "no weekday"),
        ({"every_minutes": 5, "weekday": "monday"}, "with a time of the day"),
        ({"at": "02:00", "zone": "Mars/Base"}, "no time zone"),
        ({"at": "02:00", "zone": "../../etc/passwd"}, "no time zone"),
        ({"at": "02:00:30"}, "hours and minutes"),
    ],
)
def test_a_time_that_is_none_is_refused_with_what_to_write(said: dict[str, object], because: str) -> None:
    with pytest.raises(ValueError, match=because):
        timing_of(said)


TIMINGS = st.one_of(
    st.builds(Timing, every_minutes=st.integers(1, 1440)),
    st.builds(
        Timing,
        at=st.times().map(lambda at: at.replace(second=0, microsecond=0, fold=0)),
        weekday=st.none() | st.integers(0, 6),
        zone=st.sampled_from(["UTC", "America/Chicago", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia"]),
    ),
)
MOMENTS = st.datetimes(datetime(2011, 1, 1), datetime(2032, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))


@given(TIMINGS, MOMENTS)
def test_slots_lie_one_after_the_other_around_every_moment(timing: Timing, now: datetime) -> None:
    last, following = timing.last(now), timing.following(now)
    assert last <= now < following
    assert timing.last(following) == following
    assert timing.last(following - timedelta(microseconds=1)) == last
    assert timing.following(last) == following


@given(TIMINGS, MOMENTS)
def test_a_daily_slot_is_at_its_hour_there_unless_the_clock_skips_it(timing: Timing, now: datetime) -> None:
    if timing.at is None:
        return
    zone = ZoneInfo(timing.zone)
    there = timing.last(now).astimezone(zone)
    wall = datetime.combine(there.date(), timing.at, zone)
    skipped = wall.astimezone(UTC).astimezone(zone).time() != timing.at
    assert skipped or there.time() == timing.at


@given(TIMINGS)
def test_a_timing_survives_json(timing: Timing) -> None:
    assert timing_of(plain_of(timing)) == timing
