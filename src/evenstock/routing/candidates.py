"""The ways to ship an order: node by service, on the first day that both can."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.domain import Barred, Candidate, Item, Node, NodeId, Order, OrderLine, ServiceId
from evenstock.freight.carrier_limits import places_of_carrier
from evenstock.freight.zones import area
from evenstock.routing.found_before import WITHIN_DAYS, FoundBefore, Kept, rows_of
from evenstock.routing.network import ANY_SIZE, HOURS_A_DAY, NO_CEILING, Reach, ShippingNetwork
from evenstock.routing.priced import Whole

MOST_UNITS: Final = 1_000_000
"""A line of more is a mistake at the till; the data dictionary has the same limit."""

Slots = Mapping[tuple[NodeId, date], int]
"""Shipments already taken of a node's day, and of a service's under its own name."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Candidates of one order, by node, service and day, with what is known of each."""

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
    transit_days_p95: Whole
    """Days from the day of the decision until 95 % of such parcels are delivered; -1 where unknown."""
    fits: NDArray[np.bool_]
    """Whether the service takes a unit of the line, by weight and length, shape ``(candidate, line)``."""
    service_slots_left: Whole
    """Shipments the service can still take over on the candidate's day; NO_CEILING where unlimited."""

    def only(self, kept: NDArray[np.bool_]) -> Candidates:
        """The same order with these candidates alone; `kept` has shape ``(candidate,)``."""
        return replace(
            self,
            ways=tuple(way for way, keep in zip(self.ways, kept.tolist(), strict=True) if keep),
            node=self.node[kept],
            ladder=self.ladder[kept],
            on_time=self.on_time[kept],
            arrival_h=self.arrival_h[kept],
            slots_left=self.slots_left[kept],
            transit_days_p95=self.transit_days_p95[kept],
            fits=self.fits[kept],
            service_slots_left=self.service_slots_left[kept],
        )


def refusal(order: Order, network: ShippingNetwork) -> str:
    """Why this order cannot be decided about at all, in words; empty where it can."""
    unknown = sorted({str(line.sku) for line in order.lines if line.sku not in network.items})
    if unknown:
        return f"{', '.join(unknown)}: no such item in this network; import it, or correct the order"
    absurd = [line for line in order.lines if line.units > MOST_UNITS]
    if absurd:
        return f"line {absurd[0].id} wants {absurd[0].units} {absurd[0].sku}; the most a line may want is {MOST_UNITS}"
    return ""


