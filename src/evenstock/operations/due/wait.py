"""Nobody answered, and it is not to happen without a person: the case stays open, and is asked again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from evenstock.domain import Case
from evenstock.operations.open_cases import REVIEW_WITHIN
from evenstock.operations.run_due import Workplace

NAME: Final = "wait"


def act(at: Workplace, case: Case, now: datetime) -> Case:
    del at
    asked = int(case.fact("asked", "1")) + 1
    facts = dict(case.facts) | {"asked": str(asked)}
    return replace(case, due_at=now + REVIEW_WITHIN, facts=tuple(facts.items()), step=case.step + 1)
