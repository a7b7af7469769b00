"""Forecasts: what demand may be, where that comes from, and how right it was; made, trained and backtested as runs."""

from __future__ import annotations

import json
from typing import Annotated, Any

import numpy as np
import polars as pl
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from evenstock.operations.access.actions import Action
from evenstock.operations.demand_inputs import SUBJECT
from evenstock.operations.forecast_demand import current_forecast, provenance, read_forecast
from evenstock.operations.forecast_table import forecast_table, series_of
from evenstock.operations.live_scores import read_log
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.accepting import takes
from evenstock.service.http.bodies.forecasts import (
    AccuracyOut,
    BacktestBody,
    ForecastOut,
    MakeForecastBody,
    ProvenanceOut,
    TrainBody,
)
from evenstock.service.http.bulk import Cursor, Limit, Names, at_nodes, bulk, dicts, paged
from evenstock.service.http.idempotent import IdempotencyKey
from evenstock.service.http.long_work import STARTED, start
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import JSON, from_cursor, page, tagged
from evenstock.service.http.scope import nodes_of, require_everywhere

ROUTER = APIRouter(tags=["forecasts"], route_class=GuardedRoute)


@ROUTER.get(
    "/forecasts",
    summary="The forecast last made: means and quantiles by item, node and day",
    responses=bulk(ForecastOut, "Days by item, node and date"),
)
@guarded(Action.FORECASTS_READ, Load.CONSOLE)
def current(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    sku: Names = None,
    node: Names = None,
    days: Annotated[int, Query(ge=1, le=60, description="Days ahead, as far as it looks")] = 28,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """`GET /v1/forecasts/provenance` says which model made it, from which data, and whether they are current."""
    kept = service.snapshots.read(_digest(service))
    forecast = read_forecast(kept)
    rows = series_of(forecast, sku, node, nodes_of(service, request, Action.FORECASTS_READ))
    if takes(request.headers.get("accept", JSON), JSON):
        # Quantiles are found only for series that the page can reach.
        rows = _reached(forecast.keys, rows, cursor)[: limit + 1]
    return paged(request, forecast_table(forecast, rows, days), ("sku", "node", "date"), limit, cursor)


@ROUTER.get(
    "/forecasts/provenance",
    summary="Which model and which data the forecast last made came from",
    responses={200: {"model": ProvenanceOut}},
)
@guarded(Action.FORECASTS_READ, Load.CONSOLE)
def origin(request: Request, service: Annotated[Service, Depends(service_of)]) -> Response:
    digest, now = _digest(service), service.clock()
    said, forecast = provenance(service.snapshots, digest), read_forecast(service.snapshots.read(digest))
    here = service.company.get().company
    fresh = current_forecast(service.store, service.snapshots, here, now.date())
    return tagged(
        request,
        {
            "snapshot": digest,
            "version": said.version,
            "as_of": forecast.as_of,
            "cut_off": forecast.cut_off,
            "horizon_days": forecast.horizon,
            "series": forecast.keys.height,
            "expected_units": round(float(forecast.mu.sum()), 1),
            "current": fresh is not None and fresh.digest == digest,
            "model": said.model.id if said.model else None,
            "fell_back": said.fell_back,
            "adjusted": list(said.adjusted),
            "data": dict(said.data),
            "notes": list(said.notes),
        },
    )


@ROUTER.get(
    "/forecasts/accuracy",
    summary="How forecasts that served came out, by day, node or speed",
    responses={200: {"model": AccuracyOut, "description": "Scored by the run `watch`, every morning"}},
)
@guarded(Action.FORECASTS_READ, Load.CONSOLE)
def accuracy(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    by: Annotated[str, Query(pattern="^(date|node|velocity)$")] = "node",
    role: Annotated[str, Query(pattern="^(served|challenger|asked)$", description="Which forecasts")] = "served",
) -> Response:
    found, _, _ = read_log(service.store, service.snapshots, SUBJECT)
    seen = at_nodes(found.filter(pl.col("role") == role), nodes_of(service, request, Action.FORECASTS_READ), "node")
    told = (
        seen.with_columns(value=pl.col(by).cast(pl.String))
        .group_by("value")
        .agg(
            days=pl.col("date").n_unique().cast(pl.Int64),
            series_days=pl.sum("series"),
            sold_units=pl.sum("sold"),
            foretold_units=pl.sum("mean"),
            loss=pl.sum("loss"),
            fallback_loss=pl.sum("fallback_loss"),
        )
        .with_columns(bias=pl.when(pl.col("sold_units") > 0).then(pl.col("foretold_units") / pl.col("sold_units") - 1))
        .sort("value")
    )
    return page(dicts(told), None)


@ROUTER.post("/forecasts", summary="Forecast from today on", responses=dict(STARTED))
@guarded(Action.FORECASTS_TRAIN, Load.REBALANCE)
def make(
    request: Request,
    body: MakeForecastBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
) -> Response:
    return _started(service, request, "forecast", "a forecast", body)


@ROUTER.post("/forecast-trainings", summary="Train a challenger and hold it to its gates", responses=dict(STARTED))
@guarded(Action.FORECASTS_TRAIN, Load.REBALANCE)
def train(
    request: Request, body: TrainBody, service: Annotated[Service, Depends(service_of)], _key: IdempotencyKey = None
) -> Response:
    """It stands beside the champion and serves nobody until it is promoted."""
    return _started(service, request, "train", "training", body)


@ROUTER.post("/backtests", summary="Score models on the company's own past", responses=dict(STARTED))
@guarded(Action.FORECASTS_TRAIN, Load.REBALANCE)
def backtest(
    request: Request, body: BacktestBody, service: Annotated[Service, Depends(service_of)], _key: IdempotencyKey = None
) -> Response:
    return _started(service, request, "backtest", "a backtest", body)


def _started(service: Service, request: Request, job: str, what: str, body: Any) -> Response:
    require_everywhere(service, request, Action.FORECASTS_TRAIN, what)
    return start(service, request, job, body.model_dump(exclude_none=True), body)


def _digest(service: Service) -> str:
    with service.store.reading() as books:
        found = books.pointer("forecast")
    if found is None:
        raise Problem("not_found", "no forecast was made yet", hint="POST /v1/forecasts, or plan tonight")
    return found


def _reached(keys: pl.DataFrame, rows: np.ndarray, cursor: str | None) -> np.ndarray:
    """Series from the one in the cursor on; all of them where it is none of ours, which `paged` refuses."""
    try:
        sku, node, _ = json.loads(from_cursor(cursor) or "[]")
    except (ValueError, TypeError):
        return rows
    part = keys[rows.tolist()].select("sku", "node")
    before = part.filter((pl.col("sku") < str(sku)) | ((pl.col("sku") == str(sku)) & (pl.col("node") < str(node))))
    return rows[before.height :]
