"""A carrier that comes by file: priced from our own rate tables, scanned from the file it sends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Final

import polars as pl

from evenstock.carriers._access import Access
from evenstock.carriers._reading import moment
from evenstock.carriers._words import status_of
from evenstock.freight.bulk import Bulk
from evenstock.freight.rates import RateBook
from evenstock.operations.carrier_ports import (
    Charge,
    LiveRate,
    Message,
    ParcelToRate,
    RatesReply,
    Scan,
    TrackedParcel,
    TrackingReply,
)

COLUMNS: Final = ("number", "scanned_at", "code", "words", "location")


@dataclass(frozen=True, slots=True)
class FiledCarrier:
    """Both ports over tables. It costs no call, so that it needs no quota."""

    name: str
    services: tuple[str, ...]
    book: RateBook | None
    scans: pl.DataFrame | None
    zone: tzinfo = UTC
    statuses: Mapping[str, str] = field(default_factory=dict)

    def rates(self, parcel: ParcelToRate) -> RatesReply:
        """Our rate book's price of each of its services; one without a rate there says so."""
        if self.book is None:
            return RatesReply(messages=(Message("error", "no_book", f"{self.name}: no rate tables were given"),))
        found, messages = [], []
        sides = (parcel.length_mm, parcel.width_mm, parcel.height_mm)
        for service in self.services:
            quote = self.book.quote(
                service,
                parcel.origin.postal_code,
                parcel.destination.postal_code,
                parcel.weight_g,
                sides[0] * sides[1] * sides[2],
                max(sides),
                parcel.destination.residential,
                parcel.ship_on,
                goods=Bulk.of(*sides, hazmat=parcel.hazmat),
            )
            if quote is None:
                said = (
                    f"no rate from {parcel.origin.postal_code} to {parcel.destination.postal_code} on {parcel.ship_on}"
                )
                messages.append(Message("error", "no_rate", said, service))
                continue
            charges = tuple(Charge(term.name, int(term.cents)) for term in quote.terms if term.cents)
            found.append(
                LiveRate(service, "negotiated", "USD", charges, service, zone=quote.zone, billed_g=quote.billable_g)
            )
            if quote.stale:
                messages.append(Message("warning", "stale", quote.stale, service))
        return RatesReply(tuple(found), tuple(messages))

    @property
    def numbers_a_call(self) -> int:
        """A file costs no call."""
        return 0

    def track(self, parcels: Sequence[TrackedParcel]) -> TrackingReply:
        """The file's scans of these parcels; a row whose moment cannot be read is told."""
        if self.scans is None:
            return TrackingReply(messages=(Message("error", "no_scans", f"{self.name}: no file of scans was given"),))
        lacking = [column for column in COLUMNS[:2] if column not in self.scans.columns]
        if lacking:
            said = f"{self.name}: the file of scans lacks {', '.join(lacking)}; it has {', '.join(self.scans.columns)}"
            return TrackingReply(messages=(Message("error", "no_column", said),))
        wanted = {parcel.number for parcel in parcels}
        scans, messages = [], []
        named = [column for column in COLUMNS if column in self.scans.columns]
        for row in self.scans.select(pl.col(named).cast(pl.String).fill_null("")).iter_rows(named=True):
            if row["number"] not in wanted:
                continue
            when = moment(row["scanned_at"], self.zone)
            code, words = row.get("code", ""), row.get("words", "")
            if when is None:
                said = f"moment {row['scanned_at']!r} is not ISO 8601"
                messages.append(Message("warning", code, said, row["number"]))
                continue
            meant = status_of(self.statuses, code, words=words or code)
            scans.append(Scan(row["number"], when[0], meant, code, words, row.get("location", ""), when[1]))
        return TrackingReply(tuple(scans), tuple(messages))

    def close(self) -> None:
        """Nothing is held open."""


def by_file(name: str, access: Access, statuses: Mapping[str, str] | None = None) -> FiledCarrier:
    """The carrier over the tables it was opened with: all services of the book that bear its name."""
    services = access.book.services if access.book is not None else ()
    own = tuple(service for service in services if service.split(":", 1)[0] == name)
    return FiledCarrier(name, own, access.book, access.scans, access.zone, statuses or {})
