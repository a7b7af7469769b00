"""What planners know better than the forecast: said with a reason and an end, withdrawn, and judged afterwards."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from evenstock import tables
from evenstock.forecasting.overrides import active
from evenstock.operations.access.actions import Action
from evenstock.operations.company import Company
from evenstock.operations.override_forecast import (
    judge_overrides,
    override_forecast,
    overrides_of,
    withdraw_override,
)
from evenstock.operations.ports import ConflictError, Store, StoreError
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.forecasts import (
    ForecastOverriddenOut,
    ForecastOverrideBody,
    ForecastOverridesOut,
    ValuesAddedOut,
)
from evenstock.service.http.bodies.plans import BecauseBody
from evenstock.service.http.bulk import Cursor, Limit, at_nodes, bulk, paged
from evenstock.service.http.idempotent import IdempotencyKey, once
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import said
from evenstock.service.http.scope import nodes_of, require_all, require_everywhere

ROUTER = APIRouter(tags=["forecast-overrides"], route_class=GuardedRoute)


@ROUTER.get(
    "/forecast-overrides",
    summary="Overrides that were said and not withdrawn",
    responses=bulk(ForecastOverridesOut, "Overrides by number"),
)
@guarded(Action.FORECASTS_READ, Load.CONSOLE)
def listed(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    standing: Annotated[bool, Query(description="Only those that still count today")] = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    here = service.company.get().company
    found = overrides_of(service.store, service.snapshots, here)
    if found is None:
        found = _none()
    counts = active(found, service.clock().date())["override"].to_list() if found.height else []
    told = found.with_columns(pl.col("kind").cast(pl.String), stands=pl.col("override").is_in(counts))
    permitted = nodes_of(service, request, Action.FORECASTS_READ)
    seen = at_nodes(told, None if permitted is None else permitted | {""}, "node")
    return paged(request, seen.filter("stands") if standing else seen, ("override",), limit, cursor)


@ROUTER.get(
    "/forecast-overrides/worth",
    summary="What overrides whose days have passed were worth",
    responses=bulk(ValuesAddedOut, "One row an override"),
)
@guarded(Action.FORECASTS_READ, Load.REPORT)
def worth(
    request: Request, service: Annotated[Service, Depends(service_of)], limit: Limit = 100, cursor: Cursor = None
) -> Response:
    require_everywhere(service, request, Action.FORECASTS_READ, "what overrides were worth")
    here = service.company.get().company
    try:
        found = judge_overrides(service.store, service.snapshots, here, as_of=service.clock().date())
    except ValueError as error:
        raise Problem("not_found", str(error), hint="import the table named") from None
    return paged(request, found, ("override",), limit, cursor)


@ROUTER.post(
    "/forecast-overrides",
    summary="Say better than the forecast",
    responses={
        200: {"model": ForecastOverriddenOut, "description": "Its number; the same words again are the same one"}
    },
)
@guarded(Action.FORECASTS_OVERRIDE, Load.CONSOLE)
def put(
    request: Request,
    body: ForecastOverrideBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
) -> Response:
    """The next forecast carries it, and it is judged afterwards."""
    if body.node:
        require_all(service, request, Action.FORECASTS_OVERRIDE, {body.node}, "an override")
    else:
        require_everywhere(service, request, Action.FORECASTS_OVERRIDE, "an override that names no node")
    here = service.company.get().company
    _require_known(here, body)

    def work(store: Store) -> Response:
        try:
            number = override_forecast(
                store, service.snapshots, here, first_day=body.first_day, last_day=body.last_day, kind=body.kind,
                value=body.value, reason=body.reason, author=request.state.principal.id, now=service.clock(),
                sku=body.sku, node=body.node, category=body.category, expires_on=body.expires_on,
            )  # fmt: skip
        except ValueError as wrong:
            raise Problem("invalid_request", str(wrong), errors=[("", str(wrong))]) from None
        return said({"override": number})

    reply = once(request, service, body, work)
    service.company.look()
    return reply


@ROUTER.post(
    "/forecast-overrides/{override}/withdrawals",
    summary="Let an override count no longer; it stays on record and is still judged",
    responses={200: {"model": ForecastOverriddenOut}},
)
@guarded(Action.FORECASTS_OVERRIDE, Load.CONSOLE)
def withdraw(
    request: Request,
    override: str,
    body: BecauseBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
) -> Response:
    here = service.company.get().company
    found = overrides_of(service.store, service.snapshots, here)
    row = found.filter(pl.col("override") == override) if found is not None else _none()
    if row.height and row["node"][0]:
        require_all(service, request, Action.FORECASTS_OVERRIDE, {row["node"][0]}, f"override {override}")
    else:
        require_everywhere(service, request, Action.FORECASTS_OVERRIDE, f"override {override}")

    def work(store: Store) -> Response:
        try:
            withdraw_override(
                store, service.snapshots, override, by=request.state.principal.id, because=body.because,
                now=service.clock(),
            )  # fmt: skip
        except ConflictError:
            raise
        except StoreError as unknown:
            raise Problem("not_found", str(unknown)) from None
        return said({"override": override})

    reply = once(request, service, body, work)
    service.company.look()
    return reply


def _none() -> pl.DataFrame:
    return tables.Overrides.create_empty()


def _require_known(here: Company, body: ForecastOverrideBody) -> None:
    """Raise Problem where the override is of an item, a node or a category that is not there."""
    items = here.tables["items"]
    known = {"sku": items["sku"], "node": here.tables["nodes"]["node"], "category": items["category"]}
    for field, names in known.items():
        name = getattr(body, field)
        if name and name not in set(names):
            because = f"the network has no {field} {name!r}; the override would change nothing"
            raise Problem("not_found", because, errors=[(f"/{field}", because)])
