"""Stock: what the books say is where, what systems state about it, and every movement."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import polars as pl
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from evenstock.domain import Sku, StockBalance
from evenstock.operations.access.actions import Action
from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.observe_stock import observe_stock
from evenstock.operations.ports import Store
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.stock import (
    STATES,
    BalancesOut,
    MovementsOut,
    ObservationsBody,
    ObservedAllOut,
    observed_out,
)
from evenstock.service.http.bulk import Cursor, Limit, Names, at_nodes, bulk, only, paged
from evenstock.service.http.idempotent import IdempotencyKey, once
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import said
from evenstock.service.http.scope import nodes_of, require_all

ROUTER = APIRouter(tags=["stock"], route_class=GuardedRoute)


@ROUTER.get(
    "/stock/balances",
    summary="Units by state, of items at nodes",
    responses=bulk(BalancesOut, "Balances by item, node and lot; rows of nothing are left out"),
)
@guarded(Action.STOCK_READ, Load.CONSOLE)
def balances(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    sku: Names = None,
    node: Names = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    with service.store.reading() as books:
        frame = _of_items(books.balances([Sku(one) for one in sku])) if sku is not None else books.balance_frame()
    found = only(at_nodes(frame, nodes_of(service, request, Action.STOCK_READ), "node"), "node", node)
    whole = found.with_columns(
        on_hand=pl.sum_horizontal("available", "reserved", "allocated", "held"),
        # Lot by lot, as promises are made.
        atp=(pl.col("available") - pl.col("buffer")).clip(lower_bound=0),
    ).select("sku", "node", "lot", "on_hand", "atp", *STATES)
    return paged(request, whole, ("sku", "node", "lot"), limit, cursor)


@ROUTER.post(
    "/stock/observations",
    summary="State how many units are on hand: one statement, or many",
    responses={200: {"model": ObservedAllOut, "description": "What became of each, in their order"}},
)
@guarded(Action.STOCK_OBSERVE, Load.FEED)
def observe(
    request: Request,
    body: ObservationsBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
) -> Response:
    """The newest version of a source wins in whatever order statements come; an older or repeated one changes nothing.

    What cannot be used is refused by itself, and the others count. A feed whose stock changes beyond belief is held back
    where it comes in as events; statements made here count at once.
    """
    require_all(service, request, Action.STOCK_OBSERVE, {one.node for one in body.observations}, "observations")
    here, now = service.company.get().company, service.clock()
    network, rules = here.network, Governance.of(here)

    def work(store: Store) -> Response:
        found = observe_stock(
            store, [one.observation() for one in body.observations], skus=network.items, nodes=network.nodes, now=now,
            rules=rules,
        )  # fmt: skip
        counts = Counter(told.outcome.value for told in found)
        items = [observed_out(one, told) for one, told in zip(body.observations, found, strict=True)]
        return said({"items": items} | {name: counts[name] for name in ("changed", "unchanged", "held", "refused")})

    return once(request, service, body, work)


@ROUTER.get(
    "/stock/movements",
    summary="Every movement of an item, in the order recorded",
    responses=bulk(MovementsOut, "Movements by number"),
)
@guarded(Action.STOCK_READ, Load.REPORT)
def movements(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    sku: Annotated[str, Query(min_length=1, max_length=200, description="Of this item")],
    node: Names = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """`number` counts the movements of the item, from 1. The whole ledger is read for it: meant for looking into one item."""
    if Sku(sku) not in service.company.get().company.network.items:
        raise Problem("not_found", f"there is no item {sku}")
    with service.store.reading() as books:
        found = books.movement_frame().filter(pl.col("sku") == sku)
    numbered = found.with_row_index("number", 1).with_columns(pl.col("number").cast(pl.Int64))
    seen = at_nodes(numbered, nodes_of(service, request, Action.STOCK_READ), "source_node", "destination_node")
    if node is not None:
        seen = seen.filter(pl.any_horizontal(pl.col("source_node", "destination_node").is_in(node)))
    return paged(request, seen, ("number",), limit, cursor)


def _of_items(found: list[StockBalance]) -> pl.DataFrame:
    rows = [(b.sku, b.node, b.lot, *(int(getattr(b, state)) for state in STATES)) for b in found]
    names = dict.fromkeys(("sku", "node", "lot"), pl.String)
    return pl.DataFrame(rows, schema={**names, **dict.fromkeys(STATES, pl.Int64)}, orient="row")
