"""The audit log for auditors: what became of an id and who did it, checkpoints, proofs, and whether all of it is whole."""

from __future__ import annotations

import tempfile
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from starlette.responses import Response

from evenstock.bootstrap import open_audit
from evenstock.operations.access.actions import Action
from evenstock.operations.audit.page import page_about
from evenstock.operations.audit.rows import audit_of
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.out import Moment, Out, Plain
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import said
from evenstock.service.http.strict import Name
from evenstock.storage.audit_evidence.evaluating import evaluate_books
from evenstock.storage.audit_evidence.pack import proofs, write_pack
from evenstock.storage.audit_evidence.verify import verify

ROUTER = APIRouter(tags=["audit"], route_class=GuardedRoute)
About = Annotated[Name, Query(description="Order, decision, reservation, plan, transfer, or name of a version")]


class AuditRowOut(Out):
    stream: int
    number: int = Field(description="Within the stream, from 1, without a gap")
    at: Moment
    about: str
    deeds: list[Plain] = Field(description="What was done to it in one transaction, in order")
    who: Plain = Field(description="Id and kind of the actor, the way he came in, on whose behalf")


class TrailOut(Out):
    """The three answers about an id."""

    id: str
    kind: str
    recommended: Plain = Field(description="What was recommended; empty where nothing was")
    based_on: Plain = Field(description="Versions of data, policy, model, prices and code")
    approvals: list[Plain] = Field(description="What people were asked to approve, and what each of them said")
    executed: list[Plain] = Field(description="What envelopes said of each action, by which rule, on whose approval")
    done: list[AuditRowOut] = Field(description="Who or what approved and executed it, by time")


class ProofsOut(Out):
    """As an evidence pack has them."""

    key: str = Field(description="Public key of checkpoints: compare it with the one that you were told by another way")
    checkpoint: str | None = Field(description="The last checkpoint, a signed note; null before the first")
    inclusion: list[Plain] = Field(description="That each row is in the last checkpoint; rows since then are left out")
    consistency: list[Plain] = Field(description="That each checkpoint holds the one before it")


class VerificationOut(Out):
    whole: bool
    wrong: list[str] = Field(description="What is wrong and where; empty where nothing is")
    seen: list[str] = Field(description="What was looked at, and what cannot be told")


class ViolationOut(Out):
    row: str = Field(description="Stream and number of the row, such as 3/17")
    at: str = Field(description="When it was written, by the books' clock")
    about: str
    sentence: str = Field(description="What is wrong")


class EvaluationOut(Out):
    lawful: bool
    violations: list[ViolationOut]
    checked: dict[str, int] = Field(description="How much was looked at, by what it is")
    unchecked: dict[str, int] = Field(description="What the log cannot show, and how often")


@ROUTER.get(
    "/audit/trail",
    summary="What was recommended, on which data, and who or what approved and executed it",
    responses={200: {"model": TrailOut, "description": "One page about the id"}},
)
@guarded(Action.AUDIT_READ, Load.CONSOLE)
def trail(about: About, service: Annotated[Service, Depends(service_of)]) -> Response:
    """At most the first thousand rows. Rows hold ids, units, cents and states: no addresses and no text of people."""
    with service.store.reading() as books:
        found = page_about(books, about)
    if found is None:
        raise Problem("not_found", f"neither the books nor the audit log know {about}")
    return said(found.document())


@ROUTER.get(
    "/audit/proofs",
    summary="That the rows about an id are in the log that was signed",
    responses={200: {"model": ProofsOut, "description": "Proofs of RFC 9162 over the last checkpoint"}},
)
@guarded(Action.AUDIT_READ, Load.REPORT)
def proven(about: About, service: Annotated[Service, Depends(service_of)]) -> Response:
    folder = open_audit(service.settings)
    with service.store.reading() as books:
        found = page_about(books, about)
        if found is None:
            raise Problem("not_found", f"neither the books nor the audit log know {about}")
        told: dict[str, Any] = proofs(audit_of(books), folder, found.done)
    notes = folder.notes()
    return said({"key": folder.key.public, "checkpoint": notes[-1][1].decode() if notes else None, **told})


@ROUTER.get(
    "/audit/verification",
    summary="Every row, chain, checkpoint and signature checked, as an evidence pack's own program does",
    responses={200: {"model": VerificationOut, "description": "What was found"}},
)
@guarded(Action.AUDIT_READ, Load.REPORT)
def verified(service: Annotated[Service, Depends(service_of)]) -> Response:
    """Reads the whole of the log: ask it seldom, and trust your own copy of the program and of the checkpoints more."""
    folder = open_audit(service.settings)
    with tempfile.TemporaryFile() as file:
        with service.store.reading() as books:
            write_pack(file, audit_of(books), folder)
        file.seek(0)
        wrong, seen = verify(file, folder.key.public)
    return said({"whole": not wrong, "wrong": wrong, "seen": seen})


@ROUTER.get(
    "/audit/evaluation",
    summary="Everything that was executed, judged again from the log alone by the evaluator of evidence packs",
    responses={200: {"model": EvaluationOut, "description": "What was found"}},
)
@guarded(Action.AUDIT_READ, Load.REPORT)
def evaluated(service: Annotated[Service, Depends(service_of)]) -> Response:
    """Reads the whole of the log: ask it seldom. The worker judges what is new each night, and metrics say what it found."""
    return said(evaluate_books(service.store))
