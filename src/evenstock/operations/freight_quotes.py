"""Quotes for freight on pallets: what a broker, a carrier or our own contracts offer for a shipment.

`FreightQuotes` is the port. A broker answers it over the wire in two steps, first offers, then the booking of one by its
reference; `ContractQuotes` answers it from the tables, at once and with every term.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Final, Protocol

import numpy as np

from evenstock.domain import Cents, CostTerm
from evenstock.freight.ltl import HandlingUnits, LtlBook, NoQuote, billed_lb
from evenstock.freight.ltl.density import CLASSES
from evenstock.freight.ltl.handling_units import linear_feet
from evenstock.freight.ltl.tariff import lane_of
from evenstock.freight.truckload import Point, TruckloadBook, break_even, point_of, road_miles
from evenstock.operations.freight_breakdown import FreightLine, shared_lines, truck_lines

MOST_PALLETS: Final = 26
"""A trailer's floor: up to so many pallets a break-even is looked for."""


@dataclass(frozen=True, slots=True)
class FreightRequest:
    """A shipment somebody is asked to quote for."""

    origin_postal_code: str
    destination_postal_code: str
    units: tuple[HandlingUnits, ...]
    ship_on: date
    accessorials: frozenset[str] = frozenset()
    """Names as the accessorials table has them, such as liftgate; asked of every service."""
    miles: int | None = None
    """Road miles where known; else they follow from the distance."""
    by_service: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    """What is asked of single services besides, such as what a lane of the network always asks of its own."""

    def __post_init__(self) -> None:
        if not self.units:
            raise ValueError("a freight quote is for at least one pallet or crate")

    def asked_of(self, service: str) -> frozenset[str]:
        """Accessorials that a service is asked for."""
        return self.accessorials | self.by_service.get(service, frozenset())

    @property
    def pallets(self) -> int:
        return sum(unit.count for unit in self.units)

    @property
    def weight_g(self) -> int:
        return sum(unit.count * unit.weight_g for unit in self.units)


@dataclass(frozen=True, slots=True)
class FreightOffer:
    """One way to ship it, term by term."""

    service: str
    """carrier:service."""
    mode: str
    """`ltl` or `ftl`."""
    terms: tuple[CostTerm, ...]
    transit_days: int | None = None
    """Working days on the way; None where not said."""
    reference: str = ""
    """By which the offer is booked; empty where it needs none."""
    expires_at: datetime | None = None
    stale: str = ""
    """One sentence where the rates behind it are out of date, else empty."""
    lines: tuple[FreightLine, ...] = ()
    """How it was reckoned, line by line; they add up to its cents. Empty where only the terms are known."""

    @property
    def cents(self) -> Cents:
        return Cents(sum(term.cents for term in self.terms))


@dataclass(frozen=True, slots=True)
class FreightMessage:
    """What a carrier or broker said instead of an offer, or beside one: a refusal is data, never an exception."""

    service: str
    text: str


@dataclass(frozen=True, slots=True)
class FreightReply:
    """Offers and messages come back together."""

    offers: tuple[FreightOffer, ...]
    """Cheapest first; of equals by service."""
    messages: tuple[FreightMessage, ...] = ()
    truckload_from: int | None = None
    """Pallets like these from which on a whole truck costs no more than the cheapest share of one; None where never."""

    @property
    def best(self) -> FreightOffer | None:
        return self.offers[0] if self.offers else None


class FreightQuotes(Protocol):
    """Who quotes for freight."""

    def quote(self, request: FreightRequest) -> FreightReply:
        """Offers for the shipment; what cannot be offered is a message. Raises only where nobody could be asked."""


