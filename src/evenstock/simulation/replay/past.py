"""What happened: orders as they came, what was shipped for them, and what lay on every shelf meanwhile.

Stock travels through time: it begins as the first morning's statement, and each later morning adds what must have come
in between, which is the change the record shows plus what was shipped. So every way of deciding lives through the same
receipts, returns, counts and transfers, and only its own shipments differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby, pairwise
from typing import Any

import polars as pl

from evenstock.domain import (
    Cents,
    Item,
    LineId,
    NodeId,
    Order,
    OrderId,
    OrderLine,
    Promise,
    ServiceId,
    ShipTo,
    Sku,
    Units,
)

Shelf = tuple[Sku, NodeId]


@dataclass(frozen=True, slots=True)
class Shipped:
    """One shipment as it was sent."""

    node: NodeId
    service: ServiceId
    shipped_on: date
    delivered_on: date | None
    parcels: int
    paid_cents: int | None
    """What the carrier charged; None where not invoiced."""
    reship: bool
    units: tuple[tuple[LineId, Units], ...]
    """Empty where nobody recorded what was in it."""


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """A stretch of a company's past, ready to be lived again."""

    first: date
    last: date
    orders: tuple[Order, ...]
    """By the moment they were placed; without what was cancelled before it shipped."""
    done: Mapping[OrderId, tuple[Shipped, ...]]
    """What was shipped for each; an order without an entry was not served, as far as anybody recorded."""
    cancelled: Mapping[OrderId, int]
    """Units cancelled before they shipped."""
    opening: Mapping[Shelf, int]
    """Units available on the first morning."""
    inflow: Mapping[date, tuple[tuple[Shelf, int], ...]]
    """What else came in on each later morning, net of what left otherwise."""
    notes: tuple[str, ...] = ()

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def read_past(tables: Mapping[str, pl.DataFrame | None], items: Mapping[Sku, Item], first: date, last: date) -> Past:
    """The past from the tables a company brings.

    Parameters
    ----------
    tables
        `order_history`, and where there are any `shipments`, `shipped_units`, `stock_history` and `stock`.
    items
        Give the price where the history has none; orders of other items are left out and counted in a note.

    Raises
    ------
    ValueError
        If there are no past orders in the window, or nothing says what was in stock.
    """
    notes: list[str] = []
    orders, cancelled, served_by = _orders(tables.get("order_history"), items, first, last, notes)
    if not orders:
        raise ValueError(f"no past orders from {first} to {last}; import order_history, or choose days that it covers")
    done = _done(tables, {order.id: order for order in orders}, served_by, notes)
    opening, inflow = _stock(tables, _left(done, {order.id: order for order in orders}), first, last, notes)
    return Past(first, last, tuple(orders), done, cancelled, opening, inflow, tuple(notes))


def _orders(
    frame: pl.DataFrame | None, items: Mapping[Sku, Item], first: date, last: date, notes: list[str]
) -> tuple[list[Order], dict[OrderId, int], dict[OrderId, dict[LineId, str]]]:
    if frame is None:
        raise ValueError("no table order_history: there is no past to replay; import it")
    inside = frame.filter(pl.col("placed_at").dt.date().is_between(first, last)).sort("order", "line")
    found: list[Order] = []
    cancelled: dict[OrderId, int] = {}
    served: dict[OrderId, dict[LineId, str]] = {}
    strange = 0
    for name, group in groupby(inside.iter_rows(named=True), key=lambda row: row["order"]):
        rows = list(group)
        if any(row["sku"] not in items for row in rows):
            strange += 1
            continue
        gone = sum(row["cancelled"] for row in rows)
        if gone:
            cancelled[OrderId(name)] = gone
        kept = [row for row in rows if row["units"] > row["cancelled"]]
        if kept:
            found.append(_order(name, kept, items))
            served[OrderId(name)] = {LineId(row["line"]): row["served_by"] for row in kept}
    if strange:
        notes.append(f"{strange:,} orders of items that are not in the network were left out")
    return sorted(found, key=lambda order: (order.placed_at, order.id)), cancelled, served


def _order(name: str, rows: list[dict[str, Any]], items: Mapping[Sku, Item]) -> Order:
    head = rows[0]

    def of(column: str, otherwise: Any) -> Any:
        value = head.get(column)
        return otherwise if value is None else value

    lines = tuple(
        OrderLine(
            LineId(row["line"]),
            Sku(row["sku"]),
            Units(row["units"] - row["cancelled"]),
            Cents(row.get("price_cents") or items[Sku(row["sku"])].price_cents),
        )
        for row in rows
    )
    promised = head.get("deliver_by")
    return Order(
        OrderId(name),
        lines,
        ShipTo(head["postal_code"], of("country", "US"), of("residential", True)),
        head["placed_at"],
        None if promised is None else Promise(promised),
        order_class=of("order_class", "standard"),
        channel=of("channel", ""),
        shipping_paid_cents=Cents(of("shipping_paid_cents", 0)),
    )


def done_from(
    tables: Mapping[str, pl.DataFrame | None], orders: Mapping[OrderId, Order]
) -> dict[OrderId, tuple[Shipped, ...]]:
    """What was shipped for these orders: recorded shipments, else the nodes that served their lines."""
    served: dict[OrderId, dict[LineId, str]] = {}
    history = tables.get("order_history")
    for row in [] if history is None else history.iter_rows(named=True):
        if row["order"] in orders:
            served.setdefault(OrderId(row["order"]), {})[LineId(row["line"])] = row["served_by"]
    return _done(tables, orders, served, [])


