"""The rate book: effective-dated cards, zones and transit times, and the readable price of goods sent as parcels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenstock.domain import Cents, CostTerm
from evenstock.freight import reading
from evenstock.freight.card import Card
from evenstock.freight.ladder import Ladder
from evenstock.freight.zones import ZoneMap


@dataclass(frozen=True, slots=True)
class Quote:
    """What one set of goods pays, term by term; the total is the sum of the terms."""

    service: str
    zone: int
    billable_g: int
    cartons: int
    terms: tuple[CostTerm, ...]
    """`base`, `fuel`, then each surcharge that is due, in the card's order."""
    stale: str
    """One sentence where the rate is out of date, else empty."""

    @property
    def cents(self) -> Cents:
        return Cents(sum(term.cents for term in self.terms))


class RateBook:
    """Every service's rates, by day and zone."""

    def __init__(
        self,
        cards: Iterable[Card],
        zones: ZoneMap,
        transit: Mapping[tuple[str, int], NDArray[np.float64]],
        notes: tuple[str, ...] = (),
        lanes: Mapping[tuple[str, str, str, int], NDArray[np.float64]] | None = None,
        weekdays: Mapping[tuple[str, int, int], NDArray[np.float64]] | None = None,
    ) -> None:
        self._cards: dict[str, list[Card]] = {}
        for card in sorted(cards, key=lambda card: (card.service, card.valid_from), reverse=True):
            self._cards.setdefault(card.service, []).append(card)
        self._zones = zones
        self._transit = dict(transit)
        self._lanes = dict(lanes or {})
        self._weekdays = dict(weekdays or {})
        self.has_lanes = bool(self._lanes)
        """Whether transit times are known by lane for some."""
        self._ladders: dict[tuple[str, int, date], Ladder | None] = {}
        self.services: tuple[str, ...] = tuple(sorted(self._cards))
        self.capped: frozenset[str] = frozenset(
            card.service for cards in self._cards.values() for card in cards if card.shipments_per_day is not None
        )
        """Services that take over no more than so many shipments a day, by some card."""
        self.notes = notes
        """What is odd in the tables though lawful, in words."""

    @classmethod
    def from_frames(
        cls,
        *,
        rate_cards: pl.DataFrame,
        rates: pl.DataFrame,
        surcharges: pl.DataFrame | None = None,
        zones: pl.DataFrame | None = None,
        places: pl.DataFrame | None = None,
        transit: pl.DataFrame | None = None,
        transit_lanes: pl.DataFrame | None = None,
        transit_weekdays: pl.DataFrame | None = None,
    ) -> RateBook:
        """Read frames in the shapes of `evenstock.tables`.

        A card without rates of its own keeps those of the card before it, and its surcharges unless it names some: so
        a weekly fuel rate is one row. Columns with a default may be left out. `transit_lanes` are transit times learned
        between two postal areas (service, origin, destination, days, probability), `transit_weekdays` those of a zone
        (service, zone, weekday, days, probability); the former may have a weekday of hand-over, too.

        Raises
        ------
        ValueError
            With every cell that cannot be right: rates at or below zero, missing or not a number, rates without a
            card, a card without any rates, a zone missing between two others, transit shares that do not add up to 1.
        """
        cards, notes = reading.cards(rate_cards, rates, surcharges)
        chart = reading.chart(zones)
        rated = {zone for card in cards for zone in card.breaks}
        notes += tuple(f"zones: no service has a rate for zone {zone}" for zone in sorted({*chart.values()} - rated))
        lanes = reading.learned_shares(transit_lanes, "service", "origin", "destination")
        weekdays = reading.learned_shares(transit_weekdays, "service", "zone")
        places_of = ZoneMap(chart, reading.centroids(places))
        return cls(cards, places_of, reading.shares(transit), notes, lanes, weekdays)

    def zone(self, origin_postal: str, destination_postal: str) -> int | None:
        """Zone between two postal codes: by chart, else by distance; None where a place is unknown."""
        return self._zones.zone(origin_postal, destination_postal)

    def km(self, origin_postal: str, destination_postal: str) -> float | None:
        """Great-circle distance between two postal areas; None where a place is unknown."""
        return self._zones.km(origin_postal, destination_postal)

    def card(self, service: str, on: date) -> Card | None:
        """The latest card in force on the day; if none is, the latest that began before it; None before the first."""
        begun = [card for card in self._cards.get(service, []) if card.valid_from <= on]
        return next((card for card in begun if card.in_force(on)), begun[0] if begun else None)

    def ceiling(self, service: str, on: date) -> int | None:
        """Most shipments that the service takes over on the day, from all nodes; None where unlimited."""
        card = self.card(service, on) if service in self.capped else None
        return card.shipments_per_day if card else None

    def ceilings(self, on: date) -> dict[str, int]:
        """Most shipments of each service that has a ceiling on the day."""
        return {name: most for name in sorted(self.capped) if (most := self.ceiling(name, on)) is not None}

    def ladder(self, service: str, zone: int, on: date) -> Ladder | None:
        """Price steps of a service in a zone on a day; None where it has no rate. Remembered."""
        key = (service, zone, on)
        if key not in self._ladders:
            card = self.card(service, on)
            self._ladders[key] = card.ladder(zone, card.stale(on)) if card else None
        return self._ladders[key]

    def stale(self, on: date) -> tuple[str, ...]:
        """One sentence for each service whose rates are out of date on this day."""
        cards = [self.card(service, on) for service in self.services]
        return tuple(sentence for card in cards if card and (sentence := card.stale(on)))

    def transit_share(self, service: str, zone: int) -> NDArray[np.float64] | None:
        """Share of parcels delivered after 0, 1, … calendar days; None where unknown. Read-only."""
        return self._transit.get((service, zone))

    def transit_on(
        self, service: str, zone: int, weekday: int, lane: tuple[str, str] | None = None
    ) -> NDArray[np.float64] | None:
        """The same for parcels handed over on a weekday, Monday 0: what was learned of it, else `transit_share`.

        Of a lane between two postal areas where it has enough parcels of its own, else of the zone.
        """
        if lane is not None:
            for day in (weekday, reading.ANY_DAY):
                share = self._lanes.get((service, *lane, day))
                if share is not None:
                    return share
        share = self._weekdays.get((service, zone, weekday))
        return self._transit.get((service, zone)) if share is None else share

    def quote(
        self,
        service: str,
        origin_postal: str,
        destination_postal: str,
        weight_g: int,
        volume_mm3: int,
        longest_mm: int,
        residential: bool,
        on: date,
    ) -> Quote | None:
        """The readable price of goods sent together, carton by carton; None where zone or rate is unknown.

        One parcel up to the heaviest billable weight, above it several cartons, all full but the last. Every faster
        reckoning must give the same cents.
        """
        zone = self.zone(origin_postal, destination_postal)
        ladder = None if zone is None else self.ladder(service, zone, on)
        if zone is None or ladder is None:
            return None
        billable = ladder.billable_g(weight_g, volume_mm3)
        left, cartons = billable, []
        while left > ladder.heaviest_g:
            cartons.append(ladder.heaviest_g)
            left -= ladder.heaviest_g
        cartons.append(left)
        steps = [next(k for k, end in enumerate(ladder.max_weight_g.tolist()) if carton <= end) for carton in cartons]
        terms = [
            CostTerm("base", Cents(sum(int(ladder.base_cents[k]) for k in steps))),
            CostTerm("fuel", Cents(sum(int(ladder.fuel_cents[k]) for k in steps))),
        ]
        for charge in ladder.surcharges:
            times = sum(charge.due(carton, longest_mm, residential) for carton in cartons)
            if times:
                terms.append(CostTerm(charge.name, Cents(times * charge.cents)))
        return Quote(service, zone, billable, len(cartons), tuple(terms), ladder.stale)
