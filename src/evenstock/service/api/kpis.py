"""Key figures, each with its definition, its period, and the rows that add up to it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BeforeValidator, Field
from starlette.responses import Response

from evenstock.operations.access.actions import Action
from evenstock.operations.kpis.evidence import Evidence
from evenstock.operations.kpis.figure import Figure, figure_of, measures
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.out import Day, Out, Plain
from evenstock.service.http.bulk import Cursor, Limit, Names, bulk, paged
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import page, said
from evenstock.service.http.scope import nodes_of, require_all


def _iso_day(text: object) -> date:
    """A day as ISO 8601 writes it: a number is none, whatever second it may count."""
    if not isinstance(text, str) or len(text) != 10:
        raise ValueError("a day is text, such as 2026-11-20")
    return date.fromisoformat(text)


ROUTER = APIRouter(tags=["kpis"], route_class=GuardedRoute)
DAYS = 28
LONGEST = 1_100
"""Days of a period."""
DayIn = Annotated[date, BeforeValidator(_iso_day, json_schema_input_type=date)]
First = Annotated[DayIn | None, Query(description="First day, by UTC; 28 days with the last by default")]
Last = Annotated[DayIn | None, Query(description="Last day; today by default")]


class KpiOut(Out):
    """A figure: `scale` times `part` over `whole`, or `scale` times `part` where it is a sum (`whole` is 0)."""

    name: str
    title: str
    definition: str
    source: str = Field(description="Books and tables it is read from")
    unit: str
    first: Day
    last: Day
    value: float | None = Field(description="Null where there is nothing to reckon it from")
    part: int
    whole: int
    scale: float
    count: int = Field(description="Rows behind it")


class KpisOut(Out):
    items: list[KpiOut]
    next: str | None


class KpiRowsOut(Out):
    """Rows whose `part` and `whole` add up to the figure's."""

    items: list[Plain] = Field(description="key, nodes, part and whole, and what the row is about")
    next: str | None


@ROUTER.get("/kpis", summary="Every key figure of a period", responses={200: {"model": KpisOut}})
@guarded(Action.KPIS_READ, Load.REPORT)
def listed(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    first: First = None,
    last: Last = None,
    node: Names = None,
    name: Names = None,
) -> Response:
    told, nodes = _asked(service, request, first, last, node)
    wanted = sorted(measures()) if name is None else name
    return page([_plain(_figure(told, one, nodes)) for one in wanted], None)


@ROUTER.get("/kpis/{name}", summary="A key figure", responses={200: {"model": KpiOut}})
@guarded(Action.KPIS_READ, Load.REPORT)
def read(
    request: Request,
    name: str,
    service: Annotated[Service, Depends(service_of)],
    first: First = None,
    last: Last = None,
    node: Names = None,
) -> Response:
    told, nodes = _asked(service, request, first, last, node)
    return said(_plain(_figure(told, name, nodes)))


@ROUTER.get(
    "/kpis/{name}/rows",
    summary="The rows that a figure is made of",
    responses=bulk(KpiRowsOut, "Rows by key"),
)
@guarded(Action.KPIS_READ, Load.REPORT)
def rows(
    request: Request,
    name: str,
    service: Annotated[Service, Depends(service_of)],
    first: First = None,
    last: Last = None,
    node: Names = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    told, nodes = _asked(service, request, first, last, node)
    return paged(request, _figure(told, name, nodes).rows, ("key",), limit, cursor)


def _asked(
    service: Service, request: Request, first: date | None, last: date | None, node: list[str] | None
) -> tuple[Evidence, frozenset[str] | None]:
    """The evidence of the period, and the nodes it is to be of. A caller of some nodes gets the figures of those."""
    permitted = nodes_of(service, request, Action.KPIS_READ)
    if node is not None:
        require_all(service, request, Action.KPIS_READ, node, "key figures")
    ends = last or service.clock().date()
    begins = first or _before(ends, DAYS - 1)
    if not 0 <= (ends - begins).days < LONGEST:
        because = f"a period has 1 to {LONGEST} days, not from {begins} to {ends}"
        raise Problem("invalid_request", because, errors=[("query first", because)])
    told = Evidence(service.store, service.snapshots, service.company.get().company, begins, ends)
    return told, permitted if node is None else frozenset(node)


def _before(day: date, days: int) -> date:
    return day - timedelta(days=min(days, day.toordinal() - 1))


def _figure(told: Evidence, name: str, nodes: frozenset[str] | None) -> Figure:
    if name not in measures():
        raise Problem("not_found", f"there is no key figure {name}; there is {', '.join(sorted(measures()))}")
    return figure_of(told, name, nodes)


def _plain(figure: Figure) -> dict[str, Any]:
    return {
        name: getattr(figure, name)
        for name in (
            "name", "title", "definition", "source", "unit", "first", "last", "value", "part", "whole", "scale", "count",
        )
    }  # fmt: skip
