"""By how much the price of a unit is likely to change before the next plan, because the forecast will."""

from __future__ import annotations

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.steadiness.kernel import next_units


def revision_sd(problem: Problem, *, nights: int = 1) -> Floats:
    """Standard deviation, in cents, of the change of a unit's price by what is sold in the next `nights` days, ``(K, W)``.

    A price is an expectation over the paths; once the days are seen it is the expectation given them. The change is as
    large as the paths' own value of the next unit moves with what is wanted on those days: the spread of its regression
    on their demand, less what chance would explain. Where level errors persist, a day tells much; where days are
    independent, only that its own sales are gone from the shelf.

    References
    ----------
    Heath and Jackson (1994), IIE Transactions 26(3): the martingale model of forecast evolution.
    """
    if not 1 <= nights < max(problem.days, 2):
        raise ValueError(f"nights {nights}: at least 1 and fewer than the {problem.days} days planned is wanted")
    shape = problem.on_hand.shape
    item, node = (index.ravel().astype(np.int64) for index in np.indices(shape))
    # Priced from the day after: the days themselves are over then, and what they sold is no revision.
    value = next_units(
        problem.paths,
        problem.arrivals,
        problem.on_hand,
        1000 * problem.shortage_cents,
        problem.holding_millicents,
        1000 * problem.terminal,
        item,
        node,
        np.full(len(item), nights),
    ).reshape(*shape, -1)
    seen = problem.paths[..., :nights].sum(axis=3, dtype=np.int64)
    return _explained_sd(value / 1000, seen.astype(np.float64))


def _explained_sd(value: Floats, seen: Floats) -> Floats:
    """Square root of the variance that a straight line in `seen` explains beyond chance, over the last axis."""
    paths = value.shape[-1]
    if paths < 4:
        return np.zeros(value.shape[:-1])
    value = value - value.mean(axis=-1, keepdims=True)
    seen = seen - seen.mean(axis=-1, keepdims=True)
    total, spread = (value**2).sum(axis=-1), (seen**2).sum(axis=-1)
    explained = np.divide((value * seen).sum(axis=-1) ** 2, spread, out=np.zeros_like(total), where=spread > 0)
    chance = (total - explained) / (paths - 2)
    sd: Floats = np.sqrt(np.maximum(explained - chance, 0) / paths)
    return sd


def observed_revision_sd(before_cents: Ints, after_cents: Ints) -> Floats:
    """The same from two nights' unit prices, ``(K, W)`` each: what each node's prices really changed by.

    One change tells little of one item, so a node's changes are pooled over its items, each as a share of the item's
    dearest price, and given back in cents.

    Examples
    --------
    >>> observed_revision_sd(np.array([[100, 0], [1000, 0]]), np.array([[110, 0], [900, 0]])).round(1).tolist()
    [[10.5, 0.0], [95.6, 0.0]]
    """
    before, after = np.asarray(before_cents, np.float64), np.asarray(after_cents, np.float64)
    if before.shape != after.shape or before.ndim != 2:
        raise ValueError(f"unit prices of two nights: shapes {before.shape} and {after.shape} differ or are not (K, W)")
    dearest = np.maximum(before, after).max(axis=1, keepdims=True)
    share = np.divide(after - before, dearest, out=np.zeros_like(before), where=dearest > 0)
    priced = dearest[:, 0] > 0
    if not priced.any():
        return np.zeros(before.shape)
    sd: Floats = dearest * np.sqrt((share[priced] ** 2).mean(axis=0))
    return sd
