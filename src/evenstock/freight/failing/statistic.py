"""How strongly parcels speak for a failing that began on some day: a sum of likelihood ratios over every day it may have begun.

Parcels of one lane and day travel together, so they are one cohort. While nothing fails, a cohort is as usual, or with
probability `INCIDENT` it met an incident, the one that explains it best (see `patterns.INCIDENTS`); while a service fails, a cohort shows the
pattern, or with probability `SPARED` is as usual. Hence no single day, however many parcels it has, says more than about
``log(1 / INCIDENT)``. Parcels under way enter by the probability of not having come yet.

With the shares that are usual known, the ratio of a day is a martingale as evenings pass, its expectation is one, and
their sum over the days on which a failing may have begun (Shiryaev and Roberts) has at most the number of evenings as its
expectation. So the probability that the sum ever passes a threshold c within T evenings is at most T / c, however often one
looks.

References
----------
Shin, Ramdas and Rinaldo (2024), E-detectors: a nonparametric framework for sequential change detection, NEJSDS 2(2), sec. 3.
Pollak and Tartakovsky (2009), Optimality properties of the Shiryaev-Roberts procedure, Statistica Sinica 19.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from evenstock.freight.failing.evidence import Evidence, Flags, Floats, Ints
from evenstock.freight.failing.patterns import DAMAGED_SHARE, INCIDENTS, PATTERNS, Pattern
from evenstock.freight.failing.usual import FLOOR, LONGEST, NEVER, Usual

WINDOW_DAYS: Final = 35
"""Days of hand-over that are looked at: a failing is seen within them or not at all."""
INCIDENT: Final = 0.02
"""Share of days on which an incident befalls a lane, as assumed."""
SPARED: Final = 0.25
"""Share of days on which a failing service does as usual, as assumed."""
REPORT_DAYS: Final = 4.0
"""Mean days from delivery until damage is reported."""


@dataclass(frozen=True, slots=True, eq=False)
class Lately:
    """Parcels of the window, each with its log-likelihood under every pattern."""

    row: Ints
    """Their place in the evidence."""
    day: Ints
    """Of the hand-over, counted from the first of the window, ``0 … WINDOW_DAYS - 1``."""
    as_usual: Floats
    """Shape ``(parcel,)``."""
    failing: Floats
    """Shape ``(pattern, parcel)``."""
    incident: Floats
    """Shape ``(incident, parcel)``."""
    usually: Floats
    """Shares as usual of each parcel's service, lane and weekday, shape ``(parcel, NEVER + 1)``."""


def lately(evidence: Evidence, usual: Usual, *, damage_known: bool = False, window_days: int = WINDOW_DAYS) -> Lately:
    """Likelihoods of the parcels of the last days."""
    first = evidence.morning - window_days
    row = np.flatnonzero((evidence.handed_over >= first) & (evidence.handed_over < evidence.morning))
    service, weekday = evidence.service[row], evidence.weekday[row]
    keys = np.stack([service, evidence.origin[row], evidence.area[row], evidence.zone[row], weekday])
    kinds, of_kind = np.unique(keys, axis=1, return_inverse=True)
    of_kind = of_kind.reshape(-1)
    share = usual.table(kinds[0], kinds[1], kinds[2], kinds[3], kinds[4])
    column = _column(evidence, row)
    hurt, unhurt = _damage(evidence, row, np.full(row.size, DAMAGED_SHARE))
    plain_hurt, plain_unhurt = _damage(evidence, row, usual.damaged[service])
    harmed = evidence.damaged[row]
    plain, bad = np.where(harmed, plain_hurt, plain_unhurt), np.where(harmed, hurt, unhurt)
    if not damage_known:
        plain, bad = np.zeros(row.size), np.zeros(row.size)

    def told(patterns: tuple[Pattern, ...]) -> list[Pattern]:
        return [pattern for pattern in patterns if damage_known or not pattern.damages]

    def log_likelihood(table: Floats, damages: bool) -> Floats:
        found: Floats = _logs(table)[of_kind, column] + (bad if damages else plain)
        return found

    return Lately(
        row,
        evidence.handed_over[row] - first,
        log_likelihood(share, damages=False),
        np.stack([log_likelihood(p.of(share, kinds[4]), p.damages) for p in told(PATTERNS)]),
        np.stack([log_likelihood(p.of(share, kinds[4]), p.damages) for p in told(INCIDENTS)]),
        share[of_kind],
    )


