"""What became of what was recommended and foretold in a period, with the rows behind it; and the monthly reports."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.responses import Response

from evenstock.operations.access.actions import Action
from evenstock.operations.outcomes.foretold import foretold_and_came
from evenstock.operations.outcomes.period import Period
from evenstock.operations.outcomes.recommendation import recommendations
from evenstock.operations.outcomes.told import Told
from evenstock.service.admission import Load
from evenstock.service.api.kpis import DAYS, First, Last
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.out import Day, Moment, Out, Plain
from evenstock.service.http.bulk import Cursor, Limit, Names, bulk, only, paged
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import page, said
from evenstock.service.http.scope import nodes_of, require_all, require_everywhere
from evenstock.simulation.monthly.report import decided, foretold_of, kept_months, kept_report, plain, recommended

ROUTER = APIRouter(tags=["outcomes"], route_class=GuardedRoute)
Zone = Annotated[str, Query(max_length=60, description="Whose days count, as an IANA name such as America/Chicago")]


class OutcomesOut(Out):
    """Of a period, and of some nodes or all."""

    first: Day
    last: Day
    zone: str
    nodes: list[str] | None = Field(description="Those asked about; null for the company")
    decided: Plain = Field(description="Orders by what in effect decided them")
    recommendations: Plain = Field(
        description="By what became of them: in all, by layer, kind, node, proposer and decider, each with its definition"
    )
    foretold: Plain = Field(
        description="Money, demand, delivery and intervals: foretold, actual, 95 %, cases, and what it may be taken for"
    )
    notes: list[str] = Field(description="What is not known, and why")


class RecommendationOut(Out):
    key: str
    layer: str
    kind: str
    about: str
    node: str = Field(description="The one node under which it is added up; empty where it is the company's")
    nodes: list[str]
    proposer: str
    decider: str
    became: str = Field(description="adopted, edited, refused, expired, overtaken or waits")
    reason: str
    proposed_at: Moment
    decided_at: Moment | None
    minutes: float | None = Field(description="Until a person answered")
    cents: int = Field(description="Money at stake, as its kind defines it")
    changed_cents: int = Field(description="What an edit costs beyond what was recommended")


class RowsOut(Out):
    items: list[RecommendationOut]
    next: str | None


class MonthsOut(Out):
    items: list[str] = Field(description="Months of which a report is kept, oldest first")
    next: str | None


@ROUTER.get(
    "/outcomes", summary="What became of what was recommended and foretold", responses={200: {"model": OutcomesOut}}
)
@guarded(Action.KPIS_READ, Load.REPORT)
def read(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    first: First = None,
    last: Last = None,
    zone: Zone = "UTC",
    node: Names = None,
) -> Response:
    told = _asked(service, request, first, last, zone, node)
    frame, foretold = recommendations(told), foretold_and_came(told)
    document = {
        "first": told.period.first, "last": told.period.last, "zone": told.period.zone,
        "nodes": None if told.nodes is None else sorted(told.nodes), "decided": decided(told),
        "recommendations": recommended(frame), "foretold": foretold_of(foretold), "notes": list(foretold.notes),
    }  # fmt: skip
    return said(plain(document))


@ROUTER.get("/outcomes/rows", summary="Recommendations, one by one", responses=bulk(RowsOut, "Rows by key"))
@guarded(Action.KPIS_READ, Load.REPORT)
def rows(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    first: First = None,
    last: Last = None,
    zone: Zone = "UTC",
    node: Names = None,
    kind: Names = None,
    became: Names = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    frame = recommendations(_asked(service, request, first, last, zone, node))
    frame = only(only(frame, "kind", kind), "became", became)
    return paged(request, frame, ("key",), limit, cursor)


@ROUTER.get("/outcomes/months", summary="Months that were reported", responses={200: {"model": MonthsOut}})
@guarded(Action.KPIS_READ, Load.REPORT)
def months(request: Request, service: Annotated[Service, Depends(service_of)]) -> Response:
    require_everywhere(service, request, Action.KPIS_READ, "a month's report")
    return page(kept_months(service.store), None)


@ROUTER.get(
    "/outcomes/months/{month}",
    summary="The report of a month, as it was made",
    responses={200: {"model": Plain, "description": "As `evenstock report month --json` gives it"}},
)
@guarded(Action.KPIS_READ, Load.REPORT)
def report(request: Request, month: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    require_everywhere(service, request, Action.KPIS_READ, "a month's report")
    found = kept_report(service.store, month) if re.fullmatch(r"[0-9]{4}-[0-9]{2}", month) else None
    if found is None:
        raise Problem(
            "not_found",
            f"no report of {month} is kept",
            hint="months are written as 2026-10; the run monthly-report makes one",
        )
    return said(dict(found))


def _asked(
    service: Service, request: Request, first: date | None, last: date | None, zone: str, node: list[str] | None
) -> Told:
    """A caller of some nodes gets the figures of those."""
    permitted = nodes_of(service, request, Action.KPIS_READ)
    if node is not None:
        require_all(service, request, Action.KPIS_READ, node, "outcomes")
    ends = last or service.clock().date()
    begins = first or ends - timedelta(days=min(DAYS - 1, ends.toordinal() - 1))
    try:
        period = Period(begins, ends, zone)
    except ValueError as wrong:
        raise Problem("invalid_request", str(wrong), errors=[("query", str(wrong))]) from None
    company: Any = service.company.get().company
    return Told(service.store, service.snapshots, company, period, permitted if node is None else frozenset(node))
