"""What every intended action says of its place: countries, product groups, and how old the data is it rests on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from evenstock.domain import Item, NodeId, Sku
from evenstock.policy import CompiledPolicy
from evenstock.routing.knowledge import Knowledge

_COUNTRY: Final = re.compile(r"[A-Z]{2}")


def country(code: str) -> str | None:
    """A country's code; None where what stands there is none: then nobody knows.

    Examples
    --------
    >>> country("DE"), country("Germany")
    ('DE', None)
    """
    return code if _COUNTRY.fullmatch(code) else None


def country_of(policy: CompiledPolicy, node: NodeId) -> str | None:
    """Where a node lies; None where it is not one of the network's."""
    network = policy.network
    at = network.index.get(node)
    return None if at is None else country(network.nodes[at].country)


def by_country(policy: CompiledPolicy, nodes: tuple[NodeId, ...]) -> Mapping[str | None, tuple[NodeId, ...]]:
    """Nodes by the country in which they lie: what leaves several countries is asked about for each."""
    if len(nodes) == 1:
        return {country_of(policy, nodes[0]): nodes}
    found: dict[str | None, list[NodeId]] = {}
    for node in dict.fromkeys(nodes):
        found.setdefault(country_of(policy, node), []).append(node)
    return {where: tuple(those) for where, those in found.items()}


def categories(items: Mapping[Sku, Item], skus: Iterable[Sku]) -> tuple[str, ...]:
    """Product groups of items, sorted; an item that names none belongs to none of them, and is the empty one.

    Empty where an item is unknown: then so are the groups.
    """
    found = set()
    for sku in skus:
        item = items.get(sku)
        if item is None:
            return ()
        found.add(item.category)
    return tuple(sorted(found))


def data_age_s(known: Knowledge | None, nodes: Iterable[NodeId], now: datetime) -> int | None:
    """Seconds since the node heard of the longest ago was heard of; None where no source speaks of one of them at a known pace."""
    feeds = known.feeds if known is not None else {}
    oldest = None
    for node in nodes:
        feed = feeds.get(node)
        if feed is None:
            return None
        oldest = feed.heard_at if oldest is None else min(oldest, feed.heard_at)
    return None if oldest is None else max(0, int((now - oldest).total_seconds()))
