"""Reads what is new in the audit log, watches the actors, and quarantines who is beyond bearing.

How far each stream was read and what was learnt are kept in the books together, now and then: whoever goes on, after a stop or on
another machine, reads again what came since, which is in the log for good, and comes to the same. One at a time, by a lease.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

from evenstock.operations.actors.habit import habits_of, plain
from evenstock.operations.actors.quarantine import (
    LastAdministratorError,
    UnknownActorError,
    quarantine,
    suspect,
)
from evenstock.operations.actors.standing import last_quarantine, quarantines
from evenstock.operations.actors.watch import Suspicion, Watch
from evenstock.operations.audit.rows import AuditRow, audit_of
from evenstock.operations.ports import ConflictError, Entry, Store, Transaction

KIND: Final = "actor_habits"
"""Kind of the entries in which habits are kept; none of them holds anything but counts."""
CURSORS: Final = "cursors"
LEASE: Final = "watch of actors"
LEASE_S: Final = 300
AT_ONCE: Final = 5_000
"""Rows read in one question, and at most in one step of a stream."""
KEEP_EVERY: Final = 600
"""Seconds between two times that what was learnt is kept, if anything was."""
TOO_OLD: Final = timedelta(hours=1)


@dataclass
class Watching:
    """One worker's watch."""

    store: Store
    holder: str
    zone: Callable[[], tzinfo] = lambda: UTC
    tell: Callable[[str], object] = lambda _: None
    """Called with a sentence about somebody who is not quarantined all the same."""
    watch: Watch | None = None
    """None while another worker watches."""
    cursors: dict[int, int] = field(default_factory=dict)
    """Last row read of each stream."""
    steps: dict[str, int] = field(default_factory=dict)
    """Of the entries kept."""
    kept_at: datetime | None = None
    touched: set[str] = field(default_factory=set)

    def step(self) -> int:
        """Read some of what is new, and quarantine whom it shows; returns how many rows were read. Zero: there is no more."""
        with self.store.transaction() as books:
            if books.lease(LEASE, self.holder, LEASE_S) is None:
                self.watch = None
                return 0
        if self.watch is None:
            self._take_up()
        watch = self.watch
        assert watch is not None
        with self.store.reading() as books:
            now = books.clock()
            rows = self._new(books)
        minute = 0
        for row in rows:
            # As it came: what lies long back is looked at minute by minute too.
            if (at := int(row.at.timestamp() // 60)) > minute:
                self._act(watch.look(row.at), now)
                minute = at
            watch.read(row)
        self._act(watch.look(max(now, rows[-1].at) if rows else now), now)
        self.touched |= watch.changed
        if self.kept_at is None or (now - self.kept_at).total_seconds() >= KEEP_EVERY:
            self.keep(now)
        return len(rows)

    def keep(self, now: datetime) -> None:
        """Keep what was learnt and how far the log was read, in one transaction; nothing where nobody did anything."""
        assert self.watch is not None
        self.kept_at = now
        if not self.touched:
            return
        pairs = dict(self.watch.pairs())
        names = {f"actor:{name}" for name in self.touched} | {name for name in pairs if name.startswith("kind:")}
        with self.store.transaction() as books:
            for name in sorted(names & set(pairs)):
                self._put(books, name, plain(pairs[name]))
            self._put(books, CURSORS, {str(stream): number for stream, number in self.cursors.items()})
            for name in sorted(set(self.steps) - set(pairs) - {CURSORS}):
                books.remove_entry(KIND, name)
                del self.steps[name]
        self.touched = set()

    def _take_up(self) -> None:
        """What was kept last, by whomever."""
        watch, cursors, steps = Watch(self.zone()), {}, {}
        with self.store.reading() as books:
            after = ""
            while found := books.entries(KIND, after=after, limit=500):
                for entry in found:
                    steps[entry.id] = entry.step
                    if entry.id == CURSORS:
                        cursors = {int(stream): number for stream, number in entry.body.items()}
                        continue
                    kind, _, name = entry.id.partition(":")
                    (watch.actors if kind == "actor" else watch.pools)[name] = habits_of(entry.body)
                after = found[-1].id
        self.watch, self.cursors, self.steps, self.kept_at = watch, cursors, steps, None

    def _put(self, books: Transaction, name: str, body: Mapping[str, Any]) -> None:
        step = self.steps.get(name)
        if step is None:
            books.enter(Entry(KIND, name, body))
            self.steps[name] = 0
        else:
            books.change_entry(step, Entry(KIND, name, body, step + 1))
            self.steps[name] = step + 1

    def _new(self, books: Transaction) -> list[AuditRow]:
        """Rows not read yet, by moment: of each stream at most so many, and all of them up to the same moment."""
        log, found, until = audit_of(books), [], None
        for head in log.audit_heads():
            after = self.cursors.get(head.stream, 0)
            if head.number > after:
                some = log.audit_rows(head.stream, after, AT_ONCE)
                found.append(some)
                if len(some) == AT_ONCE and (until is None or some[-1].at < until):
                    until = some[-1].at
        rows = []
        for some in found:
            # A stream that has more is not left behind by the others: what they did later comes next time.
            taken = [row for row in some if until is None or row.at <= until]
            if taken:
                self.cursors[taken[-1].stream] = taken[-1].number
                rows += taken
        return sorted(rows, key=lambda row: (row.at, row.stream, row.number))

    def _act(self, found: list[Suspicion], now: datetime) -> None:
        for one in found:
            if now - one.at > TOO_OLD:
                # Read late, such as all of the past where the watch begins: it is learnt from, and nobody is stopped for it.
                self.tell(f"{one.actor}, long ago: {one.because.sentence}")
                continue
            try:
                self._quarantine(one)
            except LastAdministratorError as kept:
                self.tell(f"{one.actor}: {one.because.sentence} ({kept})")
                suspect(self.store, one.actor, one.because)
            except (UnknownActorError, ConflictError) as gone:
                self.tell(f"{one.actor}: {one.because.sentence} (not quarantined: {gone})")

    def _quarantine(self, one: Suspicion) -> None:
        with self.store.reading() as books:
            before = last_quarantine(books, one.actor)
        if before is not None and not before.in_force and before.released_at and before.released_at >= one.at:
            # A person has looked at what this rests on.
            return
        quarantine(self.store, one.actor, one.because)


def count_quarantined(books: Transaction) -> dict[str, int]:
    """Quarantines in force by kind of actor: `key`, `person`, `schedule`, `source`."""
    counted = dict.fromkeys(("key", "person", "schedule", "source"), 0)
    for one in quarantines(books):
        kind = one.actor.partition(":")[0]
        counted[kind] = counted.get(kind, 0) + 1
    return counted
