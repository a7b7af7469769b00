"""Quarantine and release over every store: what is held, who may release, what the log and others are told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evenstock.operations.access.add_person import AddPerson, add_person
from evenstock.operations.access.change_grants import change_grants
from evenstock.operations.access.disable_person import disable_person
from evenstock.operations.access.grants import grant_of
from evenstock.operations.access.issue_key import IssueKey, Minted, issue_key
from evenstock.operations.actors.actor import ActorState, actor_named, actors
from evenstock.operations.actors.at_the_door import caller_by_key
from evenstock.operations.actors.quarantine import (
    Because,
    LastAdministratorError,
    UnknownActorError,
    quarantine,
    release,
)
from evenstock.operations.actors.standing import Aspect, QuarantinedError, refuse_held
from evenstock.operations.audit.audited_store import AuditedStore
from evenstock.operations.audit.rows import audit_of
from evenstock.operations.ports import ConflictError, Store
from evenstock.operations.runs.keeping import RunState, ask_for, run_named
from evenstock.operations.runs.taking import LostRunError, ours, take_up
from evenstock.operations.schedule.keeping import Scheduled, follow, plant, put, scheduled
from evenstock.operations.schedule.timing import Timing

ANA, BEN, CY = "ana@example.com", "ben@example.com", "cy@example.com"
KEY = "key:ek_0000000001"
NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)
FLOOD = Because(Aspect.RATE, "made 412 stock adjustments in the ten minutes", {"count": 412})


@pytest.fixture
def books_of(store: Store) -> AuditedStore:
    """Two who administer, a planner, and a key of the planner's."""
    audited = AuditedStore(store)
    for account, *roles in ((ANA, "admin"), (BEN, "admin"), (CY, "planner")):
        add_person(audited, AddPerson(account, account, tuple(map(grant_of, roles)), "hash", "test"))
    wish = IssueKey("robot", (grant_of("agent@TX"),), "test", timedelta(days=9), owner=CY)
    issue_key(audited, wish, Minted("ek_0000000001", "d" * 64))
    return audited


def told(store: AuditedStore, about: str) -> list[str]:
    with store.reading() as books:
        rows = audit_of(books).audit_about([about], 100)
    return [deed["did"] for row in rows for deed in json.loads(row.said)["deeds"]]


def facts(store: AuditedStore) -> list[str]:
    with store.transaction() as books:
        return [fact.kind for fact in books.outbox(100)]


def state(store: AuditedStore, actor: str) -> ActorState:
    with store.reading() as books:
        return actor_named(books, actor).state


def test_a_quarantine_is_in_the_log_and_told_to_others_once(books_of: AuditedStore) -> None:
    made = quarantine(books_of, KEY, FLOOD)
    again = quarantine(books_of, KEY, Because(Aspect.SIZE, "and more"))
    assert (again.because, again.at) == (made.because, made.at)
    assert told(books_of, f"actor:{KEY}") == ["enter", "quarantine", "publish"]
    assert facts(books_of) == ["ActorQuarantined"]
    assert state(books_of, KEY) is ActorState.QUARANTINED
    freed = release(books_of, KEY, f"person:{BEN}", "a stock-take, announced")
    assert (freed.in_force, freed.released_because) == (False, "a stock-take, announced")
    assert told(books_of, f"actor:{KEY}")[3:] == ["change_entry", "release", "publish"]
    assert state(books_of, KEY) is ActorState.ACTIVE
    quarantine(books_of, KEY, FLOOD)
    assert state(books_of, KEY) is ActorState.QUARANTINED
    assert sorted(facts(books_of)) == ["ActorQuarantined", "ActorQuarantined", "ActorReleased"]


def test_nobody_releases_himself_nor_does_a_machine(books_of: AuditedStore) -> None:
    quarantine(books_of, f"person:{CY}", FLOOD)
    for by, why in (
        (f"person:{CY}", "itself"),
        (" Cy@Example.com", "itself"),
        (KEY, "is no person"),
        ("schedule:plan", "is no person"),
    ):
        with pytest.raises(ConflictError, match=why):
            release(books_of, f"person:{CY}", by, "all right")
    quarantine(books_of, f"person:{BEN}", FLOOD)
    with pytest.raises(ConflictError, match="quarantined too"):
        release(books_of, f"person:{CY}", f"person:{BEN}", "all right")
    with pytest.raises(ValueError, match="needs a reason"):
        release(books_of, f"person:{CY}", f"person:{ANA}", "  ")
    release(books_of, f"person:{CY}", f"person:{ANA}", "all right")
    with pytest.raises(ConflictError, match="is free"):
        release(books_of, f"person:{CY}", f"person:{ANA}", "all right")


def test_the_last_administrator_who_is_free_goes_on(books_of: AuditedStore) -> None:
    quarantine(books_of, f"person:{ANA}", FLOOD)
    with pytest.raises(LastAdministratorError):
        quarantine(books_of, f"person:{BEN}", FLOOD)
    # Nor may the account or its role be taken: whoever is left could release nobody.
    with pytest.raises(ConflictError, match="last administrator"):
        disable_person(books_of, BEN, ANA, "gone")
    with pytest.raises(ConflictError, match="last administrator"):
        change_grants(books_of, BEN, (grant_of("viewer"),), ANA)
    release(books_of, f"person:{ANA}", f"person:{BEN}", "it was she")
    quarantine(books_of, f"person:{BEN}", FLOOD)


