"""Requests for approval and votes: one suite over memory, SQLite and PostgreSQL, and what the databases refuse by themselves."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from evenstock.domain import ApprovalRequest, Cents, NodeId, RequestState, Says, Units, Vote
from evenstock.operations.ports import ConflictError, Store, StoreError, Transaction
from evenstock.storage.memory import MemoryStore

ANA, BOB, CAI, DEE = (f"person:{name}@example.com" for name in ("ana", "bob", "cai", "dee"))
DAY = timedelta(days=1)


def asked(
    store: Store, name: str = "r1", *, people: int = 1, lasts: timedelta = DAY, about: str = "plan:p1", **more: Any
) -> ApprovalRequest:
    """A request that ana proposed, opened now by the store's clock."""
    with store.transaction() as t:
        now = t.clock()
        made = ApprovalRequest(
            name, "transfer", about, "sha256:1", ANA, "approver", (NodeId("NJ"), NodeId("TX")), Cents(500_000),
            Units(40), people, "above 5,000.00", now, now + lasts / 2, now + lasts, (("simulation", "sha256:9"),),
            '{"a":1}', "sha256:7",
        )  # fmt: skip
        made = replace(made, **more)
        t.open_request(made)
    return made


def says(name: str, person: str, voter: str = "", *, no: bool = False, digest: str = "sha256:1") -> Vote:
    return Vote(name, person, voter or person, Says.REFUSE if no else Says.APPROVE, digest, "not now" if no else "")


def cast(store: Store, vote: Vote) -> Vote:
    with store.transaction() as t:
        return t.vote(vote)


def close(store: Store, to: RequestState, name: str = "r1") -> ApprovalRequest:
    with store.transaction() as t:
        return t.close_request(name, to)


# --- requests --------------------------------------------------------------------------------------------------------
def test_a_request_is_kept_as_it_was_asked(store: Store) -> None:
    made = asked(store)
    with store.reading() as t:
        assert t.approval_request("r1") == made
        assert t.live_request("plan:p1") == made
        assert t.approval_request("r2") is None
        assert t.live_request("plan:p2") is None
        assert t.votes("r1") == []


def test_of_a_thing_one_request_is_live(store: Store) -> None:
    made = asked(store)
    with store.transaction() as t:
        with pytest.raises(ConflictError, match="plan:p1: request r1 is live"):
            t.open_request(replace(made, id="r2", digest="sha256:2"))
        with pytest.raises(ConflictError, match="r1 is already kept"):
            t.open_request(replace(made, about="plan:p2"))
        t.close_request("r1", RequestState.VOIDED)
        t.open_request(replace(made, id="r2", digest="sha256:2"))
        assert [r.id for r in t.approval_requests()] == ["r1", "r2"]
        assert [r.id for r in t.approval_requests(about="plan:p1", after="r1")] == ["r2"]
        assert [r.id for r in t.approval_requests([RequestState.OPEN])] == ["r2"]
        assert [r.id for r in t.approval_requests([RequestState.VOIDED, RequestState.OPEN], limit=1)] == ["r1"]
        live = t.live_request("plan:p1")
    assert live is not None
    assert live.id == "r2"


def test_a_request_begins_open(store: Store) -> None:
    made = asked(store)
    with store.transaction() as t, pytest.raises(ValueError, match="begins open"):
        t.open_request(replace(made, id="r2", about="plan:p2", escalated_to="policy_admin"))


# --- votes -----------------------------------------------------------------------------------------------------------
def test_two_people_agree_and_it_is_executed_once(store: Store) -> None:
    asked(store, people=2)
    before = cast(store, says("r1", BOB))
    assert before.at is not None
    with pytest.raises(ConflictError, match="1 of 2 agree: it cannot be approved"):
        close(store, RequestState.APPROVED)
    cast(store, says("r1", CAI))
    with pytest.raises(ConflictError, match="r1 is open, 2 of 2 agree: it cannot be executed"):
        close(store, RequestState.EXECUTED)
    assert close(store, RequestState.APPROVED).state is RequestState.APPROVED
    done = close(store, RequestState.EXECUTED)
    assert done.state is RequestState.EXECUTED
    assert done.closed_at is not None
    with pytest.raises(ConflictError, match="r1 is executed, and that is final"):
        close(store, RequestState.EXECUTED)
    with store.reading() as t:
        assert t.approval_request("r1") == done
        assert [(v.person, v.voter, v.says) for v in t.votes("r1")] == [(p, p, Says.APPROVE) for p in (BOB, CAI)]
        assert t.votes("r1")[0] == before


