"""Sample paths of demand by item and node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.forecasting import Forecast

SERIES_AT_ONCE: Final = 2000


def demand_paths(
    forecast: Forecast, skus: dict[str, int], nodes: dict[str, int], n_paths: int, seed: int
) -> tuple[NDArray[np.uint16], NDArray[np.float64], tuple[str, ...]]:
    """Sample paths by item and node, shape ``(item, node, path, day)``, and the mean units a day; no forecast means none sells.

    Path s is one possible world: nodes of an item share part of how far the forecast is off in it, so stock at one is worth
    less to another than if they were strangers.
    """
    horizon = forecast.mu.shape[1]
    paths = np.zeros((len(skus), len(nodes), n_paths, horizon), np.uint16)
    mean = np.zeros((len(skus), len(nodes)))
    keys = forecast.keys.select("sku", "node")
    rows, at_sku, at_node, unknown = [], [], [], 0
    for row, (sku, node) in enumerate(keys.iter_rows()):
        if sku in skus and node in nodes:
            rows.append(row)
            at_sku.append(skus[sku])
            at_node.append(nodes[node])
        else:
            unknown += 1
    picked = np.array(rows, np.int64)
    # In parts: as drawn, a unit takes twice the memory that it is kept in. Nodes of an item co-move whatever the parts.
    for begin in range(0, picked.size, SERIES_AT_ONCE):
        part = slice(begin, begin + SERIES_AT_ONCE)
        drawn = forecast.paths(n_paths, seed, rows=picked[part])
        paths[at_sku[part], at_node[part]] = np.minimum(drawn, np.iinfo(np.uint16).max)
    mean[at_sku, at_node] = forecast.mu[picked].mean(axis=1)
    notes = (
        (f"{unknown} forecast series are of items or nodes not in the network and were left out",) if unknown else ()
    )
    return paths, mean, notes


FRESH: Final = 1_000_003
"""Added to a plan's seed: futures that no plan has seen."""


def fresh_demand(
    forecast: Forecast, skus: Sequence[str], nodes: Sequence[str], days: int, n_paths: int, seed: int
) -> NDArray[np.uint16]:
    """Paths of the same forecast drawn apart from those that a plan with this seed is made on, ``(item, node, path, day)``."""
    at_sku, at_node = {sku: k for k, sku in enumerate(skus)}, {node: w for w, node in enumerate(nodes)}
    paths, _, _ = demand_paths(forecast, at_sku, at_node, n_paths, seed + FRESH)
    return np.ascontiguousarray(paths[:, :, :, :days])
