"""When something is due again: every so many minutes, or daily or weekly at an hour of a stated zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from evenstock.domain import refuse_naive

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MOST_MINUTES: Final = 1_440
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Timing:
    """Slots in time, each a moment; exactly one of `every_minutes` and `at` is said.

    An hour that a clock skips in spring is taken when the clock is past it; one that comes twice in autumn, the first time.

    Examples
    --------
    Nightly at two in Chicago; in 2026 clocks there skip that hour on March 8 and repeat one on November 1.

    >>> nightly = Timing(at=time(2), zone="America/Chicago")
    >>> nightly.last(datetime(2026, 3, 8, 12, tzinfo=UTC)).isoformat()
    '2026-03-08T08:00:00+00:00'
    >>> nightly.following(datetime(2026, 3, 8, 12, tzinfo=UTC)).isoformat()
    '2026-03-09T07:00:00+00:00'
    >>> Timing(every_minutes=15).last(datetime(2026, 3, 8, 12, 44, tzinfo=UTC)).isoformat()
    '2026-03-08T12:30:00+00:00'
    """

    every_minutes: int = 0
    """1 to 1,440, counted from midnight UTC of 1970; 0 where it goes by the clock."""
    at: time | None = None
    """Hour and minute of the day there."""
    weekday: int | None = None
    """0 Monday to 6 Sunday; None for every day."""
    zone: str = "UTC"
    """IANA name, such as America/Chicago."""

    def __post_init__(self) -> None:
        if bool(self.every_minutes) == (self.at is not None):
            raise ValueError("a schedule says either every how many minutes, or at what time of the day")
        if self.every_minutes and not 1 <= self.every_minutes <= MOST_MINUTES:
            raise ValueError(f"every 1 to {MOST_MINUTES} minutes, not {self.every_minutes}")
        if self.weekday is not None and (self.every_minutes or not 0 <= self.weekday <= 6):
            raise ValueError(f"a weekday is one of {', '.join(WEEKDAYS)}, with a time of the day")
        if self.at is not None and (self.at.second or self.at.microsecond or self.at.tzinfo):
            raise ValueError("a time of the day has hours and minutes; its zone is said beside it")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as wrong:
            raise ValueError(f"{self.zone!r} is no time zone; write one such as UTC or America/Chicago") from wrong

    def last(self, now: datetime) -> datetime:
        """The latest slot not after `now`, UTC."""
        refuse_naive(now, "now")
        if self.every_minutes:
            step = timedelta(minutes=self.every_minutes)
            return _EPOCH + (now - _EPOCH) // step * step
        day = now.astimezone(ZoneInfo(self.zone)).date() + timedelta(days=1)
        while not self._on(day) or self._moment(day) > now:
            day -= timedelta(days=1)
        return self._moment(day)

    def following(self, now: datetime) -> datetime:
        """The first slot after `now`, UTC."""
        refuse_naive(now, "now")
        if self.every_minutes:
            return self.last(now) + timedelta(minutes=self.every_minutes)
        day = now.astimezone(ZoneInfo(self.zone)).date() - timedelta(days=1)
        while not self._on(day) or self._moment(day) <= now:
            day += timedelta(days=1)
        return self._moment(day)

    def _on(self, day: date) -> bool:
        return self.weekday is None or day.weekday() == self.weekday

    def _moment(self, day: date) -> datetime:
        assert self.at is not None
        return datetime.combine(day, self.at, ZoneInfo(self.zone)).astimezone(UTC)

    def __str__(self) -> str:
        if self.every_minutes:
            return "every minute" if self.every_minutes == 1 else f"every {self.every_minutes} minutes"
        days = "daily" if self.weekday is None else f"on {WEEKDAYS[self.weekday]}s"
        return f"{days} at {self.at:%H:%M} {self.zone}"


def plain_of(timing: Timing) -> dict[str, Any]:
    """As JSON keeps it."""
    return {
        "every_minutes": timing.every_minutes or None,
        "at": f"{timing.at:%H:%M}" if timing.at else None,
        "weekday": WEEKDAYS[timing.weekday] if timing.weekday is not None else None,
        "zone": timing.zone,
    }


def timing_of(said: Mapping[str, Any]) -> Timing:
    """From JSON. Raises ValueError that says what is wrong."""
    at, weekday = said.get("at"), said.get("weekday")
    if weekday is not None and str(weekday).lower() not in WEEKDAYS:
        raise ValueError(f"{weekday!r} is no weekday; write one of {', '.join(WEEKDAYS)}")
    try:
        hour = time.fromisoformat(at) if at is not None else None
    except ValueError:
        raise ValueError(f"{at!r} is no time of the day; write 02:00") from None
    return Timing(
        said.get("every_minutes") or 0,
        hour,
        WEEKDAYS.index(str(weekday).lower()) if weekday is not None else None,
        said.get("zone") or "UTC",
    )
