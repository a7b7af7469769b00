"""How many calls a carrier still answers, as data."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Quota:
    """Calls a carrier answers within a stretch of time, such as 60 an hour."""

    calls: int
    per_s: int
    burst: int = 1
    """Most calls at once; what is left of the quota refills the bucket."""

    def __post_init__(self) -> None:
        if not 0 < self.burst < self.calls or self.per_s <= 0:
            raise ValueError(
                f"a quota of {self.calls} calls in {self.per_s} s with bursts of {self.burst} allows nothing"
            )


@dataclass(frozen=True, slots=True)
class Bucket:
    """Calls still allowed, as data: a token bucket (Turner 1986) whose clock is `now`.

    It holds at most `burst` calls and refills by calls − burst within per_s seconds: so no stretch of per_s seconds,
    wherever it starts, sees more than the quota's calls.

    Examples
    --------
    60 an hour in bursts of 10 refills 50 an hour, one each 72 s: after ten calls at noon the next is due at 12:01:12.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    >>> bucket = Bucket.full("usps", Quota(60, 3600, 10), noon).take(10, noon)
    >>> bucket.calls(noon), bucket.calls(noon + timedelta(seconds=71)), bucket.calls(noon + timedelta(seconds=72))
    (0, 0, 1)
    """

    carrier: str
    quota: Quota
    millionths: int
    """Calls left at `as_of`, in millionths."""
    as_of: datetime

    @classmethod
    def full(cls, carrier: str, quota: Quota, now: datetime) -> Bucket:
        return cls(carrier, quota, quota.burst * 1_000_000, now)

    def at(self, now: datetime) -> Bucket:
        """The bucket refilled up to `now`; unchanged if `now` is earlier, so that a clock set back gains nothing."""
        passed_us = (now - self.as_of) // timedelta(microseconds=1)
        if passed_us <= 0:
            return self
        # Millionths a microsecond are calls a second, so whole numbers stay exact; the fraction lost is less than one.
        gained = passed_us * (self.quota.calls - self.quota.burst) // self.quota.per_s
        return replace(self, millionths=min(self.quota.burst * 1_000_000, self.millionths + gained), as_of=now)

    def calls(self, now: datetime) -> int:
        """Whole calls allowed now."""
        return max(0, self.at(now).millionths // 1_000_000)

    def take(self, calls: int, now: datetime) -> Bucket:
        """The bucket after so many calls. They have happened, so it may fall below zero and must then refill first.

        Raises
        ------
        ValueError
            If fewer than no calls are taken.
        """
        if calls < 0:
            raise ValueError(f"{self.carrier}: {calls} calls cannot be taken")
        now_full = self.at(now)
        return replace(now_full, millionths=now_full.millionths - calls * 1_000_000)

    def next_at(self, now: datetime) -> datetime:
        """First moment at which a call is allowed."""
        short = 1_000_000 - self.at(now).millionths
        if short <= 0:
            return now
        return now + timedelta(microseconds=math.ceil(short * self.quota.per_s / (self.quota.calls - self.quota.burst)))
