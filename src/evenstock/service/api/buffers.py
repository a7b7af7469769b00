"""What is never promised, and what is kept for a class of orders."""

from __future__ import annotations

from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from evenstock.domain import LotId, NodeId, Quota, Sku
from evenstock.domain import Units as UnitsOf
from evenstock.operations.access.actions import Action
from evenstock.operations.ports import Store, Transaction
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.stock import BuffersBody, BuffersOut, QuotasBody, QuotasOut
from evenstock.service.http.bulk import Cursor, Limit, Names, at_nodes, bulk, dicts, only, paged
from evenstock.service.http.idempotent import IdempotencyKey, once
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import page
from evenstock.service.http.scope import nodes_of, require_all

ROUTER = APIRouter(tags=["stock"], route_class=GuardedRoute)
_QUOTA = {"sku": pl.String, "node": pl.String, "order_class": pl.String, "units": pl.Int64, "taken": pl.Int64}


@ROUTER.get(
    "/stock/buffers",
    summary="Units never to be promised",
    responses=bulk(BuffersOut, "Buffers above nothing by item, node and lot"),
)
@guarded(Action.STOCK_READ, Load.CONSOLE)
def buffers(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    sku: Names = None,
    node: Names = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    with service.store.reading() as books:
        frame = books.balance_frame().filter(pl.col("buffer") > 0).select("sku", "node", "lot", units="buffer")
    seen = at_nodes(frame, nodes_of(service, request, Action.STOCK_READ), "node")
    return paged(request, only(only(seen, "node", node), "sku", sku), ("sku", "node", "lot"), limit, cursor)


@ROUTER.put(
    "/stock/buffers",
    summary="Set units that are never to be promised",
    responses={200: {"model": BuffersOut, "description": "The buffers as they were set"}},
)
@guarded(Action.NETWORK_IMPORT, Load.CONSOLE)
def set_buffers(
    request: Request, body: BuffersBody, service: Annotated[Service, Depends(service_of)], _key: IdempotencyKey = None
) -> Response:
    """All of them or none. When beliefs are drawn up next they set buffers anew, from the stock table's own as a floor."""
    _require_known(service, request, [(one.sku, one.node) for one in body.buffers], "buffers")

    def work(store: Store) -> Response:
        with store.transaction() as books:
            # In key order, so that two callers never wait for each other in a circle.
            for one in sorted(body.buffers, key=lambda each: (each.sku, each.node, each.lot)):
                books.set_buffer(Sku(one.sku), NodeId(one.node), UnitsOf(one.units), LotId(one.lot))
        shown = [{"sku": b.sku, "node": b.node, "lot": b.lot, "units": b.units} for b in body.buffers]
        return page(shown, None)

    return once(request, service, body, work)


@ROUTER.get(
    "/quotas",
    summary="Units protected for classes of orders, and what is left of them",
    responses=bulk(QuotasOut, "Quotas by item, node and class"),
)
@guarded(Action.STOCK_READ, Load.CONSOLE)
def quotas(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    sku: Names = None,
    node: Names = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    skus = sorted(service.company.get().company.network.items) if sku is None else [Sku(one) for one in sku]
    with service.store.reading() as books:
        frame = _frame(books.quotas(skus))
    seen = only(at_nodes(frame, nodes_of(service, request, Action.STOCK_READ), "node"), "node", node)
    return paged(request, seen, ("sku", "node", "order_class"), limit, cursor)


@ROUTER.put(
    "/quotas",
    summary="Protect units for classes of orders",
    responses={200: {"model": QuotasOut, "description": "The quotas named, as they stand now"}},
)
@guarded(Action.NETWORK_IMPORT, Load.CONSOLE)
def set_quotas(
    request: Request, body: QuotasBody, service: Annotated[Service, Depends(service_of)], _key: IdempotencyKey = None
) -> Response:
    """All of them or none; quotas that are not named stay. Fewer units than are taken already are refused."""
    _require_known(service, request, [(one.sku, one.node) for one in body.quotas], "quotas")
    wanted = {(one.sku, one.node, one.order_class): one.units for one in body.quotas}
    if len(wanted) < len(body.quotas):
        raise Problem("invalid_request", "a quota stands twice", errors=[("/quotas", "name each once")])

    def work(store: Store) -> Response:
        with store.transaction() as books:
            books.set_quotas([Quota(Sku(s), NodeId(n), c, UnitsOf(u)) for (s, n, c), u in sorted(wanted.items())])
            return page(_named(books, wanted), None)

    return once(request, service, body, work)


def _named(books: Transaction, wanted: dict[tuple[str, str, str], int]) -> list[dict[str, Any]]:
    found = dicts(_frame(books.quotas(sorted({Sku(sku) for sku, _, _ in wanted}))))
    return [row for row in found if (row["sku"], row["node"], row["order_class"]) in wanted]


def _frame(found: list[Quota]) -> pl.DataFrame:
    rows = [(q.sku, q.node, q.order_class, int(q.units), int(q.taken)) for q in found]
    return pl.DataFrame(rows, schema=_QUOTA, orient="row").with_columns(left=pl.col("units") - pl.col("taken"))


def _require_known(service: Service, request: Request, pairs: list[tuple[str, str]], what: str) -> None:
    """Raise Problem where one names an item or node that is not there, or a node that is not the caller's."""
    network = service.company.get().company.network
    wrong = [
        (f"/{what}/{n}", f"there is no {kind} {name}")
        for n, (sku, node) in enumerate(pairs)
        for kind, name, known in (
            ("item", sku, Sku(sku) in network.items),
            ("node", node, NodeId(node) in network.nodes),
        )
        if not known
    ]
    if wrong:
        raise Problem("not_found", f"{wrong[0][0]}: {wrong[0][1]}", errors=wrong)
    require_all(service, request, Action.NETWORK_IMPORT, {node for _, node in pairs}, what)
