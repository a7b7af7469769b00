"""The stock the made-up brand starts with: enough in total, much of it in the wrong place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.simulation.sites import Site

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Opening:
    """How stock came to lie where it lies."""

    cover_days: float = 45.0
    """Median days that an item's stock lasts, over the network."""
    cover_spread: float = 0.45
    """Standard deviation of the logarithm."""
    astray: float = 0.5
    """Share of an item's stock that was split over nodes without a look at demand, on average."""
    one_place: float = 0.12
    """Share of items of which all lies at one node: where the container came in."""
    sold_out: float = 0.02
    """Share of items without stock anywhere."""
    held: float = 0.015
    """Share of rows with units in quality control."""
    old_count: float = 0.03
    """Share of rows last counted days ago."""


def stock_frame(
    items: pl.DataFrame,
    sites: tuple[Site, ...],
    daily: Floats,
    *,
    opens_at: datetime,
    opening: Opening,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """`tables.Stock`: a row for each item and node that may hold it, observed before `opens_at`.

    Parameters
    ----------
    daily
        Expected units a day at the node that should serve them, shape ``(item, node)``.
    """
    n, nodes = daily.shape
    lawful = np.array([[not need or need in s.certifications for s in sites] for need in items["requires"]])
    units = _placed(_totals(items, daily, opening, rng), daily, lawful, opening, rng)
    item, node = np.nonzero(lawful)
    on_hand = units[item, node]
    held = np.where(rng.random(item.size) < opening.held, rng.binomial(on_hand, 0.1), 0)
    age_hours = np.array([s.count_age_hours for s in sites])[node] * rng.uniform(0.5, 1.5, item.size)
    age_hours += np.where(rng.random(item.size) < opening.old_count, rng.exponential(240.0, item.size), 0.0)
    # Where counts come late a little is never promised.
    late = np.array([s.count_age_hours >= 4.0 for s in sites])[node]
    assert nodes == len(sites)
    assert n == items.height
    return pl.DataFrame(
        {
            "sku": items["sku"].gather(item),
            "node": np.array([s.node for s in sites])[node].tolist(),
            "lot": [""] * item.size,
            "on_hand": on_hand,
            "held": held,
            "buffer": np.where(late, np.minimum((on_hand + 24) // 25, 3), 0),
            "observed_at": [opens_at - timedelta(minutes=int(h * 60) + 1) for h in age_hours],
        },
        schema_overrides={"observed_at": pl.Datetime("us", "UTC"), "node": pl.String, "lot": pl.String},
    )


def _totals(items: pl.DataFrame, daily: Floats, opening: Opening, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Units of each item in the network: days of cover, at least what one case and two weeks ask for."""
    a_day = daily.sum(axis=1)
    cover = opening.cover_days * np.exp(rng.normal(0, opening.cover_spread, a_day.size))
    least = np.minimum(items["case_units"].to_numpy(), np.ceil(14 * a_day) + 1)
    total = np.maximum(np.rint(a_day * cover), least)
    return np.where(rng.random(a_day.size) < opening.sold_out, 0, total).astype(np.int64)


def _placed(
    total: npt.NDArray[np.int64],
    daily: Floats,
    lawful: npt.NDArray[np.bool_],
    opening: Opening,
    rng: np.random.Generator,
) -> npt.NDArray[np.int64]:
    """Each item's units by node, adding up to its total, shape ``(item, node)``."""
    n, nodes = daily.shape
    share = daily / np.maximum(daily.sum(axis=1, keepdims=True), 1e-12)
    careless = np.where(lawful, rng.gamma(0.6, 1.0, (n, nodes)) + 1e-9, 0.0)
    alone = rng.random(n) < opening.one_place
    where = np.argmax(np.where(lawful, rng.random((n, nodes)), -1.0), axis=1)
    careless[alone] = 0.0
    careless[alone, where[alone]] = 1.0
    careless /= careless.sum(axis=1, keepdims=True)
    astray = np.where(alone, 1.0, rng.beta(4 * opening.astray, 4 * (1 - opening.astray), n))[:, None]
    wanted = total[:, None] * np.where(lawful, (1 - astray) * share + astray * careless, 0.0)
    # Largest remainders get the units that whole numbers leave over.
    whole = np.floor(wanted).astype(np.int64)
    rest = total - whole.sum(axis=1)
    rank = np.argsort(np.argsort(-np.where(lawful, wanted - whole, -1.0), axis=1, kind="stable"), axis=1)
    return np.asarray(whole + (rank < rest[:, None]), dtype=np.int64)
