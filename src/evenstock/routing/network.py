"""A network made ready for routing: what every order looks up is reckoned once and kept."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from evenstock.distributions import day_table
from evenstock.domain import Candidate, Costs, Item, Node, NodeKind, ServiceId, Sku
from evenstock.freight.bulk import Bulk
from evenstock.freight.dated import Dated
from evenstock.freight.ladder import Ladder
from evenstock.freight.layout import Layout, laid_out
from evenstock.freight.rates import RateBook
from evenstock.freight.surcharge import NOWHERE
from evenstock.freight.transit import late_probabilities
from evenstock.freight.zones import area
from evenstock.routing.parcels import ParcelSteps

if TYPE_CHECKING:
    from evenstock.routing.knowledge import Knowledge

HOURS_A_DAY: Final = 24
PUNCTUAL: Final = 0.95
"""Share of parcels that a service is known to deliver within the days it is said to take."""
HAZARDOUS: Final = "hazmat"
"""Certification that a node must hold to ship hazardous goods: an item that requires it is such."""
ANY_SIZE: Final = int(np.iinfo(np.int64).max)
NO_CEILING: Final = int(np.iinfo(np.int64).max)
Area = tuple[str, str]
"""Postal areas (first three characters) of origin and destination."""


@dataclass(frozen=True, slots=True, eq=False)
class Transit:
    """How long a service takes on its way."""

    tail: tuple[float, ...]
    """P(longer than so many whole calendar days), for -1, 0, 1, …; empty where unknown."""
    hours: float
    """Mean; nan where unknown."""
    days_p95: int
    """Days until 95 % are delivered; -1 where unknown."""

    @classmethod
    def of(cls, share: NDArray[np.float64]) -> Transit:
        """From the share of parcels delivered after 0, 1, … days."""
        tail = late_probabilities(share, np.arange(-1, len(share)))
        days = day_table.quantiles(share, [PUNCTUAL])
        return cls(tuple(tail.tolist()), HOURS_A_DAY * float(share @ np.arange(len(share))), int(days[0]))

    def late(self, slack_days: int) -> float:
        """P(longer than `slack_days` whole days); nan where unknown."""
        return self.tail[min(max(slack_days + 1, 0), len(self.tail) - 1)] if self.tail else np.nan


UNKNOWN: Final = Transit((), np.nan, -1)


class Reach(NamedTuple):
    """What a service offers into a zone on a day."""

    ladder: int
    """In `ShippingNetwork.steps`; -1 where it has no rate there."""
    picks_up: bool
    heaviest_g: int
    longest_mm: int
    """The largest single unit it takes; ANY_SIZE where any."""
    transit: Transit
    most_a_day: int = NO_CEILING
    """Shipments that the service takes over on the day, from all nodes."""
    carrier_a_day: int = NO_CEILING
    """Shipments that its carrier takes over on the day by all services together."""


class ShippingNetwork:
    """Nodes in the order of their names, items, rates and costs, under the digest of the snapshot they came from.

    Ladders and transit times are looked up once for each service, zone, kind of address and rate card as it stands on
    the day, and remembered; several threads may ask at once.
    """

    def __init__(
        self, nodes: Iterable[Node], items: Mapping[Sku, Item], book: RateBook, costs: Costs, digest: str
    ) -> None:
        self.nodes: tuple[Node, ...] = tuple(sorted(nodes, key=lambda node: node.id))
        self.items = items
        self.book = book
        self.costs = costs
        self.digest = digest
        self.known: Knowledge | None = None
        """Beliefs, price scenarios and the gate in force; None where there are none."""
        self.origin: object | None = None
        """The versions of a company's tables that it was made from, with which what it decides is kept; None elsewhere."""
        self.services: tuple[tuple[ServiceId, ...], ...] = tuple(
            tuple(ServiceId(s) for s in book.services if node.ships_by(s)) for node in self.nodes
        )
        """Services that pick up at each node, sorted."""
        self.idle: tuple[str, ...] = tuple(_idle(node) for node in self.nodes)
        """Why a node never ships orders; empty where it does."""
        self.capped: bool = bool(book.capped) or any(node.orders_per_day is not None for node in self.nodes)
        """Whether some node or service has a ceiling, so that the places taken matter."""
        self._ladders: list[Ladder] = []
        self._laid: list[Layout] = []
        self._number: dict[tuple[str, int, date, bool, frozenset[str]], int] = {}
        self._same: dict[tuple[Dated, int, bool, frozenset[str]], int] = {}
        self._marks: dict[Sku, int] = {}
        self._steps: ParcelSteps | None = None
        self._numbering = threading.Lock()
        self._transit: dict[tuple[str, int, int, Area | None], Transit] = {}
        self._reach: dict[tuple[str, int, date, bool, Area | None, frozenset[str]], Reach] = {}
        self._ways: dict[tuple[int, ServiceId, date], Candidate] = {}
        self._areas = tuple(area(node.postal_code) for node in self.nodes)
        self._km: dict[tuple[int, str], float] = {}

    def ladder(self, service: str, zone: int, on: date, *, residential: bool, areas: frozenset[str] = NOWHERE) -> int:
        """Number of the ladder in `steps`; -1 where the service has no rate there."""
        key = (service, zone, on, residential, areas)
        if key not in self._number:
            self._number[key] = self._add(*key)
        return self._number[key]

    def _add(self, service: str, zone: int, on: date, residential: bool, areas: frozenset[str]) -> int:
        ladder = self.book.ladder(service, zone, on)
        dated = self.book.dated(service, on)
        if ladder is None or dated is None:
            return -1
        same = (dated, zone, residential, areas)
        with self._numbering:
            if same not in self._same:
                self._ladders.append(ladder)
                self._laid.append(laid_out(ladder, self.book.marks, residential=residential, areas=areas))
                self._steps = None
                self._same[same] = len(self._ladders) - 1
            return self._same[same]

    @property
    def steps(self) -> ParcelSteps:
        """Every ladder asked for so far, end to end."""
        with self._numbering:
            if self._steps is None:
                self._steps = ParcelSteps.end_to_end(self._ladders, self._laid)
            return self._steps

    def warnings(self, ways: Iterable[tuple[str, date]]) -> tuple[str, ...]:
        """What an auditor must know of these services: rates out of date on the day, used but flagged, then `Overridden`."""
        asked = sorted(set(ways))
        said = dict.fromkeys(sentence for way in asked for sentence in self.book.staleness(*way))
        if self.known is not None and self.known.overridden:
            said |= dict.fromkeys(
                sentence for service, _ in asked for sentence in self.known.overridden.get(service, ())
            )
        return tuple(said)

    def mark(self, sku: Sku) -> int:
        """How unhandy one unit of an item is, as the charges of `steps` look at it."""
        found = self._marks.get(sku)
        if found is None:
            item = self.items[sku]
            goods = Bulk.of(item.length_mm, item.width_mm, item.height_mm, hazmat=HAZARDOUS in item.requires)
            found = self._marks[sku] = self.book.marks.code(goods)
        return found

    def reach(
        self,
        service: str,
        zone: int,
        on: date,
        *,
        residential: bool,
        lane: Area | None = None,
        areas: frozenset[str] = NOWHERE,
    ) -> Reach:
        """What a service offers into a zone on a day, looked up once.

        `lane` where transit times were learned by lane; `areas` are the lists of delivery areas that the address is in.
        """
        key = (service, zone, on, residential, lane, areas)
        found = self._reach.get(key)
        if found is None:
            card, of_carrier = self.book.card(service, on), self.book.limits.ceiling(service, on)
            found = self._reach[key] = Reach(
                self.ladder(service, zone, on, residential=residential, areas=areas),
                # Without a card that day there is no rate either, and that is said.
                card is None or (card.picks_up(on) and self.book.limits.picks_up(service, on)),
                ANY_SIZE if card is None else card.max_weight_g,
                ANY_SIZE if card is None or not card.max_longest_mm else card.max_longest_mm,
                self.transit(service, zone, on, lane),
                NO_CEILING if card is None or card.shipments_per_day is None else card.shipments_per_day,
                NO_CEILING if of_carrier is None else of_carrier,
            )
        return found

    def way(self, k: int, service: ServiceId, on: date) -> Candidate:
        """Node number `k`, service and day as a candidate: many orders have the same."""
        key = (k, service, on)
        found = self._ways.get(key)
        if found is None:
            found = self._ways[key] = Candidate(self.nodes[k].id, service, on)
        return found

    def transit(self, service: str, zone: int, on: date, lane: Area | None = None) -> Transit:
        """Days on the way by a service that takes over on a day: what was learned of the lane and of that weekday first."""
        key = (service, zone, on.weekday(), lane)
        if key not in self._transit:
            share = self.book.transit_on(service, zone, on.weekday(), lane)
            self._transit[key] = UNKNOWN if share is None else Transit.of(share)
        return self._transit[key]

    def lane(self, k: int, to: str) -> Area | None:
        """Postal areas from node number `k` to a postal area; None where no transit time was learned by lane."""
        return (self._areas[k], area(to)) if self.book.has_lanes else None

    def late(self, service: str, zone: int, ship_on: date, deliver_by: date, lane: Area | None = None) -> float:
        """P(delivered after `deliver_by`); nan where the service's transit times are unknown."""
        return self.transit(service, zone, ship_on, lane).late((deliver_by - ship_on).days)

    def km(self, k: int, destination_postal: str) -> float:
        """Great-circle distance from node number `k` to a postal area; nan where either place is unknown."""
        key = (k, area(destination_postal))
        if key not in self._km:
            found = self.book.km(self.nodes[k].postal_code, destination_postal)
            self._km[key] = np.nan if found is None else found
        return self._km[key]


def _idle(node: Node) -> str:
    if node.kind is NodeKind.FBA:
        return f"{node.id} is Amazon's own pool and never ships brand orders"
    return "" if node.active else f"{node.id} does not ship at present"
