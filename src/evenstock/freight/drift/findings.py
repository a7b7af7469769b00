"""What drifted, since when, why, and what it costs a week: sentences a person can act on, and corrections to propose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.domain import digest
from evenstock.freight.drift.detect import BAND, FALSE_ALARMS, Segment, segments, threshold
from evenstock.freight.drift.parts import BASE, FUEL, Cause
from evenstock.freight.drift.series import OF_THE_CHARGE, Series

Floats = npt.NDArray[np.float64]

CERTAINTY: Final = 0.9
"""Probability of the interval of a level; a correction takes its end nearer to nothing."""
SPREAD_OF_DRIFTS: Final = 0.06
"""Standard deviation of drifts as such: what was hardly seen is drawn towards none."""
HOLDS_DAYS: Final = 90
"""Days a correction counts: then it is to be learned anew, or the card is mended."""
FUEL_HOLDS_DAYS: Final = 28
MONEY_DAYS: Final = 56
"""Latest days from which the weekly money is reckoned."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What would bring quotes to what is billed, as far as that is sure."""

    charge: str
    """Charge of the quote that it is added to."""
    cents: int
    """For each charge of that name."""
    share_bp: int
    """and this share of it."""
    days: int
    """Days it counts."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One series that left its place."""

    id: str
    service: str
    charge: str
    cause: Cause
    since: date
    since_earliest: date
    since_latest: date
    """The shift lies between these days with probability 0.9."""
    found_on: date
    """Day of the invoice with which the evidence was enough."""
    until: date | None
    """Day before the next shift; None while it lasts."""
    level: float
    """Share of what was quoted for the charge, or of the whole quote where the cause is told by that."""
    low: float
    high: float
    """Interval of the level, probability 0.9."""
    parcels: int
    """Parcels since."""
    cents_a_week: int
    """Over the latest weeks of it."""
    sentence: str
    advice: str
    correction: Correction | None
    """None where it is over, or where money is to be claimed back instead."""


def drifts(
    series: Sequence[Series],
    corrected: Mapping[tuple[str, str, str], Floats] | None = None,
    *,
    year: int,
    false_alarms: float = FALSE_ALARMS,
    weekly: Mapping[tuple[str, str, str], float] | None = None,
) -> list[Drift]:
    """Every drift of these series, those that last first, dearest first.

    Parameters
    ----------
    corrected
        By service, charge and cause: share of the quote that corrections in force added, shape ``(block,)``.
    year
        The year it is: days of others are told with theirs.
    false_alarms
        Expected in a year over all series, where nothing drifts.
    weekly
        By service, charge and cause: cents a week that the level is a share of, where the series is only a sample of what
        is shipped; else the series' own.
    """
    limit = threshold(len(series), false_alarms)
    known = corrected or {}
    found = []
    for one in series:
        added = known.get((one.service, one.charge, one.cause), np.zeros(len(one.first)))
        stretches = segments(one, added, limit)
        for number, segment in enumerate(stretches):
            last = number == len(stretches) - 1
            week = (weekly or {}).get((one.service, one.charge, one.cause))
            drift = _drift(one, segment, year, week, over=not last)
            # A shift back into the band ends the one before; it is no drift of its own.
            if drift is not None:
                found.append(drift)
    return sorted(found, key=lambda d: (d.until is not None, -abs(d.cents_a_week), d.service, d.charge, d.cause))


def _drift(series: Series, segment: Segment, year: int, week: float | None, *, over: bool) -> Drift | None:
    blocks = slice(segment.start, segment.stop)
    # What was hardly seen is drawn towards no drift: normal levels about zero, and the segment's own error.
    keep = SPREAD_OF_DRIFTS**2 / (SPREAD_OF_DRIFTS**2 + segment.error**2)
    level, error = keep * segment.level, keep**0.5 * segment.error
    z = NormalDist().inv_cdf((1 + CERTAINTY) / 2)
    low, high = level - z * error, level + z * error
    if low <= BAND and high >= -BAND:
        return None
    parcels = series.parcels[blocks]
    cents_a_week = round(level * (_weekly(series, segment.start, segment.stop) if week is None else week))
    cause = Cause(series.cause)
    since = _since(series, segment)
    until = series.last[segment.stop - 1] if over else None
    sure = low if level > 0 else high
    name = digest([series.service, series.charge, series.cause, since]).removeprefix("sha256:")[:8]
    correction = None if over else _correction(series, blocks, cause, sure)
    return Drift(
        name, series.service, series.charge, cause, since, series.first[segment.earliest], series.last[segment.latest],
        max(series.known_on[: segment.fired + 1]), until, level, low, high, int(parcels.sum()), cents_a_week,
        _sentence(series, cause, level, since, until, cents_a_week, year), _ADVICE[cause], correction,
    )  # fmt: skip


