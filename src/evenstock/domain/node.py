"""A place that holds stock and releases shipments."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from evenstock.domain.moments import refuse_naive
from evenstock.domain.names import Cents, NodeId


class NodeKind(StrEnum):
    OWN = "own"
    THIRD_PARTY = "3pl"
    MCF = "mcf"
    """Amazon multi-channel fulfilment: ships brand orders out of the Amazon pool, with its own fees and speed."""
    FBA = "fba"
    """Amazon's own pool: never ships brand orders."""
    STORE = "store"


WEEKDAYS = frozenset(range(5))


@dataclass(frozen=True, slots=True)
class Node:
    """A stocking node with its calendar in its own time zone, its daily ceiling, certifications and handling costs."""

    id: NodeId
    kind: NodeKind
    postal_code: str
    timezone: str
    country: str = "US"
    latitude: float = 0.0
    longitude: float = 0.0
    cutoff: time = time(14, 0)
    """Orders before this local time leave the same working day."""
    working_days: frozenset[int] = WEEKDAYS
    """Weekdays on which it ships, Monday 0 to Sunday 6."""
    holidays: frozenset[date] = field(default_factory=frozenset)
    orders_per_day: int | None = None
    """Ceiling of shipments a day; none where unlimited."""
    pick_order_cents: Cents = Cents(0)
    """Handling of one shipment, whatever is in it."""
    pick_unit_cents: Cents = Cents(0)
    receive_unit_cents: Cents = Cents(0)
    certifications: frozenset[str] = field(default_factory=frozenset)
    pool: str = "own"
    services: frozenset[str] = field(default_factory=frozenset)
    """Services that pick up there; none named means all."""
    active: bool = True
    transfer_units_out: int | None = None
    """Units it can pick for transfers a day; none where unlimited."""
    transfer_units_in: int | None = None
    """Units of transfers it can receive a day; none where unlimited."""
    pallet_places: int | None = None
    """Pallets it has room for; none where room is not short."""
    storage_cents_m3_month: Cents = Cents(0)
    """Storage fee by volume, beyond the company's own cost of holding: what Amazon and some 3PLs charge."""

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("a node has an id")
        if not self.working_days or not self.working_days <= frozenset(range(7)):
            raise ValueError(f"{self.id}: working days are some of 0 (Monday) to 6 (Sunday)")
        if self.orders_per_day is not None and self.orders_per_day < 0:
            raise ValueError(f"{self.id}: a daily ceiling is zero or more; leave it empty where there is none")
        for name in ("transfer_units_out", "transfer_units_in", "pallet_places"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ValueError(f"{self.id}: {name} is zero or more; leave it empty where nothing limits")
        ZoneInfo(self.timezone)

    def ships_by(self, service: str) -> bool:
        return not self.services or service in self.services

    def works_on(self, day: date) -> bool:
        return day.weekday() in self.working_days and day not in self.holidays

    def ship_day(self, at: datetime, within_days: int = 14) -> date | None:
        """The first working day on which an order known at `at` can leave, by the node's clock and cut-off; None if none.

        Examples
        --------
        Friday 13:30 in Texas makes the 14:00 cut-off; Friday 14:30 leaves on Monday.

        >>> node = Node(NodeId("TX"), NodeKind.OWN, "75201", "America/Chicago")
        >>> node.ship_day(datetime.fromisoformat("2026-11-20T19:30:00+00:00"))
        datetime.date(2026, 11, 20)
        >>> node.ship_day(datetime.fromisoformat("2026-11-20T20:30:00+00:00"))
        datetime.date(2026, 11, 23)
        """
        refuse_naive(at, str(self.id))
        local = at.astimezone(ZoneInfo(self.timezone))
        first = local.date() if local.time() <= self.cutoff else local.date() + timedelta(days=1)
        return next((d for d in (first + timedelta(days=k) for k in range(within_days)) if self.works_on(d)), None)
