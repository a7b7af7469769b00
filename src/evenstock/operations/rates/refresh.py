"""Where rates come from and when: which source is due, and what running it brought. A worker asks; nothing runs by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

import polars as pl

from evenstock.domain import Event, refuse_naive
from evenstock.operations.ports import Snapshots, Store, StoreError
from evenstock.operations.rates.import_rates import TAKEN, import_rates
from evenstock.operations.rates.refusals import refused

POINTER: Final = "rate sources"
RETRY: Final = timedelta(hours=6)
"""How long after a failure a source is due again."""
_SOURCES: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "source": pl.String, "place": pl.String, "every": pl.String, "on": pl.Int64, "month": pl.Int64, "hour": pl.Int64,
    "since": pl.Date, "fetched_at": pl.Datetime("us", "UTC"), "tried_at": pl.Datetime("us", "UTC"),
    "failed": pl.String,
}  # fmt: skip


class Every(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class RateSource:
    """A place that rates are fetched from, and how often something new stands there.

    Examples
    --------
    The diesel index of Monday is fetched on Tuesdays from 12:00 UTC on; 2026-06-01 is a Monday.

    >>> eia = RateSource("eia", "inbox/eia", Every.WEEK, on=2, hour=12, since=date(2026, 5, 1))
    >>> eia.last_due(datetime(2026, 6, 2, 11, tzinfo=UTC)).isoformat()
    '2026-05-26T12:00:00+00:00'
    >>> eia.last_due(datetime(2026, 6, 2, 12, tzinfo=UTC)).isoformat()
    '2026-06-02T12:00:00+00:00'
    """

    name: str
    place: str
    """Folder, or whatever the port that fetches understands."""
    every: Every
    on: int = 1
    """Day of the week (Monday 1), of the month, or of the month of the year; of no meaning every day."""
    month: int = 1
    """Month of the year, for yearly ones."""
    hour: int = 0
    """Hour of the day from which it is there, UTC."""
    since: date = date(1970, 1, 1)
    """Day from which it is followed."""
    fetched_at: datetime | None = None
    """When it last brought something that was taken in, or was there already."""
    tried_at: datetime | None = None
    failed: str = ""
    """Why the last try brought nothing; empty where it did."""

    def __post_init__(self) -> None:
        most = {Every.DAY: 31, Every.WEEK: 7, Every.MONTH: 28, Every.YEAR: 28}[self.every]
        if not 1 <= self.on <= most or not 1 <= self.month <= 12 or not 0 <= self.hour <= 23:
            raise ValueError(f"source {self.name}: a day from 1 to {most}, a month from 1 to 12, an hour from 0 to 23")
        if not self.name.strip() or not self.place.strip():
            raise ValueError("a source has a name and a place")

    def last_due(self, now: datetime) -> datetime:
        """The latest moment by which something new stood there."""
        day = now.astimezone(UTC).date()
        if datetime(day.year, day.month, day.day, self.hour, tzinfo=UTC) > now:
            day -= timedelta(days=1)
        while not self._new_on(day):
            day -= timedelta(days=1)
        return datetime(day.year, day.month, day.day, self.hour, tzinfo=UTC)

    def due(self, now: datetime) -> datetime | None:
        """Since when it is due; None where it was fetched since, is not followed yet, or failed a short while ago."""
        at = self.last_due(now)
        if at.date() < self.since or (self.fetched_at is not None and self.fetched_at >= at):
            return None
        if self.failed and self.tried_at is not None and now - self.tried_at < RETRY:
            return None
        return at

    def _new_on(self, day: date) -> bool:
        match self.every:
            case Every.DAY:
                return True
            case Every.WEEK:
                return day.isoweekday() == self.on
            case Every.MONTH:
                return day.day == self.on
            case Every.YEAR:
                return (day.month, day.day) == (self.month, self.on)


@dataclass(frozen=True, slots=True, eq=False)
class Fetched:
    """What a source held: tables, or what is wrong with them cell by cell."""

    frames: Mapping[str, pl.DataFrame]
    problems: tuple[str, ...] = ()


class RateFetch(Protocol):
    """Fetches the tables of a source; a folder is read by `evenstock.connectors.files.read_some`."""

    def __call__(self, source: RateSource) -> Fetched:
        """Raises OSError where the source cannot be reached."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What running one source brought."""

    source: str
    rows: Mapping[str, int]
    """New rows by table."""
    refused: str = ""
    """Why nothing was taken in; what served before still does."""