def _done(
    tables: Mapping[str, pl.DataFrame | None],
    orders: Mapping[OrderId, Order],
    served_by: Mapping[OrderId, Mapping[LineId, str]],
    notes: list[str],
) -> dict[OrderId, tuple[Shipped, ...]]:
    """Shipments by order; where none are recorded, one of each node that served its lines, by a service nobody knows."""
    units: dict[str, list[tuple[LineId, Units]]] = {}
    inside = tables.get("shipped_units")
    for row in [] if inside is None else inside.iter_rows(named=True):
        units.setdefault(row["shipment"], []).append((LineId(row["line"]), Units(row["units"])))
    sent = tables.get("shipments")
    found: dict[OrderId, list[Shipped]] = {}
    for row in [] if sent is None else sent.sort("shipped_on", "shipment").iter_rows(named=True):
        if row["order"] in orders:
            found.setdefault(OrderId(row["order"]), []).append(
                Shipped(
                    NodeId(row["node"]), ServiceId(row["service"]), row["shipped_on"], row["delivered_on"],
                    row["parcels"], row["cents"], row["reship"], tuple(sorted(units.get(row["shipment"], []))),
                )
            )  # fmt: skip
    guessed = 0
    for name, lines in served_by.items():
        if name in found or not any(lines.values()):
            continue
        guessed += 1
        order = orders[name]
        by_node: dict[str, list[tuple[LineId, Units]]] = {}
        for line in order.lines:
            if lines.get(line.id):
                by_node.setdefault(lines[line.id], []).append((line.id, line.units))
        day = order.placed_at.astimezone(UTC).date()
        found[name] = [
            Shipped(NodeId(node), ServiceId(""), day, None, 1, None, False, tuple(goods))
            for node, goods in sorted(by_node.items())
        ]
    if guessed:
        notes.append(
            f"of {guessed:,} orders only the node is known (served_by): they count as one shipment a node by its"
            " cheapest lawful service"
        )
    return {name: tuple(_filled(orders[name], shipments)) for name, shipments in found.items()}


def _filled(order: Order, shipments: Iterable[Shipped]) -> list[Shipped]:
    """An order's only shipment held all of it, where nobody recorded what was in it."""
    sent = list(shipments)
    first = [one for one in sent if not one.reship]
    if len(first) == 1 and not first[0].units:
        whole = tuple((line.id, line.units) for line in order.lines)
        sent[sent.index(first[0])] = replace(first[0], units=whole)
    return sent


def _stock(
    tables: Mapping[str, pl.DataFrame | None],
    left: Mapping[date, Mapping[Shelf, int]],
    first: date,
    last: date,
    notes: list[str],
) -> tuple[dict[Shelf, int], dict[date, tuple[tuple[Shelf, int], ...]]]:
    mornings = _mornings(tables.get("stock_history"), first, last)
    if not mornings:
        stock = tables.get("stock")
        if stock is None:
            raise ValueError("nothing says what was in stock; import stock_history (one row a morning) or stock")
        notes.append("no stock_history: every way of deciding starts from the stock table and receives nothing")
        free = stock.group_by("sku", "node").agg((pl.col("on_hand") - pl.col("held")).sum().alias("units"))
        return {(Sku(s), NodeId(n)): max(0, u) for s, n, u in free.sort("sku", "node").iter_rows()}, {}
    days = sorted(mornings)
    if days[0] > first:
        notes.append(f"the first statement of stock is of {days[0]}: orders before it are decided with that stock")
    inflow: dict[date, tuple[tuple[Shelf, int], ...]] = {}
    for before, after in pairwise(days):
        out: dict[Shelf, int] = {}
        for back in range((after - before).days):
            for shelf, units in left.get(before + timedelta(days=back), {}).items():
                out[shelf] = out.get(shelf, 0) + units
        shelves = mornings[before].keys() | mornings[after].keys() | out.keys()
        came = [
            (shelf, units)
            for shelf in sorted(shelves)
            if (units := mornings[after].get(shelf, 0) - mornings[before].get(shelf, 0) + out.get(shelf, 0))
        ]
        inflow[after] = tuple(came)
    return mornings[days[0]], inflow


def _mornings(frame: pl.DataFrame | None, first: date, last: date) -> dict[date, dict[Shelf, int]]:
    """Statements from the last one on or before the first day up to the last day."""
    if frame is None or frame.is_empty():
        return {}
    begun = frame.filter(pl.col("date") <= first)["date"].max()
    inside = frame.filter(pl.col("date").is_between(begun if begun is not None else first, last))
    found: dict[date, dict[Shelf, int]] = {}
    for row in inside.sort("date", "sku", "node").iter_rows(named=True):
        found.setdefault(row["date"], {})[Sku(row["sku"]), NodeId(row["node"])] = row["units"]
    return found


def _left(done: Mapping[OrderId, tuple[Shipped, ...]], orders: Mapping[OrderId, Order]) -> dict[date, dict[Shelf, int]]:
    """Units that left each shelf for customers, by the day they were shipped."""
    found: dict[date, dict[Shelf, int]] = {}
    for name, shipments in done.items():
        sku = {line.id: line.sku for line in orders[name].lines}
        for shipment in shipments:
            of_day = found.setdefault(shipment.shipped_on, {})
            for line, units in shipment.units:
                if line in sku:
                    of_day[sku[line], shipment.node] = of_day.get((sku[line], shipment.node), 0) + units
    return found


def morning_of(day: date) -> datetime:
    """When a day's inflow is there."""
    return datetime.combine(day, time(0), UTC)
