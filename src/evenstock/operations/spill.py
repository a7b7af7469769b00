"""What it costs when a node is empty and the next one serves: the price of a shortage where orders can be re-routed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenstock.domain import Costs, Item, Node, NodeKind
from evenstock.freight.bulk import Bulk
from evenstock.freight.rates import RateBook
from evenstock.routing.network import HAZARDOUS

Goods = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""Weight, volume and marks (see `evenstock.freight.marks`) of one unit of each item."""
UNREACHABLE = np.int64(2**40)
"""Cents so many that no plan would choose them: no service reaches the place."""


@dataclass(frozen=True)
class Shortage:
    """Cents per unit that a node lacks, shape ``(item, node)``."""

    shortage_cents: NDArray[np.int64]
    """The smaller of a lost sale and the spill: what rebalancing prices."""
    spill_cents: NDArray[np.int64]
    """Extra cost of the next lawful node that has stock; `UNREACHABLE` where there is none."""
    lost_cents: NDArray[np.int64]
    """Margin and goodwill of a sale that no node can serve."""
    next_node: NDArray[np.int64]
    """Index of the node that would serve instead; -1 where none can."""

    def times(self, factor: float) -> Shortage:
        """The same with every spill that can happen `factor` times as dear."""
        reached = self.spill_cents < UNREACHABLE
        spill = np.where(reached, np.rint(factor * self.spill_cents), self.spill_cents).astype(np.int64)
        return Shortage(np.minimum(self.lost_cents, spill), spill, self.lost_cents, self.next_node)

    def or_instead(self, cents: NDArray[np.int64]) -> Shortage:
        """The same where a missing unit costs no more than this, ``(item, node)``: customers take something else."""
        return replace(self, shortage_cents=np.minimum(self.shortage_cents, cents))


def home_nodes(book: RateBook, nodes: Sequence[Node], postal_codes: Sequence[str]) -> NDArray[np.int64]:
    """The node that should serve each postal code: lowest zone, ties by the order of `nodes`; -1 if no zone is known."""
    home = np.full(len(postal_codes), -1, np.int64)
    for number, code in enumerate(postal_codes):
        zones = [(zone, k) for k, node in enumerate(nodes) if (zone := book.zone(node.postal_code, code)) is not None]
        if zones:
            home[number] = min(zones)[1]
    return home


def region_freight_cents(
    book: RateBook, nodes: Sequence[Node], items: Sequence[Item], regions: Mapping[int, Mapping[str, float]], on: date
) -> NDArray[np.float64]:
    """Expected cents to send one unit from a node to a region, cheapest service, shape ``(origin, region, item)``.

    `regions` gives for each home node its postal codes with their weights.
    """
    goods = (
        np.array([item.weight_g for item in items], np.int64),
        np.array([item.volume_mm3 for item in items], np.int64),
        np.array([book.marks.code(_bulk(item)) for item in items], np.int64),
    )
    cents = np.full((len(nodes), len(nodes), len(items)), float(UNREACHABLE))
    cache: dict[tuple[int, frozenset[str], frozenset[str]], NDArray[np.int64] | None] = {}
    for j, origin in enumerate(nodes):
        for i, weights in regions.items():
            total, weight_sum = np.zeros(len(items)), 0.0
            for code, weight in weights.items():
                zone = book.zone(origin.postal_code, code)
                if zone is None:
                    continue
                key = (zone, book.areas(code), origin.services)
                if key not in cache:
                    cache[key] = _cheapest(book, goods, key[:2], on, origin)
                best = cache[key]
                if best is not None:
                    total += weight * best
                    weight_sum += weight
            if weight_sum > 0:
                cents[j, i] = total / weight_sum
    return cents


