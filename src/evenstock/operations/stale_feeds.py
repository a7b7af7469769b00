"""What is promised where a node's feed has fallen silent: what was last known, less what may have been sold since.

It is the rule by which beliefs set buffers (`inventory.safety_buffer`), carried on to the moment of an order, so that it does
not matter whether anybody draws beliefs up: the quantile of what is sold in the age of the feed, and that of the record's
errors. What orders of our own took meanwhile is in the books and no part of it. Judged are only nodes of which a source
speaks at a known pace (`every_minutes`): elsewhere the books are all there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import polars as pl

from evenstock.domain import Costs, NodeId, Sku, StockBalance, Units, rfc3339
from evenstock.inventory.perhaps_sold import perhaps_sold
from evenstock.routing.knowledge import LATE_AFTER, ExpectedSales, Feed, Knowledge

MOST_BY_HOUR_BP: Final = 5_000
"""Most that is held back by the hour alone, where nobody knows what sells: silence by itself never empties a shelf."""
_NO_FEEDS: Final = ("oms", "count")
"""Kinds of sources that say nothing of a shelf by themselves."""
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_NAMED: Final = 3
"""Items named in a warning; of more than that, their number."""

Shelf = tuple[NodeId, Sku]


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Balances as an order may see them."""

    balances: Sequence[StockBalance]
    warnings: tuple[str, ...] = ()
    """One sentence a silent node with stock: since when, and how many units that holds back beyond its buffers."""


class _Asked(NamedTuple):
    """A shelf of which the quantile is asked, in units."""

    shelf: Shelf
    free: int
    beyond_buffer: int
    """Errors of the record, less what its buffers hold back already."""
    ours: int
    """Taken by orders of our own since the beliefs were drawn up."""
    dispersion: float


def feeds_of(sources: pl.DataFrame | None, observed: pl.DataFrame | None) -> dict[NodeId, Feed]:
    """Each judged node's newest word among those imported (`tables.Observations`), and the pace of the source that spoke it."""
    if sources is None or observed is None:
        return {}
    paced = sources.filter(~pl.col("kind").cast(pl.String).is_in(_NO_FEEDS), pl.col("every_minutes").is_not_null())
    said = (
        observed.group_by("source", "node")
        .agg(pl.max("observed_at"))
        .join(paced.select("source", "every_minutes"), on="source", how="inner")
        .sort("node", "observed_at", "every_minutes")
    )
    # The last row of a node stands: its newest word.
    return {
        NodeId(row["node"]): Feed(row["observed_at"], timedelta(minutes=row["every_minutes"]))
        for row in said.iter_rows(named=True)
    }


def heard(feeds: Mapping[NodeId, Feed], observed: Mapping[NodeId, datetime]) -> dict[NodeId, Feed]:
    """The same feeds with what was observed of their nodes since; nodes without a pace stay unjudged."""
    return {
        node: replace(feed, heard_at=max(feed.heard_at, observed.get(node, feed.heard_at)))
        for node, feed in feeds.items()
    }


def held_back(balances: Sequence[StockBalance], known: Knowledge, costs: Costs, now: datetime) -> HeldBack:
    """Balances whose buffers grow, at silent nodes, to what beliefs drawn up at this moment would hold back.

    A shelf that no beliefs know, or that are not there, holds back `costs.stale_feed_bp_per_hour` of what it could promise
    for each hour beyond `LATE_AFTER` paces, up to half.

    Examples
    --------
    A source speaks every hour and was last heard 12 hours ago. Ten mugs sell in a day: five are expected since, and not more
    than 8 with probability 0.9. Five are in the buffer already.

    >>> from datetime import UTC
    >>> import numpy as np
    >>> now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    >>> mugs = StockBalance(Sku("MUG"), NodeId("TX"), available=Units(100), buffer=Units(5))
    >>> feeds = {NodeId("TX"): Feed(now - 12 * _HOUR, _HOUR)}
    >>> sales = ExpectedSales(
    ...     now - 12 * _HOUR, 0.9, {NodeId("TX"): {Sku("MUG"): 0}}, np.array([10.0]), np.zeros(1), *np.zeros((2, 1), int)
    ... )
    >>> seen = held_back([mugs], Knowledge(feeds=feeds, sales=sales), Costs(), now)
    >>> seen.balances[0].atp, seen.warnings
    (92, ('TX was last heard of at 2026-11-20T00:00:00.000000Z: 3 more units of MUG are held back',))

    Nobody knows what mugs sell: a tenth of 95 for the 10 hours beyond two paces, in whole units.

    >>> held_back([mugs], Knowledge(feeds=feeds), Costs(), now).balances[0].atp
    85
    """
    if not costs.stale_feed_bp_per_hour:
        return HeldBack(balances)
    silent = {node: feed for node, feed in known.feeds.items() if feed.silent_at(now)}
    if not silent:
        return HeldBack(balances)
    shelves: dict[Shelf, list[StockBalance]] = {}
    for balance in balances:
        if balance.node in silent:
            shelves.setdefault((balance.node, balance.sku), []).append(balance)
    more = _more(shelves, silent, known.sales, costs, now)
    grown = {id(lot): new for shelf, units in more.items() if units for lot, new in _by_lot(shelves[shelf], units)}
    seen = [grown.get(id(balance), balance) for balance in balances] if grown else balances
    return HeldBack(seen, tuple(_sentences(more, silent)))