def _since(series: Series, segment: Segment) -> date:
    """The day within the first block, or the one after, that parts the levels best: least squares, days by their quotes."""
    begins = series.first[segment.start]
    if not segment.start or not series.shipped:
        return begins
    ends = series.last[min(segment.start + 1, segment.stop - 1)]
    day = np.array(series.shipped)
    near = (day >= series.first[max(0, segment.start - 5)]) & (
        day <= series.last[min(segment.start + 5, segment.stop - 1)]
    )
    weight, day = series.day_quoted[near], day[near]
    share = series.day_off[near] / weight
    before = series.share[max(0, segment.start - 5) : segment.start].mean()
    after = series.share[segment.start + 1 : segment.stop].mean() if segment.stop > segment.start + 1 else segment.level
    # Cents of squares that a day costs more on the old level than on the new.
    gain = weight * ((share - before) ** 2 - (share - after) ** 2)
    later = np.cumsum(gain[::-1])[::-1]
    candidates = np.flatnonzero((day >= begins) & (day <= ends))
    best: date = day[candidates[int(np.argmax(later[candidates]))]]
    return best


def _weekly(series: Series, start: int, stop: int) -> float:
    """Cents quoted a week over the latest days of these blocks."""
    end = series.last[stop - 1]
    first = max(start, next(k for k in range(stop) if (end - series.last[k]).days < MONEY_DAYS))
    return float(series.quoted[first:stop].sum()) / float(series.days[first:stop].sum()) * series.days_a_week


def _correction(series: Series, blocks: slice, cause: Cause, sure: float) -> Correction | None:
    """The sure part as a share of the charge where we quote it, else as cents on each parcel's base."""
    if cause is Cause.TWICE:
        return None
    cents = sure * float(series.quoted[blocks].sum())
    charged = float(series.charged[blocks].sum())
    if cause.value in OF_THE_CHARGE or (cause is Cause.NOT_BILLED and charged):
        share = round(10_000 * cents / charged)
        days = FUEL_HOLDS_DAYS if series.charge == FUEL else HOLDS_DAYS
        return Correction(series.charge, 0, share, days) if share else None
    each = round(cents / int(series.parcels[blocks].sum()))
    return Correction(BASE, each, 0, HOLDS_DAYS) if each else None


def _sentence(
    series: Series, cause: Cause, level: float, since: date, until: date | None, cents_a_week: int, year: int
) -> str:
    when = f"since {_day(since, year)}" if until is None else f"from {_day(since, year)} to {_day(until, year)}"
    sign = "-" if cents_a_week < 0 else ""
    money = f"{sign}${abs(cents_a_week) / 100:,.0f} a week"
    return f"{series.service} {series.charge} {level:+.1%} {_WHY[cause]}{when}, {money}".replace("%", " %")


def _day(day: date, year: int) -> str:
    return f"{day.day} {day:%B}" + (f" {day.year}" if day.year != year else "")


_WHY: Final = {
    Cause.RATE: "",
    Cause.FUEL: "against our fuel table ",
    Cause.WEIGHT: "of all quotes, billed by other weights than ours, ",
    Cause.ZONE: "of all quotes, billed by other zones than ours, ",
    Cause.NOT_EXPECTED: "of all quotes, billed on parcels that we thought free of it, ",
    Cause.NOT_BILLED: "of all quotes, expected and not billed, ",
    Cause.UNKNOWN: "of all quotes, a charge that no card knows, ",
    Cause.TWICE: "of all quotes, billed twice, ",
}
_ADVICE: Final = {
    Cause.RATE: "ask the carrier for the card it bills by and import it, or claim the difference back",
    Cause.FUEL: "import the newest fuel index and the carrier's fuel table",
    Cause.WEIGHT: "measure and weigh the dearest of these parcels, and correct weight and sides of their items",
    Cause.ZONE: "import the carrier's zone chart of this origin",
    Cause.NOT_EXPECTED: "compare addresses and sizes of such parcels with the surcharge's condition on the card",
    Cause.NOT_BILLED: "look whether the card's condition is wider than the carrier's",
    Cause.UNKNOWN: "find it in the contract: add it to surcharges, or claim it back",
    Cause.TWICE: "claim it back: the same line stands on two invoices",
}


def last_day(begins: date, correction: Correction) -> date:
    """The last day of a correction that begins on a day."""
    return begins + timedelta(days=correction.days - 1)
