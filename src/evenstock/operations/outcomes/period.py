"""A stretch of whole days, in the zone in which the company counts them."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LONGEST = 400
"""Days of a period."""


@dataclass(frozen=True, slots=True)
class Period:
    """From the first moment of `first` to the last of `last`, by the clocks of `zone`."""

    first: date
    last: date
    zone: str = "UTC"
    """IANA name."""

    def __post_init__(self) -> None:
        if not 0 <= (self.last - self.first).days < LONGEST:
            raise ValueError(f"a period has 1 to {LONGEST} days, not from {self.first} to {self.last}")
        if not 1_900 <= self.first.year <= self.last.year <= 9_000:
            raise ValueError(f"a period lies in a year that books are kept in, not from {self.first} to {self.last}")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as wrong:
            raise ValueError(f"{self.zone!r} is no time zone; write one such as UTC or America/Chicago") from wrong

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def ends(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(days=1), time.min, ZoneInfo(self.zone))

    def day(self, at: datetime) -> date:
        """The day of a moment, there."""
        return at.astimezone(ZoneInfo(self.zone)).date()

    def holds(self, at: datetime) -> bool:
        return self.first <= self.day(at) <= self.last

    @property
    def is_month(self) -> bool:
        return self == month(f"{self.first:%Y-%m}", self.zone)


def month(text: str, zone: str = "UTC") -> Period:
    """A calendar month written as 2026-10. Raises ValueError for anything else.

    Examples
    --------
    Half past four in the morning of UTC's first of November is October still in Chicago:

    >>> from datetime import UTC
    >>> october = month("2026-10", "America/Chicago")
    >>> october.last.isoformat(), october.holds(datetime(2026, 11, 1, 4, 30, tzinfo=UTC))
    ('2026-10-31', True)
    """
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise ValueError(f"{text!r} is no month; write it as 2026-10") from None
    return Period(first, first.replace(day=monthrange(first.year, first.month)[1]), zone)


def month_before(day: date, zone: str = "UTC") -> Period:
    """The last whole month before a day."""
    return month(f"{day.replace(day=1) - timedelta(days=1):%Y-%m}", zone)


def zone_of(zones: Iterable[str]) -> str:
    """The zone in which a company counts its days unless it says otherwise: that of all its nodes where they have one, else UTC."""
    named = set(zones)
    return named.pop() if len(named) == 1 else "UTC"
