"""What is believed to be on the shelves, and where other systems disagree with the books."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Final

import polars as pl
from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.responses import Response

from evenstock.operations.access.actions import Action
from evenstock.operations.believe_stock import current_beliefs
from evenstock.operations.ports import Transaction
from evenstock.operations.reconcile_stock import reconcile_stock
from evenstock.operations.runs.keeping import Run, RunState, runs
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.out import Out
from evenstock.service.http.bodies.runs import RunOut, run_out
from evenstock.service.http.bodies.stock import BeliefsOut, ReconciliationOut
from evenstock.service.http.bulk import Cursor, Limit, Names, at_nodes, bulk, dicts, only, paged
from evenstock.service.http.idempotent import IdempotencyKey
from evenstock.service.http.long_work import STARTED, start
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import page, said
from evenstock.service.http.scope import nodes_of, require_all, require_everywhere
from evenstock.service.http.strict import Strict

ROUTER = APIRouter(tags=["stock"], route_class=GuardedRoute)
EXPLAINED: Final = ("age of the statement", "unposted shipment")
"""Causes of a difference that need nobody."""
_AT_ONCE: Final = 1_000


class ReconcileBody(Strict):
    days: Annotated[int, Field(ge=1, le=92, description="How old a statement may be")] = 7


class BelieveBody(Strict):
    level: Annotated[
        float, Field(gt=0.5, lt=1, description="Share of promises up to the last unit that should find it")
    ] = 0.95


class ReconciliationRunsOut(Out):
    items: list[RunOut]
    next: str | None


@ROUTER.get(
    "/stock/beliefs",
    summary="What we think is truly on each shelf, with the units held back for it",
    responses=bulk(BeliefsOut, "Beliefs as last drawn up, by item and node"),
)
@guarded(Action.STOCK_READ, Load.CONSOLE)
def beliefs(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    sku: Names = None,
    node: Names = None,
    least_doubt: Annotated[float, Query(ge=0, le=1, description="Least probability of a phantom")] = 0.0,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """`buffer` is what is held back now. Beliefs are drawn up by the run `beliefs`, every hour where nobody changed that."""
    known = current_beliefs(service.store, service.snapshots)
    if known is None:
        raise Problem(
            "not_found", "no beliefs were drawn up yet", hint="POST /v1/stock/beliefs, or evenstock stock beliefs"
        )
    with service.store.reading() as books:
        held = books.balance_frame().group_by("sku", "node").agg(pl.sum("buffer"))
    frame = known.frame.join(held, on=["sku", "node"], how="left").with_columns(pl.col("buffer").fill_null(0))
    found = only(only(at_nodes(frame, nodes_of(service, request, Action.STOCK_READ), "node"), "node", node), "sku", sku)
    return paged(request, found.filter(pl.col("p_phantom") >= least_doubt), ("sku", "node"), limit, cursor)


@ROUTER.post("/stock/beliefs", summary="Draw beliefs up anew, and set the buffers that follow", responses=dict(STARTED))
@guarded(Action.STOCK_OBSERVE, Load.CONSOLE)
def believe(
    request: Request, body: BelieveBody, service: Annotated[Service, Depends(service_of)], _key: IdempotencyKey = None
) -> Response:
    require_everywhere(service, request, Action.STOCK_OBSERVE, "what is believed")
    return start(service, request, "beliefs", body.model_dump(), body)


@ROUTER.get(
    "/stock/reconciliation",
    summary="The books against what other systems stated, as they stand now",
    responses={200: {"model": ReconciliationOut, "description": "Totals, classes and every line that differs"}},
)
@guarded(Action.STOCK_READ, Load.REPORT)
def reconciliation(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    node: Names = None,
    source: Names = None,
    days: Annotated[int, Query(ge=1, le=92, description="How old a statement may be")] = 7,
) -> Response:
    permitted = nodes_of(service, request, Action.STOCK_READ)
    if node is not None:
        require_all(service, request, Action.STOCK_READ, node, "the reconciliation")
    wanted = node if node is not None else sorted(permitted) if permitted is not None else []
    company, now = service.company.get().company, service.clock()
    if company.table("observations") is None:
        raise Problem("not_found", "no other system has stated anything of stock yet")
    told = reconcile_stock(
        service.store, service.snapshots, company, now=now, nodes=wanted, sources=source or (),
        within=timedelta(days=days),
    )  # fmt: skip
    return said(
        {
            "at": now,
            "text": told.text,
            "unexplained": told.lines.filter(~pl.col("cause").is_in(EXPLAINED)).height,
            "totals": dicts(told.totals),
            "classes": dicts(told.classes),
            "lines": dicts(told.lines),
        }
    )


@ROUTER.get(
    "/stock/reconciliations",
    summary="Reconciliations that were done, newest first",
    responses={200: {"model": ReconciliationRunsOut, "description": "Runs with what they found"}},
)
@guarded(Action.STOCK_READ, Load.CONSOLE)
def reconciliations(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Response:
    """A caller of some nodes alone sees their lines; totals and text are of every node, and are left out for him."""
    with service.store.reading() as books:
        done = [run for run in _done(books) if run.job == "reconcile" and run.ended_at is not None]
    newest = sorted(done, key=lambda run: (run.ended_at, run.id), reverse=True)[:limit]
    permitted = nodes_of(service, request, Action.STOCK_READ)
    return page([_seen(run_out(run), permitted) for run in newest], None)


@ROUTER.post("/stock/reconciliations", summary="Reconcile now, and keep what is found", responses=dict(STARTED))
@guarded(Action.STOCK_OBSERVE, Load.CONSOLE)
def reconcile(
    request: Request, body: ReconcileBody, service: Annotated[Service, Depends(service_of)], _key: IdempotencyKey = None
) -> Response:
    require_everywhere(service, request, Action.STOCK_OBSERVE, "a reconciliation")
    return start(service, request, "reconcile", body.model_dump(), body)


def _done(books: Transaction) -> Iterator[Run]:
    after = ""
    while batch := runs(books, state=RunState.DONE, after=after, limit=_AT_ONCE):
        yield from batch
        after = batch[-1].id


def _seen(run: dict[str, Any], permitted: frozenset[str] | None) -> dict[str, Any]:
    if permitted is None or run["result"] is None:
        return run
    lines = [line for line in run["result"].get("dearest", ()) if line["node"] in permitted]
    return run | {"result": {"dearest": lines}}