def due(sources: Sequence[RateSource], now: datetime) -> list[tuple[RateSource, datetime]]:
    """Sources that are due, longest first, each with since when."""
    refuse_naive(now, "now")
    found = [(source, at) for source in sources if (at := source.due(now)) is not None]
    return sorted(found, key=lambda pair: (pair[1], pair[0].name))


def refresh(store: Store, snapshots: Snapshots, fetch: RateFetch, *, now: datetime, only: str = "") -> list[Refreshed]:
    """Run every source that is due, or the one named; each by itself, so that one that fails holds up no other.

    Raises
    ------
    StoreError
        If there is no source of that name.
    """
    refuse_naive(now, "now")
    every = sources(store, snapshots)
    if only and only not in {source.name for source in every}:
        there = ", ".join(source.name for source in every) or "none"
        raise StoreError(f"no source is named {only!r}; there is {there}")
    wanted = [source for source in every if source.name == only] if only else [source for source, _ in due(every, now)]
    return [_run(store, snapshots, source, fetch, now) for source in wanted]


def sources(store: Store, snapshots: Snapshots) -> list[RateSource]:
    """Every source, by name."""
    with store.reading() as books:
        seen = books.pointer(POINTER)
    if seen is None:
        return []
    return [
        RateSource(
            row["source"], row["place"], Every(row["every"]), row["on"], row["month"], row["hour"], row["since"],
            row["fetched_at"], row["tried_at"], row["failed"],
        )
        for row in snapshots.read(seen)["sources"].sort("source").iter_rows(named=True)
    ]  # fmt: skip


def put_source(store: Store, snapshots: Snapshots, source: RateSource, *, now: datetime) -> None:
    """Follow a source from now on, or change where it is and when."""
    others = [one for one in sources(store, snapshots) if one.name != source.name]
    _put(store, snapshots, [*others, source], now, "RateSourceChanged", source.name)


def drop_source(store: Store, snapshots: Snapshots, name: str, *, now: datetime) -> None:
    """Follow a source no longer. Raises StoreError if there is none of that name."""
    every = sources(store, snapshots)
    left = [one for one in every if one.name != name]
    if len(left) == len(every):
        raise StoreError(f"no source is named {name!r}; there is {', '.join(one.name for one in every) or 'none'}")
    _put(store, snapshots, left, now, "RateSourceDropped", name)


def _run(store: Store, snapshots: Snapshots, source: RateSource, fetch: RateFetch, now: datetime) -> Refreshed:
    try:
        fetched = fetch(source)
        taken = {name: frame for name, frame in fetched.frames.items() if name in TAKEN}
        if not taken and not fetched.problems:
            return _told(store, snapshots, source, Refreshed(source.name, {}, "it holds no table of rates"), now)
        if fetched.problems:
            with store.transaction() as books:
                refusal = refused(
                    books, snapshots, source=source.name, tables=list(fetched.frames) or ["its files"],
                    wrong=fetched.problems, doubtful=(), now=now,
                )  # fmt: skip
            return _told(store, snapshots, source, Refreshed(source.name, {}, refusal.sentence), now)
        done = import_rates(store, snapshots, taken, source=source.name, now=now)
    except (OSError, ValueError) as trouble:
        return _told(store, snapshots, source, Refreshed(source.name, {}, str(trouble)), now)
    because = done.refusal.sentence if done.refusal else ""
    return _told(store, snapshots, source, Refreshed(source.name, done.rows, because), now)


def _told(store: Store, snapshots: Snapshots, source: RateSource, done: Refreshed, now: datetime) -> Refreshed:
    fetched_at = source.fetched_at if done.refused else now
    after = replace(source, fetched_at=fetched_at, tried_at=now, failed=done.refused)
    put_source(store, snapshots, after, now=now)
    return done


def _put(store: Store, snapshots: Snapshots, every: Sequence[RateSource], now: datetime, kind: str, name: str) -> None:
    rows = [
        {"source": one.name, "place": one.place, "every": one.every.value, "on": one.on, "month": one.month,
         "hour": one.hour, "since": one.since, "fetched_at": one.fetched_at, "tried_at": one.tried_at,
         "failed": one.failed}
        for one in sorted(every, key=lambda one: one.name)
    ]  # fmt: skip
    kept = snapshots.take({"sources": pl.DataFrame(rows, schema=_SOURCES)})
    with store.transaction() as books:
        books.point(POINTER, kept, now)
        books.publish(
            [Event(f"rate-source:{name}:{kind}:{now.isoformat()}", kind, f"rate-source:{name}", now, {"source": name})]
        )
