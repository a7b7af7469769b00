"""Where one item's safety stock belongs in its network of suppliers, nodes and lanes, and what helping one another saves."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.domain import NodeId
from evenstock.inventory.lead_days import moments
from evenstock.inventory.multi_echelon.guaranteed_service import (
    Demand,
    Link,
    Network,
    Placement,
    Stage,
    StageTime,
    cases,
    place,
)
from evenstock.inventory.multi_echelon.guaranteed_service.promises import exposure
from evenstock.inventory.multi_echelon.pooling import PooledStock, pooled_stock
from evenstock.operations.stock_levels.levels import FoundLevels

Floats = npt.NDArray[np.float64]

_USUAL_SERVICE: Final = 0.95
"""Where an item-node is asked for a fill rate only: guaranteed service speaks of a bound on demand, so of a cycle service."""


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Where safety stock belongs, beside every node keeping its own."""

    placement: Placement | None
    """None where no node passes goods on to another: then every node keeps its own, and there is nothing to place."""
    frame: pl.DataFrame
    """Columns node, way, promise_days (to the nodes it feeds), safety_stock, alone (with every stage promising at once)."""
    alone_cents: float
    """Holding cost a day with every stage keeping its own."""
    pooled: PooledStock | None
    """What helping one another saves; None with one node."""
    text: str
    """Both in sentences."""


@dataclass(frozen=True, slots=True, eq=False)
class _Site:
    node: NodeId
    row: int
    mean: float
    """Units a day of its own customers."""
    sd: float
    """As if days were independent: of the demand of the days to cover, by the root of their number."""
    z: float
    holding: float
    """Cents a unit and day."""


def placement(found: FoundLevels, sku: str) -> Placed:
    """Place one item's safety stock by guaranteed service over its ways, and weigh lateral transfers by pooling.

    Stages are nodes, with the lead time of their way as their time; a node that feeds others sells to its own customers
    from the same goods. Demand of a day is scaled so that the days a refill takes together scatter as the forecast's paths
    do, errors that persist from day to day included.

    Raises
    ------
    ValueError
        If the item has no levels.
    """
    rows = found.rows
    part = [row for row, key in enumerate(rows.keys) if key[0] == sku]
    if not part:
        raise ValueError(f"{sku} has no levels: it has no forecast, or nothing tells how it is refilled")
    sites, totals, days = _sites(found, part)
    feeds = {way.origin for row in part if (way := rows.ways[row]).origin}
    network = _network(found, sites, feeds)
    alone = _apart(network)
    alone_cents = float(sum(stage.holding_cost * alone[stage.name] for stage in network.stages))
    best = place(network) if feeds else None
    number = {stage.name: k for k, stage in enumerate(network.stages)}
    held = alone if best is None else dict(zip(best.stages, best.safety_stock.tolist(), strict=True))
    frame = pl.DataFrame(
        {
            "node": [str(site.node) for site in sites],
            "way": [rows.ways[site.row].name for site in sites],
            "promise_days": [
                int(best.outbound[number[site.node]]) if best is not None and site.node in feeds else 0
                for site in sites
            ],
            "safety_stock": [held[site.node] + held.get(_shop(site.node), 0.0) for site in sites],
            "alone": [alone[site.node] + alone.get(_shop(site.node), 0.0) for site in sites],
        }
    )
    pooled, transfer_days = _pooled(found, sites, totals, days)
    said = _placed_words(best, alone_cents) + _pooled_words(pooled, transfer_days)
    return Placed(best, frame, alone_cents, pooled, f"{sku}: {said}")


