"""What each system of the made-up brand said was there, and when: its own warehouse's, its third parties', Amazon's, the order system's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import numpy as np
import polars as pl

from evenstock.simulation.past_books import PastBooks, Units
from evenstock.simulation.sites import Site

STATED_DAYS: Final = 3
"""Mornings of which a system's statements are kept."""
LATE_DAYS: Final = 2
"""The feed of the slowest third party has been silent for so long."""
IN_FLIGHT: Final = 0.3
"""Share of yesterday's units that were ordered after the cut-off: gone from the books, still on the shelf."""
OMS: Final = "oms"
_KIND: Final = {"own": ("wms", 5), "3pl": ("3pl", 30), "mcf": ("fba", 60), "fba": ("fba", 60), "store": ("file", 1440)}
"""Kind of system by kind of node, and minutes between two statements."""

SOURCES: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {
    "source": pl.String,
    "kind": pl.Enum(["oms", "wms", "3pl", "fba", "erp", "file", "count"]),
    "every_minutes": pl.Int64,
}


def source_of(site: Site) -> str:
    """Name of the system that speaks for a node's shelves.

    Examples
    --------
    >>> from evenstock.simulation.sites import SITES
    >>> [source_of(site) for site in SITES[:4]]
    ['wms', '3pl-pa', '3pl-ca', 'fba']
    """
    kind, _ = _KIND[site.kind]
    return f"3pl-{site.node.split('-')[0].lower()}" if kind == "3pl" else kind


def sources_frame(sites: tuple[Site, ...]) -> pl.DataFrame:
    """`tables.Sources`: the order system, and the system of each node."""
    rows = [(OMS, "oms", 15)] + [(source_of(s), *_KIND[s.kind]) for s in sites]
    return pl.DataFrame(rows, schema=SOURCES, orient="row")


def late_site(sites: tuple[Site, ...]) -> Site:
    """The node whose feed is late: the third party whose counts are oldest."""
    return max((s for s in sites if s.kind == "3pl"), key=lambda s: s.count_age_hours)


def observations_frame(
    books: PastBooks, sites: tuple[Site, ...], faults: pl.DataFrame, rng: np.random.Generator
) -> pl.DataFrame:
    """`tables.Observations`: each node's system on its last mornings, and the order system on this one.

    The order system says what the books say. A node's system has not yet shipped what was ordered after the cut-off, so
    states a little more; and where it noticed a fault of the books (`faults.noticed`) it states what is there. No system
    knows of the other faults.
    """
    late = late_site(sites).node
    node = books.stock["node"].to_numpy()
    every = {s.node: _KIND[s.kind][1] for s in sites}
    parts = [_part(books, np.arange(node.size), OMS, 15, 0, books.at(0), rng)]
    for site in sites:
        rows = np.flatnonzero(node == site.node)
        for k in range(STATED_DAYS):
            ago = k + (LATE_DAYS if site.node == late else 0)
            in_flight = rng.binomial(books.sold_on(ago + 1)[rows], IN_FLIGHT)
            units = books.at(ago)[rows] + in_flight + _noticed(books, faults, ago)[rows]
            parts.append(_part(books, rows, source_of(site), every[site.node], ago, units, rng))
    return pl.concat(parts).sort("source", "sku", "node", "observed_at")


def _noticed(books: PastBooks, faults: pl.DataFrame, ago: int) -> Units:
    """Units by which each row's own system differs from the books, since it noticed."""
    begun = faults.filter(pl.col("noticed") & (pl.col("began_on") <= books.as_of - timedelta(days=ago)))
    off = books.stock.select("sku", "node").join(
        begun.select("sku", "node", "units"), on=["sku", "node"], how="left", maintain_order="left"
    )
    return off["units"].fill_null(0).to_numpy()


def _part(
    books: PastBooks, rows: Units, source: str, every_minutes: int, ago: int, units: Units, rng: np.random.Generator
) -> pl.DataFrame:
    """Statements of one system on one morning, all at one moment: a feed comes as a whole."""
    moment = books.opens_at - timedelta(days=ago, minutes=int(rng.integers(1, every_minutes + 1)))
    stated = books.stock[rows].select("sku", "node", "lot", units=pl.Series(np.maximum(units, 0)))
    return stated.select(
        pl.lit(source).alias("source"), "sku", "node", "lot", pl.lit(moment).alias("observed_at"), "units"
    )
