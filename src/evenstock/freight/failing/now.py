"""What a failing service makes of a lane now: the days to expect of it, and how many of its parcels never arrive whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from evenstock.freight.failing.detect import Failing, reached
from evenstock.freight.failing.evidence import Evidence, Floats
from evenstock.freight.failing.patterns import DAMAGED_SHARE, PATTERNS
from evenstock.freight.failing.usual import LONGEST, NEVER, Usual

MILLION: Final = 1_000_000
SMALLEST: Final = 1e-4
"""A smaller share of parcels is left out of a table."""
SHARES: Final[dict[str, type[pl.DataType]]] = {
    "service": pl.String,
    "origin": pl.String,
    "destination": pl.String,
    "weekday": pl.Int64,
    "days": pl.Int64,
    "probability": pl.Float64,
}


@dataclass(frozen=True, slots=True, eq=False)
class Now:
    """Tables of the services that fail, by lane: an expectation over what they may be doing, given what was seen."""

    shares: pl.DataFrame
    """Columns of `SHARES`: probability of each number of calendar days by weekday of hand-over; lost parcels on the last."""
    usually: pl.DataFrame
    """The same if nothing had failed."""
    harm_millionths: dict[tuple[str, str, str], int]
    """P(lost or damaged) by service, origin and destination area, beyond what is usual."""


def now(evidence: Evidence, usual: Usual, failing: Failing) -> Now:
    """Days and harm to expect of the services that fail, on each lane of theirs that parcels of the evidence went by.

    Each pattern's table counts by its weight, which is its likelihood given the parcels since the beginning.
    """
    of = reached(evidence, failing)
    kinds = np.unique(
        np.stack([evidence.service[of], evidence.origin[of], evidence.area[of], evidence.zone[of]]), axis=1
    )
    lanes = kinds.shape[1]
    kinds, weekday = np.repeat(kinds, 7, axis=1), np.tile(np.arange(7), lanes)
    before = usual.table(kinds[0], kinds[1], kinds[2], kinds[3], weekday)
    patterns = PATTERNS[: len(failing.weights)]
    after = sum(
        (weight * pattern.of(before, weekday) for weight, pattern in zip(failing.weights, patterns, strict=True)),
        start=np.zeros_like(before),
    )
    damages = sum(weight for weight, pattern in zip(failing.weights, patterns, strict=True) if pattern.damages)
    keys = [
        (evidence.services[s], evidence.origins[o], evidence.areas[a])
        for s, o, a in zip(kinds[0].tolist(), kinds[1].tolist(), kinds[2].tolist(), strict=True)
    ]
    harm = np.maximum(after[:, NEVER] - before[:, NEVER], 0.0) + damages * DAMAGED_SHARE
    by_lane: dict[tuple[str, str, str], int] = {}
    for key, share in zip(keys, harm.tolist(), strict=True):
        by_lane[key] = max(by_lane.get(key, 0), round(share * MILLION))
    return Now(_frame(keys, weekday.tolist(), after), _frame(keys, weekday.tolist(), before), by_lane)


def _frame(keys: list[tuple[str, str, str]], weekday: list[int], share: Floats) -> pl.DataFrame:
    """Rows of shares worth one; what never comes stands on the last day."""
    table = share[:, : LONGEST + 1].copy()
    table[:, LONGEST] += share[:, NEVER]
    table[table < SMALLEST] = 0.0
    table /= table.sum(axis=1, keepdims=True)
    row, day = np.nonzero(table)
    columns = {
        "service": [keys[k][0] for k in row.tolist()],
        "origin": [keys[k][1] for k in row.tolist()],
        "destination": [keys[k][2] for k in row.tolist()],
        "weekday": [weekday[k] for k in row.tolist()],
        "days": day,
        "probability": table[row, day],
    }
    return pl.DataFrame(columns, schema=SHARES)
