"""What every service takes for one parcel, term by term, and why some cannot take it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from evenstock.freight.bulk import Bulk
from evenstock.freight.rates import Quote, RateBook


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel somebody asks about."""

    origin: str
    """Postal code it leaves."""
    destination: str
    weight_g: int
    sides: tuple[int, int, int]
    """mm, longest first; zeros where unknown."""
    on: date
    home: bool
    hazmat: bool


def quotes_of(book: RateBook, sent: Parcel) -> tuple[list[Quote], dict[str, str]]:
    """Quotes, cheapest first, and by service why there is none."""
    found, reasons = [], {}
    goods = Bulk.of(*sent.sides, hazmat=sent.hazmat)
    volume = sent.sides[0] * sent.sides[1] * sent.sides[2]
    zone = book.zone(sent.origin, sent.destination)
    for service in book.services:
        because = _cannot(book, service, sent, zone)
        quote = None
        if not because:
            quote = book.quote(
                service, sent.origin, sent.destination, sent.weight_g, volume, sent.sides[0], sent.home, sent.on, goods=goods
            )  # fmt: skip
            because = "" if quote else "it has no rate there"
        if quote is not None and quote.cartons > 1:
            because, quote = f"{quote.billable_g:,} g bill as {quote.cartons} parcels, more than one", None
        if quote is None:
            reasons[service] = because
        else:
            found.append(quote)
    return sorted(found, key=lambda quote: (quote.cents, quote.service)), reasons


def _cannot(book: RateBook, service: str, sent: Parcel, zone: int | None) -> str:
    card = book.card(service, sent.on)
    if zone is None:
        return f"no zone is known from {sent.origin} to {sent.destination}: import zones, or places with both"
    if card is None:
        return f"it has no card on {sent.on}"
    if zone not in card.breaks:
        return f"it does not go to zone {zone}"
    if not card.takes(sent.weight_g, sent.sides[0]):
        over = sent.weight_g > card.max_weight_g
        return (
            f"{sent.weight_g:,} g is above its {card.max_weight_g:,} g"
            if over
            else f"{sent.sides[0]:,} mm is above its {card.max_longest_mm:,} mm"
        )
    if not card.picks_up(sent.on):
        return f"it does not pick up on {sent.on:%A}, {sent.on}"
    return ""


def document(sent: Parcel, quotes: list[Quote], reasons: dict[str, str]) -> dict[str, Any]:
    """As JSON: every quote with its terms, and why each other service has none."""
    return {
        "from": sent.origin,
        "to": sent.destination,
        "on": sent.on,
        "weight_g": sent.weight_g,
        "sides_mm": list(sent.sides),
        "home": sent.home,
        "hazmat": sent.hazmat,
        "quotes": [
            {"service": quote.service, "zone": quote.zone, "billable_g": quote.billable_g, "cents": quote.cents,
             "terms": {term.name: term.cents for term in quote.terms}, "stale": quote.stale}
            for quote in quotes
        ],
        "cannot": reasons,
    }  # fmt: skip
