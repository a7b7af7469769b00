"""The rate book: effective-dated cards, zones and transit times, and the price of goods sent as parcels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenstock.domain import Cents, CostTerm
from evenstock.freight import card_reading, reading
from evenstock.freight.areas import DeliveryAreas
from evenstock.freight.bulk import Bulk
from evenstock.freight.card import Card
from evenstock.freight.carrier_limits import CarrierLimits, carrier_of
from evenstock.freight.carton import Charged, charged
from evenstock.freight.correction import BASE, FUEL, Correction
from evenstock.freight.currency import ExchangeBook
from evenstock.freight.dated import Dated
from evenstock.freight.fuel import FuelBook
from evenstock.freight.ladder import Ladder
from evenstock.freight.marks import NO_LENGTH, Marks
from evenstock.freight.quotes import NO_QUOTES, Offers, Quotes
from evenstock.freight.surcharge import WHOLE_BP
from evenstock.freight.zones import ZoneMap


@dataclass(frozen=True, slots=True)
class Quote:
    """What one set of goods pays, term by term; the total is the sum of the terms."""

    service: str
    zone: int
    billable_g: int
    cartons: int
    terms: tuple[CostTerm, ...]
    """`base`, `fuel`, then each surcharge that is due, in the card's order; then `correction: <charge>` where invoices taught one."""
    stale: str
    """What is out of date about the rate, else empty."""

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
        *,
        fuel: FuelBook | None = None,
        areas: DeliveryAreas | None = None,
        exchange: ExchangeBook | None = None,
        corrections: Mapping[str, Sequence[Correction]] | None = None,
        limits: CarrierLimits | None = None,
    ) -> None:
        self._cards: dict[str, list[Card]] = {}
        for card in sorted(cards, key=lambda card: (card.service, card.valid_from), reverse=True):
            self._cards.setdefault(card.service, []).append(card)
        self._fuel = fuel or FuelBook({}, {}, {}, {})
        self._areas = areas or DeliveryAreas()
        self._exchange = exchange or ExchangeBook()
        self._corrections = dict(corrections or {})
        self.marks = Marks(s for cards in self._cards.values() for card in cards for s in card.surcharges)
        """Thresholds of all surcharges, numbered for compiled loops."""
        self._zones = zones
        self._transit = dict(transit)
        self._lanes = dict(lanes or {})
        self._weekdays = dict(weekdays or {})
        self.has_lanes = bool(self._lanes)
        """Whether transit times are known by lane for some."""
        self._dated: dict[tuple[object, ...], Dated] = {}
        self._days: dict[tuple[str, date], tuple[Dated | None, tuple[str, ...]]] = {}
        self._ladders: dict[tuple[Dated, int, tuple[str, ...]], Ladder | None] = {}
        self._eras: dict[tuple[object, ...], object] = {}
        self._era: dict[date, object] = {}
        self._offers: dict[tuple[int, object, bool, frozenset[str]], Offers] = {}
        self.services: tuple[str, ...] = tuple(sorted(self._cards))
        self.limits = limits or CarrierLimits()
        """What carriers take over, whatever the service."""
        self.capped: frozenset[str] = frozenset(
            card.service
            for cards in self._cards.values()
            for card in cards
            if card.shipments_per_day is not None or carrier_of(card.service) in self.limits.capped
        )
        """Services that take over no more than so many shipments a day, by some card or as their carrier does."""
        self.modes: dict[str, str] = {name: mode for name, (card, *_) in self._cards.items() if (mode := card.mode)}
        """How services travel, where their latest card says so; the others go by their name."""
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
        discounts: pl.DataFrame | None = None,
        delivery_areas: pl.DataFrame | None = None,
        fuel_rules: pl.DataFrame | None = None,
        fuel_tables: pl.DataFrame | None = None,
        fuel_index: pl.DataFrame | None = None,
        fuel_overrides: pl.DataFrame | None = None,
        exchange_rates: pl.DataFrame | None = None,
        rate_corrections: pl.DataFrame | None = None,
        carrier_limits: pl.DataFrame | None = None,
    ) -> RateBook:
        """Read frames in the shapes of `evenstock.tables`.

        A card without rates of its own keeps those of the card before it, and its surcharges and discounts unless it
        names some: so a new term is one row. Columns with a default may be left out. `transit_lanes` are transit times
        learned between two postal areas (service, origin, destination, days, probability), `transit_weekdays` those of
        a zone (service, zone, weekday, days, probability); the former may have a weekday of hand-over, too.

        Raises
        ------
        ValueError
            With every cell that cannot be right: rates at or below zero, missing or not a number, rates without a
            card, a card without any rates, a zone missing between two others, a fuel rule, a list of areas or a
            currency that is named but not there, transit shares that do not add up to 1.
        """
        cards, notes = card_reading.cards(rate_cards, rates, surcharges, discounts)
        fuel = FuelBook.from_frames(
            fuel_rules=fuel_rules, fuel_tables=fuel_tables, fuel_index=fuel_index, fuel_overrides=fuel_overrides
        )
        areas, exchange = DeliveryAreas.from_frame(delivery_areas), ExchangeBook.from_frame(exchange_rates)
        known = {card.currency: exchange.knows(card.currency) for card in cards}
        card_reading.check_names(cards, fuel.rules, areas.names, known)
        corrections, idle = card_reading.corrections(rate_corrections, cards)
        chart = reading.chart(zones)
        rated = {zone for card in cards for zone in card.breaks}
        notes += idle + tuple(f"zones: no service has a rate for zone {z}" for z in sorted({*chart.values()} - rated))
        lanes = reading.learned_shares(transit_lanes, "service", "origin", "destination")
        weekdays = reading.learned_shares(transit_weekdays, "service", "zone")
        return cls(
            cards,
            ZoneMap(chart, reading.centroids(places)),
            reading.shares(transit),
            notes,
            lanes,
            weekdays,
            fuel=fuel,
            areas=areas,
            exchange=exchange,
            corrections=corrections,
            limits=CarrierLimits.from_frame(carrier_limits),
        )

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

    def areas(self, postal_code: str) -> frozenset[str]:
        """The lists of delivery areas that hold a postal code."""
        return self._areas.of(postal_code)

    def dated(self, service: str, on: date) -> Dated | None:
        """The card with what depends on the day; the same object for days on which nothing differs. None before the first."""
        return self._on(service, on)[0]

    def staleness(self, service: str, on: date) -> tuple[str, ...]:
        """What is out of date about a service's rates on a day, in sentences: its card, its fuel, its currency."""
        return self._on(service, on)[1]

    def _on(self, service: str, on: date) -> tuple[Dated | None, tuple[str, ...]]:
        key = service, on
        if key not in self._days:
            card = self.card(service, on)
            self._days[key] = (None, ()) if card is None else self._of_day(card, on)
        return self._days[key]

    def _of_day(self, card: Card, on: date) -> tuple[Dated, tuple[str, ...]]:
        fuel = self._fuel.rate(card.fuel_rule, on) if card.fuel_rule else None
        exchange = self._exchange.on(card.currency, on)
        taught: dict[str, Correction] = {}
        for correction in self._corrections.get(card.service, ()):
            if correction.in_force(on):
                taught.setdefault(correction.charge, correction)  # the latest comes first
        surcharges = tuple(s for s in card.surcharges if s.holds_on(on))
        fuel_bp = card.fuel_bp if fuel is None else fuel.bp
        corrections = tuple(taught[charge] for charge in sorted(taught))
        same = card.service, card.valid_from, fuel_bp, exchange.micros, surcharges, corrections
        dated = self._dated.setdefault(same, Dated(card, fuel_bp, exchange, surcharges, corrections))
        said = card.stale(on), fuel.stale if fuel else "", exchange.stale
        return dated, tuple(sentence for sentence in said if sentence)

    def as_invoiced(self, share_bp: Mapping[str, int], first: date, last: date) -> RateBook:
        """The same book, with every charge of these services so much dearer in these days, in hundredths of a percent.

        What an invoice says of a service as a whole is laid over what is corrected already. Raises ValueError for a service
        without a card.
        """
        strange = sorted(set(share_bp) - set(self.services))
        if strange:
            raise ValueError(f"there is no rate card of {', '.join(strange)}")
        laid = {service: self._dearer(service, share, first, last) for service, share in share_bp.items()}
        cards = (card for listed in self._cards.values() for card in listed)
        return RateBook(
            cards, self._zones, self._transit, self.notes, self._lanes, self._weekdays, fuel=self._fuel,
            areas=self._areas, exchange=self._exchange, corrections=self._corrections | laid, limits=self.limits,
        )  # fmt: skip

    def _dearer(self, service: str, share_bp: int, first: date, last: date) -> list[Correction]:
        known = self._corrections.get(service, ())
        names = {BASE, FUEL} | {s.name for card in self._cards[service] for s in card.surcharges}
        laid = []
        for old in known:
            if old.valid_from <= last and old.valid_to >= first:
                both = round((WHOLE_BP + old.share_bp) * (WHOLE_BP + share_bp) / WHOLE_BP) - WHOLE_BP
                cents = round(old.cents * (WHOLE_BP + share_bp) / WHOLE_BP)
                days = max(first, old.valid_from), min(last, old.valid_to)
                laid.append(replace(old, valid_from=days[0], valid_to=days[1], cents=cents, share_bp=both))
        plain = [Correction(name, first, last, 0, share_bp, "as invoiced") for name in sorted(names)]
        return [*laid, *plain, *known]

    def ladder(self, service: str, zone: int, on: date) -> Ladder | None:
        """Price steps of a service in a zone on a day; None where it has no rate. Remembered."""
        dated, stale = self._on(service, on)
        if dated is None:
            return None
        key = (dated, zone, stale)
        if key not in self._ladders:
            self._ladders.setdefault(key, dated.ladder(zone, "; ".join(stale)))
        return self._ladders[key]

    def stale(self, on: date) -> tuple[str, ...]:
        """One sentence for each thing that is out of date on this day, service by service."""
        said = (sentence for service in self.services for sentence in self.staleness(service, on))
        return tuple(dict.fromkeys(said))

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
        *,
        goods: Bulk | None = None,
    ) -> Quote | None:
        """The readable price of goods sent together, carton by carton; None where zone or rate is unknown.

        One parcel up to the heaviest billable weight, above it several cartons, all full but the last. Every faster
        reckoning must give the same cents. Without `goods` they are one unit, of which only the longest side is known.
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
        unit, areas = _unit(longest_mm, volume_mm3, goods), self.areas(destination_postal)
        paid = [charge for g in cartons for charge in charged(ladder, g, unit, residential=residential, areas=areas)]
        return Quote(service, zone, billable, len(cartons), _terms(ladder, paid), ladder.stale)

    def quotes(
        self,
        origin_postal: str,
        destination_postal: str,
        weight_g: int,
        volume_mm3: int,
        longest_mm: int,
        residential: bool,
        on: date,
        *,
        goods: Bulk | None = None,
    ) -> Quotes:
        """`quote` of every service at once, by compiled loops: the same cents.

        What a zone, a day and a kind of address have in common is laid out once and remembered.
        """
        zone = self.zone(origin_postal, destination_postal)
        if zone is None:
            return NO_QUOTES
        offers = self.offers(zone, on, residential=residential, areas=self.areas(destination_postal))
        plain = goods is None and self.marks.plain and longest_mm < NO_LENGTH
        code = longest_mm if plain else self.marks.code(_unit(longest_mm, volume_mm3, goods))
        return offers.price(zone, weight_g, volume_mm3, code)

    def offers(self, zone: int, on: date, *, residential: bool, areas: frozenset[str]) -> Offers:
        """Every service that goes to a zone on a day, at one kind of address; remembered."""
        era = self._era.get(on)
        if era is None:  # days on which nothing differs for any service share their layouts
            every = tuple(self._on(service, on) for service in self.services)
            era = self._era[on] = self._eras.setdefault(every, object())
        key = zone, era, residential, areas
        found = self._offers.get(key)
        if found is None:
            ladders = [ladder for service in self.services if (ladder := self.ladder(service, zone, on)) is not None]
            found = self._offers[key] = Offers.of(ladders, self.marks, residential=residential, areas=areas)
        return found


def _unit(longest_mm: int, volume_mm3: int, goods: Bulk | None) -> Bulk:
    """What oversize charges look at."""
    return Bulk(longest_mm, volume_mm3=volume_mm3) if goods is None else goods.beside(Bulk(longest_mm))


def _terms(ladder: Ladder, paid: Sequence[Charged]) -> tuple[CostTerm, ...]:
    """Charges of all cartons, by name."""
    cents: dict[str, int] = {BASE: 0, FUEL: 0} | {s.name: 0 for s in ladder.surcharges}
    corrections: dict[str, int] = {one.name: 0 for one in ladder.corrections}
    due = {BASE, FUEL}
    for charge in paid:
        due.add(charge.name)
        cents[charge.name] += charge.cents
        cents[FUEL] += charge.fuel_cents
        if ladder.correction(charge.name):
            corrections[f"correction: {charge.name}"] += charge.correction_cents
        if ladder.correction(FUEL):
            corrections[f"correction: {FUEL}"] += charge.fuel_correction_cents
    named = [(name, amount) for name, amount in cents.items() if name in due]
    named += [(name, amount) for name, amount in corrections.items() if amount]
    return tuple(CostTerm(name, Cents(amount)) for name, amount in named)
