"""Evidence made by hand, and a seeded world of shelves whose records went wrong in known ways."""

from datetime import date

import numpy as np
import polars as pl

from evenstock.inventory import Evidence

FIRST_DAY = date(2026, 10, 1)
NEVER = np.inf


def evidence(sold, mean, *, alpha=0.0, path_variance=0.0, node="TX", **said) -> Evidence:
    """One row a list of days; everything not said is silent: no picks, no counts, books without a feed."""
    units = np.atleast_2d(np.asarray(sold, np.int64))
    n = units.shape[0]
    means = np.broadcast_to(np.asarray(mean, float), units.shape).copy()

    def each(value, kind=float):
        return np.broadcast_to(np.asarray(value, kind), (n,)).copy()

    def daily(name, default, kind=float):
        return np.broadcast_to(np.asarray(said.pop(name, default), kind), units.shape).copy()

    told = Evidence(
        keys=pl.DataFrame({"sku": [f"SKU-{k:04}" for k in range(n)], "node": node}),
        first_day=FIRST_DAY,
        sold=units,
        mean=means,
        alpha=each(alpha),
        path_variance=each(path_variance),
        path_drift=each(said.pop("path_drift", 0.0)),
        looked=daily("looked", True, bool),
        pick_log_ratio=daily("pick_log_ratio", 0.0),
        restored=daily("restored", np.nan),
        record=each(said.pop("record", 50), np.int64),
        rate=each(said.pop("rate", means.mean(axis=1) if means.size else 0.0)),
        days_since_count=each(said.pop("days_since_count", NEVER)),
        moved_since_count=each(said.pop("moved_since_count", 0.0)),
        known_days=each(said.pop("known_days", 365.0)),
        feed_days=each(said.pop("feed_days", np.nan)),
        stated=each(said.pop("stated", np.nan)),
        short_picks=each(said.pop("short_picks", 0), np.int64),
        cancelled=each(said.pop("cancelled", 0), np.int64),
    )
    assert not said, f"no such evidence: {said}"
    return told
