"""Where bills and live quotes differ from ours: drifts, corrections adopted and ended by a person, audits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter, Depends, Query, Request
from pydantic_core import from_json, to_json
from starlette.responses import Response

from evenstock.operations.access.actions import Action
from evenstock.operations.audit_rates import kept_audits
from evenstock.operations.ports import ConflictError, Store, StoreError
from evenstock.operations.rates.adopt import adopt, end
from evenstock.operations.rates.hold_invoices import latest_report
from evenstock.operations.rates.in_force import NO_RATES, imported_rates
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.carriers import (
    AuditsOut,
    CorrectionOut,
    CorrectionsOut,
    DriftReportOut,
    EndBody,
)
from evenstock.service.http.bulk import Cursor, Limit, bulk, dicts, paged
from evenstock.service.http.idempotent import IdempotencyKey, once
from evenstock.service.http.long_work import STARTED, start
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import said
from evenstock.service.http.scope import require_everywhere
from evenstock.service.http.strict import Strict

ROUTER = APIRouter(tags=["rates"], route_class=GuardedRoute)
_OUT = {"model": CorrectionOut, "description": "The correction as it stands then"}


class NothingBody(Strict):
    """Nothing is asked."""


@ROUTER.get(
    "/rates/drift",
    summary="What invoices and live quotes last said of our quotes",
    responses={200: {"model": DriftReportOut}},
)
@guarded(Action.RATES_READ, Load.CONSOLE)
def drift(
    service: Annotated[Service, Depends(service_of)],
    lasting: Annotated[bool, Query(description="Only what still drifts")] = False,
) -> Response:
    """Found by the run `invoices`. A drift that proposes a correction can be adopted: quotes then add it, with an end."""
    found = latest_report(service.store, service.snapshots)
    if found is None:
        raise Problem("not_found", "no invoices were held against quotes yet", hint="POST /v1/rates/drift")
    drifts = found.drifts.filter(pl.col("until").is_null()) if lasting else found.drifts
    return said(
        {
            "as_of": found.as_of,
            "parcels": found.parcels,
            "quoted_live": found.quotes,
            "series": found.series,
            "false_alarms_a_year": found.false_alarms,
            "drifts": dicts(drifts),
            "lately": dicts(found.lately),
            "dearest": dicts(found.dearest),
            "left_out": dicts(found.left_out),
            "outweighed": dicts(found.outweighed),
        }
    )


@ROUTER.post("/rates/drift", summary="Hold invoices and live quotes against our quotes", responses=dict(STARTED))
@guarded(Action.RATES_WRITE, Load.REBALANCE)
def hold(
    request: Request, body: NothingBody, service: Annotated[Service, Depends(service_of)], _key: IdempotencyKey = None
) -> Response:
    require_everywhere(service, request, Action.RATES_WRITE, "rates")
    return start(service, request, "invoices", {}, body)


@ROUTER.get(
    "/rates/corrections",
    summary="Corrections adopted, and when each ends",
    responses=bulk(CorrectionsOut, "Corrections by service, charge and first day"),
)
@guarded(Action.RATES_READ, Load.CONSOLE)
def corrections(
    request: Request, service: Annotated[Service, Depends(service_of)], limit: Limit = 100, cursor: Cursor = None
) -> Response:
    with service.store.reading() as books:
        found = (imported_rates(books, service.snapshots) or NO_RATES).adopted
    return paged(request, found, ("service", "charge", "valid_from", "correction"), limit, cursor)


@ROUTER.post("/rates/drifts/{drift}/adoptions", summary="Let quotes add what a drift proposes", responses={200: _OUT})
@guarded(Action.RATES_WRITE, Load.CONSOLE)
def adopt_drift(
    request: Request,
    drift: str,
    body: NothingBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
) -> Response:
    """From today, for the days it proposes. Adopted again it is the same correction."""

    def deed(store: Store, by: str) -> dict[str, Any]:
        return adopt(store, service.snapshots, drift, by=by, now=service.clock())

    return _corrected(service, request, body, deed)


@ROUTER.post("/rates/corrections/{correction}/ends", summary="Let a correction count no longer", responses={200: _OUT})
@guarded(Action.RATES_WRITE, Load.CONSOLE)
def end_correction(
    request: Request,
    correction: str,
    body: EndBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
) -> Response:
    def deed(store: Store, by: str) -> dict[str, Any]:
        return end(store, service.snapshots, correction, by=by, because=body.because, now=service.clock())

    return _corrected(service, request, body, deed)


@ROUTER.get(
    "/rates/audits", summary="What carriers answered when they were asked live", responses={200: {"model": AuditsOut}}
)
@guarded(Action.RATES_READ, Load.REPORT)
def audits(
    service: Annotated[Service, Depends(service_of)],
    limit: Annotated[int, Query(ge=1, le=10_000, description="Newest rows of each")] = 1_000,
) -> Response:
    kept = kept_audits(service.store, service.snapshots)
    return said({"quotes": dicts(kept.quotes.tail(limit)), "asked": dicts(kept.asked.tail(limit))})


@ROUTER.post("/rates/audits", summary="Ask carriers live about a few parcels", responses=dict(STARTED))
@guarded(Action.RATES_WRITE, Load.REBALANCE)
def audit(
    request: Request, body: NothingBody, service: Annotated[Service, Depends(service_of)], _key: IdempotencyKey = None
) -> Response:
    """Inside each carrier's quota; carriers by their keys in the worker's environment."""
    require_everywhere(service, request, Action.RATES_WRITE, "rates")
    return start(service, request, "audit", {}, body)


def _corrected(
    service: Service, request: Request, body: Strict, deed: Callable[[Store, str], dict[str, Any]]
) -> Response:
    require_everywhere(service, request, Action.RATES_WRITE, "rates")

    def work(store: Store) -> Response:
        try:
            row = deed(store, request.state.principal.id)
        except ConflictError:
            raise
        except StoreError as unknown:
            raise Problem("not_found", str(unknown)) from None
        return said(from_json(to_json(row)))

    reply = once(request, service, body, work, whole=True)
    service.company.look()
    return reply
