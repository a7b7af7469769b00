"""Does one run from being taken up to its end: here, or in a process of its own where the job is heavy; and says why it failed."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from evenstock.operations.audit.who import ACTING, acting, working_for
from evenstock.operations.company import NothingImportedError
from evenstock.operations.ports import ConflictError, StoreError, Transaction, UnavailableError
from evenstock.operations.runs.keeping import Run, RunState
from evenstock.operations.runs.taking import LEASE_S, FencedStore, LostRunError, Taken, fail, finish, hand_back, renew
from evenstock.service.worker.apart import Apart, EndedError, work_apart
from evenstock.service.worker.family import Job, WrongWishError, job_named, module_of, read_as
from evenstock.service.worker.workplace import Progress, StoppedError, Workplace, nothing_to_do

_LOG: Final = logging.getLogger("evenstock.worker")
_RENEWALS: Final = 4
"""Times that a lease is renewed before it would run out."""


class DoneApartError(Exception):
    """A job in a process of its own failed; the message says why."""

    def __init__(self, because: str, *, for_good: bool) -> None:
        super().__init__(because)
        self.for_good = for_good


def do(at: Workplace, taken: Taken, stopping: threading.Event, *, lease_s: int = LEASE_S) -> RunState | None:
    """Do the run and write down what came of it; None where it was lost to somebody else, who has the word then."""
    _LOG.info("run %s begins, try %d", taken.run.id, taken.run.tries)
    with acting(working_for(taken.run.by)):
        return _done(at, taken, stopping, lease_s)


def _done(at: Workplace, taken: Taken, stopping: threading.Event, lease_s: int) -> RunState | None:
    try:
        with _kept(at, taken, lease_s) as lost:
            try:
                result = _result(at, taken, stopping, lost)
            except (LostRunError, StoppedError):
                raise
            except Exception as error:  # noqa: BLE001 (whatever a job raises is why its run failed)
                return _failed(at, taken, error)
            return _ended(at, lambda books: finish(books, taken, result, at.clock()))
    except StoppedError:
        _LOG.info("run %s is handed back: the worker stops", taken.run.id)
        return _ended(at, lambda books: hand_back(books, taken))
    except LostRunError as lost_to:
        _LOG.warning("%s", lost_to)
        return None


def work_here(at: Workplace, taken: Taken, job: Job, stopping: Callable[[], bool]) -> Mapping[str, Any]:
    """Do the job in this process, through a store that refuses whoever lost the run. Raises what the job raises."""
    asked = read_as(job, taken.run.asked)
    fenced = FencedStore(at.store, taken)
    try:
        return job.work(at.through(fenced), taken.run, asked, Progress(at.store, taken, stopping))
    except NothingImportedError as nothing:
        return nothing_to_do(str(nothing))


def for_good(error: Exception) -> bool:
    """Whether trying again would say the same: what is asked is wrong, or data are; not where the world was in the way."""
    if isinstance(error, (UnavailableError, ConflictError, LostRunError)):
        return False
    if isinstance(error, DoneApartError):
        return error.for_good
    return isinstance(error, (WrongWishError, StoreError, ValueError, ImportError))


def because_of(error: Exception) -> str:
    """Why, in a sentence for whoever asked."""
    if isinstance(error, (DoneApartError, EndedError, StoreError, ValueError, ImportError)):
        return str(error)
    return f"{type(error).__name__}: {error}"


def _result(at: Workplace, taken: Taken, stopping: threading.Event, lost: threading.Event) -> Mapping[str, Any]:
    job = job_named(taken.run.job)
    if job.CAP is None or not at.shared:
        return work_here(at, taken, job, lambda: stopping.is_set() or lost.is_set())
    answer = work_apart(Apart(at, taken, module_of(job), job.CAP), stopping, lost)
    if "failed" in answer:
        raise DoneApartError(answer["failed"], for_good=bool(answer["for_good"]))
    if answer.get("lost"):
        raise LostRunError(str(answer["lost"]))
    found: Mapping[str, Any] = answer["result"]
    return found


def _failed(at: Workplace, taken: Taken, error: Exception) -> RunState | None:
    final, because = for_good(error), because_of(error)
    _LOG.warning("run %s failed: %s", taken.run.id, because, exc_info=None if final else error)
    return _ended(at, lambda books: fail(books, taken, because, at.clock(), for_good=final))


def _ended(at: Workplace, end: Callable[[Transaction], Run]) -> RunState | None:
    """Write the end down; where the books cannot be reached the lease runs out, and the run is taken up again."""
    try:
        with at.store.transaction() as books:
            return end(books).state
    except UnavailableError as error:
        _LOG.warning("the end of a run could not be written down, it is taken up again: %s", error)
        return None


@contextlib.contextmanager
def _kept(at: Workplace, taken: Taken, lease_s: int) -> Iterator[threading.Event]:
    """Renew the lease while the block runs; the event is set when the run is ours no longer."""
    over, lost = threading.Event(), threading.Event()

    def keep() -> None:
        ACTING.set(working_for(taken.run.by))
        while not over.wait(lease_s / _RENEWALS):
            try:
                with at.store.transaction() as books:
                    renew(books, taken, lease_s=lease_s)
            except LostRunError:
                lost.set()
                return
            except StoreError as error:
                _LOG.warning("the lease of run %s could not be renewed: %s", taken.run.id, error)

    thread = threading.Thread(target=keep, name=f"lease of {taken.run.id}", daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        over.set()
        thread.join()
