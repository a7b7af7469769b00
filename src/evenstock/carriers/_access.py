"""What a carrier is opened with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Protocol

import polars as pl

from evenstock.carriers._account import Account
from evenstock.carriers._wire import Wire
from evenstock.freight.rates import RateBook
from evenstock.operations.carrier_ports import ParcelToRate, RatesReply, TrackedParcel, TrackingReply


@dataclass(frozen=True, slots=True)
class Access:
    """An account and a wire for carriers that are asked; tables for those that are read."""

    account: Account = field(default_factory=Account)
    wire: Wire | None = None
    """Another line to the carrier than the network, such as a test's."""
    book: RateBook | None = None
    """Our own rates, for carriers that come by file."""
    scans: pl.DataFrame | None = None
    """Scans by file: columns number, scanned_at (text), code, words, location."""
    zone: tzinfo = UTC
    """In which local times without an offset are read."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What one member needs besides, such as the gateway of the library it goes through."""


class Carrier(Protocol):
    """A carrier that can be asked for prices and for scans: both ports of `operations.carrier_ports`."""

    @property
    def numbers_a_call(self) -> int:
        """Parcels one question about scans may name; 0 where asking costs no call at all."""

    def rates(self, parcel: ParcelToRate) -> RatesReply:
        """Every service's price, with the carrier's messages."""

    def track(self, parcels: Sequence[TrackedParcel]) -> TrackingReply:
        """Every scan so far."""

    def close(self) -> None:
        """Let go of what it holds open."""
