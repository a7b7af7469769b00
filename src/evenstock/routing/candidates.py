"""The ways to ship an order: node by service, on the first day the node can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.domain import Barred, Candidate, Item, Node, NodeId, Order, OrderLine
from evenstock.routing.network import HOURS_A_DAY, ShippingNetwork
from evenstock.routing.priced import Whole

WITHIN_DAYS: Final = 14
"""A node that has no working day with a slot left in so many days ships nothing."""
NO_CEILING: Final = int(np.iinfo(np.int64).max)
MOST_UNITS: Final = 1_000_000
"""A line of more is a mistake at the till; the data dictionary has the same limit."""

Slots = Mapping[tuple[NodeId, date], int]
"""Shipments already taken of a node's day."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Candidates of one order, by node and then by service, with what is known of each."""

    order: Order
    lines: tuple[OrderLine, ...]
    """By line id, so that a plan does not depend on how the order lists them."""
    items: tuple[Item, ...]
    """The item of each of these lines."""
    on: date
    """Day of the decision in UTC: rules in force on it apply."""
    ways: tuple[Candidate, ...]
    node: Whole
    """Position of each candidate's node in the network, shape ``(candidate,)``."""
    ladder: Whole
    """Ladder of each candidate in `ShippingNetwork.steps`."""
    on_time: NDArray[np.float64]
    """P(delivered by the promise); nan where nothing is promised or transit is unknown."""
    arrival_h: NDArray[np.float64]
    """Mean hours from the day of the decision until delivery; nan where transit is unknown."""
    slots_left: Whole
    """Shipments the node can still take on the candidate's day; NO_CEILING where unlimited."""
    barred: tuple[Barred, ...]
    """Nodes and services that are no candidates, and why."""


def refusal(order: Order, network: ShippingNetwork) -> str:
    """Why this order cannot be decided about at all, in words; empty where it can."""
    unknown = sorted({str(line.sku) for line in order.lines if line.sku not in network.items})
    if unknown:
        return f"{', '.join(unknown)}: no such item in this network; import it, or correct the order"
    absurd = [line for line in order.lines if line.units > MOST_UNITS]
    if absurd:
        return f"line {absurd[0].id} wants {absurd[0].units} {absurd[0].sku}; the most a line may want is {MOST_UNITS}"
    return ""


def candidates(order: Order, network: ShippingNetwork, now: datetime, taken: Slots) -> Candidates:
    """Every node and service that reaches the customer, on the node's first working day with a slot left.

    Which of them the rules permit, and who has the stock, is asked later.

    Raises
    ------
    ValueError
        If `refusal` has something to say.
    """
    said = refusal(order, network)
    if said:
        raise ValueError(f"{order.id}: {said}")
    lines = tuple(sorted(order.lines, key=lambda line: line.id))
    on = now.astimezone(UTC).date()
    deliver_by = order.promise.deliver_by if order.promise else None
    home = order.ship_to.residential
    ways: list[Candidate] = []
    rows: list[tuple[int, int, float, float, int]] = []
    barred: list[Barred] = []
    for k, node in enumerate(network.nodes):
        zone = network.book.zone(node.postal_code, order.ship_to.postal_code)
        day, left = (None, 0) if network.idle[k] else first_day(node, now, taken)
        why = _out(network, k, order, zone, day)
        if why or zone is None or day is None:
            barred.append(Barred(node.id, "", *why))
            continue
        for service in network.services[k]:
            ladder = network.ladder(service, zone, day, residential=home)
            if ladder < 0:
                because = f"{service} has no rate for zone {zone}, from {node.id} to {order.ship_to.postal_code}"
                barred.append(Barred(node.id, service, "rate", because))
                continue
            ways.append(Candidate(node.id, service, day))
            on_time = np.nan if deliver_by is None else 1.0 - network.late(service, zone, day, deliver_by)
            rows.append((k, ladder, on_time, HOURS_A_DAY * (day - on).days + network.transit_h(service, zone), left))
    columns = list(zip(*rows, strict=True)) or [()] * 5
    return Candidates(
        order,
        lines,
        tuple(network.items[line.sku] for line in lines),
        on,
        tuple(ways),
        np.array(columns[0], np.int64),
        np.array(columns[1], np.int64),
        np.array(columns[2], np.float64),
        np.array(columns[3], np.float64),
        np.array(columns[4], np.int64),
        tuple(barred),
    )


def first_day(node: Node, now: datetime, taken: Slots) -> tuple[date | None, int]:
    """The first working day on which the node can ship what is known now, and the slots left on it.

    Where every day is full, the first day and no slot: the rule about ceilings names it.
    """
    first = node.ship_day(now, WITHIN_DAYS)
    if first is None or node.orders_per_day is None:
        return first, NO_CEILING
    for day in (first + timedelta(days=d) for d in range(WITHIN_DAYS)):
        left = node.orders_per_day - taken.get((node.id, day), 0)
        if left > 0 and node.works_on(day):
            return day, left
    return first, 0


def slot_days(now: datetime) -> list[date]:
    """Days whose slots a decision may look at, in any time zone."""
    today = now.astimezone(UTC).date()
    return [today + timedelta(days=d) for d in range(-1, 2 * WITHIN_DAYS + 2)]


def _out(
    network: ShippingNetwork, k: int, order: Order, zone: int | None, day: date | None
) -> tuple[str, str] | tuple[()]:
    """Rule and reason why a node as a whole is no candidate."""
    node = network.nodes[k]
    if network.idle[k]:
        return "never ships", network.idle[k]
    if zone is None:
        return "zone", (
            f"no zone is known from {node.postal_code} to {order.ship_to.postal_code}; add the place or a zone chart"
        )
    if day is None:
        return "calendar", f"{node.id} has no working day in the next {WITHIN_DAYS} days"
    if not network.services[k]:
        return "pick-up", f"no service with a rate card picks up at {node.id}"
    return ()