@pytest.mark.parametrize(
    ("vote", "told"),
    [
        (says("r1", ANA), "was proposed by person:ana@example.com"),
        (says("r1", BOB, ANA), "was proposed by person:ana@example.com"),
        (says("r1", ANA, BOB), "was proposed by person:ana@example.com"),
        (says("r1", DEE), "person:dee@example.com voted before"),
        (says("r1", BOB, DEE), "person:dee@example.com voted before"),
        (says("r1", CAI), "person:cai@example.com voted before"),
        (says("r1", BOB, CAI), "person:cai@example.com voted before"),
        (says("r1", BOB, digest="sha256:2"), "asks for another content"),
    ],
)
def test_a_vote_that_does_not_count_is_refused_and_leaves_no_trace(store: Store, vote: Vote, told: str) -> None:
    asked(store, people=3)
    cast(store, says("r1", CAI, DEE))  # dee, to whom cai delegated
    with pytest.raises(ConflictError, match=told):
        cast(store, vote)
    with store.reading() as t:
        assert [(v.person, v.voter) for v in t.votes("r1")] == [(CAI, DEE)]


def test_one_refusal_closes_it_and_nobody_votes_on_what_is_closed(store: Store) -> None:
    asked(store, people=2)
    cast(store, says("r1", BOB))
    with pytest.raises(ConflictError, match="nobody refused it"):
        close(store, RequestState.REFUSED)
    cast(store, says("r1", CAI, no=True))
    with pytest.raises(ConflictError, match="cannot be approved"):
        close(store, RequestState.APPROVED)
    close(store, RequestState.REFUSED)
    with pytest.raises(ConflictError, match="r1 is refused: nobody votes"):
        cast(store, says("r1", DEE))
    for to in RequestState:
        with pytest.raises(ConflictError, match="r1 is refused, and that is final"):
            close(store, to)


def test_there_is_no_vote_on_what_is_not_there(store: Store) -> None:
    for deed in (
        lambda t: t.vote(says("r9", BOB)),
        lambda t: t.close_request("r9", RequestState.VOIDED),
        lambda t: t.escalate_request("r9", "policy_admin"),
    ):
        with store.transaction() as t, pytest.raises(StoreError, match="there is no approval request r9"):
            deed(t)


# --- time ------------------------------------------------------------------------------------------------------------
def test_after_its_time_nothing_is_voted_approved_or_executed(store: Store) -> None:
    short = timedelta(milliseconds=200)
    asked(store, lasts=short)
    asked(store, "r2", about="plan:p2", lasts=short)
    cast(store, says("r1", BOB))
    cast(store, says("r2", BOB))
    close(store, RequestState.APPROVED)
    with pytest.raises(ConflictError, match="r1 does not expire before"):
        close(store, RequestState.EXPIRED)
    time.sleep(0.3)
    with pytest.raises(ConflictError, match="r1 expired"):
        close(store, RequestState.EXECUTED)
    with pytest.raises(ConflictError, match="r2 expired"):
        cast(store, says("r2", CAI))
    with pytest.raises(ConflictError, match="r2 expired"):
        close(store, RequestState.APPROVED, "r2")
    with store.reading() as t:
        assert [r.id for r in t.due_requests(10)] == ["r1", "r2"]
    assert close(store, RequestState.EXPIRED).state is RequestState.EXPIRED
    assert close(store, RequestState.EXPIRED, "r2").state is RequestState.EXPIRED
    with store.reading() as t:
        assert t.due_requests(10) == []


def test_it_is_escalated_once_and_not_before_its_deadline(store: Store) -> None:
    asked(
        store,
        "r1",
        lasts=timedelta(seconds=60),
        due_at=datetime.now(UTC) + timedelta(hours=-1),
        opened_at=datetime.now(UTC) - DAY,
    )
    asked(store, "r2", about="plan:p2")
    with store.reading() as t:
        assert [r.id for r in t.due_requests(10)] == ["r1"]
    with store.transaction() as t:
        with pytest.raises(ConflictError, match="r2 is open, due at"):
            t.escalate_request("r2", "policy_admin")
        assert t.escalate_request("r1", "policy_admin").roles == {"approver", "policy_admin"}
        with pytest.raises(ConflictError, match="escalated to policy_admin before"):
            t.escalate_request("r1", "approver")
    with store.reading() as t:
        assert t.due_requests(10) == []
        found = t.approval_request("r1")
    assert found is not None
    assert found.escalated_to == "policy_admin"


def test_a_step_taken_back_leaves_no_trace(store: Store) -> None:
    asked(store)

    def fail(t: Transaction) -> None:
        t.vote(says("r1", BOB))
        t.close_request("r1", RequestState.APPROVED)
        raise ZeroDivisionError

    with store.transaction() as t, pytest.raises(ZeroDivisionError), t.whole():
        fail(t)
    with store.reading() as t:
        assert t.votes("r1") == []
        assert [r.id for r in t.approval_requests([RequestState.OPEN])] == ["r1"]
        assert t.live_request("plan:p1") is not None


