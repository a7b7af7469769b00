"""Approvals: what waits for people to agree, their votes one by one or many at once, and who decides for whom."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from evenstock.domain import ApprovalRequest, NodeId, RequestState, Says
from evenstock.operations.access.actions import Action
from evenstock.operations.access.principal import Kind
from evenstock.operations.approvals.carrying_out import Place, carry_out, request_approval
from evenstock.operations.approvals.delegation import Delegation, delegate, delegations, end_delegation
from evenstock.operations.approvals.inbox import inbox
from evenstock.operations.approvals.naming import name_of
from evenstock.operations.approvals.voting import Row, RowOutcome, Voted, vote, vote_many
from evenstock.operations.ports import Store, StoreError, Transaction
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, as_problem, guarded
from evenstock.service.http.approval import limits_of
from evenstock.service.http.bodies.approvals import (
    ApprovalOut,
    ApprovalsOut,
    AskBody,
    CarriedOutOut,
    DecidedOut,
    DelegateBody,
    DelegationOut,
    DelegationsOut,
    ManyOut,
    ManyVotesBody,
    NothingBody,
    VoteBody,
    approval_out,
    delegation_out,
    waiting_out,
)
from evenstock.service.http.bulk import Cursor, Limit, cut
from evenstock.service.http.idempotent import IdempotencyKey, IfMatch, once
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import etag, from_cursor, match, page, said, tagged
from evenstock.service.http.scope import nodes_of

ROUTER = APIRouter(tags=["approvals"], route_class=GuardedRoute)


@ROUTER.get(
    "/approvals",
    summary="Requests for approval, or what you may decide now",
    responses={200: {"model": ApprovalsOut, "description": "A page: by id, or your own by money at risk and due time"}},
)
@guarded(Action.APPROVALS_READ, Load.CONSOLE)
def listed(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    state: Annotated[RequestState | None, Query()] = None,
    about: Annotated[str, Query(max_length=300, description="Such as plan:plan-1a2b")] = "",
    mine: Annotated[bool, Query(description="Only what you may decide now, by your own right or another's")] = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    permitted = nodes_of(service, request, Action.APPROVALS_READ)
    with service.store.reading() as books:
        if mine:
            person = request.state.principal.kind is Kind.PERSON
            waiting = inbox(books, request.state.principal.id, limits_of(service, request)) if person else []
            waiting = [
                one for one in waiting if state in (None, one.request.state) and about in ("", one.request.about)
            ]
            shown, following = cut(waiting, [one.request.id for one in waiting], limit, cursor)
            return page([waiting_out(one, books.votes(one.request.id)) for one in shown], following)
        found = _from(books, from_cursor(cursor), state, about, permitted, limit + 1)
        told = [approval_out(one, books.votes(one.id)) | {"on_behalf_of": None} for one in found[:limit]]
    return page(told, found[limit - 1].id if len(found) > limit else None)


@ROUTER.post(
    "/approvals",
    summary="Ask people about a thing, though no rule does: it is then not done without them",
    responses={200: {"model": ApprovalOut, "description": "The request; the one that is open about the same content"}},
)
@guarded(Action.APPROVALS_DECIDE, Load.CONSOLE)
def ask(
    request: Request,
    body: AskBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
) -> Response:
    """About the thing as it stands: whoever made or changed it last is the proposer, and does not decide."""

    def work(store: Store) -> Response:
        try:
            made = request_approval(
                Place(store, service.snapshots), body.about, because=body.because, people=body.people,
                now=service.clock(),
            )  # fmt: skip
        except ValueError as wrong:
            raise Problem("refused", str(wrong)) from None
        if not _visible(made, nodes_of(service, request, Action.APPROVALS_DECIDE)):
            raise Problem("not_allowed", f"{body.about} concerns other nodes than yours")
        with store.reading() as books:
            shown = approval_out(made, books.votes(made.id))
        return said(shown, headers={"ETag": etag(shown), "Location": f"/v1/approvals/{made.id}"})

    return once(request, service, body, work, whole=True)


@ROUTER.get(
    "/approvals/{approval}",
    summary="One request with its votes",
    responses={200: {"model": ApprovalOut, "description": "The request"}},
)
@guarded(Action.APPROVALS_READ, Load.CONSOLE)
def read(request: Request, approval: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    with service.store.reading() as books:
        shown = approval_out(_seen(service, request, books, approval), books.votes(approval))
    return tagged(request, shown)


@ROUTER.post(
    "/approvals/{approval}/votes",
    summary="Agree or refuse; the last vote needed has it done",
    responses={200: {"model": DecidedOut, "description": "Where the request stands, and what was done"}},
)
@guarded(Action.APPROVALS_DECIDE, Load.REBALANCE)
def cast(
    request: Request,
    approval: str,
    body: VoteBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    """Never by whoever proposed it, in the role and at the nodes that it asks for, up to the limit of the caller's grants.

    A vote that counts is kept even where what it approved cannot be done: `result` says why.
    """
    by, now = request.state.principal.id, service.clock()

    def work(store: Store) -> Response:
        with store.reading() as books:
            match(request, approval_out(_found(books, approval), books.votes(approval)))
        try:
            done = vote(
                store, approval, by, Says(body.says), body.because, body.digest, now, limits_of(service, request),
                on_behalf_of=body.on_behalf_of or "",
            )  # fmt: skip
        except ValueError as wrong:
            raise Problem("refused", str(wrong)) from None
        result, ok = _then(Place(store, service.snapshots), done, by, now) if body.carry_out else ("", False)
        with store.reading() as books:
            shown = approval_out(_found(books, approval), books.votes(approval))
        told = {"approval": shown, "agree": done.agree, "repeated": done.repeated, "carried_out": ok, "result": result}
        return said(told, headers={"ETag": etag(shown)})

    reply = once(request, service, body, work, whole=True)
    service.company.look()
    return reply


@ROUTER.post(
    "/approval-votes",
    summary="Agree to or refuse many, each by itself",
    responses={200: {"model": ManyOut, "description": "What became of each, in the order sent"}},
)
@guarded(Action.APPROVALS_DECIDE, Load.REBALANCE)
def cast_many(request: Request, body: ManyVotesBody, service: Annotated[Service, Depends(service_of)]) -> Response:
    """Each vote is committed by itself; sent again, those that counted are told as repeated, and count once."""
    by, now = request.state.principal.id, service.clock()
    place = Place(service.store, service.snapshots)
    results: dict[str, tuple[str, bool]] = {}

    def then(done: Voted) -> str:
        results[done.request.id] = _then(place, done, by, now) if body.carry_out else ("", False)
        return results[done.request.id][0]

    rows = [Row(one.approval, Says(one.says), one.digest, one.because, one.on_behalf_of or "") for one in body.votes]
    outcomes = vote_many(service.store, rows, by, now, limits_of(service, request), then=then)
    service.company.look()
    told = [_row(one, results.get(one.request, ("", False))) for one in outcomes]
    return said({"items": told, "counted": sum(one["ok"] for one in told)})


@ROUTER.post(
    "/approvals/{approval}/executions",
    summary="Do what was approved, where it could not be done at once",
    responses={200: {"model": CarriedOutOut, "description": "What was done"}},
)
@guarded(Action.APPROVALS_DECIDE, Load.REBALANCE)
def execute(
    request: Request,
    approval: str,
    body: NothingBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
) -> Response:
    """Once: asked again, it says that it was done."""
    by, now = request.state.principal.id, service.clock()

    def work(store: Store) -> Response:
        with store.reading() as books:
            _seen(service, request, books, approval, Action.APPROVALS_DECIDE)
        try:
            result = carry_out(Place(store, service.snapshots), approval, by, now)
        except ValueError as wrong:
            raise Problem("refused", str(wrong)) from None
        with store.reading() as books:
            shown = approval_out(_found(books, approval), books.votes(approval))
        return said({"approval": shown, "result": result})

    reply = once(request, service, body, work, whole=True)
    service.company.look()
    return reply


@ROUTER.get(
    "/delegations",
    summary="Who decides for whom, now and in days to come",
    responses={200: {"model": DelegationsOut, "description": "A page"}},
)
@guarded(Action.APPROVALS_READ, Load.CONSOLE)
def delegated(
    service: Annotated[Service, Depends(service_of)],
    everything: Annotated[bool, Query(description="Also those that are over")] = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    with service.store.reading() as books:
        found = delegations(books, everything=everything)
    shown, following = cut(found, [one.id for one in found], limit, cursor)
    return page([delegation_out(one) for one in shown], following)


@ROUTER.post(
    "/delegations",
    summary="Let another decide for you while you are away",
    responses={200: {"model": DelegationOut, "description": "No farther than your own right"}},
)
@guarded(Action.APPROVALS_DECIDE, Load.CONSOLE)
def lend(
    request: Request,
    body: DelegateBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
) -> Response:
    def work(store: Store) -> Response:
        try:
            wanted = Delegation(
                request.state.principal.id, name_of(body.to), body.first, body.last, body.because,
                tuple(sorted({NodeId(node) for node in body.nodes})), body.limit_cents,
            )  # fmt: skip
            made = delegate(store, wanted, service.clock(), limits_of(service, request))
        except ValueError as wrong:
            raise Problem("refused", str(wrong)) from None
        return said(delegation_out(made))

    return once(request, service, body, work, whole=True)


@ROUTER.post(
    "/delegations/{delegation}/ends",
    summary="Take a delegation back, or give it back, at once",
    responses={200: {"model": DelegationOut, "description": "It has ended"}},
)
@guarded(Action.APPROVALS_DECIDE, Load.CONSOLE)
def end(
    request: Request,
    delegation: str,
    body: NothingBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
) -> Response:
    by = request.state.principal.id

    def work(store: Store) -> Response:
        with store.reading() as books:
            found = next((one for one in delegations(books, everything=True) if one.id == delegation), None)
        if found is None:
            raise Problem("not_found", f"there is no delegation {delegation}")
        if by not in (found.giver, found.taker):
            raise Problem("not_allowed", f"{delegation} is of {found.giver} and {found.taker}: either of them ends it")
        return said(delegation_out(end_delegation(store, delegation, by, service.clock())))

    return once(request, service, body, work, whole=True)


def _then(place: Place, done: Voted, by: str, now: datetime) -> tuple[str, bool]:
    """Carry out what the vote approved; the sentence, and whether it was done."""
    if done.request.state is not RequestState.APPROVED:
        return "", False
    try:
        return carry_out(place, done.request.id, by, now), True
    except (StoreError, ValueError) as wrong:
        return f"approved, and not done yet: {wrong}", False


def _row(one: RowOutcome, result: tuple[str, bool]) -> dict[str, object]:
    problem = None
    if one.error is not None:
        is_value = isinstance(one.error, ValueError)
        problem = Problem("refused", str(one.error)) if is_value else as_problem(one.error)
    return {
        "approval": one.request,
        "ok": one.voted is not None,
        "state": ("executed" if result[1] else one.voted.request.state.value) if one.voted else "",
        "agree": one.voted.agree if one.voted else 0,
        "repeated": one.voted.repeated if one.voted else False,
        "carried_out": result[1],
        "result": result[0],
        "code": problem.code.name if problem else "",
        "detail": str(one.error) if one.error else "",
    }


def _from(
    books: Transaction, after: str, state: RequestState | None, about: str, permitted: frozenset[str] | None, most: int
) -> list[ApprovalRequest]:
    """From the one after `after`, as many as wanted of those that the caller may see."""
    found: list[ApprovalRequest] = []
    while len(found) < most:
        some = books.approval_requests([state] if state else (), about=about, after=after, limit=500)
        if not some:
            break
        after = some[-1].id
        found += [one for one in some if _visible(one, permitted)]
    return found[:most]


def _visible(one: ApprovalRequest, permitted: frozenset[str] | None) -> bool:
    return permitted is None or not permitted.isdisjoint(map(str, one.nodes))


def _found(books: Transaction, approval: str) -> ApprovalRequest:
    found = books.approval_request(approval)
    if found is None:
        raise Problem("not_found", f"there is no approval request {approval}")
    return found


def _seen(
    service: Service, request: Request, books: Transaction, approval: str, action: Action = Action.APPROVALS_READ
) -> ApprovalRequest:
    found = _found(books, approval)
    if not _visible(found, nodes_of(service, request, action)):
        raise Problem("not_allowed", f"{approval} concerns other nodes than yours")
    return found