class ContractQuotes:
    """Quotes from our own contracts, every service of both kinds asked."""

    def __init__(
        self, ltl: LtlBook | None, truckload: TruckloadBook | None, places: Mapping[str, Point] | None = None
    ) -> None:
        self._ltl = ltl
        self._truckload = truckload
        self._places = dict(places or {})

    def quote(self, request: FreightRequest) -> FreightReply:
        """Offers by share and by truck, and from how many pallets on the truck is cheaper."""
        offers: list[FreightOffer] = []
        messages: list[FreightMessage] = []
        self._shares(request, offers, messages)
        self._trucks(request, offers, messages)
        offers.sort(key=lambda offer: (offer.cents, offer.service))
        return FreightReply(tuple(offers), tuple(messages), self._truckload_from(request, offers))

    def _shares(self, request: FreightRequest, offers: list[FreightOffer], messages: list[FreightMessage]) -> None:
        if self._ltl is None:
            return
        ends = request.origin_postal_code, request.destination_postal_code
        for service in self._ltl.services:
            told = self._ltl.quote(service, *ends, request.units, request.ship_on, request.asked_of(service))
            if isinstance(told, NoQuote):
                messages.append(FreightMessage(service, told.because))
                continue
            contract = self._ltl.contract(service, request.ship_on)
            assert contract is not None, "what was quoted has a contract"
            lines = shared_lines(contract, told, self._ltl.fuel(contract, request.ship_on)[0])
            offers.append(FreightOffer(service, "ltl", told.terms, stale=told.stale, lines=lines))

    def _trucks(self, request: FreightRequest, offers: list[FreightOffer], messages: list[FreightMessage]) -> None:
        if self._truckload is None:
            return
        miles = self._miles(request)
        for service in self._truckload.services:
            rate = self._truckload.rate(service, request.ship_on)
            if rate is None:
                messages.append(FreightMessage(service, f"{service} has no rate on {request.ship_on}"))
            elif miles is None:
                ends = f"{request.origin_postal_code} to {request.destination_postal_code}"
                messages.append(FreightMessage(service, f"no distance is known from {ends}; add their areas to places"))
            else:
                try:
                    asked = self._truckload.accessorials.asked(service, request.ship_on, request.asked_of(service))
                except ValueError as error:
                    messages.append(FreightMessage(service, str(error)))
                    continue
                trucks = rate.trucks(request.pallets, request.weight_g)
                terms = rate.cents(miles, trucks, accessorials=asked)
                lines = truck_lines(rate, miles, trucks, terms)
                offers.append(FreightOffer(service, "ftl", terms, stale=rate.stale(request.ship_on), lines=lines))

    def _miles(self, request: FreightRequest) -> int | None:
        if request.miles is not None:
            return request.miles
        here = point_of(request.origin_postal_code, self._places)
        there = point_of(request.destination_postal_code, self._places)
        return None if here is None or there is None else road_miles(here, there)

    def _truckload_from(self, request: FreightRequest, offers: list[FreightOffer]) -> int | None:
        """For 1, 2, … pallets that weigh what these do on average, in the same classes."""
        shares = [offer.service for offer in offers if offer.mode == "ltl"]
        trucks = [offer.service for offer in offers if offer.mode == "ftl"]
        miles = self._miles(request)
        if not shares or not trucks or miles is None or self._ltl is None or self._truckload is None:
            return None
        by_share = np.min([self._by_pallets(request, service) for service in shares], axis=0)
        by_truck = np.min([self._by_trucks(request, service, miles) for service in trucks], axis=0)
        return break_even(by_share.tolist(), by_truck.tolist())

    def _by_trucks(self, request: FreightRequest, service: str, miles: int) -> list[int]:
        """Cents of 1, 2, … such pallets by truck."""
        assert self._truckload is not None
        rate = self._truckload.rate(service, request.ship_on)
        assert rate is not None
        asked = self._truckload.accessorials.asked(service, request.ship_on, request.asked_of(service))
        trucks = [rate.trucks(n, n * request.weight_g // request.pallets) for n in range(1, MOST_PALLETS + 1)]
        return [sum(term.cents for term in rate.cents(miles, of, accessorials=asked)) for of in trucks]

    def _by_pallets(self, request: FreightRequest, service: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Cents of 1, 2, … such pallets by share, accessorials included."""
        assert self._ltl is not None
        table = self._ltl.table(service, request.ship_on)
        grams: dict[str, int] = {}
        for unit in request.units:
            rated = table.contract.fak_class or unit.class_rated
            grams[rated] = grams.get(rated, 0) + unit.count * unit.weight_g
        counts = range(1, MOST_PALLETS + 1)
        pounds = [billed_lb(of * n // request.pallets) for n in counts for of in grams.values()]
        lane = table.lanes([lane_of(request.origin_postal_code, request.destination_postal_code)])
        feet = [_feet(request, n) for n in counts]
        charges = table.charges(
            np.repeat(lane, MOST_PALLETS),
            np.repeat(np.arange(MOST_PALLETS), len(grams)),
            np.tile([CLASSES.index(name) for name in grams], MOST_PALLETS),
            pounds,
            feet,
        )
        asked = self._ltl.accessorials.asked(service, request.ship_on, request.asked_of(service))
        return charges.cents + sum(asked.values())


def _feet(request: FreightRequest, pallets: int) -> int:
    """Linear feet of so many pallets; of several kinds, their share of all."""
    if len(request.units) == 1:
        return linear_feet([replace(request.units[0], count=pallets)])
    return -(-linear_feet(request.units) * pallets // request.pallets)
