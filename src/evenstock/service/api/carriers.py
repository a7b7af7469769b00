"""Carriers: how they keep their word, what got worse, what services there are, and what they emit and earn."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import polars as pl
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from evenstock.operations.access.actions import Action
from evenstock.operations.carbon_report import carbon_report
from evenstock.operations.carrier_overrides.document import told
from evenstock.operations.carrier_overrides.for_review import overrides_for_review
from evenstock.operations.score_carriers import propensities_of, review_carriers, score_carriers
from evenstock.operations.shipping_margin import past_margin
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.carriers import CarbonOut, CarrierReviewOut, MarginOut, ScoresOut, ServicesOut
from evenstock.service.http.bulk import at_nodes, dicts
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import page, said
from evenstock.service.http.scope import nodes_of, require_everywhere

ROUTER = APIRouter(tags=["carriers"], route_class=GuardedRoute)
Weeks = Annotated[int, Query(ge=2, le=104, description="Parcels that left in so many weeks")]


@ROUTER.get("/carriers/scores", summary="How carriers did", responses={200: {"model": ScoresOut}})
@guarded(Action.CARRIERS_READ, Load.REPORT)
def scores(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    by: Annotated[Literal["carrier", "service", "origin", "zone", "lane"], Query()] = "service",
    weeks: Weeks = 12,
) -> Response:
    """On time, damage, loss, cost and customers, drawn to zone and carrier where parcels are few."""
    day = service.clock().date()
    chosen = propensities_of(service.store, as_of=day, weeks=weeks)
    try:
        found = score_carriers(
            service.company.get().company,
            as_of=day,
            by=by,
            weeks=weeks,
            propensities=chosen,
        )
    except ValueError as error:
        raise Problem("not_found", str(error), hint="import the tables named") from None
    permitted = nodes_of(service, request, Action.CARRIERS_READ)
    return said(
        {
            "as_of": found.as_of,
            "by": found.by,
            "weeks": found.weeks,
            "card": _seen(found.card, permitted),
            "weekly": _seen(found.weekly, permitted),
            "coverage": dicts(found.coverage),
            "cost_by_tier": dicts(found.tiers),
            "advertised": dicts(found.advertised),
            "refused": dicts(found.refused),
            "had_all": [] if found.had_all is None else dicts(found.had_all),
            "notes": list(found.notes),
        }
    )


@ROUTER.get("/carriers/review", summary="The week's review of carriers", responses={200: {"model": CarrierReviewOut}})
@guarded(Action.CARRIERS_READ, Load.REPORT)
def review(request: Request, service: Annotated[Service, Depends(service_of)], weeks: Weeks = 12) -> Response:
    """What got worse and what it costs a week, overrides to answer, missing scans, what is advertised against what is done."""
    require_everywhere(service, request, Action.CARRIERS_READ, "the review")
    day = service.clock().date()
    try:
        found = review_carriers(service.company.get().company, as_of=day, weeks=weeks)
    except ValueError as error:
        raise Problem("not_found", str(error), hint="import the tables named") from None
    overrides = overrides_for_review(service.store, service.snapshots, day)
    return said(
        {
            "as_of": found.as_of,
            "weeks": found.scores.weeks,
            "worse": dicts(found.worse),
            "cents_week": round(found.cents_week),
            "services": dicts(found.services.card),
            "zones": dicts(found.scores.card),
            "weekly": dicts(found.scores.weekly),
            "advertised": dicts(found.services.advertised),
            "missing_scans": dicts(found.missing),
            "scan_discipline": dicts(found.discipline),
            "waiting": [told(one) for one in overrides.waiting],
            "in_force": [told(one) for one in overrides.in_force],
            "notes": list(found.notes),
        }
    )


@ROUTER.get(
    "/services", summary="Carriers' services as they can be used today", responses={200: {"model": ServicesOut}}
)
@guarded(Action.CARRIERS_READ, Load.CONSOLE)
def services(request: Request, service: Annotated[Service, Depends(service_of)]) -> Response:
    here = service.company.get()
    book, day = here.company.network.rates, service.clock().date()
    if book is None:
        return page([], None)
    permitted = nodes_of(service, request, Action.CARRIERS_READ)
    nodes = [n for n in here.company.network.nodes.values() if permitted is None or str(n.id) in permitted]
    items: list[dict[str, Any]] = []
    for name in book.services:
        card = book.card(name, day)
        items.append(
            {
                "service": name,
                "carrier": name.partition(":")[0],
                "mode": book.modes.get(name, ""),
                "valid_from": card.valid_from if card else None,
                "valid_to": card.valid_to if card else None,
                "zones": sorted(card.breaks) if card else [],
                "max_weight_g": card.max_weight_g if card else None,
                "max_longest_mm": card.max_longest_mm or None if card else None,
                "pickup_days": sorted(d + 1 for d in card.pickup_days) if card else [],
                "shipments_per_day": book.ceiling(name, day),
                "fuel_bp": card.fuel_bp if card and not card.fuel_rule else None,
                "currency": card.currency if card else None,
                "nodes": sorted(str(node.id) for node in nodes if not node.services or name in node.services),
                "stale": list(book.staleness(name, day)) if card else [],
            }
        )
    return page(items, None)


@ROUTER.get(
    "/carbon",
    summary="What past shipments emitted, with the source of every factor",
    responses={200: {"model": CarbonOut}},
)
@guarded(Action.CARRIERS_READ, Load.REPORT)
def carbon(request: Request, service: Annotated[Service, Depends(service_of)]) -> Response:
    """CO2 equivalents in g, tank to wheel and well to wheel. Services travel as their cards or names say."""
    try:
        found = carbon_report(service.company.get().company)
    except ValueError as error:
        raise Problem("not_found", str(error), hint="import the tables named") from None
    permitted = nodes_of(service, request, Action.CARRIERS_READ)
    years = found.shipments.select("source", "year").unique().sort("source", "year")
    return said(
        {
            "by_service": dicts(found.by_service) if permitted is None else [],
            "by_lane": dicts(at_nodes(found.by_lane, permitted, "node")),
            "left_out": dict(found.left_out),
            "sources": [f"{source} ({year})" for source, year in years.iter_rows()],
            "sentence": found.sentence if permitted is None else "",
        }
    )


@ROUTER.get(
    "/shipping-margin",
    summary="What customers paid for shipping against what it cost, and what free shipping would have brought",
    responses={200: {"model": MarginOut}},
)
@guarded(Action.CARRIERS_READ, Load.REPORT)
def margin(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    threshold_cents: Annotated[
        list[Annotated[int, Query(ge=0, le=10**9)]] | None,
        Query(max_length=50, description="Order value from which shipping is free; may be said again"),
    ] = None,
    fee_cents: Annotated[
        int | None, Query(ge=0, le=10**9, description="Paid below it by those who paid nothing")
    ] = None,
) -> Response:
    """Nobody is assumed to buy otherwise."""
    require_everywhere(service, request, Action.CARRIERS_READ, "the shipping margin")
    here = service.company.get().company
    try:
        found = (
            past_margin(here, sorted(set(threshold_cents)), fee_cents=fee_cents)
            if threshold_cents
            else past_margin(here, fee_cents=fee_cents)
        )
    except ValueError as error:
        raise Problem("not_found", str(error), hint="import the tables named") from None
    return said(
        {name: dicts(getattr(found.margin, name)) for name in ("total", "by_service", "by_zone", "by_value")}
        | {
            "thresholds": dicts(found.thresholds),
            "without_rate": dict(found.without_rate),
            "notes": list(found.notes),
        }
    )


def _seen(frame: pl.DataFrame, permitted: frozenset[str] | None) -> list[dict[str, Any]]:
    """Rows of origins the caller may see, where rows have one."""
    return dicts(at_nodes(frame, permitted, "origin") if "origin" in frame.columns else frame)
