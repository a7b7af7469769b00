"""What orders to one place have in common: the first working days of all nodes, and the ways found for the order before."""

from __future__ import annotations

import weakref
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from evenstock.domain import Node

if TYPE_CHECKING:
    from evenstock.routing.candidates import Candidates
    from evenstock.routing.network import ShippingNetwork

MOST_PLACES: Final = 4_096
"""Places, days and promises of which the ways are kept, some 3 kB each; beyond that it begins anew."""
MOST_SPANS: Final = 16
WITHIN_DAYS: Final = 14
"""A node that has no working day with a slot left in so many days ships nothing."""

FirstDays = tuple[date | None, ...]
"""The first working day of each node of a network; None where it has none within `WITHIN_DAYS`, or never ships."""


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """Candidates that any order of the same place, day and promise has, but for its goods and the places left."""

    found: Candidates
    heaviest_g: int
    longest_mm: int
    """The largest single unit that every service takes; for larger ones the ways are found anew."""
    rows: tuple[tuple[int, slice], ...]
    """Nodes with a ceiling, and where their candidates stand."""


@dataclass(slots=True, eq=False)
class FoundBefore:
    """Of one network. Several threads may ask at once: what two of them find is the same."""

    capped: tuple[int, ...]
    """Nodes with a daily ceiling that ship at all."""
    ways: dict[Hashable, Kept] = field(default_factory=dict)
    _spans: list[tuple[datetime, datetime, FirstDays]] = field(default_factory=list)

    @classmethod
    def of(cls, network: ShippingNetwork) -> FoundBefore:
        """What is remembered of a network as long as it is in use."""
        known = _OF.get(network)
        if known is None:
            nodes = enumerate(zip(network.nodes, network.idle, strict=True))
            capped = (k for k, (node, idle) in nodes if node.orders_per_day is not None and not idle)
            known = _OF.setdefault(network, cls(tuple(capped)))
        return known

    def keep(self, key: Hashable, ways: Kept) -> None:
        if len(self.ways) >= MOST_PLACES:
            self.ways.clear()
        self.ways[key] = ways

    def first_days(self, network: ShippingNetwork, now: datetime) -> FirstDays:
        """`Node.ship_day` of every node, reckoned once between one node's cut-off or midnight and the next.

        Raises
        ------
        ValueError
            If `now` has no time zone.
        """
        if now.tzinfo is not None:
            for since, until, days in self._spans:
                if since <= now <= until:
                    return days
        ship = [(node, not idle) for node, idle in zip(network.nodes, network.idle, strict=True)]
        days = tuple(node.ship_day(now, WITHIN_DAYS) if ships else None for node, ships in ship)
        until = min((good_until(node, now) for node, ships in ship if ships), default=now)
        # A new list in one step: others may walk along the old one.
        self._spans = [(now, until, days), *self._spans[: MOST_SPANS - 1]]
        return days


def good_until(node: Node, now: datetime) -> datetime:
    """The last moment up to which the node's ship day is surely that of `now`, in UTC.

    `now` itself where clocks are put forward or back until its next cut-off or midnight.

    Examples
    --------
    >>> texas = Node("TX", "own", "75201", "America/Chicago")
    >>> str(good_until(texas, datetime.fromisoformat("2026-11-20T19:30:00+00:00")))
    '2026-11-20 20:00:00+00:00'
    >>> str(good_until(texas, datetime.fromisoformat("2026-11-20T20:00:01+00:00")))
    '2026-11-21 05:59:59.999999+00:00'
    """
    local = now.astimezone(ZoneInfo(node.timezone))
    if local.time() <= node.cutoff:
        edge, short = datetime.combine(local.date(), node.cutoff, local.tzinfo), timedelta(0)
    else:
        edge = datetime.combine(local.date() + timedelta(days=1), time.min, local.tzinfo)
        short = timedelta(microseconds=1)  # midnight is the next day's
    return (edge.astimezone(UTC) - short) if edge.utcoffset() == local.utcoffset() else now.astimezone(UTC)


def rows_of(capped: Sequence[int], node: Sequence[int]) -> tuple[tuple[int, slice], ...]:
    """Where the candidates of these nodes stand; `node` is that of each candidate, not decreasing."""
    return tuple((k, slice(node.index(k), node.index(k) + node.count(k))) for k in capped if k in node)


_OF: Final[weakref.WeakKeyDictionary[ShippingNetwork, FoundBefore]] = weakref.WeakKeyDictionary()
