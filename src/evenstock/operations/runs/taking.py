"""Who does a run: one worker at a time a job, by a lease whose token is checked in the transaction of every effect.

A worker that was paused and wakes up finds its token gone and can write nothing; a run whose worker died is taken up by the
next when the lease has run out, and begins again: every job is idempotent by the moment its run first began.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from evenstock.operations.ports import SingleCalls, Store, StoreError, Transaction
from evenstock.operations.runs.keeping import KIND, MOST_TRIES, Run, RunState, change, run_of

LEASE_S: Final = 60
"""How long a run belongs to a worker that is not heard of."""
FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(minutes=15)
"""Between tries of a run that failed: half a minute, then twice as long each time, up to this."""
LONGEST_BECAUSE: Final = 2_000
_LOOKED_AT: Final = 200


class LostRunError(StoreError):
    """The run belongs to this worker no longer: its lease passed on, or somebody cancelled it. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A run in the hands of one worker."""

    run: Run
    token: int
    """Fencing token of its lease."""
    holder: str


def lease_of(job: str) -> str:
    """Name of the lease under which a job's runs are done, one after the other."""
    return f"job:{job}"


def take_up(
    books: Transaction, holder: str, jobs: Collection[str], now: datetime, *, lease_s: int = LEASE_S
) -> Taken | None:
    """The first run of these jobs that is due and whose job nobody is at, begun; None where there is none.

    `holder` names this one taking up, not the worker: so that a worker never takes up what it is doing already. A run
    whose workers died `MOST_TRIES` times is given up.
    """
    left = set(jobs)
    for entry in books.due_entries(KIND, books.clock(), _LOOKED_AT):
        job = entry.body["job"]
        if job not in left:
            continue
        token = books.lease(lease_of(job), holder, lease_s)
        if token is None:
            left.discard(job)
            continue
        taken = _begun(books, entry.id, holder, token, now, lease_s)
        if taken is not None:
            return taken
        books.lease(lease_of(job), holder, 0)
    return None


def any_due(books: Transaction, jobs: Collection[str]) -> bool:
    """Whether there may be something to take up; for a reading, so that who finds nothing keeps nobody from writing."""
    return any(entry.body["job"] in jobs for entry in books.due_entries(KIND, books.clock(), _LOOKED_AT))


def _begun(books: Transaction, name: str, holder: str, token: int, now: datetime, lease_s: int) -> Taken | None:
    found = books.entry(KIND, name)
    if found is None or found.due_at is None or found.due_at > books.clock():
        return None
    run = run_of(found)
    if run.tries >= MOST_TRIES:
        because = f"given up: taken up {run.tries} times, and each time its worker died" + _last(run)
        change(books, replace(run, state=RunState.FAILED, ended_at=now, because=because), None)
        return None
    begun = replace(
        run, state=RunState.RUNNING, begun_at=run.begun_at or now, tries=run.tries + 1, share_done=0, doing="begun"
    )
    return Taken(change(books, begun, books.clock() + timedelta(seconds=lease_s)), token, holder)


def _last(run: Run) -> str:
    return f"; last: {run.because}" if run.because else ""


def ours(books: Transaction, taken: Taken) -> Run:
    """The run as it stands, held by this transaction. Raises LostRunError if it is in our hands no longer."""
    if not books.fenced(lease_of(taken.run.job), taken.token):
        raise LostRunError(f"run {taken.run.id}: its lease ran out while its worker was away; another takes it up")
    found = books.entry(KIND, taken.run.id)
    if found is None or found.state != RunState.RUNNING:
        raise LostRunError(f"run {taken.run.id} is {found.state if found else 'gone'}; its worker stops")
    return run_of(found)


def renew(books: Transaction, taken: Taken, *, lease_s: int = LEASE_S) -> None:
    """Say that the worker lives. Raises LostRunError as `ours`."""
    ours(books, taken)
    books.lease(lease_of(taken.run.job), taken.holder, lease_s)


def tell(books: Transaction, taken: Taken, share_done: int, doing: str, *, lease_s: int = LEASE_S) -> None:
    """Write down how far it is, in hundredths and words. Raises LostRunError as `ours`."""
    run = ours(books, taken)
    due_at = books.clock() + timedelta(seconds=lease_s)
    change(books, replace(run, share_done=max(0, min(100, share_done)), doing=doing), due_at)


def finish(books: Transaction, taken: Taken, result: Mapping[str, Any], now: datetime) -> Run:
    """Write down what came of it. Raises LostRunError as `ours`."""
    run = ours(books, taken)
    done = replace(run, state=RunState.DONE, ended_at=now, share_done=100, doing="", result=result, because="")
    return _given_back(books, taken, change(books, done, None))


def fail(books: Transaction, taken: Taken, because: str, now: datetime, *, for_good: bool = False) -> Run:
    """Write down why it failed: it is tried again later, unless it was tried often enough or `for_good`.

    Raises LostRunError as `ours`.
    """
    run, because = ours(books, taken), because[:LONGEST_BECAUSE]
    if for_good or run.tries >= MOST_TRIES:
        over = replace(run, state=RunState.FAILED, ended_at=now, doing="", because=because)
        return _given_back(books, taken, change(books, over, None))
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (run.tries - 1))
    later = replace(run, state=RunState.WAITING, doing=f"tried again in {wait.total_seconds():.0f} s", because=because)
    return _given_back(books, taken, change(books, later, books.clock() + wait))


def hand_back(books: Transaction, taken: Taken) -> Run:
    """Leave it to another worker, as if it had not been taken up. Raises LostRunError as `ours`."""
    run = ours(books, taken)
    waiting = replace(run, state=RunState.WAITING, tries=run.tries - 1, share_done=0, doing="handed back")
    return _given_back(books, taken, change(books, waiting, books.clock()))


def _given_back(books: Transaction, taken: Taken, run: Run) -> Run:
    books.lease(lease_of(run.job), taken.holder, 0)
    return run


class FencedStore:
    """A store in which nothing is committed unless the run is still in our hands: the lease is asked in each transaction."""

    def __init__(self, store: Store, taken: Taken) -> None:
        self._store, self._taken = store, taken

    def transaction(self) -> AbstractContextManager[Transaction]:
        return self._fenced()

    def singly(self) -> AbstractContextManager[SingleCalls]:
        return self._fenced()

    @contextmanager
    def _fenced(self) -> Iterator[Transaction]:
        with self._store.transaction() as books:
            yield books
            # Last, so that the lease cannot pass on between this look and the commit.
            ours(books, self._taken)

    def reading(self) -> AbstractContextManager[Transaction]:
        return self._store.reading()

    def close(self) -> None:
        """Nothing: the store belongs to whoever opened it."""
