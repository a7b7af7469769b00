"""A network made ready for routing: what every order looks up is reckoned once and kept."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

import numpy as np

from evenstock.domain import Costs, Item, Node, NodeKind, ServiceId, Sku
from evenstock.freight.ladder import Ladder
from evenstock.freight.rates import RateBook
from evenstock.freight.transit import late_probability
from evenstock.routing.parcels import ParcelSteps

HOURS_A_DAY: Final = 24


class ShippingNetwork:
    """Nodes in the order of their names, items, rates and costs, under the digest of the snapshot they came from.

    Ladders and transit times are looked up once for each service, zone and rate card, and remembered; several threads
    may ask at once.
    """

    def __init__(
        self, nodes: Iterable[Node], items: Mapping[Sku, Item], book: RateBook, costs: Costs, digest: str
    ) -> None:
        self.nodes: tuple[Node, ...] = tuple(sorted(nodes, key=lambda node: node.id))
        self.items = items
        self.book = book
        self.costs = costs
        self.digest = digest
        self.services: tuple[tuple[ServiceId, ...], ...] = tuple(
            tuple(ServiceId(s) for s in book.services if node.ships_by(s)) for node in self.nodes
        )
        """Services that pick up at each node, sorted."""
        self.idle: tuple[str, ...] = tuple(_idle(node) for node in self.nodes)
        """Why a node never ships orders; empty where it does."""
        self._ladders: list[tuple[Ladder, bool]] = []
        self._number: dict[tuple[str, int, date, bool], int] = {}
        self._same: dict[tuple[str, int, date | None, bool], int] = {}
        self._steps: ParcelSteps | None = None
        self._numbering = threading.Lock()
        self._stale: dict[tuple[str, date], str] = {}
        self._late: dict[tuple[str, int, int], float] = {}
        self._hours: dict[tuple[str, int], float] = {}

    def ladder(self, service: str, zone: int, on: date, *, residential: bool) -> int:
        """Number of the ladder in `steps`; -1 where the service has no rate there."""
        key = (service, zone, on, residential)
        if key not in self._number:
            self._number[key] = self._add(*key)
        return self._number[key]

    def _add(self, service: str, zone: int, on: date, residential: bool) -> int:
        ladder = self.book.ladder(service, zone, on)
        card = self.book.card(service, on)
        if ladder is None or card is None:
            return -1
        same = (service, zone, card.valid_from, residential)
        with self._numbering:
            if same not in self._same:
                self._ladders.append((ladder, residential))
                self._steps = None
                self._same[same] = len(self._ladders) - 1
            return self._same[same]

    @property
    def steps(self) -> ParcelSteps:
        """Every ladder asked for so far, end to end."""
        with self._numbering:
            if self._steps is None:
                self._steps = ParcelSteps.pack(self._ladders)
            return self._steps

    def warnings(self, ways: Iterable[tuple[str, date]]) -> tuple[str, ...]:
        """One sentence for each of these services whose rates are out of date on the day: used, but flagged."""
        said = []
        for key in sorted(set(ways)):
            if key not in self._stale:
                card = self.book.card(*key)
                self._stale[key] = card.stale(key[1]) if card else ""
            if self._stale[key]:
                said.append(self._stale[key])
        return tuple(dict.fromkeys(said))

    def late(self, service: str, zone: int, ship_on: date, deliver_by: date) -> float:
        """P(delivered after `deliver_by`); nan where the service's transit times are unknown."""
        slack = max(-1, (deliver_by - ship_on).days)
        key = (service, zone, slack)
        if key not in self._late:
            share = self.book.transit_share(service, zone)
            self._late[key] = np.nan if share is None else late_probability(share, ship_on, deliver_by)
        return self._late[key]

    def transit_h(self, service: str, zone: int) -> float:
        """Mean hours on the way; nan where unknown."""
        key = (service, zone)
        if key not in self._hours:
            share = self.book.transit_share(service, zone)
            self._hours[key] = np.nan if share is None else HOURS_A_DAY * float(share @ np.arange(len(share)))
        return self._hours[key]


def _idle(node: Node) -> str:
    if node.kind is NodeKind.FBA:
        return f"{node.id} is Amazon's own pool and never ships brand orders"
    return "" if node.active else f"{node.id} does not ship at present"