_Row = tuple[int, int, float, float, int, int, list[bool], int]
_Day = tuple[date, int]
"""A day, and the places that the node has left on it."""
_Opening = tuple[date | None, int]
"""The first day a node can ship, and the places left on it; None where it has none."""
OF_THE_CODE: Final = frozenset({"zone", "rate"})
"""Rules whose reasons name the customer's postal code."""


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What is asked about every node and service."""

    order: Order
    lines: tuple[OrderLine, ...]
    items: tuple[Item, ...]
    on: date
    ship_days: int
    capped_services: Collection[str]
    without: Mapping[str, str]
    """Nodes and services left out, and why."""
    to: str
    """Postal area of the customer."""
    home: bool
    areas: frozenset[str]
    """Lists of delivery areas that the address is in."""
    deliver_by: date | None
    heaviest_g: int
    longest_mm: int
    """Of one unit of any line."""
    all_fit: list[bool]
    """Where no line is too heavy or too long."""
    usual: bool
    """Nothing is left out, and one day is enough."""

    def key(self, days: Sequence[date | None]) -> tuple[Hashable, ...]:
        """Of all but the goods and the places left: what orders of one key have in common."""
        return self.to, self.home, self.areas, self.on, self.deliver_by, tuple(days)

    def fits_into(self, reach: Reach) -> bool:
        """Whether the service takes a unit of every line."""
        return self.heaviest_g <= reach.heaviest_g and self.longest_mm <= reach.longest_mm


def candidates(
    order: Order,
    network: ShippingNetwork,
    now: datetime,
    taken: Slots,
    *,
    ship_days: int = 1,
    capped_services: Collection[str] = (),
    without_nodes: Collection[NodeId] = (),
    without_services: Collection[str] = (),
    without_because: str = "",
) -> Candidates:
    """Every node and service that reaches the customer, on the first day with a slot left on which both work.

    Which of them the rules permit, and who has the stock, is asked later.

    Parameters
    ----------
    ship_days
        Days offered where a place in a day is worth something: at nodes and by services with a ceiling, and by
        `capped_services`. Elsewhere a later day only loses time. Where a day has fewer places left than the order has
        lines, the next is offered too.
    without_nodes, without_services
        Left out whatever the rules say, such as a node that is down; `without_because` says why.

    Raises
    ------
    ValueError
        If `refusal` has something to say, or `ship_days` is below one.
    """
    said = refusal(order, network)
    if said or ship_days < 1:
        raise ValueError(f"{order.id}: {said or 'an order ships on at least one day'}")
    because = without_because or "left out of this decision"
    without = dict.fromkeys((*without_nodes, *without_services), because)
    asked = _asked(order, network, now.astimezone(UTC).date(), ship_days, capped_services, without)
    before = FoundBefore.of(network)
    opening = _opening(network, before, now, taken)
    key = asked.key(tuple(day for day, _ in opening))
    kept = before.ways.get(key) or before.ways.get((key, order.ship_to.postal_code))
    if kept is not None and _may_share(asked, kept, [opening[k][1] for k in before.capped]):
        return _shared(asked, kept, opening)
    found, limits = _found(network, asked, opening, taken)
    if limits is not None:
        # Who bars a way by what it says of the postal code speaks of that code alone.
        said_of_it = any(b.rule in OF_THE_CODE for b in found.barred)
        rows = rows_of(before.capped, found.node.tolist())
        before.keep((key, order.ship_to.postal_code) if said_of_it else key, Kept(found, *limits, rows))
    return found


def _found(
    network: ShippingNetwork, asked: _Asked, opening: Sequence[_Opening], taken: Slots
) -> tuple[Candidates, tuple[int, int] | None]:
    """Candidates, and the heaviest and longest unit of other orders that would find the same; None where no other may.

    Others find the same where nothing hangs on the places taken or on the goods.
    """
    ways: list[Candidate] = []
    rows: list[_Row] = []
    barred: list[Barred] = []
    heaviest, longest, same = ANY_SIZE, ANY_SIZE, asked.usual
    to = asked.order.ship_to.postal_code
    for k, (node, (day, left)) in enumerate(zip(network.nodes, opening, strict=True)):
        zone = network.book.zone(node.postal_code, to)
        why = _out(network, k, asked, zone, day)
        if why or zone is None or day is None:
            barred.append(Barred(node.id, "", *why))
            continue
        lane, enough = network.lane(k, asked.to), left >= len(asked.lines)
        for service in network.services[k]:
            reach = network.reach(service, zone, day, residential=asked.home, lane=lane, areas=asked.areas)
            plain = reach.picks_up and enough and reach.most_a_day == reach.carrier_a_day == NO_CEILING
            fits = asked.fits_into(reach)
            heaviest, longest = min(heaviest, reach.heaviest_g), min(longest, reach.longest_mm)
            same = same and fits and (plain or (node.orders_per_day is None and service not in network.book.capped))
            if plain and fits and asked.usual and reach.ladder >= 0:
                ways.append(network.way(k, service, day))
                rows.append(_row(k, reach, (day, left), asked.all_fit, asked))
                continue
            offered, out = _offered(network, k, service, zone, (day, left), taken, asked)
            ways += [network.way(k, service, at) for at in offered]
            rows += offered.values()
            if out is not None:
                barred.append(out)
    return _gathered(asked, ways, rows, barred), (heaviest, longest) if same else None


def _opening(network: ShippingNetwork, before: FoundBefore, now: datetime, taken: Slots) -> list[_Opening]:
    """First day of each node on which it can ship what is known now, and the slots left on it."""
    opening: list[_Opening] = [(day, NO_CEILING) for day in before.first_days(network, now)]
    for k in before.capped:
        opening[k] = _first_open(network.nodes[k], opening[k][0], taken)
    return opening


def _may_share(asked: _Asked, kept: Kept, left: Sequence[int]) -> bool:
    """Whether the order is as usual as that before it; `left` are the places at nodes with a ceiling."""
    return (
        asked.usual
        and asked.heaviest_g <= kept.heaviest_g
        and asked.longest_mm <= kept.longest_mm
        and min(left, default=NO_CEILING) >= len(asked.lines)
    )


def _shared(asked: _Asked, kept: Kept, opening: Sequence[_Opening]) -> Candidates:
    """What the order before found, with this one's goods and the places left now."""
    found, left = kept.found, kept.found.slots_left
    if kept.rows:
        left = left.copy()
        for k, rows in kept.rows:
            left[rows] = opening[k][1]
    return Candidates(
        asked.order,
        asked.lines,
        asked.items,
        asked.on,
        found.ways,
        found.node,
        found.ladder,
        found.on_time,
        found.arrival_h,
        left,
        found.barred,
        found.transit_days_p95,
        np.ones((len(found.ways), len(asked.lines)), np.bool_),
        found.service_slots_left,
    )


