"""Family RB: random networks for rebalancing, from a seed; the instances every rebalancing benchmark uses.

No public benchmark has lateral transfers; this one is small enough to be written down here whole.
"""

from __future__ import annotations

import numpy as np

from evenstock.rebalancing import Lanes, Problem


def instance(
    items: int,
    nodes: int,
    paths: int,
    *,
    alpha: float,
    seed: int = 7,
    days: int = 28,
    case_share: int = 20,
    fresh: int = 0,
) -> Problem:
    """Family RB: nodes on a 4,200 × 2,400 km map, negative-binomial demand with a persistent error of its level.

    `alpha` says how near the shares of stock are to the shares of demand: 1.5 badly out of balance, 20 mildly.
    With `fresh` the same network and stock, other demand.
    """
    rng = np.random.default_rng(seed)
    place = rng.uniform((0, 0), (4200, 2400), (nodes, 2))
    km = np.hypot(*(place[:, None] - place[None, :]).transpose(2, 0, 1))
    origin, destination = np.nonzero(~np.eye(nodes, dtype=bool))
    far = km[origin, destination]
    lanes = Lanes(
        origin=origin,
        destination=destination,
        fixed_cents=np.full(len(origin), 4500),
        pallet_cents=np.rint(3000 + 12 * far).astype(np.int64),
        unit_cents=np.zeros(len(origin), np.int64),
        lead_days=np.clip(np.ceil(far / 700), 1, 6).astype(np.int64),
        leaves=np.ones(len(origin), bool),
    )
    daily = rng.lognormal(2.3, 1.1, items)
    share = rng.dirichlet(np.full(nodes, 4.0), items)
    mean = daily[:, None] * share
    cost = np.rint(100 * rng.lognormal(2.6, 0.7, items)).astype(np.int64)
    margin = np.rint(cost[:, None] * rng.uniform(0.35, 0.9, items)[:, None]).astype(np.int64)
    pallet = rng.choice([40, 80, 160, 320, 640], items)
    stock_share = np.stack([rng.dirichlet(alpha * nodes * row + 1e-3) for row in share])
    stock = np.rint(daily[:, None] * rng.uniform(24, 36, items)[:, None] * stock_share).astype(np.int64)
    demand = np.random.default_rng([seed, 1 + fresh])
    level = demand.lognormal(-0.045, 0.30, (items, nodes, paths)).astype(np.float32)
    units = np.empty((items, nodes, paths, days), np.uint16)
    for k in range(items):
        rate = demand.gamma(2.0, 0.5, (nodes, paths, days)) * (mean[k, :, None] * level[k])[..., None]
        units[k] = demand.poisson(rate)
    return Problem(
        skus=[f"SKU{k:05d}" for k in range(items)],
        nodes=[f"N{w:02d}" for w in range(nodes)],
        on_hand=stock,
        paths=units,
        shortage_cents=np.broadcast_to(margin, (items, nodes)),
        unit_cost_cents=cost,
        lanes=lanes,
        holding_millicents=np.rint(cost * 0.10 / 365 * 1000).astype(np.int64),
        capital_rate=0.12,
        handling_out_cents=np.full(nodes, 15),
        handling_in_cents=np.full(nodes, 12),
        case_units=np.maximum(pallet // case_share, 1),
        pallet_units=pallet,
    )
