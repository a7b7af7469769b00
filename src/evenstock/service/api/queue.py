"""The queue: what waits for a person, and one step to answer it; nobody answers what changed since he read it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.responses import Response

from evenstock.domain import Case, CaseId, CaseKind, CaseState, DecisionId, DecisionRecord
from evenstock.operations.access.actions import Action
from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.decisions import decision_from
from evenstock.operations.exceptions.answer import order_of
from evenstock.operations.explaining import explanation
from evenstock.operations.ports import Store, Transaction
from evenstock.operations.queue import Reviewed, accept, hold, override, queue
from evenstock.operations.run_due import Workplace, act_now
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.approval import limits_of
from evenstock.service.http.bodies.cases import CaseOut, CasesOut, QueueOut, case_out, waiting_out
from evenstock.service.http.bodies.decisions import ExplanationOut
from evenstock.service.http.bodies.out import Out
from evenstock.service.http.idempotent import IdempotencyKey, IfMatch, once
from evenstock.service.http.problems import Problem
from evenstock.service.http.refusals import done
from evenstock.service.http.replies import etag, from_cursor, match, page, said, tagged
from evenstock.service.http.scope import nodes_of
from evenstock.service.http.strict import Moment, Name, Reason, Strict, Text

ROUTER = APIRouter(tags=["queue"], route_class=GuardedRoute)
Limit = Annotated[int, Query(ge=1, le=1_000, description="Most items of a page")]
Cursor = Annotated[str | None, Query(max_length=2_000, description="`next` of the page before")]


class AcceptBody(Strict):
    because: Text = Field(default="", description="Why, if it helps whoever reads it later")


class OverrideBody(Strict):
    """Ship it another lawful way: by these nodes and services, or by the numbered alternative."""

    because: Reason = Field(description="Why: rules are learned from it later")
    nodes: Annotated[list[Name], Field(max_length=50)] = Field(default_factory=list)
    services: Annotated[list[Name], Field(max_length=50)] = Field(default_factory=list)
    alternative: Annotated[int, Field(ge=1, le=1_000)] | None = Field(
        default=None, description="Number of an option of the explanation"
    )


class HoldCaseBody(Strict):
    until: Moment = Field(description="The new deadline")
    because: Reason


class CaseWholeOut(CaseOut):
    """A case with every way to ship its order."""

    explanation: ExplanationOut | None = Field(description="Of the decision that it is about")


class AnsweredOut(CaseOut):
    """A case after an answer."""

    SOMETIMES: ClassVar = ()
    decision: str | None = Field(description="The decision that the answer made")
    price_cents: int = Field(description="What an override costs beyond what the system would do")


class DoneOut(Out):
    case: CaseOut
    action: str
    sentence: str
    failed: bool = Field(description="It could not be done: the case is open still, and is asked again later")


@ROUTER.get(
    "/queue",
    summary="What waits for a person, the nearest deadline first",
    responses={200: {"model": QueueOut, "description": "A page"}},
)
@guarded(Action.EXCEPTIONS_READ, Load.CONSOLE)
def waiting(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    role: Annotated[str | None, Query(max_length=200, description="Only what this role may answer")] = None,
    everything: Annotated[bool, Query(description="Also what the system sees to by itself")] = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    after = from_cursor(cursor)
    with service.store.reading() as books:
        found = [w for w in queue(books, everything=everything) if role is None or w.case.role == role]
        seen = _visible(service, request, books, [w.case for w in found])
    shown = [w for w in found if w.case.id in seen and _place(w.case) > after]
    return page([waiting_out(w) for w in shown[:limit]], _place(shown[limit - 1].case) if len(shown) > limit else None)


@ROUTER.get(
    "/cases",
    summary="Cases, open and closed, by deadline",
    responses={200: {"model": CasesOut, "description": "A page"}},
)
@guarded(Action.EXCEPTIONS_READ, Load.CONSOLE)
def cases(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    state: Annotated[CaseState | None, Query()] = None,
    kind: Annotated[CaseKind | None, Query()] = None,
    about: Annotated[str, Query(max_length=300, description="Such as order:A-1")] = "",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    after = from_cursor(cursor)
    with service.store.reading() as books:
        found = books.cases(state, kind, about)
        seen = _visible(service, request, books, found)
    shown = [case for case in found if case.id in seen and _place(case) > after]
    return page([case_out(case) for case in shown[:limit]], _place(shown[limit - 1]) if len(shown) > limit else None)


@ROUTER.get(
    "/cases/{case}",
    summary="One case whole: its facts, and every way to ship its order with its costs",
    responses={200: {"model": CaseWholeOut, "description": "The ETag is of the case: send it back with the answer"}},
)
@guarded(Action.EXCEPTIONS_READ, Load.CONSOLE)
def read(request: Request, case: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    with service.store.reading() as books:
        found = _found(service, request, books, case, Action.EXCEPTIONS_READ)
        record = _record(books, found)
    shown = case_out(found)
    return tagged(request, shown | {"explanation": explanation(record) if record else None}, version=shown)


@ROUTER.post(
    "/cases/{case}/acceptance",
    summary="Do what is suggested, at once",
    responses={200: {"model": AnsweredOut, "description": "The case, closed"}},
)
@guarded(Action.EXCEPTIONS_ANSWER, Load.CONSOLE)
def accept_case(
    request: Request,
    case: str,
    body: AcceptBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    """Up to the limit in money of the caller's grants: what the plan costs."""
    now, by, limits = service.clock(), request.state.principal.id, limits_of(service, request)

    def work(store: Store) -> Response:
        _require_unchanged(service, request, store, case)
        rules = Governance.of(service.company.get().company)
        return _answered(done(accept(store, CaseId(case), by, now, body.because, limits=limits, rules=rules)))

    return once(request, service, body, work, whole=True)