def ratios(found: Lately, cell: Ints, cells: int, window_days: int = WINDOW_DAYS) -> Floats:
    """Log-likelihood ratio of each cohort: failing by a pattern against not; shape ``(pattern, cell, day)``.

    Parameters
    ----------
    cell
        Cell of each parcel, from 0; those below 0 are left out.
    """
    kept = cell >= 0
    cohort = cell[kept] * window_days + found.day[kept]

    def summed(values: Floats) -> Floats:
        totals: Floats = (
            np.bincount(cohort, values[kept], cells * window_days).astype(float).reshape(cells, window_days)
        )
        return totals

    as_usual = summed(found.as_usual)
    failing = np.stack([summed(values) for values in found.failing])
    # Whatever can befall a lane for good can befall it for a day: the worst of all of them, which errs on the safe side.
    met = np.maximum(np.max([summed(values) for values in found.incident], axis=0), failing.max(axis=0))
    nothing = np.logaddexp(np.log1p(-INCIDENT) + as_usual, np.log(INCIDENT) + met)
    there: Flags = np.bincount(cohort, minlength=cells * window_days).reshape(cells, window_days) > 0
    ratio = np.logaddexp(np.log1p(-SPARED) + failing, np.log(SPARED) + nothing) - nothing
    return np.where(there, ratio, 0.0)


def since(ratio: Floats) -> Floats:
    """Log of the product of ratios from each day to the last, shape of `ratio`."""
    summed: Floats = np.flip(np.cumsum(np.flip(ratio, axis=-1), axis=-1), axis=-1)
    return summed


def strength(ratio: Floats) -> Floats:
    """Log of the sum over days of beginning, averaged over patterns; shape ``(cell,)``.

    Examples
    --------
    One cell, one pattern, three days whose ratios are 1, 1 and 8: begun on any of them the product is 8, the sum 24.

    >>> round(float(np.exp(strength(np.log(np.array([[[1.0, 1.0, 8.0]]])))[0])), 6)
    24.0
    """
    summed: Floats = np.logaddexp.reduce(since(ratio), axis=(0, 2)) - np.log(ratio.shape[0])
    return summed


def _column(evidence: Evidence, row: Ints) -> Ints:
    """Delivered: its day. Lost: never. Under way: the columns of not having come, which follow."""
    days = np.minimum(evidence.days[row], LONGEST)
    # A parcel that is out longer than any day told apart may still come, or never: that is its last column.
    out = NEVER + 1 + days
    found: Ints = np.where(evidence.lost[row], NEVER, np.where(evidence.delivered[row], days, out))
    return found


def _logs(share: Floats) -> Floats:
    """Logs of coming on each day, of never coming, then of not having come by each day."""
    share = (1.0 - FLOOR) * share + FLOOR / (NEVER + 1)
    left = np.flip(np.cumsum(np.flip(share, axis=1), axis=1), axis=1)[:, 1:]
    logs: Floats = np.log(np.concatenate([share, left], axis=1))
    return logs


def _damage(evidence: Evidence, row: Ints, share: Floats) -> tuple[Floats, Floats]:
    """Log-likelihood of being reported as damaged, and of not being reported by now."""
    arrived = evidence.handed_over[row] + evidence.days[row]
    waited = np.where(evidence.delivered[row], np.maximum(evidence.morning - arrived, 0), 0)
    reported = -np.expm1(-waited / REPORT_DAYS)
    return np.log(share), np.log1p(-share * reported)


def damage_seen(evidence: Evidence) -> bool:
    """Whether damage is reported at all."""
    return bool(np.any(evidence.damaged))


def rows_of(found: Lately, of: Flags) -> Ints:
    """Cell 0 for these parcels of the evidence, -1 for the others; shape of `found.row`."""
    cells: Ints = np.where(of[found.row], 0, -1).astype(np.int64)
    return cells
