"""The past of a company that lives with us, read from its own books: orders, decisions, and every movement of stock.

An order belongs to the day of its first decision, and is lived again at that moment: what it saw is what was there then.
What its own reservations took and gave back is left to whoever decides again. Every other change of what was available
(receipts, counts, transfers, returns, holds, orders that are not lived again) happens in every life, net, in the morning of
its day: a day's orders found it there, or it came while they were decided. So whoever decides as the records did ends with
the stock of the books.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

import polars as pl

from evenstock.domain import (
    CaseKind,
    CaseState,
    DecisionId,
    DecisionRecord,
    Item,
    LineId,
    NodeId,
    Order,
    OrderId,
    Outcome,
    Reservation,
    Sku,
    Units,
)
from evenstock.operations.decisions import behind, decision_from
from evenstock.operations.exceptions.answer import order_of
from evenstock.operations.personal_data.books import is_thinned
from evenstock.operations.ports import Store, Transaction
from evenstock.operations.standing import cancelled_units, left_of
from evenstock.simulation.replay.past import Past, Shelf, Shipped, morning_of

_AT_ONCE: Final = 1_000
DEADLINE: Final = "deadline"
"""Who closed a review that nobody answered."""


@dataclass(frozen=True, slots=True)
class Decided:
    """Orders whose first decision that was not in shadow lies in the window."""

    first: Mapping[OrderId, DecisionRecord]
    """In the order recorded."""
    again: int
    """Orders decided in the window whose first decision lies before it."""


def first_decisions(books: Transaction, first: date, last: date) -> Decided:
    """The first decision about each order of these days, by the day of UTC."""
    known: set[str] = set()
    found: dict[OrderId, DecisionRecord] = {}
    again: set[str] = set()
    after = ""
    while batch := books.decisions(_AT_ONCE, after):
        for record in batch:
            said = json.loads(record)
            after = said["id"]
            if said["outcome"] == Outcome.SHADOW:
                continue
            name, day = said["order"], datetime.fromisoformat(said["decided_at"]).astimezone(UTC).date()
            if first <= day <= last:
                if name not in known:
                    found[OrderId(name)] = decision_from(record)
                elif name not in found:
                    again.add(name)
            known.add(name)
    return Decided(found, len(again))


def past_from_books(store: Store, first: date, last: date, items: Mapping[Sku, Item]) -> Past:
    """The past of `lived_here` alone."""
    return lived_here(store, first, last, items)[0]


def lived_here(
    store: Store, first: date, last: date, items: Mapping[Sku, Item]
) -> tuple[Past, Mapping[OrderId, DecisionRecord]]:
    """Orders first decided in these days, with what was shipped for them as it stood at the end of the last.

    An order keeps its promise and its content, less what was cancelled of it; `placed_at` is the moment of its first
    decision. The opening is what could be promised: available, less buffers as they are set now.

    Parameters
    ----------
    items
        Orders of other items are left out and counted in a note.

    Returns
    -------
    Past
        Without orders where none was decided in these days.
    Mapping
        The first decision about each order, among them orders that are not lived again.
    """
    notes: list[str] = []
    with store.reading() as books:
        decided = first_decisions(books, first, last)
        flows = _flows(books.movement_frame(), morning_of(last + timedelta(days=1)))
        lived = _lived(books, decided, items, flows, notes)
        buffers = {
            (Sku(sku), NodeId(node)): units
            for sku, node, units in books.balance_frame()
            .group_by("sku", "node")
            .agg(pl.col("buffer").sum())
            .iter_rows()
            if units
        }
    if decided.again:
        notes.append(
            f"{decided.again:,} orders were first decided before {first}: what they took counts as having left otherwise"
        )
    opening, inflow = _stock(flows, lived, morning_of(first))
    if buffers:
        notes.append(f"{sum(buffers.values()):,} units are buffers, as set now: no life may promise them")
        opening, inflow = _without(buffers, opening, inflow)
    orders = tuple(sorted(lived.orders, key=lambda order: (order.placed_at, order.id)))
    past = Past(first, last, orders, lived.done, lived.cancelled, opening, inflow, tuple(notes))
    return past, decided.first


def queue_answers(store: Store) -> list[tuple[Order, DecisionRecord, DecisionRecord]]:
    """What people answered in the queue: each order with the system's record and the person's, overridden or accepted.

    What executed at its deadline is nobody's choice and is left out; so are orders that were not kept.
    """
    found = []
    with store.reading() as books:
        for case in books.cases(CaseState.CLOSED, CaseKind.REVIEW):
            order = books.order(order_of(case))
            ours = books.decision(DecisionId(case.fact("decision")))
            theirs = books.decision(DecisionId(f"{case.id}:{case.step}"))
            if order is not None and ours is not None and theirs is not None and case.closed_by != DEADLINE:
                found.append((order, decision_from(ours), decision_from(theirs)))
    return found


# --- orders and what was done ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Lived:
    orders: list[Order] = field(default_factory=list)
    done: dict[OrderId, tuple[Shipped, ...]] = field(default_factory=dict)
    cancelled: dict[OrderId, int] = field(default_factory=dict)
    own: dict[str, OrderId] = field(default_factory=dict)
    """Reservations of the orders lived again."""
    taken: dict[tuple[OrderId, Shelf], int] = field(default_factory=dict)
    """Units of what was done, by order and shelf."""


def _lived(
    books: Transaction, decided: Decided, items: Mapping[Sku, Item], flows: pl.DataFrame, notes: list[str]
) -> _Lived:
    net = {
        because: units for because, units in flows.group_by("because").agg(pl.col("units").sum()).iter_rows() if because
    }
    found = _Lived()
    unknown = strange = instead = 0
    for name, record in decided.first.items():
        kept = books.order(name)
        if kept is None or is_thinned(kept):
            unknown += 1
            continue
        if any(line.sku not in items for line in kept.lines):
            strange += 1
            continue
        gone = cancelled_units(books, name)
        if gone:
            found.cancelled[name] = sum(gone.values())
        lines = tuple(
            replace(line, units=Units(line.units - gone[line.id])) for line in kept.lines if line.units > gone[line.id]
        )
        if not lines:
            continue
        order = replace(kept, lines=lines, placed_at=record.decided_at)
        found.orders.append(order)
        reservations = books.reservations_of(name)
        found.own |= {str(reservation.id): name for reservation in reservations}
        standing = [one for one in reservations if net.get(str(one.id), 0) < 0]
        shipments = _shipments(books, order, standing)
        if shipments is None:
            instead += 1
        elif shipments:
            found.done[name] = shipments
            sku = {line.id: line.sku for line in lines}
            for sent in shipments:
                for line, units in sent.units:
                    key = name, (sku[line], sent.node)
                    found.taken[key] = found.taken.get(key, 0) + units
    said = {
        "orders that nobody kept (decided in shadow, or before orders were kept) are left out": unknown,
        "orders of items that are not in the network were left out": strange,
        "orders were shipped with a substitute: what was done for them is not shown": instead,
    }
    notes += [f"{count:,} {what}" for what, count in said.items() if count]
    return found


def _shipments(books: Transaction, order: Order, standing: list[Reservation]) -> tuple[Shipped, ...] | None:
    """What these reservations hold or have sent, by the plans they were made for; None for items nobody ordered."""
    wanted = Counter({line.id: int(line.units) for line in order.lines})
    sku = {line.id: line.sku for line in order.lines}
    found = []
    for reservation in standing:
        made = behind(books, reservation.id)
        plan = made.choice if made is not None else None
        if plan is None:
            continue
        left: Counter[Shelf] = Counter()
        for held in left_of(books, reservation):
            left[held.sku, held.node] += held.units
        for shipment in plan.shipments:
            way = shipment.candidate
            goods: list[tuple[LineId, Units]] = []
            for line in shipment.lines:
                if sku.get(line.line, line.sku) != line.sku:
                    return None
                units = min(int(line.units), left[line.sku, way.node], wanted[line.line])
                if units > 0:
                    goods.append((line.line, Units(units)))
                    left[line.sku, way.node] -= units
                    wanted[line.line] -= units
            if goods:
                found.append(Shipped(way.node, way.service, way.ship_on, None, 1, None, False, tuple(goods)))
    return tuple(found)


# --- stock -----------------------------------------------------------------------------------------------------------


def _flows(movements: pl.DataFrame, end: datetime) -> pl.DataFrame:
    """What entered (above zero) and left what was available before `end`: sku, node, units, occurred_at, because."""
    before = movements.filter(pl.col("occurred_at") < end)
    ends = [
        before.filter(pl.col(f"{side}_bucket") == "available").select(
            "sku",
            pl.col(f"{side}_node").alias("node"),
            (pl.col("units") * sign).alias("units"),
            "occurred_at",
            "because",
        )
        for side, sign in (("source", -1), ("destination", 1))
    ]
    return pl.concat(ends)


def _stock(
    flows: pl.DataFrame, lived: _Lived, start: datetime
) -> tuple[dict[Shelf, int], dict[date, tuple[tuple[Shelf, int], ...]]]:
    opening: Counter[Shelf] = Counter()
    by_day: dict[date, Counter[Shelf]] = {}
    own: Counter[tuple[OrderId, Shelf]] = Counter(lived.taken)
    last: dict[tuple[OrderId, Shelf], date] = {}
    for sku, node, units, at, because in _summed(flows):
        shelf = Sku(sku), NodeId(node)
        order = lived.own.get(because)
        if order is not None:
            own[order, shelf] += units
            last[order, shelf] = max(at.date(), last.get((order, shelf), at.date()))
        elif at < start:
            opening[shelf] += units
        else:
            by_day.setdefault(at.date(), Counter())[shelf] += units
    for (order, shelf), units in own.items():
        # Taken and not shipped (missing at the pick, stopped after its release): it left this shelf in any life.
        if units:
            by_day.setdefault(last.get((order, shelf), start.date()), Counter())[shelf] += units
    inflow = {
        day: tuple((shelf, units) for shelf, units in sorted(by_day[day].items()) if units) for day in sorted(by_day)
    }
    return {shelf: units for shelf, units in sorted(opening.items()) if units}, inflow


def _summed(flows: pl.DataFrame) -> Iterator[tuple[str, str, int, datetime, str]]:
    yield from (
        flows.group_by("sku", "node", "occurred_at", "because")
        .agg(pl.col("units").sum())
        .select("sku", "node", "units", "occurred_at", "because")
        .sort("occurred_at", "sku", "node", "because")
        .iter_rows()
    )


def _without(
    buffers: Mapping[Shelf, int], opening: dict[Shelf, int], inflow: dict[date, tuple[tuple[Shelf, int], ...]]
) -> tuple[dict[Shelf, int], dict[date, tuple[tuple[Shelf, int], ...]]]:
    """The same less what is never promised; where less than that is there, what comes in makes it up first."""
    above = Counter({shelf: opening.get(shelf, 0) - units for shelf, units in buffers.items()})
    start = {shelf: max(0, units - buffers.get(shelf, 0)) for shelf, units in opening.items()}
    later = {}
    for day, came in inflow.items():
        free = []
        for shelf, units in came:
            before = above[shelf]
            above[shelf] += units
            usable = max(0, above[shelf]) - max(0, before) if shelf in buffers else units
            if usable:
                free.append((shelf, usable))
        later[day] = tuple(free)
    return {shelf: units for shelf, units in start.items() if units}, later
