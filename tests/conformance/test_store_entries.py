"""What a service keeps, and who leads: one suite over memory, SQLite and PostgreSQL."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evenstock.operations.ports import ConflictError, Entry, Store, StoreError
from evenstock.storage import open_store
from evenstock.storage.memory import MemoryStore

NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)


def run(name: str, state: str = "", due_at: datetime | None = None, **said: Any) -> Entry:
    return Entry("run", name, said, 0, state, due_at)


# --- entries ---------------------------------------------------------------------------------------------------------
def test_an_entry_is_kept_as_json_says_it(store: Store) -> None:
    body = {"é": [1, 0.1, None, True, {"b": "\u0000\\\"'"}], "a": "", "big": 2**60}
    kept = Entry("run", 'né "1"', body, state="open", due_at=NOW.astimezone(tz=None))
    with store.transaction() as t:
        assert t.entry("run", kept.id) is None
        t.enter(kept)
        assert t.entry("run", kept.id) == kept
        assert t.entry("key", kept.id) is None
    with store.reading() as t:
        found = t.entry("run", kept.id)
        assert found == kept
        assert found.body["é"] == [1, 0.1, None, True, {"b": "\u0000\\\"'"}]


def test_what_a_caller_does_to_his_copy_changes_nothing(store: Store) -> None:
    said = {"scopes": ["read"]}
    with store.transaction() as t:
        t.enter(Entry("key", "k", said))
        said["scopes"].append("write")
        read = t.entry("key", "k")
        assert read is not None
        read.body["scopes"].append("admin")
    with store.reading() as t:
        assert [e.body for e in t.entries("key")] == [{"scopes": ["read"]}]


def test_an_id_is_unique_within_its_kind(store: Store) -> None:
    with store.transaction() as t:
        t.enter(run("1"))
        t.enter(Entry("key", "1", {}))
        with pytest.raises(ConflictError, match="run 1 is already kept"):
            t.enter(run("1", "other"))
        with pytest.raises(ValueError, match="an entry is kept at step 0"):
            t.enter(replace(run("2"), step=1))
    with store.reading() as t:
        assert t.entries("run") == [run("1")]


@pytest.mark.parametrize("body", [{"at": NOW}, {"x": float("nan")}, {"x": {1, 2}}])
def test_what_json_cannot_say_is_refused(store: Store, body: dict[str, Any]) -> None:
    with store.transaction() as t, pytest.raises((TypeError, ValueError), match="JSON"):
        t.enter(Entry("run", "1", body))
    with store.reading() as t:
        assert t.entry("run", "1") is None


def test_an_entry_changes_from_the_step_seen_and_one_of_two_wins(store: Store) -> None:
    first = run("1", "open", NOW, tries=1)
    second = replace(first, step=1, state="done", due_at=None, body={"tries": 2})
    with store.transaction() as t:
        t.enter(first)
        t.change_entry(0, second)
        with pytest.raises(ConflictError, match="run 1 is at step 1, not at step 0; read it again"):
            t.change_entry(0, second)
        with pytest.raises(ConflictError, match="run 9 is not kept, not at step 0"):
            t.change_entry(0, replace(second, id="9"))
        with pytest.raises(ValueError, match="after step 1 comes 2, not 1"):
            t.change_entry(1, second)
    with store.reading() as t:
        assert t.entries("run") == [second]


def test_entries_are_listed_by_id_state_and_due_time(store: Store) -> None:
    with store.transaction() as t:
        for each in (
            run("b", "open", NOW + HOUR),
            run("a", "open", NOW + HOUR),
            run("é", "done"),
            run("c", "open", NOW),
            run("Z", "open"),
            Entry("key", "a", {}, 0, "open", NOW),
        ):
            t.enter(each)
    with store.reading() as t:
        assert [e.id for e in t.entries("run")] == ["Z", "a", "b", "c", "é"], "by bytes, as keys are sorted everywhere"
        assert [e.id for e in t.entries("run", state="open")] == ["Z", "a", "b", "c"]
        assert [e.id for e in t.entries("run", after="a", limit=2)] == ["b", "c"]
        assert [e.id for e in t.entries("run", state="done", after="a")] == ["é"]
        assert t.entries("run", state="") == []
        assert [e.id for e in t.due_entries("run", NOW, 9)] == ["c"]
        assert [e.id for e in t.due_entries("run", NOW + HOUR, 9)] == ["c", "a", "b"]
        assert [e.id for e in t.due_entries("run", NOW + HOUR, 2)] == ["c", "a"]
        assert t.due_entries("run", NOW - HOUR, 9) == []


def test_an_entry_forgotten_may_be_kept_again(store: Store) -> None:
    with store.transaction() as t:
        t.enter(run("1"))
        t.change_entry(0, replace(run("1"), step=1))
        assert t.remove_entry("run", "1")
        assert not t.remove_entry("run", "1")
        assert not t.remove_entry("key", "1")
        assert t.entry("run", "1") is None
        t.enter(run("1", "new"))
    with store.reading() as t:
        assert t.entries("run") == [run("1", "new")]


def test_what_a_failed_transaction_entered_changed_or_removed_is_as_before(store: Store) -> None:
    def fail() -> None:
        with store.transaction() as t:
            t.enter(run("3"))
            t.change_entry(0, replace(run("1", "changed"), step=1))
            t.remove_entry("run", "2")
            assert t.lease("leader", "other", 60) == 1
            raise RuntimeError("power failed")

    with store.transaction() as t:
        t.enter(run("1"))
        t.enter(run("2"))
    with pytest.raises(RuntimeError, match="power"):
        fail()
    with store.transaction() as t:
        assert t.entries("run") == [run("1"), run("2")]
        assert t.lease("leader", "me", 60) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.enter(run("2")),
        lambda t: t.change_entry(0, replace(run("1"), step=1)),
        lambda t: t.remove_entry("run", "1"),
        lambda t: t.lease("leader", "me", 60),
    ],
)
def test_a_reading_changes_no_entry(store: Store, change: Callable[[Any], object]) -> None:
    with store.transaction() as t:
        t.enter(run("1"))
    with pytest.raises(StoreError), store.reading() as t:
        change(t)
    with store.reading() as t:
        assert t.entries("run") == [run("1")]
        assert not t.fenced("leader", 1)


def test_sixteen_that_saw_one_step_change_it_once(store: Store) -> None:
    with store.transaction() as t:
        t.enter(run("1"))
    gate = threading.Barrier(16)

    def change(number: int) -> bool:
        gate.wait(timeout=30)
        try:
            with store.transaction() as t:
                t.change_entry(0, replace(run("1", by=number), step=1))
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(change, range(16))) == 1
    with store.reading() as t:
        assert [e.step for e in t.entries("run")] == [1]


def test_what_is_built_on_an_entry_that_was_read_is_not_lost(store: Store) -> None:
    """16 count up by one, each on what he read: 16, because who reads an entry holds it."""
    with store.transaction() as t:
        t.enter(run("1", count=0))

    def count(_: int) -> None:
        with store.transaction() as t:
            seen = t.entry("run", "1")
            assert seen is not None
            t.change_entry(seen.step, replace(seen, step=seen.step + 1, body={"count": seen.body["count"] + 1}))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(count, range(16)))
    with store.reading() as t:
        assert [(e.step, e.body) for e in t.entries("run")] == [(16, {"count": 16})]


# --- leases ----------------------------------------------------------------------------------------------------------
def lease(store: Store, holder: str, seconds: int = 600) -> int | None:
    with store.transaction() as t:
        return t.lease("leader", holder, seconds)


def fenced(store: Store, token: int) -> bool:
    with store.reading() as t:
        return t.fenced("leader", token)


def test_one_holds_a_lease_and_may_renew_it(store: Store) -> None:
    assert not fenced(store, 1)
    assert lease(store, "a") == 1
    assert lease(store, "b") is None
    assert lease(store, "a") == 1
    assert (fenced(store, 1), fenced(store, 2)) == (True, False)
    with store.transaction() as t:
        assert t.lease("another", "b", 600) == 1


def test_the_token_grows_when_the_lease_passes_on_and_the_old_one_is_refused(store: Store) -> None:
    """Zero seconds: it has run out at once, as it has for a holder that slept through its time."""
    assert lease(store, "a", 0) == 1
    assert not fenced(store, 1), "nobody took it, and it has run out all the same"
    assert lease(store, "b") == 2
    assert (fenced(store, 1), fenced(store, 2)) == (False, True)
    assert lease(store, "a") is None
    assert lease(store, "b", 0) == 2
    assert lease(store, "a") == 3


def test_a_lease_runs_out_by_itself(store: Store) -> None:
    assert lease(store, "a", 1) == 1
    assert fenced(store, 1)
    deadline = time.monotonic() + 10
    while lease(store, "b") is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not fenced(store, 1)
    assert fenced(store, 2)


def test_a_lease_lasts_no_negative_time(store: Store) -> None:
    with (
        store.transaction() as t,
        pytest.raises(ValueError, match="lease leader: it lasts zero seconds or more, not -1"),
    ):
        t.lease("leader", "a", -1)


def test_sixteen_that_want_to_lead_make_one_leader(store: Store) -> None:
    gate = threading.Barrier(16)

    def want(number: int) -> int | None:
        gate.wait(timeout=30)
        return lease(store, f"worker-{number}")

    with ThreadPoolExecutor(16) as pool:
        tokens = list(pool.map(want, range(16)))
    assert sorted(t for t in tokens if t is not None) == [1]


def test_a_lease_passes_to_each_next_holder_with_a_greater_token(store: Store) -> None:
    """Ten at once take it and give it back at once, thirty times over: no token is ever given to two of them."""
    gate = threading.Barrier(10)

    def lead(number: int) -> list[int]:
        gate.wait(timeout=30)
        return [token for _ in range(30) if (token := lease(store, f"worker-{number}", 0)) is not None]

    with ThreadPoolExecutor(10) as pool:
        held = list(pool.map(lead, range(10)))
    assert all(tokens == sorted(tokens) for tokens in held)
    owners: dict[int, set[int]] = {}
    for number, tokens in enumerate(held):
        for token in tokens:
            owners.setdefault(token, set()).add(number)
    assert all(len(who) == 1 for who in owners.values())


def test_a_lease_cannot_pass_on_while_its_holder_commits(postgres: Store, postgres_url: str) -> None:
    """Who asked whether he still leads finishes first, even where his time runs out meanwhile."""
    other = open_store(postgres_url)
    assert lease(postgres, "a", 1) == 1
    with ThreadPoolExecutor(1) as pool, postgres.transaction() as t:
        assert t.fenced("leader", 1)
        taken = pool.submit(lambda: _until_led(other, "b"))
        time.sleep(1.5)
        assert not taken.done(), "the other waits for this transaction"
        assert not t.fenced("leader", 1), "but this holder knows that its time is over"
        t.enter(run("1"))
    assert taken.result(timeout=20) == 2
    other.close()


def _until_led(store: Store, holder: str) -> int:
    while (token := lease(store, holder)) is None:
        time.sleep(0.05)
    return token


# --- the clock -------------------------------------------------------------------------------------------------------
def test_the_clock_goes_on_within_a_transaction_and_says_utc(store: Store) -> None:
    with store.transaction() as t:
        before = t.clock()
        time.sleep(0.01)
        after = t.clock()
    assert before < after < before + timedelta(minutes=1)
    assert after.utcoffset() == timedelta(0)
    assert abs(after - datetime.now(UTC)) < timedelta(minutes=5), "a test server runs on this machine"


def test_the_memory_store_keeps_whatever_time_it_is_given() -> None:
    now = [NOW]
    store = MemoryStore(lambda: now[0])
    assert lease(store, "a", 60) == 1
    now[0] += timedelta(seconds=59)
    assert (fenced(store, 1), lease(store, "b")) == (True, None)
    now[0] += timedelta(seconds=1)
    assert (fenced(store, 1), lease(store, "b")) == (False, 2)
