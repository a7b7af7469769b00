"""The network: nodes, lanes, items and its other tables, as they are in force."""

from __future__ import annotations

from typing import Annotated, Any, Final

import polars as pl
from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.responses import Response

from evenstock import tables
from evenstock.operations.access.actions import Action
from evenstock.operations.network import NETWORK_TABLES
from evenstock.service.admission import Load
from evenstock.service.company_now import Standing
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.out import Day, Digest, Moment, Out, Plain
from evenstock.service.http.bodies.rows import page_of, table_row
from evenstock.service.http.bulk import Cursor, Limit, Names, at_nodes, bulk, dicts, only, paged
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import tagged
from evenstock.service.http.scope import nodes_of, require_all

ROUTER = APIRouter(tags=["network"], route_class=GuardedRoute)
NodeOut: Any = table_row("NodeOut", tables.Nodes)
LaneOut: Any = table_row("LaneOut", tables.Lanes)
ItemOut: Any = table_row("ItemOut", tables.Items)
_ENDS: Final = {
    "nodes": ("node",),
    "lanes": ("origin", "destination"),
    "supplies": ("node",),
    "stock_targets": ("node",),
}
"""Columns of a table that name a node; rows that name none, such as targets of every node, are everybody's."""


class NetworkOut(Out):
    """The network in force."""

    snapshots: dict[str, Digest] = Field(description="By name: the network, tables of what happens, rates, rules")
    nodes: int
    items: int
    lanes: int
    services: list[str] = Field(description="Carriers' services with a rate card")
    tables: dict[str, int] = Field(description="Rows of each of the network's own tables")
    on: Day = Field(description="The day that rates and transit times are of")
    loaded_at: Moment
    notes: list[str]


class RowsOut(Out):
    items: list[Plain] = Field(description="Columns as the data dictionary has them")
    next: str | None


@ROUTER.get("/network", summary="What is in force, and from which snapshots", responses={200: {"model": NetworkOut}})
@guarded(Action.NETWORK_READ, Load.CONSOLE)
def summary(request: Request, service: Annotated[Service, Depends(service_of)]) -> Response:
    here = service.company.get()
    network, frames = here.company.network, here.company.tables
    return tagged(
        request,
        {
            "snapshots": dict(sorted(here.company.digests.items())),
            "nodes": len(network.nodes),
            "items": len(network.items),
            "lanes": len(network.lanes),
            "services": list(network.rates.services) if network.rates else [],
            "tables": {name: frames[name].height for name in sorted(frames)},
            "on": here.on,
            "loaded_at": here.loaded_at,
            "notes": [*network.lane_notes, *(network.rates.notes if network.rates else ())],
        },
    )


@ROUTER.get("/nodes", summary="Places that hold stock", responses=bulk(page_of(NodeOut), "Nodes by name"))
@guarded(Action.NETWORK_READ, Load.CONSOLE)
def nodes(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    kind: Names = None,
    country: Names = None,
    active: bool | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    found = only(only(_seen(service, request, "nodes"), "kind", kind), "country", country)
    if active is not None:
        found = found.filter(pl.col("active") == active)
    return paged(request, found, ("node",), limit, cursor)


@ROUTER.get("/nodes/{node}", summary="One node", responses={200: {"model": NodeOut}})
@guarded(Action.NETWORK_READ, Load.CONSOLE)
def node(request: Request, node: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    found = _table(service.company.get(), "nodes").filter(node=node)
    if found.is_empty():
        raise Problem("not_found", f"there is no node {node}")
    require_all(service, request, Action.NETWORK_READ, {node}, f"node {node}")
    return tagged(request, dicts(found)[0])


@ROUTER.get(
    "/lanes",
    summary="Ways for stock to go between nodes, with what they cost today",
    responses=bulk(page_of(LaneOut), "Lanes by origin, destination and mode"),
)
@guarded(Action.NETWORK_READ, Load.CONSOLE)
def lanes(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    origin: Names = None,
    destination: Names = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """A lane under a contract shows what the contract makes it cost today, as plans reckon with it."""
    found = only(only(_seen(service, request, "lanes"), "origin", origin), "destination", destination)
    return paged(request, found, ("origin", "destination", "mode"), limit, cursor)


@ROUTER.get("/items", summary="What is stocked and sold", responses=bulk(page_of(ItemOut), "Items by SKU"))
@guarded(Action.NETWORK_READ, Load.CONSOLE)
def items(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    sku: Names = None,
    category: Names = None,
    begins: Annotated[str, Query(max_length=200, description="How the SKU begins")] = "",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    found = only(only(_table(service.company.get(), "items"), "sku", sku), "category", category)
    if begins:
        found = found.filter(pl.col("sku").str.starts_with(begins))
    return paged(request, found, ("sku",), limit, cursor)


@ROUTER.get("/items/{sku}", summary="One item", responses={200: {"model": ItemOut}})
@guarded(Action.NETWORK_READ, Load.CONSOLE)
def item(request: Request, sku: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    found = _table(service.company.get(), "items").filter(sku=sku)
    if found.is_empty():
        raise Problem("not_found", f"there is no item {sku}")
    return tagged(request, dicts(found)[0])


@ROUTER.get(
    "/network/tables/{table}",
    summary="A table of the network as it is in force, to be imported again as it is",
    responses=bulk(RowsOut, "Rows by their key"),
)
@guarded(Action.NETWORK_READ, Load.REPORT)
def table(
    request: Request,
    table: str,
    service: Annotated[Service, Depends(service_of)],
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    if table not in NETWORK_TABLES:
        raise Problem("not_found", f"there is no table {table}; there is {', '.join(NETWORK_TABLES)}")
    keys = tables.INPUT[table].primary_key()
    return paged(request, _seen(service, request, table), keys, limit, cursor)


def _seen(service: Service, request: Request, name: str) -> pl.DataFrame:
    """A table's rows that concern nodes the caller may see."""
    found, ends = _table(service.company.get(), name), _ENDS.get(name, ())
    permitted = nodes_of(service, request, Action.NETWORK_READ)
    if permitted is None or not ends:
        return found
    return at_nodes(found, permitted | {""}, *ends)


def _table(here: Standing, name: str) -> pl.DataFrame:
    """A table in the columns of the dictionary; without rows where it was not imported."""
    schema = tables.INPUT[name]
    found = here.company.tables.get(name)
    if found is None:
        return schema.create_empty()
    whole = tables.with_defaults(schema, found).select(*schema.columns())
    if name != "lanes":
        return whole
    priced = [
        (lane.origin, lane.destination, lane.mode, lane.fixed_cents, lane.pallet_cents, lane.unit_cents)
        for lane in here.company.network.lanes
    ]
    keys, money = ["origin", "destination", "mode"], ["fixed_cents", "pallet_cents", "unit_cents"]
    today = pl.DataFrame(
        priced, schema={**dict.fromkeys(keys, pl.String), **dict.fromkeys(money, pl.Int64)}, orient="row"
    )
    texts = whole.with_columns(pl.col("mode").cast(pl.String))
    return texts.drop(money).join(today, on=keys, how="left", maintain_order="left").select(*schema.columns())
