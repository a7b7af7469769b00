"""Times carry their zone."""

from __future__ import annotations

from datetime import UTC, datetime


def refuse_naive(moment: datetime, what: str) -> None:
    """Raise ValueError if `moment` has no time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{what}: {moment.isoformat()} has no time zone; add an offset, such as {moment.isoformat()}Z")


def rfc3339(moment: datetime) -> str:
    """The moment in UTC, to the microsecond, always the same text for the same moment.

    Examples
    --------
    >>> rfc3339(datetime.fromisoformat("2026-11-20T08:00:00-06:00"))
    '2026-11-20T14:00:00.000000Z'
    """
    refuse_naive(moment, "a moment")
    # In a tenth of the time that `strftime` takes: each decision says some moments.
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"