def _more(
    shelves: Mapping[Shelf, Sequence[StockBalance]],
    silent: Mapping[NodeId, Feed],
    sales: ExpectedSales | None,
    costs: Costs,
    now: datetime,
) -> dict[Shelf, int]:
    """Units to hold back beyond its buffer of each shelf that could promise any, never more than it could."""
    more: dict[Shelf, int] = {}
    asked: list[_Asked] = []
    means: list[float] = []
    for shelf, lots in shelves.items():
        free = sum([lot.atp for lot in lots])
        if not free:
            continue
        feed = silent[shelf[0]]
        expected = sales.of(shelf[1], shelf[0]) if sales is not None else None
        if sales is None or expected is None:
            more[shelf] = _by_hour(free, feed, costs, now)
            continue
        ours = max(0, sum([lot.reserved + lot.allocated for lot in lots]) - expected.spoken_for)
        held = sum([lot.available for lot in lots]) - free
        asked.append(_Asked(shelf, free, expected.wrong - held, ours, expected.dispersion))
        # What the books hold for orders is known only since the beliefs. Where the feed spoke later, all that was sold since
        # the beliefs, less that, is a bound as good as what was sold since the feed spoke.
        days = (now - feed.heard_at) / _DAY
        longer = (now - sales.made_at) / _DAY if ours and sales.made_at < feed.heard_at else 0.0
        means += [expected.a_day * days, expected.a_day * longer]
    if sales is None:
        return more
    sold = perhaps_sold(means, [one.dispersion for one in asked for _ in range(2)], sales.level)
    for one, unheard, longest in zip(asked, sold[::2], sold[1::2], strict=True):
        unknown = min(unheard, max(0, (longest or unheard) - one.ours))
        more[one.shelf] = min(one.free, max(0, unknown + one.beyond_buffer))
    return more


def _by_hour(units: int, feed: Feed, costs: Costs, now: datetime) -> int:
    """Of so many units, a share that grows with the minutes of silence beyond what is usual; at most half of them."""
    minutes = (now - feed.heard_at - LATE_AFTER * feed.pace) // timedelta(minutes=1)
    millionths = minutes * costs.stale_feed_bp_per_hour * 100 // 60
    return min(-(-units * millionths // 1_000_000), units * MOST_BY_HOUR_BP // 10_000)


def _by_lot(lots: Sequence[StockBalance], more: int) -> Iterable[tuple[StockBalance, StockBalance]]:
    """Each lot that holds more back, and what becomes of it: the fullest first, as beliefs do."""
    for lot in sorted(lots, key=lambda one: (-one.atp, one.lot)) if len(lots) > 1 else lots:
        units = min(more, lot.atp)
        if not units:
            return
        yield lot, _buffered(lot, lot.buffer + units)
        more -= units


def _buffered(lot: StockBalance, buffer: int) -> StockBalance:
    """`replace(lot, buffer=buffer)` in half of its time: it is made for every lot of every order."""
    return StockBalance(
        lot.sku,
        lot.node,
        lot.lot,
        lot.available,
        lot.reserved,
        lot.allocated,
        lot.held,
        lot.in_transit,
        lot.shortfall,
        Units(buffer),
    )


def _sentences(more: Mapping[Shelf, int], silent: Mapping[NodeId, Feed]) -> Iterable[str]:
    at: dict[NodeId, dict[Sku, int]] = {}
    for (node, sku), units in sorted(more.items()):
        said = at.setdefault(node, {})
        if units:
            said[sku] = units
    for node, items in at.items():
        yield f"{node} was last heard of at {rfc3339(silent[node].heard_at)}: {_said(items)} held back"


def _said(items: Mapping[Sku, int]) -> str:
    """Units by item in words, with their verb."""
    total = sum(items.values())
    if not total:
        return "nothing more is"
    verb = "is" if total == 1 else "are"
    if len(items) > _NAMED:
        return f"{total:,} more units of {len(items):,} items {verb}"
    (first, most), *others = items.items()
    named = [f"{most:,} more {'unit' if most == 1 else 'units'} of {first}"]
    named += [f"{units:,} of {sku}" for sku, units in others]
    return f"{' and '.join([', '.join(named[:-1]), named[-1]] if others else named)} {verb}"
