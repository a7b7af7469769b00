"""Replays a sample of what was recorded since the last time, and keeps what came of it for those who watch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from evenstock.domain import rfc3339
from evenstock.operations.keep_check import KIND
from evenstock.operations.ports import Entry, Snapshots, Store, Transaction
from evenstock.operations.replaying.replay_many import Tally, parts_of, replay_many, replaying

REPLAY: Final = "replay"


@dataclass(frozen=True, slots=True)
class LastReplay:
    """What the last sample came to."""

    at: datetime
    """By the books' clock."""
    replayed: int
    unequal: int
    """Beyond zero this program, or the machine it runs on, does not decide the same twice."""
    missing: int
    """Recorded without inputs, or by another version."""
    after: str = ""
    """The last decision looked at: the next sample goes on from there."""


def keep_replay(store: Store, snapshots: Snapshots, share_bp: int, seed: str) -> Tally:
    """Decide a share of what was recorded since the last sample again, each decision drawn at most once, and keep the counts.

    One that came out otherwise is told until a sample that finds none follows.
    """
    with store.reading() as books:
        before = last_replay(books)
    after = before.after if before else ""
    found = replay_many(parts_of(store, after=after, share_bp=share_bp, seed=seed), replaying(snapshots))
    with store.transaction() as books:
        there = books.entry(KIND, REPLAY)
        body: Mapping[str, Any] = {
            "at": rfc3339(books.clock()),
            "replayed": found.replayed,
            "unequal": found.unequal,
            "missing": sum(found.missing.values()),
            "after": found.last or after,
        }
        if there is None:
            books.enter(Entry(KIND, REPLAY, body))
        else:
            books.change_entry(there.step, Entry(KIND, REPLAY, body, there.step + 1))
    return found


def last_replay(books: Transaction) -> LastReplay | None:
    """None where nobody replayed yet."""
    entry = books.entry(KIND, REPLAY)
    if entry is None:
        return None
    said = entry.body
    return LastReplay(
        datetime.fromisoformat(said["at"]), said["replayed"], said["unequal"], said["missing"], said["after"]
    )
