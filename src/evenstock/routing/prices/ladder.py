"""Which prices a decision may use: the freshest that are there, and what it falls back on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from evenstock.domain import NodeId, Price, Sku

REPRICING: Final = "repricing"
CORRECTED: Final = "corrected"
"""Of a repricing, by the stock that is gone since: as good as the repricing, and as old."""
NIGHTLY: Final = "nightly"
LAST_GOOD: Final = "last good"
MIRROR: Final = "mirror descent"
NONE: Final = "none"
RUNGS: Final = (CORRECTED, REPRICING, NIGHTLY, LAST_GOOD, MIRROR, NONE)


@dataclass(frozen=True, slots=True)
class Ages:
    """How old prices may be."""

    repricing: timedelta = timedelta(hours=26)
    """One missed evening."""
    nightly: timedelta = timedelta(hours=50)
    """One missed night."""
    last_good: timedelta = timedelta(days=7)
    """Beyond it stock has turned over: an old price is worse than none."""


AGES: Final = Ages()
_SINCE: Final = f"{CORRECTED} since "


def corrected_source(repriced: datetime) -> str:
    """Source of a row that corrects a repricing of that moment: it names it, so that its age can be told."""
    return f"{_SINCE}{repriced.isoformat()}"


def repriced_at(row: Price) -> datetime | None:
    """When the repricing was that a row is of or corrects; None for a row of another source.

    Examples
    --------
    >>> from datetime import UTC
    >>> from evenstock.domain import Cents
    >>> noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    >>> row = Price(Sku("TEA"), NodeId("TX"), noon + timedelta(hours=2), corrected_source(noon), Cents(35))
    >>> repriced_at(row) == noon
    True
    """
    if row.source == REPRICING:
        return row.valid_from
    return datetime.fromisoformat(row.source.removeprefix(_SINCE)) if row.source.startswith(_SINCE) else None


@dataclass(frozen=True, slots=True)
class InForce:
    """The prices of one decision, and the rungs they stand on."""

    rows: tuple[Price, ...]
    """At most one row for an item at a node; what has none is worth nothing more than its cost."""
    rung: str
    """The rungs used, best first, each with the age of its oldest row, for the decision's record."""


def in_force(rows: Sequence[Price], now: datetime, running: Sequence[Price] = (), *, ages: Ages = AGES) -> InForce:
    """The best price of each item at each node that is not too old.

    Parameters
    ----------
    rows : the one row in force of each item and node, as the books say.
    running : prices without a forecast, for what has no good row.

    Examples
    --------
    >>> from datetime import UTC
    >>> from evenstock.domain import Cents
    >>> noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    >>> fresh = Price(Sku("TEA"), NodeId("TX"), noon - timedelta(hours=2), "repricing", Cents(35))
    >>> old = Price(Sku("TEA"), NodeId("PA"), noon - timedelta(days=3), "nightly", Cents(20))
    >>> in_force([fresh, old], noon).rung
    'repricing, 2 h; last good, 72 h'
    >>> in_force([], noon).rung
    'none: cheapest now'
    """
    kept: dict[tuple[Sku, NodeId], Price] = {}
    oldest: dict[str, timedelta] = {}
    for row in running:
        kept[row.sku, row.node] = row
    for row in rows:
        rung = _rung(row, _age(row, now), ages)
        if rung != NONE and not (rung == MIRROR and (row.sku, row.node) in kept):
            kept[row.sku, row.node] = row
    for row in kept.values():
        age = _age(row, now)
        rung = _rung(row, age, ages)
        rung = MIRROR if rung == NONE else rung
        oldest[rung] = max(oldest.get(rung, timedelta(0)), age)
    said = [f"{rung}, {oldest[rung] // timedelta(hours=1)} h" for rung in RUNGS if rung in oldest]
    best = tuple(kept[key] for key in sorted(kept))
    return InForce(best, "; ".join(said) or f"{NONE}: cheapest now")


def _age(row: Price, now: datetime) -> timedelta:
    """How old what a row says is: a correction is as old as the repricing that it corrects."""
    return now - (repriced_at(row) or row.valid_from)


def _rung(row: Price, age: timedelta, ages: Ages) -> str:
    """Where a row of this age stands."""
    if row.source == MIRROR:
        return MIRROR if age <= ages.last_good else NONE
    if repriced_at(row) is not None:
        if age <= ages.repricing:
            return REPRICING if row.source == REPRICING else CORRECTED
    elif age <= ages.nightly:
        return NIGHTLY
    return LAST_GOOD if age <= ages.last_good else NONE