def test_of_many_at_once_one_executes_and_each_person_votes_once(postgres: Store) -> None:
    for turn in range(8):
        name = f"r{turn}"
        asked(postgres, name, people=2, about=f"plan:{turn}")

        def attempt(deed: Callable[[], object]) -> bool:
            try:
                deed()
            except ConflictError:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            votes = [says(name, who) for who in (BOB, CAI) for _ in range(4)]
            voted = list(pool.map(lambda vote: attempt(lambda: cast(postgres, vote)), votes))
            assert sum(voted) == 2
            close(postgres, RequestState.APPROVED, name)
            done = pool.map(lambda _, n=name: attempt(lambda: close(postgres, RequestState.EXECUTED, n)), range(8))
            assert sum(done) == 1


# --- past the operations: statements of somebody who has the database ------------------------------------------------
SQL = ("sqlite", "postgres")
_BOB = "'person:bob@example.com'"
_INSERT = "INSERT INTO approval_vote (request, person, voter, says, digest, because, at) VALUES "
CHEATS = {
    "approve without votes": "UPDATE approval_request SET state = 'approved' WHERE id = 'r1'",
    "execute at once": "UPDATE approval_request SET state = 'executed', closed_at = opened_at WHERE id = 'r1'",
    "ask for fewer people": "UPDATE approval_request SET people = 0 WHERE id = 'r1'",
    "ask for one person": "UPDATE approval_request SET people = 1 WHERE id = 'r1'",
    "another proposer": "UPDATE approval_request SET proposer = 'person:zoe@example.com' WHERE id = 'r1'",
    "another content": "UPDATE approval_request SET digest = 'sha256:2' WHERE id = 'r1'",
    "less money": "UPDATE approval_request SET cents = 1 WHERE id = 'r1'",
    "more time": "UPDATE approval_request SET expires_at = due_at WHERE id = 'r1'",
    "escalate before the deadline": "UPDATE approval_request SET escalated_to = 'anybody' WHERE id = 'r1'",
    "expire before its time": "UPDATE approval_request SET state = 'expired' WHERE id = 'r1'",
    "refuse without a refusal": "UPDATE approval_request SET state = 'refused' WHERE id = 'r1'",
    "delete the request": "DELETE FROM approval_request WHERE id = 'r1'",
    "vote as the proposer": f"{_INSERT} ('r1', '{ANA}', '{ANA}', 'approve', 'sha256:1', '', :at)",
    "vote of the proposer for another": f"{_INSERT} ('r1', {_BOB}, '{ANA}', 'approve', 'sha256:1', '', :at)",
    "vote for the proposer": f"{_INSERT} ('r1', '{ANA}', {_BOB}, 'approve', 'sha256:1', '', :at)",
    "vote as a key": f"{_INSERT} ('r1', 'key:ek_1', 'key:ek_1', 'approve', 'sha256:1', '', :at)",
    "vote twice": f"{_INSERT} ('r1', '{CAI}', '{CAI}', 'approve', 'sha256:1', '', :at)",
    "vote again for another": f"{_INSERT} ('r1', {_BOB}, '{CAI}', 'approve', 'sha256:1', '', :at)",
    "vote on other content": f"{_INSERT} ('r1', {_BOB}, {_BOB}, 'approve', 'sha256:2', '', :at)",
    "vote on nothing": f"{_INSERT} ('r9', {_BOB}, {_BOB}, 'approve', 'sha256:1', '', :at)",
    "vote on what expired": f"{_INSERT} ('old', {_BOB}, {_BOB}, 'approve', 'sha256:1', '', :at)",
    "vote on what is closed": f"{_INSERT} ('shut', {_BOB}, {_BOB}, 'approve', 'sha256:1', '', :at)",
    "approve what expired": "UPDATE approval_request SET state = 'approved' WHERE id = 'late'",
    "execute what expired": "UPDATE approval_request SET state = 'executed' WHERE id = 'ready'",
    "reopen what is closed": "UPDATE approval_request SET state = 'open', closed_at = NULL WHERE id = 'shut'",
    "change a vote": "UPDATE approval_vote SET says = 'approve' WHERE request = 'shut'",
    "delete a vote": "DELETE FROM approval_vote WHERE request = 'r1'",
    "begin approved": (
        "INSERT INTO approval_request (id, action, about, digest, proposer, role, cents, people, opened_at, due_at, expires_at, "
        "state, escalated_to, body) SELECT 'new', action, 'plan:new', digest, proposer, role, cents, people, opened_at, due_at, "
        "expires_at, 'approved', '', body FROM approval_request WHERE id = 'r1'"
    ),
    "a second live request": (
        "INSERT INTO approval_request (id, action, about, digest, proposer, role, cents, people, opened_at, due_at, expires_at, "
        "state, escalated_to, body) SELECT 'new', action, about, digest, 'schedule', role, cents, 1, opened_at, due_at, "
        "expires_at, 'open', '', body FROM approval_request WHERE id = 'r1'"
    ),
}
REPLACE = {
    "replace a closed request": (
        "INSERT OR REPLACE INTO approval_request SELECT id, action, about, digest, proposer, role, cents, 1, opened_at, due_at, "
        "expires_at, 'open', '', NULL, body FROM approval_request WHERE id = 'shut'"
    ),
    "replace the live request": (
        "INSERT OR REPLACE INTO approval_request SELECT 'new', action, about, digest, 'schedule', role, cents, 1, opened_at, "
        "due_at, expires_at, 'open', '', NULL, body FROM approval_request WHERE id = 'r1'"
    ),
    "replace a vote": f"INSERT OR REPLACE INTO approval_vote VALUES ('r1', '{CAI}', '{CAI}', 'refuse', 'sha256:1', 'x', :at)",
}


