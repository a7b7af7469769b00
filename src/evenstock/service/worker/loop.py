"""The worker: threads that each do one thing over and over, until told to stop."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, cast

from evenstock.operations.audit.who import ACTING, SCHEDULED, acting
from evenstock.operations.ports import UnavailableError
from evenstock.operations.runs.taking import LEASE_S, any_due, take_up
from evenstock.operations.runs.workers import BEAT_S, beat, forget_silent, leave
from evenstock.operations.schedule.keeping import plant
from evenstock.registry import members
from evenstock.service.worker.family import jobs, planted
from evenstock.service.worker.one_run import do
from evenstock.service.worker.workplace import Workplace

_LOG: Final = logging.getLogger("evenstock.worker")
DUTIES: Final = "evenstock.service.worker.duties"
LOOK_EVERY_S: Final = 1.0
"""How long a run waits at most before an idle worker sees it."""
LOST: Final = "lost"
"""How a run ended that passed to another worker."""
GRACE_S: Final = 8.0
"""How long what runs may take to leave when the worker is told to stop."""
SHORT_S: Final = 900
"""Heavy jobs that may take so long have a line of their own: prices do not wait until a training is over."""
LONGEST_PAUSE_S: Final = 30.0
"""After an error: one second, then twice as long each time, up to this."""


class Duty(Protocol):
    """A member of the family of duties."""

    NAME: str
    EVERY_S: float

    def do(self, at: Workplace) -> int: ...


def duties() -> Mapping[str, Duty]:
    """Every duty by its name."""
    return {module.NAME: cast("Duty", module) for module in members(DUTIES).values()}


@dataclass
class Worker:
    """One process; several may work on the same books."""

    at: Workplace
    lease_s: int = LEASE_S
    name: str = field(default_factory=lambda: f"worker-{secrets.token_hex(6)}")
    stopping: threading.Event = field(default_factory=threading.Event)
    _doing: dict[str, str] = field(default_factory=dict)
    _taken: int = 0

    def run(self) -> None:
        """Work until `stop`; then hand back what runs, and leave within `GRACE_S`."""
        began = self.at.clock()
        self.at.current.start()
        loops: list[tuple[str, Callable[[], int], float]] = [
            ("schedule planted", self._plant_once(), 60.0),
            ("heartbeat", lambda: self._beat(began), BEAT_S),
            *((name, self._dutiful(duty), duty.EVERY_S) for name, duty in duties().items()),
            ("light runs", lambda: self._next(self._light()), LOOK_EVERY_S),
            ("short runs", lambda: self._next(self._heavy(short=True)), LOOK_EVERY_S),
            ("long runs", lambda: self._next(self._heavy(short=False)), LOOK_EVERY_S),
        ]
        threads = [threading.Thread(target=self._over_and_over, args=one, name=one[0], daemon=True) for one in loops]
        for thread in threads:
            thread.start()
        _LOG.info("%s works", self.name)
        # In slices, so that a signal is heard at once.
        while not self.stopping.wait(1.0):
            pass
        until = time.monotonic() + GRACE_S
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        self.at.current.stop()
        left = [thread.name for thread in threads if thread.is_alive()]
        _LOG.info("%s leaves%s", self.name, f" while {', '.join(left)} still run" if left else "")
        self._good_bye()

    def stop(self) -> None:
        self.stopping.set()

    def once(self, limit: int = 1_000) -> dict[str, int]:
        """Do what is due now and no more: slots, duties, and at most `limit` runs; returns how many ended how."""
        ended: Counter[str] = Counter()
        with acting(SCHEDULED):
            self._plant()
            for duty in duties().values():
                while not self.stopping.is_set() and duty.do(self.at):
                    pass
        for _ in range(limit):
            how = self._take(list(jobs()))
            if not how:
                break
            ended[how] += 1
            if self.stopping.is_set():
                break
        return dict(ended)

    # --- loops -------------------------------------------------------------------------------------------------
    def _over_and_over(self, name: str, step: Callable[[], int], every_s: float) -> None:
        pause = 1.0
        # A thread of its own, which says once who works in it.
        ACTING.set(SCHEDULED)
        while not self.stopping.is_set():
            try:
                more = step()
            except Exception as error:  # noqa: BLE001 (a worker lives on; what went wrong is told)
                known = isinstance(error, UnavailableError)
                _LOG.warning("%s: %s; again in %.0f s", name, error, pause, exc_info=None if known else error)
                self.stopping.wait(pause)
                pause = min(LONGEST_PAUSE_S, 2 * pause)
                continue
            pause = 1.0
            if not more:
                self.stopping.wait(every_s)

    def _dutiful(self, duty: Duty) -> Callable[[], int]:
        return lambda: duty.do(self.at)

    def _plant(self) -> int:
        with self.at.store.transaction() as books:
            plant(books, planted())
        return 0

    def _plant_once(self) -> Callable[[], int]:
        done = threading.Event()

        def step() -> int:
            if not done.is_set():
                self._plant()
                done.set()
            return 0

        return step

    def _beat(self, began: Any) -> int:
        with self.at.store.transaction() as books:
            beat(books, self.name, began, ", ".join(sorted(self._doing.values())))
            forget_silent(books)
        return 0

    def _good_bye(self) -> None:
        try:
            with self.at.store.transaction() as books:
                leave(books, self.name)
        except Exception as error:  # noqa: BLE001 (it leaves all the same; others see that it is silent)
            _LOG.warning("could not say good-bye: %s", error)

    # --- runs --------------------------------------------------------------------------------------------------
    def _light(self) -> list[str]:
        return [name for name, job in jobs().items() if job.CAP is None]

    def _heavy(self, *, short: bool) -> list[str]:
        return [name for name, job in jobs().items() if job.CAP is not None and (job.CAP.seconds <= SHORT_S) is short]

    def _next(self, names: Collection[str]) -> int:
        return 1 if self._take(names) else 0

    def _take(self, names: Collection[str]) -> str:
        """Do the first run that is due: the state it ended in, `lost`, or empty where there was none."""
        self._taken += 1
        holder = f"{self.name}:{self._taken}:{threading.get_ident()}"
        with self.at.store.reading() as books:
            if not any_due(books, names):
                return ""
        with self.at.store.transaction() as books:
            taken = take_up(books, holder, names, self.at.clock(), lease_s=self.lease_s)
        if taken is None:
            return ""
        self._doing[holder] = taken.run.id
        try:
            return do(self.at, taken, self.stopping, lease_s=self.lease_s) or LOST
        finally:
            del self._doing[holder]
