"""What operations ask of carriers: a price for a parcel, and the scans of parcels under way.

Results and messages come back together: a carrier's refusal is data, never an exception. What a reply held that nobody
read is counted, so that nothing is lost unseen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, Literal, Protocol

import polars as pl

from evenstock.tables.freight import TrackingEvents

Level = Literal["error", "warning", "note"]
Basis = Literal["list", "negotiated"]

STATUSES: Final[tuple[str, ...]] = tuple(TrackingEvents.columns()["status"].dtype.categories)  # type: ignore[attr-defined]
"""What a scan can mean, in the words every carrier is brought to."""

MADE_UP: Final = "made_up"
"""Code of the message that says that prices come from a test environment."""

NOT_ITEMISED: Final = "not_itemised"
"""Name of what a carrier's total holds beyond the charges it named."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a parcel leaves or goes; carriers price by postal code and by whether it is a home."""

    postal_code: str
    country: str = "US"
    """ISO 3166-1 alpha-2."""
    state: str = ""
    city: str = ""
    street: tuple[str, ...] = ()
    residential: bool = False

    def __post_init__(self) -> None:
        if not self.postal_code.strip():
            raise ValueError("an address to be priced needs a postal code")
        if not re.fullmatch("[A-Z]{2}", self.country):
            raise ValueError(f"{self.postal_code}: country {self.country!r} is not an ISO 3166-1 code of two letters")


@dataclass(frozen=True, slots=True)
class ParcelToRate:
    """One parcel as a carrier is asked to price it."""

    parcel: str
    origin: Address
    destination: Address
    weight_g: int
    ship_on: date
    length_mm: int = 0
    """Longest side; 0 where unknown, as the next two."""
    width_mm: int = 0
    height_mm: int = 0
    value_cents: int = 0
    hazmat: bool = False
    """Whether it holds hazardous goods. No carrier is told so live: such a parcel needs papers no quote asks for."""

    def __post_init__(self) -> None:
        if self.weight_g <= 0:
            raise ValueError(f"{self.parcel}: weighs {self.weight_g} g; a carrier prices only what weighs something")
        if min(self.length_mm, self.width_mm, self.height_mm) < 0:
            raise ValueError(f"{self.parcel}: a side below zero")

    @property
    def measured(self) -> bool:
        """Whether all three sides are known."""
        return min(self.length_mm, self.width_mm, self.height_mm) > 0


@dataclass(frozen=True, slots=True)
class TrackedParcel:
    """A parcel whose scans are wanted: our number, the carrier's, and the service it went by."""

    parcel: str
    number: str
    """The carrier's tracking number."""
    service: str


@dataclass(frozen=True, slots=True)
class Message:
    """What a carrier, or the line to it, said beside results: in its own code and words."""

    level: Level
    code: str
    words: str
    about: str = ""
    """Parcel or service it is about; empty for the whole reply."""


@dataclass(frozen=True, slots=True)
class Charge:
    """One part of a price, by our name (base, fuel, or a surcharge as rate cards name them) and the carrier's."""

    name: str
    cents: int
    """Hundredths of the reply's currency; a discount is negative."""
    code: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class LiveRate:
    """What a carrier says a parcel costs by one service."""

    service: str
    """carrier:service."""
    basis: Basis
    currency: str
    """ISO 4217 code."""
    charges: tuple[Charge, ...]
    """They add up to the carrier's total: what it did not name is `not_itemised`."""
    code: str = ""
    """The carrier's code of the service."""
    transit_days: int | None = None
    """Business days in transit as advertised; None where not said."""
    deliver_on: date | None = None
    zone: int | None = None
    billed_g: int | None = None
    """Weight billed, rounded to a whole gram."""

    @property
    def cents(self) -> int:
        return sum(charge.cents for charge in self.charges)


@dataclass(frozen=True, slots=True)
class RatesReply:
    """Prices and messages of one question."""

    rates: tuple[LiveRate, ...] = ()
    messages: tuple[Message, ...] = ()
    unread: Mapping[str, int] = field(default_factory=dict)
    """By place in the reply, how many values nobody read."""
    calls: int = 0
    """Calls it cost the carrier's quota, tries again included."""