def _sites(found: FoundLevels, part: list[int]) -> tuple[list[_Site], Floats, int]:
    """Each node's own demand, its totals over the days to cover, ``(node, path)``, and the number of these days."""
    rows, here = found.rows, found.situation
    costs = here.company.network.costs
    rate = (costs.holding_bp_per_year + costs.capital_bp_per_year) / 10_000 / 365
    cover = rows.wait + rows.review + np.rint(moments(rows.lead)[0]).astype(np.int64)
    days = max(int(cover[part].max()), 1)
    totals = rows.demand.own_paths(np.array(part, np.int64), days, found.n_paths, found.seed).sum(axis=2)
    sites = [
        _Site(
            node=rows.keys[row][1],
            row=row,
            mean=float(units.mean()) / days,
            sd=float(units.std()) / sqrt(days),
            z=max(NormalDist().inv_cdf(rows.cycle[row] or _USUAL_SERVICE), 0.0),
            holding=here.company.network.items[rows.keys[row][0]].unit_cost_cents * rate,
        )
        for row, units in zip(part, totals, strict=True)
    ]
    return sites, totals.astype(np.float64), days


def _network(found: FoundLevels, sites: list[_Site], feeds: set[str]) -> Network:
    """One stage a node; a node that feeds others has its shop as a stage of its own, so that it may promise them later."""
    stages, links = [], []
    for site in sites:
        way = found.rows.ways[site.row]
        wanted = Demand(site.mean, site.sd, site.z)
        time = _time(found.rows.lead[site.row], int(found.rows.review[site.row]))
        if site.node in feeds:
            stages += [
                Stage(site.node, time, site.holding),
                Stage(_shop(site.node), cases({0: 1.0}), site.holding, wanted),
            ]
            links.append(Link(site.node, _shop(site.node)))
        else:
            stages.append(Stage(site.node, time, site.holding, wanted))
        if way.origin:
            links.append(Link(way.origin, site.node))
    return Network(tuple(stages), tuple(links))


def _shop(node: str) -> str:
    return f"{node} to its own customers"


def _time(lead: Floats, review: int) -> StageTime:
    """Days from one order to the arrival of the next."""
    days = np.flatnonzero(lead > 0)
    share = lead[days] / lead[days].sum()
    return cases({int(day) + review: float(p) for day, p in zip(days, share, strict=True)})


def _apart(network: Network) -> dict[str, float]:
    """Safety stock of each stage if it served at once whatever asks it."""
    longest = (np.array([float(stage.time.longest)]) for stage in network.stages)
    return {
        stage.name: float(exposure(network, k, days)[1][0])
        for k, (stage, days) in enumerate(zip(network.stages, longest, strict=True))
    }


def _pooled(found: FoundLevels, sites: list[_Site], totals: Floats, days: int) -> tuple[PooledStock | None, int]:
    """What lateral transfers save between the nodes with demand that lanes join, and the days of such a transfer."""
    selling = [k for k, site in enumerate(sites) if site.sd > 0]
    names = {sites[k].node for k in selling}
    lanes = [
        lane.lead_days
        for lane in found.situation.company.network.lanes
        if lane.origin in names and lane.destination in names
    ]
    if len(selling) < 2 or not lanes:
        return None, 0
    transfer_days = round(float(np.median(lanes)))
    z = float(np.mean([sites[k].z for k in selling]))
    together = np.corrcoef(totals[selling])
    sd = [sites[k].sd for k in selling]
    return pooled_stock(sd, together, days=days, transfer_days=transfer_days, safety_factor=z), transfer_days


def _placed_words(best: Placement | None, alone_cents: float) -> str:
    if best is None:
        return "no node is refilled by another, so each keeps its own. "
    saved = alone_cents - best.cost
    share = saved / alone_cents if alone_cents > 0 else 0.0
    return (
        f"placed over the network, safety stock costs {best.cost * 365 / 100:,.2f} a year to hold, "
        f"{share:.0%} less than with every node serving at once. "
    )


def _pooled_words(pooled: PooledStock | None, transfer_days: int) -> str:
    if pooled is None:
        return "No lanes join its nodes, so none can help another."
    return (
        f"Helping one another within {transfer_days} days saves {pooled.alone - pooled.helping:,.0f} of "
        f"{pooled.alone:,.0f} units of safety stock."
    )