@ROUTER.post(
    "/cases/{case}/override",
    summary="Ship it another lawful way",
    responses={200: {"model": AnsweredOut, "description": "The case, closed, and what the choice costs"}},
)
@guarded(Action.EXCEPTIONS_ANSWER, Load.CONSOLE)
def override_case(
    request: Request,
    case: str,
    body: OverrideBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    """The stock moves in the same transaction, or nothing changes; up to the limit in money of the caller's grants."""
    here, now, by = service.company.get(), service.clock(), request.state.principal.id
    permitted = nodes_of(service, request, Action.EXCEPTIONS_ANSWER)
    if permitted is not None and not (body.nodes and permitted.issuperset(body.nodes)):
        raise Problem(
            "not_allowed", f"an override may ship from {', '.join(sorted(permitted))} alone: name nodes among these"
        )

    def work(store: Store) -> Response:
        _require_unchanged(service, request, store, case)
        said_of = override(
            store, here.shipping, here.policy, CaseId(case), by, body.because, now, nodes=body.nodes,
            services=body.services, alternative=body.alternative, limits=limits_of(service, request),
        )  # fmt: skip
        return _answered(done(said_of))

    return once(request, service, body, work, whole=True)


@ROUTER.post(
    "/cases/{case}/hold",
    summary="Give it more time, or less",
    responses={200: {"model": AnsweredOut, "description": "The case with its new deadline"}},
)
@guarded(Action.EXCEPTIONS_ANSWER, Load.CONSOLE)
def hold_case(
    request: Request,
    case: str,
    body: HoldCaseBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    """A reviewed order keeps its stock no longer than it was set aside."""
    now, by = service.clock(), request.state.principal.id

    def work(store: Store) -> Response:
        _require_unchanged(service, request, store, case)
        return _answered(done(hold(store, CaseId(case), by, body.until, body.because, now)))

    return once(request, service, body, work, whole=True)


@ROUTER.post(
    "/cases/{case}/act",
    summary="Do now what would happen at the deadline, such as routing an unserved order again",
    responses={200: {"model": DoneOut, "description": "What came of it"}},
)
@guarded(Action.EXCEPTIONS_ANSWER, Load.CONSOLE)
def act(
    request: Request,
    case: str,
    service: Annotated[Service, Depends(service_of)],
    _seen: IfMatch = None,
) -> Response:
    """A plan to review is a person's to decide: accept it, so that it is known who did."""
    here = service.company.get()
    with service.store.reading() as books:
        found = _found(service, request, books, case, Action.EXCEPTIONS_ANSWER)
        match(request, case_out(found))
    if found.kind is CaseKind.REVIEW and found.state is CaseState.OPEN:
        raise Problem("refused", f"{case} is a person's to decide: accept it, so that it is known who did")
    came = act_now(Workplace(service.store, here.shipping, here.policy), found.id, service.clock())
    if came is None:
        raise Problem("conflict", f"{case} is closed, or somebody is at it now; look at it again")
    with service.store.reading() as books:
        after = books.case(found.id) or found
    return said({"case": case_out(after), "action": came.action, "sentence": came.sentence, "failed": came.failed})


def _answered(answer: Reviewed) -> Response:
    shown = case_out(answer.case)
    made = answer.record.id if answer.record else None
    return said(shown | {"decision": made, "price_cents": int(answer.price_cents)}, headers={"ETag": etag(shown)})


def _require_unchanged(service: Service, request: Request, store: Store, case: str) -> None:
    """The case as the caller saw it, locked until this transaction ends, and one that he may answer."""
    with store.reading() as books:
        match(request, case_out(_found(service, request, books, case, Action.EXCEPTIONS_ANSWER)))


def _found(service: Service, request: Request, books: Transaction, case: str, action: Action) -> Case:
    found = books.case(CaseId(case))
    if found is None:
        raise Problem("not_found", f"there is no case {case}")
    permitted = nodes_of(service, request, action)
    if permitted is not None and permitted.isdisjoint(_nodes(books, found)):
        raise Problem("not_allowed", f"{case}: {action} is allowed at {', '.join(sorted(permitted))} alone")
    return found


def _visible(service: Service, request: Request, books: Transaction, cases: list[Case]) -> frozenset[str]:
    """Ids of the cases that the caller may see."""
    permitted = nodes_of(service, request, Action.EXCEPTIONS_READ)
    return frozenset(case.id for case in cases if permitted is None or not permitted.isdisjoint(_nodes(books, case)))


def _nodes(books: Transaction, case: Case) -> frozenset[str]:
    """Nodes that a case concerns: its own, or those at which stock of its order is or was set aside."""
    kind, _, name = case.about.partition(":")
    if kind == "node":
        return frozenset({name})
    if kind == "stock":
        return frozenset({name.rpartition("@")[2]})
    return frozenset(str(line.node) for each in books.reservations_of(order_of(case)) for line in each.lines)


def _record(books: Transaction, case: Case) -> DecisionRecord | None:
    bytes_ = books.decision(DecisionId(case.fact("decision")))
    return decision_from(bytes_) if bytes_ is not None else None


def _place(case: Case) -> str:
    """Where a case stands in a list by deadline and id."""
    return f"{case.due_at.isoformat()} {case.id}"
