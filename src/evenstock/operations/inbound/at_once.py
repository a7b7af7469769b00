"""Applies many events in one step of the books, with the same result event by event as one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from evenstock.domain import Event
from evenstock.operations.inbound.applying import Inbound, Planned, Planning, Told
from evenstock.operations.inbound.failing import failure
from evenstock.operations.inbound.fields import WrongDataError
from evenstock.operations.ports import Handling, Mark, Received, StoreError, Transaction


def all_at_once(
    at: Inbound, books: Transaction, told: Sequence[tuple[Planning, Told]], now: datetime
) -> tuple[list[Mark], list[Received]]:
    """What became of each event, not yet written down; and those whose planning met what nobody foresaw, for which nothing
    was done.

    One that cannot be read, or that the books refuse, leaves the others as they are. Raises StoreError where a fact cannot be
    published: take it back then, and apply them one by one.
    """
    marks: list[Mark] = []
    odd: list[Received] = []
    planned: list[tuple[Received, Planned]] = []
    for planning, one in told:
        try:
            planned.append((one.received, planning(at, one)))
        except (WrongDataError, StoreError) as refused:
            marks.append(failure(one.received, refused, now))
        except Exception:  # noqa: BLE001 (whatever one event meets, the others go on; alone it shows)
            odd.append(one.received)
    facts: list[Event] = []
    answers = books.change_stock([plan.step for _, plan in planned], now)
    for (event, plan), answer in zip(planned, answers, strict=True):
        if isinstance(answer, StoreError):
            marks.append(failure(event, answer, now))
            continue
        sentence, some = plan.told(answer)
        marks.append(Mark(event, Handling.DONE, sentence))
        facts += some
    books.publish(facts)
    return marks, odd
