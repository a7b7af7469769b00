"""What is promised where a node's feed has fallen silent: less with every hour, so that older data never promises more.

Beliefs widen buffers with a feed's age too, whenever they are drawn up; this is for the time when nobody draws them up. Judged
are only nodes of which a source speaks at a known pace (`every_minutes`): elsewhere the books are all there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from evenstock.domain import Costs, NodeId, StockBalance, Units, rfc3339
from evenstock.routing.knowledge import Feed

PACES: Final = 2
"""A feed is silent from so many times its pace on."""
_NO_FEEDS: Final = ("oms", "count")
"""Kinds of sources that say nothing of a shelf by themselves."""
_HOUR: Final = timedelta(hours=1)
_ALL_BP: Final = 10_000


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Balances as an order may see them."""

    balances: Sequence[StockBalance]
    warnings: tuple[str, ...] = ()
    """One sentence a node whose silence holds units back, for whoever audits the decision."""


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


def held_back(balances: Sequence[StockBalance], feeds: Mapping[NodeId, Feed], costs: Costs, now: datetime) -> HeldBack:
    """Balances whose buffers grow by `costs.stale_feed_bp_per_hour` of what could be promised, for each hour of silence.

    Examples
    --------
    A source speaks every hour and was last heard 12 hours ago: 10 hours beyond two paces hold back a tenth of 95 units, in
    whole units.

    >>> from datetime import UTC
    >>> from evenstock.domain import Sku
    >>> now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    >>> mugs = StockBalance(Sku("MUG"), NodeId("TX"), available=Units(100), buffer=Units(5))
    >>> seen = held_back([mugs], {NodeId("TX"): Feed(now - 12 * _HOUR, _HOUR)}, Costs(), now)
    >>> seen.balances[0].atp, seen.warnings
    (85, ('TX was last heard of at 2026-11-20T00:00:00.000000Z: 10.0 % of its stock is held back',))
    """
    shares = {node: share for node, feed in feeds.items() if (share := _share(feed, costs, now)) > 0}
    if not shares:
        return HeldBack(balances)
    touched = {balance.node for balance in balances if balance.node in shares and balance.atp}
    return HeldBack(
        [_buffered(balance, shares[balance.node]) if balance.node in touched else balance for balance in balances],
        tuple(_sentences(touched, feeds, shares)),
    )


def _share(feed: Feed, costs: Costs, now: datetime) -> int:
    """Millionths of what could be promised that are held back: 0 to 1,000,000, growing with the age."""
    silent = now - feed.heard_at - PACES * feed.pace
    if silent <= timedelta(0):
        return 0
    minutes = silent // timedelta(minutes=1)
    return min(1_000_000, minutes * costs.stale_feed_bp_per_hour * 100 // 60)


def _buffered(balance: StockBalance, share: int) -> StockBalance:
    more = -(-balance.atp * share // 1_000_000)
    return replace(balance, buffer=Units(balance.buffer + more))


def _sentences(nodes: Iterable[NodeId], feeds: Mapping[NodeId, Feed], shares: Mapping[NodeId, int]) -> Iterable[str]:
    for node in sorted(nodes):
        heard_at = rfc3339(feeds[node].heard_at)
        yield f"{node} was last heard of at {heard_at}: {shares[node] / 10_000:.1f} % of its stock is held back"
