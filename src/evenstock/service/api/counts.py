"""Counts: shelves that wait to be counted, what is worth counting today, and what was counted."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from evenstock.domain import CaseKind, CaseState, LotId, NodeId, Sku
from evenstock.operations.access.actions import Action
from evenstock.operations.answer_count import answer_count
from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.exceptions.answer import document as handled_document
from evenstock.operations.exceptions.count_shelf import ShelfCounted
from evenstock.operations.ports import Store
from evenstock.operations.propose_counts import propose_counts
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.cases import CasesOut, HandledOut, case_out
from evenstock.service.http.bodies.out import Out
from evenstock.service.http.bodies.stock import CountBody, CountProposalsOut, ObservedOut
from evenstock.service.http.bulk import Cursor, Limit, Names, at_nodes, cut, dicts, only
from evenstock.service.http.idempotent import IdempotencyKey, once
from evenstock.service.http.refusals import done
from evenstock.service.http.replies import page, said
from evenstock.service.http.scope import nodes_of, require_all

ROUTER = APIRouter(tags=["count-requests"], route_class=GuardedRoute)


class CountTakenOut(Out):
    """What a count changed: by itself, or as the answer to a question."""

    observed: ObservedOut | None
    handled: HandledOut | None


@ROUTER.get(
    "/count-requests",
    summary="Shelves where a pick came up short and a count is asked for",
    responses={200: {"model": CasesOut, "description": "Open questions, soonest due first"}},
)
@guarded(Action.STOCK_READ, Load.CONSOLE)
def asked(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    node: Names = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    with service.store.reading() as books:
        open_now = books.cases(CaseState.OPEN, CaseKind.SHORT_PICK)
    permitted = nodes_of(service, request, Action.STOCK_READ)
    seen = [
        case
        for case in open_now
        if (permitted is None or case.fact("node") in permitted) and (node is None or case.fact("node") in node)
    ]
    shown, following = cut(seen, [str(case.id) for case in seen], limit, cursor)
    return page([case_out(case) for case in shown], following)


@ROUTER.get(
    "/count-requests/proposals",
    summary="What to count today, node by node, by what knowing it is worth",
    responses={200: {"model": CountProposalsOut, "description": "The best first at each node"}},
)
@guarded(Action.STOCK_READ, Load.REPORT)
def proposals(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    per_node: Annotated[int, Query(ge=1, le=1_000, description="Counts a day at each node")] = 20,
    node: Names = None,
) -> Response:
    now = service.clock()
    told = propose_counts(service.store, service.snapshots, service.company.get().company, now=now, per_node=per_node)
    seen = only(at_nodes(told.lines, nodes_of(service, request, Action.STOCK_READ), "node"), "node", node)
    return said(
        {
            "on": now.date(),
            "worth_counting": told.worth_counting,
            "items": dicts(seen),
            "next": None,
            "notes": list(told.notes),
        }
    )


@ROUTER.post(
    "/counts",
    summary="A shelf was counted",
    responses={200: {"model": CountTakenOut, "description": "What it changed, and the questions it answered"}},
)
@guarded(Action.STOCK_COUNT, Load.RESERVE)
def counted(
    request: Request, body: CountBody, service: Annotated[Service, Depends(service_of)], _key: IdempotencyKey = None
) -> Response:
    """The books follow the count. Where a pick came up short there, the units frozen for it are free, and the question is closed."""
    require_all(service, request, Action.STOCK_COUNT, {body.node}, f"count {body.id}")
    here, by = service.company.get().company, request.state.principal.id
    network, rules = here.network, Governance.of(here)
    count = ShelfCounted(body.id, NodeId(body.node), Sku(body.sku), body.units, by, service.clock(), LotId(body.lot))

    def work(store: Store) -> Response:
        taken = done(answer_count(store, count, skus=network.items, nodes=network.nodes, rules=rules))
        told = taken.observed
        return said(
            {
                "observed": None
                if told is None
                else {
                    "sku": body.sku, "node": body.node, "lot": body.lot, "outcome": told.outcome.value,
                    "gained": told.gained, "lost": told.lost, "short": told.short, "because": told.because,
                },
                "handled": None if taken.handled is None else handled_document(taken.handled),
            }
        )  # fmt: skip

    return once(request, service, body, work, whole=True)
