"""Why a record is believed or not: one sentence a person can act on."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.inventory.evidence import Evidence
from evenstock.inventory.velocity import SILENT_BELOW

Floats = npt.NDArray[np.float64]

_RECENT_DAYS: Final = 14
_TELLING_UNITS: Final = 3.0
"""Units expected in vain from which even a slow shelf's silence is worth a word."""


def zero_run(evidence: Evidence) -> tuple[npt.NDArray[np.int64], Floats]:
    """Looked-at days without a sale up to now, and the units expected on them; each ``(series,)``."""
    sold = (evidence.sold > 0)[:, ::-1]
    until = np.where(sold.any(axis=1), sold.argmax(axis=1), evidence.days) if evidence.days else np.zeros(len(sold))
    within = (np.arange(evidence.days)[None, :] < until[:, None]) & evidence.looked[:, ::-1]
    return within.sum(axis=1), np.where(within, evidence.mean[:, ::-1], 0.0).sum(axis=1)


def because(evidence: Evidence) -> list[str]:
    """One sentence for each SKU-node: picks first, then sales, then the age of count and feed."""
    run_days, run_expected = zero_run(evidence)
    recent = slice(max(evidence.days - _RECENT_DAYS, 0), None)
    looked = evidence.looked[:, recent]
    looked_days = looked.sum(axis=1)
    sold = np.where(looked, evidence.sold[:, recent], 0).sum(axis=1)
    expected = np.where(looked, evidence.mean[:, recent], 0.0).sum(axis=1)
    said = []
    for row in range(evidence.keys.height):
        if evidence.record[row] == 0:
            said.append("the record says none: nothing there can be missing")
            continue
        parts = [_picks(int(evidence.short_picks[row]), int(evidence.cancelled[row]))]
        slow = evidence.rate[row] < SILENT_BELOW
        if run_days[row] and run_expected[row] >= (_TELLING_UNITS if slow else 1.0):
            parts.append(
                f"0 sold in {run_days[row]} {_days(run_days[row])} where {run_expected[row]:.1f} were expected"
            )
        elif slow:
            parts.append(f"{evidence.rate[row]:.2f} a day is too slow for sales to tell: only a count will")
        elif looked_days[row]:
            parts.append(
                f"{sold[row]:,} sold in {looked_days[row]} {_days(looked_days[row])} "
                f"where {expected[row]:.1f} were expected"
            )
        else:
            parts.append("no day of sales can be held against a forecast")
        parts += [_count(evidence.days_since_count[row]), _feed(evidence, row)]
        said.append("; ".join(part for part in parts if part))
    return said


def _days(number: float) -> str:
    return "day" if number == 1 else "days"


def _picks(short: int, cancelled: int) -> str:
    told = [f"{short} {'pick' if short == 1 else 'picks'} came back short"] if short else []
    if cancelled:
        told.append(f"{cancelled} order {'line' if cancelled == 1 else 'lines'} cancelled")
    return " and ".join(told)


def _count(days: float) -> str:
    if not np.isfinite(days):
        return "never counted"
    whole = int(days)
    return "counted today" if whole == 0 else f"last count {whole} {_days(whole)} ago"


def _feed(evidence: Evidence, row: int) -> str:
    """The feed is named once it is a day old, or contradicts the record."""
    age, stated = evidence.feed_days[row], evidence.stated[row]
    told = [f"feed {age * 24:.0f} h old"] if np.isfinite(age) and age >= 1.0 else []
    if np.isfinite(stated) and stated != evidence.record[row]:
        told.append(f"the feed says {int(stated)}, the books {int(evidence.record[row])}")
    return ", ".join(told)
