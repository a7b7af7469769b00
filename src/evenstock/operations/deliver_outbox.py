"""Tells others what was committed: at least once, in order for each aggregate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from evenstock.domain import Event
from evenstock.operations.ports import Store


@dataclass(frozen=True, slots=True)
class Delivery:
    delivered: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]
    """Event and what went wrong; later facts of the same aggregate wait behind it."""


def deliver_outbox(store: Store, deliver: Callable[[Event], None], now: datetime, limit: int = 100) -> Delivery:
    """Hand undelivered facts to `deliver` and mark those it took; one that raises stays and is tried again next time.

    If the process dies in between, a fact is delivered again: receivers drop the second by the event's id. The batch is
    held while it is delivered, so `deliver` opens no transaction of this store, and on SQLite writers wait for it.
    """
    done: list[str] = []
    failed: list[tuple[str, str]] = []
    blocked: set[str] = set()
    with store.transaction() as t:
        for event in t.outbox(limit):
            if event.aggregate in blocked:
                continue
            try:
                deliver(event)
            except Exception as error:  # noqa: BLE001 (whatever a receiver raises is reported, and the others go on)
                failed.append((event.id, f"{type(error).__name__}: {error}"))
                blocked.add(event.aggregate)
            else:
                done.append(event.id)
        t.delivered(done, now)
    return Delivery(tuple(done), tuple(failed))
