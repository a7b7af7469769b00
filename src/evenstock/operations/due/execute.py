"""Nobody answered: the plan that was set aside executes."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from evenstock.domain import Case
from evenstock.operations.open_cases import EXECUTE
from evenstock.operations.queue import execute
from evenstock.operations.run_due import Workplace

NAME: Final = EXECUTE


def act(at: Workplace, case: Case, now: datetime) -> Case:
    with at.store.transaction() as books:
        found = books.case(case.id)
        if found is None or found.step != case.step:
            return found or case
        return execute(books, case, "deadline", now).case
