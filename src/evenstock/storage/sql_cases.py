"""Orders as they were placed, and cases that wait, in SQL."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from evenstock.domain import Case, CaseId, CaseKind, CaseState, Order, OrderId, canonical_json
from evenstock.operations.personal_data.books import ORDER
from evenstock.storage import bookkeeping as book
from evenstock.storage import rows
from evenstock.storage.personal_seals import is_sealed
from evenstock.storage.personal_sql import SealedSql
from evenstock.storage.schema import case_file

_PUT_ORDER = sa.text("INSERT INTO placed_order (id, body) VALUES (:id, :body) ON CONFLICT (id) DO NOTHING")
_ORDER = sa.text("SELECT body FROM placed_order WHERE id = :id")
_PUT_CASE = sa.text(
    "INSERT INTO case_file (id, kind, about, state, step, due_at, body, opened_as) "
    "VALUES (:id, :kind, :about, :state, :step, :due_at, :body, :opened_as) ON CONFLICT (id) DO NOTHING"
)
_OPENED_AS = sa.text("SELECT opened_as FROM case_file WHERE id = :id")
_STEP = sa.text("SELECT step FROM case_file WHERE id = :id")
_DUE = sa.text("SELECT id FROM case_file WHERE state = 'open' AND due_at <= :now ORDER BY due_at, id LIMIT :limit")
# One guarded statement: who waited for another's commit finds the step moved on, and has lost.
_CHANGE_CASE = sa.text(
    "UPDATE case_file SET state = :state, step = :step, due_at = :due_at, body = :body "
    "WHERE id = :id AND step = :seen_step"
)


class CasesSql(SealedSql):
    """What was ordered, and what waits for a person or a moment."""

    def put_order(self, order: Order) -> None:
        sealing = self.sealing()
        if self.run(_PUT_ORDER, id=order.id, body=sealing.order(order)).rowcount:
            self.keep_keys(sealing.rows)
        elif self.order_text(order.id) != rows.order_text(order):
            raise book.other_order(order.id)

    def order(self, order: OrderId) -> Order | None:
        found = self.order_text(order)
        return rows.order(found) if found is not None else None

    def order_text(self, order: OrderId) -> str | None:
        """An order as it is written down; None too where it is of an older copy of the books, and its key was destroyed since."""
        found = self.run(_ORDER, id=order).scalar()
        if found is None or not is_sealed(found):
            return found
        text = self.opened_one(found, f"{ORDER}{order}")
        return text.decode() if text is not None else None

    def put_case(self, case: Case) -> None:
        opened_as = book.opened(case)
        values = {"id": case.id, "kind": case.kind.value, "about": case.about, "opened_as": opened_as}
        there = not self.run(_PUT_CASE, **values, **self._standing(case)).rowcount
        if there and self.run(_OPENED_AS, id=case.id).scalar() != opened_as:
            raise book.opened_otherwise(case.id)

    def _standing(self, case: Case) -> dict[str, object]:
        return {
            "state": case.state.value,
            "step": case.step,
            "due_at": self.moment(case.due_at),
            "body": canonical_json(case).decode(),
        }

    def case(self, case: CaseId) -> Case | None:
        found = self.run(self.statements.read_case, id=case).scalar()
        return rows.case(found) if found is not None else None

    def cases(self, state: CaseState | None = None, kind: CaseKind | None = None, about: str = "") -> list[Case]:
        columns, wanted = case_file.c, sa.select(case_file.c.body).order_by(case_file.c.due_at, case_file.c.id)
        if state is not None:
            wanted = wanted.where(columns.state == state.value)
        if kind is not None:
            wanted = wanted.where(columns.kind == kind.value)
        if about:
            wanted = wanted.where(columns.about == about)
        return [rows.case(body) for body in self.connection.execute(wanted).scalars()]

    def due_cases(self, now: datetime, limit: int) -> list[CaseId]:
        return [CaseId(name) for name in self.run(_DUE, now=self.moment(now), limit=limit).scalars()]

    def change_case(self, seen_step: int, case: Case) -> None:
        book.next_step(seen_step, case)
        if not self.run(_CHANGE_CASE, id=case.id, seen_step=seen_step, **self._standing(case)).rowcount:
            raise book.case_moved(case.id, seen_step, self.run(_STEP, id=case.id).scalar())
