"""What the tries of each week have cost, in SQL."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from evenstock.storage import bookkeeping as book
from evenstock.storage.session import Session

_SPENT = sa.text("SELECT cents FROM tries_week WHERE week = :week")
_SPEND = sa.text(
    "INSERT INTO tries_week (week, cents) VALUES (:week, :cents) "
    "ON CONFLICT (week) DO UPDATE SET cents = tries_week.cents + excluded.cents "
    "WHERE tries_week.cents + excluded.cents <= :most"
)
_GIVE_BACK = sa.text("UPDATE tries_week SET cents = cents - :cents WHERE week = :week")


class TriesSql(Session):
    """A row for each week, under the same guard as stock."""

    def tries_cents(self, week: date) -> int | None:
        found = self.run(_SPENT, week=self.day(book.monday(week))).scalar()
        return None if found is None else int(found)

    def spend_on_try(self, week: date, cents: int, most: int) -> bool:
        row = {"week": self.day(book.monday(week))}
        if cents < 0:
            return self.run(_GIVE_BACK, **row, cents=-cents).rowcount == 1
        return cents <= most and self.run(_SPEND, **row, cents=cents, most=most).rowcount == 1
