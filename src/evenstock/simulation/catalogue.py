"""What the made-up brand sells: items whose weights, sizes, costs and packs hang together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl


@dataclass(frozen=True, slots=True)
class Category:
    """A product group. Weights and prices are medians of log-normal distributions."""

    code: str
    name: str
    share: float
    """Of the brand's items."""
    weight_g: float
    weight_spread: float
    """Standard deviation of the logarithm."""
    g_per_litre: float
    """Packed: pillows are light for their size and pay by volume."""
    price_cents: float
    price_spread: float
    margin: float
    """Share of the price above cost, on average."""
    season: float
    """How far the year swings sales, as a share: 0.4 sells 1.4 times the mean at its peak."""
    peak_day: int
    """Day of the year of the peak."""
    weekend: float
    """Sales of a Saturday or Sunday over those of a weekday."""
    requires: str = ""
    requires_share: float = 0.0
    """Share of the items that need a certification."""


CATEGORIES: Final = (
    Category("KIT", "kitchen", 0.16, 620, 0.7, 320, 2600, 0.5, 0.56, 0.25, 345, 1.15),
    Category("HOM", "home", 0.14, 1400, 0.8, 110, 3400, 0.6, 0.54, 0.15, 330, 1.20),
    Category("BEA", "beauty", 0.16, 180, 0.5, 520, 1900, 0.5, 0.68, 0.10, 340, 1.00, "hazmat", 0.08),
    Category("SUP", "supplements", 0.10, 310, 0.4, 560, 2800, 0.4, 0.66, 0.20, 15, 0.95, "cold", 0.15),
    Category("PET", "pet", 0.12, 1900, 0.9, 430, 2400, 0.6, 0.48, 0.05, 180, 1.05),
    Category("TOY", "toys", 0.09, 540, 0.6, 160, 2200, 0.5, 0.50, 0.60, 350, 1.30),
    Category("SPO", "sports", 0.08, 1700, 0.9, 260, 3900, 0.6, 0.52, 0.30, 170, 1.20),
    Category("ELE", "electronics", 0.07, 260, 0.6, 380, 3200, 0.6, 0.45, 0.30, 345, 1.05, "hazmat", 0.20),
    Category("GAR", "garden", 0.05, 3200, 0.9, 420, 3600, 0.6, 0.50, 0.65, 135, 1.35, "hazmat", 0.15),
    Category("FOO", "food", 0.03, 700, 0.5, 640, 1500, 0.4, 0.42, 0.10, 345, 1.00, "cold", 0.30),
)


def items_frame(skus: int, rng: np.random.Generator) -> pl.DataFrame:
    """`tables.Items`: `skus` of them, sorted by SKU, with packs that fit a case of about 10 kg and a pallet."""
    shares = np.array([c.share for c in CATEGORIES])
    code = np.sort(rng.choice(len(CATEGORIES), skus, p=shares / shares.sum()))
    of = [CATEGORIES[k] for k in code]
    weight = np.exp(rng.normal(np.log([c.weight_g for c in of]), [c.weight_spread for c in of]))
    weight = np.clip(weight, 20, 40_000)
    # Density scatters too; the sides of the box follow a shape drawn for each item.
    litres = weight / np.array([c.g_per_litre for c in of]) * np.exp(rng.normal(0, 0.35, skus))
    shape = np.exp(rng.normal(0, 0.35, (skus, 3)))
    shape /= np.cbrt(shape.prod(axis=1))[:, None]
    sides = np.clip(np.sort(np.cbrt(litres * 1e6)[:, None] * shape, axis=1)[:, ::-1], 12, 2_400)
    price = np.exp(rng.normal(np.log([c.price_cents for c in of]), [c.price_spread for c in of]))
    price = np.maximum(np.round(price / 100) * 100 - 1, 399)
    margin = np.clip(rng.normal([c.margin for c in of], 0.07), 0.15, 0.85)
    case = _round_pack(10_000 / weight)
    case_mm3 = sides.prod(axis=1) * case
    per_pallet = np.minimum(700_000 / (weight * case), 1.44e9 / case_mm3)
    needs = rng.random(skus) < np.array([c.requires_share for c in of])
    number = np.arange(skus) - np.searchsorted(code, code)
    return pl.DataFrame(
        {
            "sku": [f"{c.code}-{n + 1:04}" for c, n in zip(of, number, strict=True)],
            "description": [f"{c.name} item {n + 1}" for c, n in zip(of, number, strict=True)],
            "category": [c.name for c in of],
            "weight_g": np.rint(weight).astype(np.int64),
            "length_mm": np.rint(sides[:, 0]).astype(np.int64),
            "width_mm": np.rint(sides[:, 1]).astype(np.int64),
            "height_mm": np.rint(sides[:, 2]).astype(np.int64),
            "unit_cost_cents": np.rint(price * (1 - margin)).astype(np.int64),
            "price_cents": price.astype(np.int64),
            "case_units": case,
            "pallet_units": case * np.maximum(np.floor(per_pallet), 1).astype(np.int64),
            "requires": [c.requires if need else "" for c, need in zip(of, needs, strict=True)],
            "gtin": [""] * skus,
            "introduced_on": [None] * skus,
            "discontinued_on": [None] * skus,
            "replaces": [""] * skus,
        },
        schema_overrides={"introduced_on": pl.Date, "discontinued_on": pl.Date},
    )


def _round_pack(units: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The largest usual pack that holds no more than this many units."""
    packs = np.array([1, 2, 4, 6, 12, 24, 36, 48])
    return packs[np.maximum(np.searchsorted(packs, units, side="right") - 1, 0)]