@pytest.mark.parametrize("actor", ["", "key:", "key:ek_9999999999", "person:nobody", "user:root", "nonsense"])
def test_who_is_not_there_cannot_be_quarantined(actor: str, books_of: AuditedStore) -> None:
    with pytest.raises(UnknownActorError):
        quarantine(books_of, actor, FLOOD)


def test_an_owners_quarantine_or_end_stops_his_keys(books_of: AuditedStore) -> None:
    found = caller_by_key(books_of, "ek_0000000001", ("d" * 64,))
    assert found is not None
    assert (found.held, found.principal.within) == (None, (grant_of("planner"),))
    quarantine(books_of, f"person:{CY}", FLOOD)
    held = caller_by_key(books_of, "ek_0000000001", ("d" * 64,))
    assert held is not None
    assert held.held is not None
    assert held.held.actor == f"person:{CY}"
    assert state(books_of, KEY) is ActorState.OWNER_STOPPED
    assert caller_by_key(books_of, "ek_0000000001", ("e" * 64,)) is None, "who has not the key is told nothing"
    disable_person(books_of, CY, ANA, "gone")
    assert caller_by_key(books_of, "ek_0000000001", ("d" * 64,)) is None


def test_runs_that_somebody_asked_for_wait_until_he_is_released(books_of: AuditedStore) -> None:
    with books_of.transaction() as books:
        mine = ask_for(books, "plan", {}, f"person:{CY}", NOW)
        at_work = ask_for(books, "backtest", {}, KEY, NOW)
        other = ask_for(books, "reprice", {}, f"person:{BEN}", NOW)
        taken = take_up(books, "w1", ["backtest"], NOW)
        assert taken is not None
    made = quarantine(books_of, f"person:{CY}", FLOOD)
    assert made.held == tuple(sorted([mine.id, at_work.id]))
    with books_of.transaction() as books:
        with pytest.raises(LostRunError):
            ours(books, taken)
        found = take_up(books, "w2", ["plan", "backtest", "reprice"], NOW)
        assert found is not None
        assert found.run.id == other.id
        assert take_up(books, "w2", ["plan", "backtest"], NOW) is None
    release(books_of, f"person:{CY}", f"person:{ANA}", "looked at")
    with books_of.transaction() as books:
        run = run_named(books, mine.id)
        assert run is not None
        assert (run.state, run.doing) == (RunState.WAITING, "")
        again = take_up(books, "w2", ["plan"], NOW)
        assert again is not None
        assert again.run.id == mine.id


def test_what_rests_on_the_word_of_somebody_quarantined_waits(books_of: AuditedStore) -> None:
    with books_of.reading() as books:
        refuse_held(books, [f"person:{CY}", KEY], "transfer t-1")
    quarantine(books_of, KEY, FLOOD)
    with books_of.reading() as books, pytest.raises(QuarantinedError, match=r"transfer t-1 waits: key:ek_0000000001"):
        refuse_held(books, [f"person:{CY}", KEY], "transfer t-1")


EVERY = Timing(every_minutes=1)


def slots(store: AuditedStore) -> list[str]:
    """Who asked for the runs of a slot that has just come."""
    with store.transaction() as books:
        one = scheduled(books, "plan")
        assert one is not None
        entry = books.entry("schedule", "plan")
        assert entry is not None
        if one.last_run:
            books.remove_entry("run", one.last_run)
        books.change_entry(entry.step, replace(entry, step=entry.step + 1, due_at=books.clock() - timedelta(minutes=1)))
    with store.transaction() as books:
        return [run.by for run in follow(books, NOW)]


def test_a_schedule_does_no_more_than_whoever_set_it_may_now(books_of: AuditedStore) -> None:
    with books_of.transaction() as books:
        plant(books, [Scheduled("plan", "plan", EVERY, {})])
    assert slots(books_of) == ["schedule"], "the company's own, whoever is there"
    with books_of.transaction() as books:
        one = scheduled(books, "plan")
        assert one is not None
        put(books, one, f"person:{CY}")
    assert slots(books_of) == ["schedule:plan"]
    change_grants(books_of, CY, (grant_of("planner@TX"),), ANA)
    assert slots(books_of) == [], "at one node he may not change the schedule"
    change_grants(books_of, CY, (grant_of("planner"),), ANA)
    assert slots(books_of) == ["schedule:plan"]
    quarantine(books_of, f"person:{CY}", FLOOD)
    assert slots(books_of) == []
    assert state(books_of, "schedule:plan") is ActorState.OWNER_STOPPED
    release(books_of, f"person:{CY}", f"person:{ANA}", "looked at")
    disable_person(books_of, CY, ANA, "gone")
    assert slots(books_of) == []
    assert facts(books_of).count("ScheduleHeld") >= 1
    with books_of.transaction() as books:
        one = scheduled(books, "plan")
        assert one is not None
        # Somebody else takes it over by changing it.
        put(books, one, "command line")
    assert slots(books_of) == ["schedule:plan"]
    quarantine(books_of, "schedule:plan", FLOOD)
    assert slots(books_of) == []
    assert state(books_of, "schedule:plan") is ActorState.QUARANTINED


def test_everybody_is_listed_with_owner_scope_and_state(books_of: AuditedStore) -> None:
    quarantine(books_of, KEY, FLOOD)
    with books_of.reading() as books:
        listed = {one.id: (one.kind.value, one.owner, one.state.value) for one in actors(books)}
    assert listed == {
        f"person:{ANA}": ("person", "", "active"),
        f"person:{BEN}": ("person", "", "active"),
        f"person:{CY}": ("person", "", "active"),
        KEY: ("agent", f"person:{CY}", "quarantined"),
    }
