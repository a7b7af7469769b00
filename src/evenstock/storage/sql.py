"""A transaction over either database: all its parts, and a store that opens one."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime

import sqlalchemy as sa

from evenstock.domain import DecisionRecord, Event, Movement, Order, Sku
from evenstock.operations.ports import (
    Answer,
    Compared,
    Count,
    Look,
    Move,
    Remembered,
    SingleCalls,
    StoreError,
    Transaction,
    UnavailableError,
)
from evenstock.storage import bookkeeping as book
from evenstock.storage import plainly, stock_steps
from evenstock.storage.audit_sql import AuditSql
from evenstock.storage.migrate import cannot_open, require_head
from evenstock.storage.personal_erasing import PersonalSql
from evenstock.storage.sql_approvals import ApprovalsSql
from evenstock.storage.sql_entries import EntriesSql
from evenstock.storage.sql_plans import PlansSql
from evenstock.storage.sql_records import RecordsSql
from evenstock.storage.sql_reservations import ReservationsSql
from evenstock.storage.sql_tries import TriesSql


class SqlTransaction(ReservationsSql, RecordsSql, PlansSql, PersonalSql, EntriesSql, TriesSql, ApprovalsSql, AuditSql):
    """Everything `operations.ports.Transaction` asks for, in SQL that both databases read."""

    def look(self, skus: Sequence[Sku], days: Sequence[date], now: datetime) -> Look:
        return plainly.look(self, skus, days, now)

    def answer(
        self,
        decision: DecisionRecord,
        now: datetime,
        *,
        order: Order | None = None,
        facts: Sequence[Event] = (),
        key: str = "",
        request: str = "",
    ) -> None:
        plainly.answer(self, decision, now, order=order, facts=facts, key=key, request=request)

    def recall_and_look(
        self, keys: Sequence[str], skus: Sequence[Sku], days: Sequence[date], now: datetime
    ) -> tuple[Mapping[str, Remembered], Look]:
        return plainly.recall_and_look(self, keys, skus, days, now)

    def keep_together(
        self,
        answers: Sequence[Answer],
        now: datetime,
        said: Sequence[tuple[str, str]] = (),
        *,
        halts: Collection[str] = (),
    ) -> bool:
        return plainly.keep_together(self, answers, now, said, halts)

    def outlast(self, seconds: float) -> bool:  # noqa: ARG002 (one writer at a time: no other is open)
        return True

    def change_stock(
        self, steps: Sequence[Count | Move], recorded_at: datetime
    ) -> list[Sequence[Movement] | StoreError]:
        return stock_steps.one_by_one(self, steps, recorded_at)

    def compared(self, also: Sequence[Sku] = ()) -> Compared:  # noqa: ARG002 (every item is compared)
        return plainly.compared(self)


class SqlStore:
    """Connections of an engine, one transaction a thread at a time."""

    kind: type[SqlTransaction]

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._open = threading.local()
        try:
            with engine.begin() as connection:
                self.check(connection)
        except sa.exc.OperationalError as error:
            engine.dispose()
            raise cannot_open(engine, error) from error
        except StoreError:
            engine.dispose()
            raise

    def check(self, connection: sa.Connection) -> None:
        """Raise StoreError if this database must not be used."""
        require_head(connection)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._begun(self._engine) as connection:
            yield self.kind(connection)

    def singly(self) -> AbstractContextManager[SingleCalls]:
        return self.transaction()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        with self._begun(self.reading_engine()) as connection:
            unit = self.kind(connection)
            unit.statements = unit.statements.without_locks()
            yield unit

    def reading_engine(self) -> sa.Engine:
        """The same connections, beginning as a reading does."""
        raise NotImplementedError

    @contextmanager
    def _begun(self, engine: sa.Engine) -> Iterator[sa.Connection]:
        with self._alone(), engine.begin() as connection:
            yield connection

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One at a time in a thread, and what the driver says in our words."""
        if getattr(self._open, "now", False):
            raise StoreError(book.NESTED)
        self._open.now = True
        try:
            yield
        except sa.exc.DBAPIError as error:
            gone = error.connection_invalidated or isinstance(error, sa.exc.OperationalError)
            raise (UnavailableError if gone else StoreError)(_sentence(error)) from error
        except sa.exc.TimeoutError as error:
            raise UnavailableError(
                "all connections to the database are busy; nothing was changed: try again"
            ) from error
        finally:
            self._open.now = False

    @property
    def engine(self) -> sa.Engine:
        """For upkeep that no transaction can do."""
        return self._engine

    def close(self) -> None:
        self._engine.dispose()


def _sentence(error: sa.exc.DBAPIError) -> str:
    said = str(error.orig).strip().splitlines()[0]
    if error.connection_invalidated:
        return (
            f"the database went away ({said}); whether the last commit took effect is unknown: "
            "ask again under the same key or id, and it will count once"
        )
    if isinstance(error, sa.exc.OperationalError):
        return f"the database could not go on ({said}); nothing was changed: try again"
    return f"the database refused ({said}); nothing was changed"
