"""One open transaction of a database, and how its dialect spells moments, days and rows of a whole list."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

_READ_TRANSFER = sa.text(
    "SELECT id, plan, origin, destination, ship_by, state, lines, mode, dispatched_on, received_on FROM transfer_order WHERE id = :id"
)

READ_ENTRY = sa.text("SELECT kind, id, body, step, state, due_at FROM entry WHERE kind = :kind AND id = :id")


@dataclass(frozen=True)
class Statements:
    """The few statements that SQLite and PostgreSQL spell differently. `:rows` is a JSON list of objects."""

    insert_movements: sa.TextClause
    """Returns the ids that were new."""
    insert_balances: sa.TextClause
    """Rows of zeros where there are none."""
    lock_balances: sa.TextClause
    """Takes the rows in key order, until the transaction ends."""
    change_balances: sa.TextClause
    """Adds changes where no state would fall below zero; returns key, available and shortfall of each row changed."""
    put_prices: sa.TextClause
    claim_outbox: sa.TextClause
    read_plan: sa.TextClause
    read_transfer: sa.TextClause
    read_case: sa.TextClause
    claim_received: sa.TextClause
    read_entry: sa.TextClause
    lease: sa.TextClause
    """Returns the token, or no row while another holds the lease."""
    fenced: sa.TextClause
    """Takes the row, so that the lease cannot pass on before the transaction ends."""
    fenced_unlocked: sa.TextClause
    clock: sa.TextClause

    def without_locks(self) -> Statements:
        """For a reading, which changes nothing and so waits for nobody."""
        plan = sa.text("SELECT body, state FROM transfer_plan WHERE id = :id")
        case = sa.text("SELECT body FROM case_file WHERE id = :id")
        return replace(
            self,
            read_plan=plan,
            read_transfer=_READ_TRANSFER,
            read_case=case,
            read_entry=READ_ENTRY,
            fenced=self.fenced_unlocked,
        )


class Session:
    """What the parts of a transaction share: its connection, and the dialect's spellings."""

    statements: Statements

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection

    def run(self, statement: sa.TextClause, **values: Any) -> sa.CursorResult[*tuple[Any, ...]]:
        return self.connection.execute(statement, values)

    @contextmanager
    def whole(self) -> Iterator[None]:
        """A step that raises leaves no trace, so that the caller may go on."""
        with self.connection.begin_nested():
            yield

    def moment(self, at: datetime) -> Any:
        """A moment as this database takes it."""
        raise NotImplementedError

    def day(self, day: date) -> Any:
        raise NotImplementedError


def rows_of(rows: Iterable[Mapping[str, Any]]) -> str:
    """A list for `:rows`."""
    return json.dumps(list(rows), ensure_ascii=False)


def listed(text: str) -> sa.TextClause:
    """A statement with a list under the name `among`."""
    return sa.text(text).bindparams(sa.bindparam("among", expanding=True))