@dataclass(frozen=True, slots=True)
class Scan:
    """One event of a parcel, in the carrier's words and in ours."""

    number: str
    """The carrier's tracking number."""
    scanned_at: datetime
    """In UTC."""
    status: str
    """One of `STATUSES`."""
    code: str
    """The carrier's code, empty where it gives none."""
    words: str = ""
    location: str = ""
    offset_known: bool = True
    """False where the carrier gave a local time without its offset, which was then read in the zone asked for."""

    def __post_init__(self) -> None:
        if self.scanned_at.utcoffset() != timedelta(0):
            raise ValueError(f"{self.number}: a scan's moment is in UTC, not {self.scanned_at.isoformat()}")
        if self.status not in STATUSES:
            raise ValueError(f"{self.number}: status {self.status!r} is none of {', '.join(STATUSES)}")


@dataclass(frozen=True, slots=True)
class TrackingReply:
    """Scans and messages of one question."""

    scans: tuple[Scan, ...] = ()
    messages: tuple[Message, ...] = ()
    unread: Mapping[str, int] = field(default_factory=dict)
    """By place in the reply, how many values nobody read."""
    calls: int = 0
    """Calls it cost the carrier's quota, tries again included."""


class RateSource(Protocol):
    """Someone who prices a parcel: a carrier asked live, or our own tables."""

    def rates(self, parcel: ParcelToRate) -> RatesReply:
        """Every service's price, with the carrier's messages. Never raises for what a carrier or the line refuses."""


class TrackingSource(Protocol):
    """Someone who knows the scans of parcels."""

    @property
    def numbers_a_call(self) -> int:
        """Parcels one question may name; 0 where asking costs no call at all."""

    def track(self, parcels: Sequence[TrackedParcel]) -> TrackingReply:
        """Every scan so far, in any order. Never raises for what a carrier or the line refuses."""


def rates_together(replies: Iterable[RatesReply]) -> RatesReply:
    """Several replies as one."""
    each = list(replies)
    return RatesReply(
        tuple(rate for reply in each for rate in reply.rates),
        tuple(message for reply in each for message in reply.messages),
        _added(reply.unread for reply in each),
        sum(reply.calls for reply in each),
    )


def scans_together(replies: Iterable[TrackingReply]) -> TrackingReply:
    """Several replies as one."""
    each = list(replies)
    return TrackingReply(
        tuple(scan for reply in each for scan in reply.scans),
        tuple(message for reply in each for message in reply.messages),
        _added(reply.unread for reply in each),
        sum(reply.calls for reply in each),
    )


def tracking_rows(reply: TrackingReply, parcels: Sequence[TrackedParcel]) -> tuple[pl.DataFrame, tuple[Message, ...]]:
    """The scans as rows of `tables.TrackingEvents`, and what could not become one.

    A scan said twice counts once. Scans of a number that nobody asked for are told, not kept.

    Examples
    --------
    >>> from datetime import UTC
    >>> seen = Scan("1Z1", datetime(2026, 3, 2, 15, 4, tzinfo=UTC), "out_for_delivery", "OT", "Out For Delivery")
    >>> rows, told = tracking_rows(TrackingReply((seen, seen)), [TrackedParcel("P1", "1Z1", "ups:ground")])
    >>> rows.select("parcel", "code", "service", "status").rows(), told
    ([('P1', 'OT', 'ups:ground', 'out_for_delivery')], ())
    """
    asked = {parcel.number: parcel for parcel in parcels}
    told = [
        Message("warning", "unasked", f"{count} scans of {number}, which was not asked for, were left out", number)
        for number, count in sorted(_counted(s.number for s in reply.scans if s.number not in asked).items())
    ]
    rows: dict[tuple[str, datetime, str], dict[str, object]] = {}
    for scan in (scan for scan in reply.scans if scan.number in asked):
        parcel = asked[scan.number]
        code = (scan.code.strip() or scan.words.strip() or scan.status)[:200].strip()
        key = (parcel.parcel, scan.scanned_at, code)
        row = {
            "parcel": parcel.parcel,
            "scanned_at": scan.scanned_at,
            "code": code,
            "service": parcel.service,
            "status": scan.status,
            "location": scan.location,
        }
        if key in rows and rows[key]["status"] != scan.status:
            told.append(Message("warning", code, f"{code} means {rows[key]['status']} and {scan.status} at one moment"))
        rows.setdefault(key, row)
    schema = {name: column.dtype for name, column in TrackingEvents.columns().items()}
    return pl.DataFrame(list(rows.values()), schema=schema).sort("parcel", "scanned_at", "code"), tuple(told)


def _added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for count in counts:
        for place, times in count.items():
            total[place] = total.get(place, 0) + times
    return dict(sorted(total.items()))


def _counted(values: Iterable[str]) -> dict[str, int]:
    return _added({value: 1} for value in values)
