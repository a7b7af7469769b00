"""What an operator asks of the books: their clock and schema, and how much waits; a few indexed counts in one moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from evenstock.domain import NodeId
from evenstock.operations.ports import Handling, Store
from evenstock.storage.memory_books import Books, UnitOfWork
from evenstock.storage.migrate import HEAD, current, serves_us

MOST_COUNTED: Final = 100_000
"""Counting stops here: more is as bad."""


@dataclass(frozen=True, slots=True)
class VitalSigns:
    """One moment of the books. Moments are UTC, by the store's clock or as they were recorded."""

    clock: datetime
    schema: str
    """Of the database; that of this version where the books are in memory."""
    serves_us: bool = True
    """Whether code of this version may use that schema."""
    superuser: bool = False
    """Whether the role may do everything in the database server."""
    outbox_waiting: int = 0
    outbox_oldest: datetime | None = None
    events_waiting: int = 0
    events_oldest: datetime | None = None
    events_dead: int = 0
    runs: Mapping[str, int] = field(default_factory=dict)
    """By state."""
    cases_open: int = 0
    cases_overdue: int = 0
    observed: Mapping[NodeId, datetime] = field(default_factory=dict)
    """When something was last stated or counted of a node's stock."""

    @property
    def expected_schema(self) -> str:
        return HEAD


_OUTBOX: Final = "SELECT count(*), min(occurred_at) FROM (SELECT occurred_at FROM outbox WHERE delivered_at IS NULL LIMIT :most) AS w"
_EVENTS: Final = "SELECT count(*), min(received_at) FROM (SELECT received_at FROM received_event WHERE handling = 'waiting' LIMIT :most) AS w"
_EVENTS_ALONE: Final = "SELECT count(*) FROM (SELECT 1 FROM received_event WHERE handling = 'waiting' LIMIT :most) AS w"
_DEAD: Final = "SELECT count(*) FROM (SELECT 1 FROM received_event WHERE handling = 'dead' LIMIT :most) AS d"
_RUNS: Final = "SELECT state, count(*) FROM entry WHERE kind = 'run' GROUP BY state"
_CASES: Final = "SELECT count(*), sum(CASE WHEN due_at < :now THEN 1 ELSE 0 END) FROM case_file WHERE state = 'open'"
_OBSERVED: Final = "SELECT node, max(observed_at) FROM stock_observation GROUP BY node"
_SUPERUSER: Final = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"


def vital_signs(store: Store, *, feeds: bool = True) -> VitalSigns:
    """Ask the books; `feeds` also when each node was last observed, which reads every observation.

    Raises
    ------
    StoreError
        If they cannot be read.
    """
    with store.reading() as books:
        clock = books.clock()
        connection: sa.Connection | None = getattr(books, "connection", None)
        if connection is not None:
            return _of_database(connection, books, clock, feeds=feeds)
        unit = getattr(books, "inner", books)
        assert isinstance(unit, UnitOfWork)
        return _of_memory(unit._books, clock)  # noqa: SLF001 (the store's own counts)


def events_waiting(store: Store, most: int) -> int:
    """Received events that wait to be applied, counted up to `most`. Raises StoreError if the books cannot be read."""
    with store.reading() as books:
        connection: sa.Connection | None = getattr(books, "connection", None)
        if connection is not None:
            return int(connection.execute(sa.text(_EVENTS_ALONE), {"most": most}).scalar_one())
        unit = getattr(books, "inner", books)
        assert isinstance(unit, UnitOfWork)
        return min(most, len(unit._books.waiting))  # noqa: SLF001 (the store's own counts)


def _of_database(connection: sa.Connection, books: Any, clock: datetime, *, feeds: bool) -> VitalSigns:
    def row(text: str, **values: object) -> Any:
        return connection.execute(sa.text(text), values).one()

    def rows(text: str) -> Any:
        return connection.execute(sa.text(text)).all()

    outbox, events = row(_OUTBOX, most=MOST_COUNTED), row(_EVENTS, most=MOST_COUNTED)
    cases = row(_CASES, now=books.moment(clock))
    server = connection.dialect.name == "postgresql"
    return VitalSigns(
        clock=clock,
        schema=current(connection) or "none",
        serves_us=serves_us(connection),
        superuser=server and bool(row(_SUPERUSER)[0]),
        outbox_waiting=outbox[0],
        outbox_oldest=_moment(outbox[1]),
        events_waiting=events[0],
        events_oldest=_moment(events[1]),
        events_dead=row(_DEAD, most=MOST_COUNTED)[0],
        runs={state: int(count) for state, count in rows(_RUNS)},
        cases_open=cases[0],
        cases_overdue=int(cases[1] or 0),
        observed={NodeId(node): at for node, text in rows(_OBSERVED) if (at := _moment(text))} if feeds else {},
    )


def _of_memory(books: Books, clock: datetime) -> VitalSigns:
    facts = [books.facts[name].occurred_at for name in books.undelivered]
    waiting = [e for e in books.received.values() if e.handling is Handling.WAITING]
    observed: dict[NodeId, datetime] = {}
    for said in books.observations.values():
        for one in said:
            observed[one.node] = max(one.observed_at, observed.get(one.node, one.observed_at))
    return VitalSigns(
        clock=clock,
        schema=HEAD,
        outbox_waiting=len(facts),
        outbox_oldest=min(facts, default=None),
        events_waiting=len(waiting),
        events_oldest=min((e.received_at for e in waiting if e.received_at), default=None),
        events_dead=sum(e.handling is Handling.DEAD for e in books.received.values()),
        runs=Counter(entry.state for entry, _ in books.entries.get("run", {}).values()),
        cases_open=len(books.open_cases),
        cases_overdue=sum(due_at < clock for due_at in books.open_cases.values()),
        observed=observed,
    )


def _moment(value: datetime | str | None) -> datetime | None:
    if value is None:
        return None
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.astimezone(UTC)
