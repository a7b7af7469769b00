"""Which node should serve each region: the nearest in freight zones that the rules allow, whatever stock it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from evenstock.domain import Item, LineId, Node, NodeKind, Order, OrderId, OrderLine, Policy, ShipTo, Sku, Units
from evenstock.freight.distance import haversine_miles
from evenstock.freight.zones import area
from evenstock.operations.network import Network
from evenstock.policy.ruling import NO_CEILING, CandidateFacts
from evenstock.routing.candidates import candidates
from evenstock.routing.network import ShippingNetwork

ABROAD: Final = "no node of ours ships in its country"
UNREACHED: Final = "no service of ours reaches the region"
BARRED: Final = "the rules let no node serve it"


def item_groups(network: Network) -> pl.DataFrame:
    """Columns sku, group, weight_g: items that the rules treat alike, by certifications and category.

    An item that a rule names is a group of its own.
    """
    named = _named_items(network.policy.policy)
    return pl.DataFrame(
        [
            (item.sku, ";".join(sorted(item.requires)) + "/" + item.category + (f"/{item.sku}" * (item.sku in named)), item.weight_g)
            for item in network.items.values()
        ],
        schema={"sku": pl.String, "group": pl.String, "weight_g": pl.Int64},
        orient="row",
    )  # fmt: skip


def _named_items(policy: Policy) -> frozenset[str]:
    said = (rule.parameter("skus") for rule in policy.rules)
    return frozenset(name.strip() for names in said for name in names.split(",") if name.strip())


def home_regions(
    network: Network,
    shipping: ShippingNetwork,
    regions: pl.DataFrame,
    now: datetime,
    places: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Home node of each region, sales channel and group of items: columns country, area, channel, group, node, because.

    The home is the node in the lowest zone, as a parcel costs least there; of several the nearest, then the first by name.
    It stands in the region's own country, and law and wishes allow it; where the wishes leave none they yield, the last first.
    Amazon's multi-channel pool, which charges by the unit wherever it goes, is a home only where nothing else is left. Stock and
    ceilings of the day do not matter, nor do prices: a week of dear fuel is no change of demand. `because` says why `node`
    is empty.

    Parameters
    ----------
    regions
        Columns country, area, channel and postal_code, any code of the area.
    places
        Columns of `tables.Places`; without them nodes in one zone are taken by name.
    """
    groups = item_groups(network)
    middle = _middle_items(network, groups)
    middles = {zip3: (lat, lon) for zip3, lat, lon in _points(places)}
    rows = []
    for country, region, channel, code in regions.select("country", "area", "channel", "postal_code").iter_rows():
        order = _order(middle, ShipTo(code, country), channel, now)
        nearness = _nearness(shipping, order.ship_to, middles)
        homes = _homes(network, shipping, order, nearness, now)
        rows += [(country, region, channel, group, *home) for group, home in zip(middle, homes, strict=True)]
    names = ("country", "area", "channel", "group", "node", "because")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def _points(places: pl.DataFrame | None) -> list[tuple[str, float, float]]:
    if places is None:
        return []
    return [(area(zip3), lat, lon) for zip3, lat, lon in places.select("zip3", "latitude", "longitude").iter_rows()]


def _middle_items(network: Network, groups: pl.DataFrame) -> dict[str, Item]:
    found: dict[str, Item] = {}
    for (group,), part in groups.sort("group", "weight_g", "sku").group_by("group", maintain_order=True):
        found[str(group)] = network.items[Sku(part["sku"][(part.height - 1) // 2])]
    return found


def _order(middle: Mapping[str, Item], to: ShipTo, channel: str, now: datetime) -> Order:
    """One unit of each group's middle item, by weight; line ids in the order of the groups, as candidates sort by them."""
    lines = tuple(OrderLine(LineId(f"{k:06}"), item.sku, Units(1)) for k, item in enumerate(middle.values()))
    return Order(OrderId("where is home"), lines, to, now, channel=channel)


Near = tuple[bool, int, float, str]


def _nearness(shipping: ShippingNetwork, to: ShipTo, middles: Mapping[str, tuple[float, float]]) -> dict[str, Near]:
    """For each node that ships in the country and has a zone: what makes the home, the least first."""
    found: dict[str, Near] = {}
    for node, idle in zip(shipping.nodes, shipping.idle, strict=True):
        zone = shipping.book.zone(node.postal_code, to.postal_code)
        if idle or node.country != to.country or zone is None:
            continue
        found[node.id] = (node.kind is NodeKind.MCF, zone, _miles(node, to, middles), node.id)
    return found


def _miles(node: Node, to: ShipTo, middles: Mapping[str, tuple[float, float]]) -> float:
    there = middles.get(area(to.postal_code))
    if there is None:
        return 0.0
    return float(haversine_miles(*middles.get(area(node.postal_code), (node.latitude, node.longitude)), *there))


def _homes(
    network: Network, shipping: ShippingNetwork, order: Order, nearness: Mapping[str, Near], now: datetime
) -> list[tuple[str, str]]:
    """(node, why none) for each line, by what the rules say of the order."""
    if not any(
        n.country == order.ship_to.country for n, idle in zip(shipping.nodes, shipping.idle, strict=True) if not idle
    ):
        return [("", ABROAD)] * len(order.lines)
    found = candidates(order, shipping, now, {})
    near = np.array([way.node in nearness for way in found.ways], dtype=np.bool_)
    if not near.any():
        return [("", UNREACHED)] * len(order.lines)
    free = np.full(len(found.ways), NO_CEILING, dtype=np.int64)
    facts = CandidateFacts(found.on, found.on_time, free, found.transit_days_p95)
    permitted = network.policy.permit(replace(order, lines=found.lines), found.items, found.ways, facts)
    homes = []
    for k in range(len(found.lines)):
        wishes = range(len(permitted.soft), -1, -1)
        allowed = next((a for w in wishes if (a := permitted.keeping(w)[:, k] & near).any()), None)
        if allowed is None:
            homes.append(("", BARRED))
        else:
            homes.append((min(nearness[found.ways[c].node] for c in np.flatnonzero(allowed))[-1], ""))
    return homes
