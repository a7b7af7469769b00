"""Cases and reports of exceptions as they are told."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from evenstock.domain import Case, plain
from evenstock.operations.queue import Waiting
from evenstock.service.http.bodies.out import Moment, Out


class CaseOut(Out):
    """Something that waits for a person or for a moment, with what happens if nobody acts."""

    id: str
    kind: str
    about: str = Field(description="Such as order:A-1, node:TX, stock:SKU@TX or service:ups:ground")
    because: str
    suggestion: str
    at_deadline: str = Field(description="What is done if nobody acts")
    role: str = Field(description="Who may act; empty where the system acts by itself")
    opened_at: Moment
    due_at: Moment
    facts: list[list[str]] = Field(description="Name and value of each")
    state: str
    step: int
    closed_at: Moment | None
    closed_by: str
    resolution: str


class WaitingOut(CaseOut):
    """A case with the money at stake."""

    value_cents: int
    plan_cents: int | None
    next_cents: int | None


class HandledOut(Out):
    """How things stand after a report."""

    report: str
    repeated: bool = Field(description="It had come before: nothing was changed")
    state: str
    sentence: str
    next_action: str
    deadline: Moment | None
    needs_person: bool
    cases: list[CaseOut]


class QueueOut(Out):
    items: list[WaitingOut]
    next: str | None


class CasesOut(Out):
    items: list[CaseOut]
    next: str | None


def case_out(case: Case) -> dict[str, Any]:
    found: dict[str, Any] = plain(case)
    return found


def waiting_out(waiting: Waiting) -> dict[str, Any]:
    return case_out(waiting.case) | {
        "value_cents": int(waiting.value_cents),
        "plan_cents": waiting.plan_cents,
        "next_cents": waiting.next_cents,
    }