def _cheapest(
    book: RateBook, goods: Goods, to: tuple[int, frozenset[str]], on: date, origin: Node
) -> NDArray[np.int64] | None:
    """Least cents of one unit of each item, sent by itself to a home in a zone and lists of delivery areas.

    None if no service of the node goes there.
    """
    zone, areas = to
    offers = book.offers(zone, on, residential=True, areas=areas)
    going = [k for k, service in enumerate(offers.services) if origin.ships_by(service)]
    if not going or offers.packed is None:
        return None
    each = [np.tile(measure, len(going)) for measure in goods]
    cents = offers.packed.terms(np.repeat(going, len(goods[0])), *each).sum(axis=1)
    least: NDArray[np.int64] = cents.reshape(len(going), -1).min(axis=0)
    return least


def _bulk(item: Item) -> Bulk:
    return Bulk.of(item.length_mm, item.width_mm, item.height_mm, hazmat=HAZARDOUS in item.requires)


def shortage(
    book: RateBook,
    nodes: Sequence[Node],
    items: Sequence[Item],
    on_hand: NDArray[np.int64],
    regions: Mapping[int, Mapping[str, float]],
    costs: Costs,
    on: date,
) -> Shortage:
    """Price an empty node, by item and node.

    A shortage costs the smaller of (lost margin + goodwill) and the extra cost of serving from the next lawful node that
    has stock now: of one unit as a parcel of its own. `baskets` says how much more it is among other goods.

    Parameters
    ----------
    on_hand : shape ``(item, node)``, units available to promise now.
    regions : for each home node (index) the postal codes it should serve, with weights.
    """
    freight = region_freight_cents(book, nodes, items, regions, on)
    pick = np.array([float(n.pick_order_cents + n.pick_unit_cents) for n in nodes])
    serve = freight + pick[:, None, None]  # (origin j, region i, item k)
    lawful = np.array(
        [
            [n.active and n.kind is not NodeKind.FBA and item.requires <= n.certifications for item in items]
            for n in nodes
        ]
    )
    has = lawful & (on_hand.T > 0)
    count = len(nodes)
    spill = np.full((len(items), count), UNREACHABLE, np.int64)
    following = np.full((len(items), count), -1, np.int64)
    for i in range(count):
        other = np.where(has, serve[:, i, :], float(UNREACHABLE))
        other[i] = float(UNREACHABLE)
        best = other.argmin(axis=0)
        best_cents = other[best, np.arange(len(items))]
        own = np.where(serve[i, i, :] < float(UNREACHABLE), serve[i, i, :], best_cents)
        found = best_cents < float(UNREACHABLE)
        spill[found, i] = np.rint(np.maximum(0.0, best_cents - own))[found].astype(np.int64)
        following[found, i] = best[found]
    each = np.array([costs.lost_unit_cents(item) for item in items], np.int64)
    lost = np.repeat(each[:, None], count, axis=1)
    return Shortage(np.minimum(lost, spill), spill, lost, following)


def regions_from(
    book: RateBook, nodes: Sequence[Node], orders: pl.DataFrame | None, places: pl.DataFrame | None
) -> dict[int, dict[str, float]]:
    """For each node the postal areas it should serve, weighted by orders seen; by plain places, or its own area, without any.

    Nodes that never ship orders (FBA) have no region; a node that is nearest to nothing has its own area.
    """
    weights: dict[str, float] = {}
    if places is not None:
        weights = dict.fromkeys(places["zip3"].to_list(), 1.0)
    if orders is not None and len(orders):
        seen = (
            orders.group_by("order")
            .agg(pl.first("postal_code").str.slice(0, 3).alias("zip3"))
            .group_by("zip3")
            .len()
            .sort("zip3")
        )
        for zip3, count in seen.iter_rows():
            weights[zip3] = weights.get(zip3, 0.0) + float(count)
    shipping = [k for k, node in enumerate(nodes) if node.kind is not NodeKind.FBA]
    codes = list(weights)
    home = home_nodes(book, [nodes[k] for k in shipping], codes)
    regions: dict[int, dict[str, float]] = {k: {} for k in shipping}
    for code, at in zip(codes, home.tolist(), strict=True):
        if at >= 0:
            regions[shipping[at]][code] = weights[code]
    for k in shipping:
        if not regions[k]:
            regions[k] = {nodes[k].postal_code[:3]: 1.0}
    return regions