def books(store: Store) -> list[tuple[Any, ...]]:
    with store.transaction() as t:
        connection = t.connection  # type: ignore[attr-defined]
        tables = ("SELECT * FROM approval_request ORDER BY id", "SELECT * FROM approval_vote ORDER BY request, person")
        return [tuple(row) for table in tables for row in connection.execute(sa.text(table))]


def fill(store: Store) -> None:
    """r1: one of two agree; shut: refused; old: expired while open; late: enough agree, and expired; ready: approved, and expired."""
    short = timedelta(milliseconds=150)
    asked(store, people=2)
    cast(store, says("r1", CAI))
    asked(store, "shut", about="plan:shut")
    cast(store, says("shut", CAI, no=True))
    close(store, RequestState.REFUSED, "shut")
    for name in ("old", "late", "ready"):
        asked(store, name, about=f"plan:{name}", lasts=short)
        if name != "old":
            cast(store, says(name, CAI))
    close(store, RequestState.APPROVED, "ready")
    time.sleep(0.2)


@pytest.mark.parametrize("store", SQL, indirect=True)
def test_the_database_refuses_each_way_around_the_operations(store: Store) -> None:
    fill(store)
    before = books(store)
    cheats = {**CHEATS, **(REPLACE if store.__class__.__name__ == "SqliteStore" or _is_sqlite(store) else {})}
    for name, statement in cheats.items():
        try:
            with store.transaction() as t:
                values = {"at": t.moment(t.clock())} if ":at" in statement else {}  # type: ignore[attr-defined]
                t.connection.execute(sa.text(statement), values)  # type: ignore[attr-defined]
        except StoreError:
            pass
        else:
            assert name in {"a second live request", *REPLACE}, f"{name}: nothing refused it"
        assert books(store) == before, name


def _is_sqlite(store: Store) -> bool:
    with store.transaction() as t:
        return str(t.connection.dialect.name) == "sqlite"  # type: ignore[attr-defined]


@pytest.mark.parametrize("store", SQL, indirect=True)
def test_the_same_statements_pass_where_they_are_honest(store: Store) -> None:
    """The cheats are refused for what they do, not for how they are written."""
    fill(store)
    honest = (
        f"{_INSERT} ('r1', {_BOB}, {_BOB}, 'approve', 'sha256:1', '', :at)",
        "UPDATE approval_request SET state = 'approved' WHERE id = 'r1'",
        "UPDATE approval_request SET state = 'executed', closed_at = expires_at WHERE id = 'r1'",
        "UPDATE approval_request SET state = 'expired', closed_at = expires_at WHERE id = 'ready'",
    )
    for statement in honest:
        with store.transaction() as t:
            values = {"at": t.moment(t.clock())} if ":at" in statement else {}  # type: ignore[attr-defined]
            t.connection.execute(sa.text(statement), values)  # type: ignore[attr-defined]
    with store.reading() as t:
        found = t.approval_request("r1")
        assert found is not None
        assert found.state is RequestState.EXECUTED


def test_a_clock_of_its_own_decides_in_memory() -> None:
    now = [datetime(2026, 11, 20, tzinfo=UTC)]
    store = MemoryStore(lambda: now[0])
    asked(store)
    cast(store, says("r1", BOB))
    now[0] += DAY
    with pytest.raises(ConflictError, match="r1 expired at 2026-11-21 00:00 UTC"):
        close(store, RequestState.APPROVED)