def _asked(
    order: Order,
    network: ShippingNetwork,
    on: date,
    ship_days: int,
    capped_services: Collection[str],
    without: Mapping[str, str],
) -> _Asked:
    lines = tuple(sorted(order.lines, key=lambda line: line.id))
    items = tuple(network.items[line.sku] for line in lines)
    return _Asked(
        order,
        lines,
        items,
        on,
        ship_days,
        capped_services,
        without,
        area(order.ship_to.postal_code),
        order.ship_to.residential,
        network.book.areas(order.ship_to.postal_code),
        order.promise.deliver_by if order.promise else None,
        max(item.weight_g for item in items),
        max(map(longest_side, items)),
        [True] * len(items),
        ship_days == 1 and not without,
    )


def _gathered(asked: _Asked, ways: Sequence[Candidate], rows: Sequence[_Row], barred: Sequence[Barred]) -> Candidates:
    """Rows as arrays."""
    columns = list(zip(*rows, strict=True)) or [()] * 8
    shape, odd = (len(rows), len(asked.lines)), any(fits is not asked.all_fit for fits in columns[6])
    return Candidates(
        asked.order,
        asked.lines,
        asked.items,
        asked.on,
        tuple(ways),
        np.array(columns[0], np.int64),
        np.array(columns[1], np.int64),
        np.array(columns[2], np.float64),
        np.array(columns[3], np.float64),
        np.array(columns[4], np.int64),
        tuple(barred),
        np.array(columns[5], np.int64),
        np.array(columns[6], np.bool_).reshape(shape) if odd else np.ones(shape, np.bool_),
        np.array(columns[7], np.int64),
    )


def _offered(
    network: ShippingNetwork,
    k: int,
    service: ServiceId,
    zone: int,
    first: _Day,
    taken: Slots,
    asked: _Asked,
) -> tuple[dict[date, _Row], Barred | None]:
    """Facts of a service by the day it leaves node `k`, and what it cannot do."""
    node, lane = network.nodes[k], network.lane(k, asked.to)
    if service in asked.without:
        return {}, Barred(node.id, service, "left out", f"{service}: {asked.without[service]}")
    reach = network.reach(service, zone, first[0], residential=asked.home, lane=lane, areas=asked.areas)
    fits, out = asked.all_fit, None
    if not asked.fits_into(reach):
        fits, because = _fitting(service, reach, asked)
        out = Barred(node.id, service, "oversize", because)
        if not any(fits):
            return {}, out
    capped = node.orders_per_day is not None or service in network.book.capped
    several = asked.ship_days > 1 and (capped or service in asked.capped_services)
    if reach.picks_up and not several and not capped:
        row = _row(k, reach, first, fits, asked)
        rows = {first[0]: row} if reach.ladder >= 0 else {}
    else:
        rows = {}
        open_days = list(_open_days(node, first[0], taken)) if first[1] else [first]
        reached = [
            (at, network.reach(service, zone, at[0], residential=asked.home, lane=lane, areas=asked.areas))
            for at in open_days
        ]
        days = [(at, there, _left(service, there, at[0], taken)) for at, there in reached if there.picks_up]
        if not days:
            because = f"{service} does not pick up at {node.id} on any of its working days in the next {WITHIN_DAYS}"
            return {}, Barred(node.id, service, "pick-up", because)
        # Where every day is full, the first day and no place: the rule about ceilings names it.
        days = [day for day in days if day[2] > 0] or days[:1]
        few = min(days[0][0][1], days[0][2]) < len(asked.lines)
        for at, there, free in days[: max(asked.ship_days if several else 1, 2 if few else 1)]:
            if there.ladder >= 0:
                rows[at[0]] = _row(k, there, at, fits, asked, free)
    if not rows:
        to = asked.order.ship_to.postal_code
        out = Barred(node.id, service, "rate", f"{service} has no rate for zone {zone}, from {node.id} to {to}")
    return rows, out


