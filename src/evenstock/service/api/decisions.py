"""Decisions: listed, read, explained in words and terms, replayed from the books."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from evenstock.domain import DecisionId, DecisionRecord
from evenstock.operations.access.actions import Action
from evenstock.operations.decisions import decision_from
from evenstock.operations.explaining import explanation
from evenstock.operations.ports import StoreError
from evenstock.operations.replaying.replay_one import replay_one
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.decisions import (
    DecisionOut,
    DecisionsOut,
    ExplanationOut,
    ReplayOut,
    decision_line,
)
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import from_cursor, page, said, tagged
from evenstock.service.http.scope import nodes_of, require_any

ROUTER = APIRouter(tags=["decisions"], route_class=GuardedRoute)
Limit = Annotated[int, Query(ge=1, le=1_000, description="Most items of a page")]
Cursor = Annotated[str | None, Query(max_length=2_000, description="`next` of the page before")]


@ROUTER.get(
    "/decisions",
    summary="Decisions in the order recorded",
    responses={200: {"model": DecisionsOut, "description": "A page"}},
)
@guarded(Action.DECISIONS_READ, Load.CONSOLE)
def listed(
    request: Request, service: Annotated[Service, Depends(service_of)], limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """A caller who may read at some nodes alone sees the decisions that ship from one of them."""
    after = from_cursor(cursor)
    with service.store.reading() as books:
        try:
            found = books.decisions(limit + 1, after)
        except StoreError:
            raise Problem("not_found", f"cursor: there is no decision {after}") from None
    records = [decision_from(one) for one in found[:limit]]
    permitted = nodes_of(service, request, Action.DECISIONS_READ)
    shown = [decision_line(one) for one in records if permitted is None or not permitted.isdisjoint(_nodes(one))]
    return page(shown, records[-1].id if len(found) > limit else None)


@ROUTER.get(
    "/decisions/{decision}",
    summary="A decision's record",
    responses={200: {"model": DecisionOut, "description": "Byte for byte as it was recorded"}},
)
@guarded(Action.DECISIONS_READ, Load.CONSOLE)
def read(request: Request, decision: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    return tagged(request, _found(service, request, decision, Action.DECISIONS_READ))


@ROUTER.get(
    "/decisions/{decision}/explanation",
    summary="Why: every option term by term in cents, what was barred and by which rule",
    responses={200: {"model": ExplanationOut, "description": "The terms of each option add up to its cents"}},
)
@guarded(Action.DECISIONS_READ, Load.CONSOLE)
def explain(request: Request, decision: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    return tagged(request, explanation(decision_from(_found(service, request, decision, Action.DECISIONS_READ))))


@ROUTER.post(
    "/decisions/{decision}/replays",
    summary="Decide it again from the same inputs, and compare the bytes",
    responses={200: {"model": ReplayOut, "description": "Whether the bytes are the same, or what cannot be rebuilt"}},
)
@guarded(Action.DECISIONS_REPLAY, Load.REPORT)
def replay(request: Request, decision: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    """From what was kept with it: the rows that it read, and the network, rules and beliefs of that moment, whatever replaced
    them since. Nothing is reserved or kept. What is missing is named, such as the version of the program that decided it.
    """
    record = _found(service, request, decision, Action.DECISIONS_REPLAY)
    with service.store.reading() as books:
        replayed = replay_one(books, service.snapshots, record)
    return said(
        {
            "decision": decision,
            "comparable": replayed.comparable,
            "equal": replayed.equal,
            "missing": [replayed.missing] if replayed.missing else [],
            "digest": replayed.digest,
            "digest_again": replayed.digest_again,
            "sentence": replayed.sentence,
        }
    )


def _found(service: Service, request: Request, decision: str, action: Action) -> bytes:
    with service.store.reading() as books:
        found = books.decision(DecisionId(decision))
    if found is None:
        raise Problem("not_found", f"there is no decision {decision}")
    if nodes_of(service, request, action) is not None:
        require_any(service, request, action, _nodes(decision_from(found)), f"decision {decision}")
    return found


def _nodes(record: DecisionRecord) -> frozenset[str]:
    return frozenset(map(str, record.choice.nodes)) if record.choice is not None else frozenset()