def _left(service: str, reach: Reach, day: date, taken: Slots) -> int:
    """Shipments that the service can still take over on the day, of its own and of its carrier's."""
    free = NO_CEILING
    if reach.most_a_day != NO_CEILING:
        free = reach.most_a_day - taken.get((NodeId(service), day), 0)
    if reach.carrier_a_day != NO_CEILING:
        free = min(free, reach.carrier_a_day - taken.get((NodeId(places_of_carrier(service)), day), 0))
    return free


def _row(k: int, reach: Reach, at: _Day, fits: list[bool], asked: _Asked, free: int = NO_CEILING) -> _Row:
    """What is known of one candidate."""
    day, left = at
    transit, waits = reach.transit, (day - asked.on).days
    on_time = np.nan if asked.deliver_by is None else 1.0 - transit.late((asked.deliver_by - day).days)
    p95 = transit.days_p95
    hours = HOURS_A_DAY * waits + transit.hours
    return k, reach.ladder, on_time, hours, left, waits + p95 if p95 >= 0 else -1, fits, free


def _fitting(service: str, reach: Reach, asked: _Asked) -> tuple[list[bool], str]:
    """Lines of which the service takes a unit, and why not the first of the others."""
    fits = [i.weight_g <= reach.heaviest_g and longest_side(i) <= reach.longest_mm for i in asked.items]
    odd = asked.items[fits.index(False)]
    most = f"{reach.heaviest_g} g" + ("" if reach.longest_mm == ANY_SIZE else f" and {reach.longest_mm} mm")
    return fits, f"{service} takes units of up to {most}; {odd.sku} has {odd.weight_g} g and {longest_side(odd)} mm"


def longest_side(item: Item) -> int:
    """In mm; 0 where no size is known."""
    return max(item.length_mm, item.width_mm, item.height_mm)


def first_day(node: Node, now: datetime, taken: Slots) -> tuple[date | None, int]:
    """The first working day on which the node can ship what is known now, and the slots left on it.

    Where every day is full, the first day and no slot: the rule about ceilings names it.
    """
    return _first_open(node, node.ship_day(now, WITHIN_DAYS), taken)


def _first_open(node: Node, first: date | None, taken: Slots) -> _Opening:
    """The same from the first working day on."""
    if first is None or node.orders_per_day is None:
        return first, NO_CEILING
    return next(_open_days(node, first, taken), (first, 0))


def _open_days(node: Node, first: date, taken: Slots) -> Iterator[tuple[date, int]]:
    """Working days from `first` on with a slot left, and how many."""
    for day in (first + timedelta(days=d) for d in range(WITHIN_DAYS)):
        left = NO_CEILING if node.orders_per_day is None else node.orders_per_day - taken.get((node.id, day), 0)
        if left > 0 and node.works_on(day):
            yield day, left


def slot_days(now: datetime) -> list[date]:
    """Days whose slots a decision may look at, in any time zone."""
    today = now.astimezone(UTC).date()
    return [today + timedelta(days=d) for d in range(-1, 2 * WITHIN_DAYS + 2)]


def _out(
    network: ShippingNetwork, k: int, asked: _Asked, zone: int | None, day: date | None
) -> tuple[str, str] | tuple[()]:
    """Rule and reason why a node as a whole is no candidate."""
    node, to = network.nodes[k], asked.order.ship_to.postal_code
    if network.idle[k]:
        return "never ships", network.idle[k]
    if node.id in asked.without:
        return "left out", f"{node.id}: {asked.without[node.id]}"
    if zone is None:
        return "zone", f"no zone is known from {node.postal_code} to {to}; add the place or a zone chart"
    if day is None:
        return "calendar", f"{node.id} has no working day in the next {WITHIN_DAYS} days"
    if not network.services[k]:
        return "pick-up", f"no service with a rate card picks up at {node.id}"
    return ()
