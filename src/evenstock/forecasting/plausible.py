"""Whether a forecast may be served at first sight: held against the fast forecast of the same morning."""

from __future__ import annotations

from typing import Final

import numpy as np

from evenstock.forecasting.forecast import Forecast

TIMES: Final = 4.0
"""Factor by which all units together, and those of one node, may differ from the fast forecast's."""
LEAST_UNITS: Final = 100.0
"""Units expected over the horizon under which a node says too little."""


def implausible(forecast: Forecast, fast: Forecast) -> str | None:
    """Why it must not be served, in one sentence; None if it may.

    No gate of the backtest protects against tonight's data: a price feed in another currency or a column that went empty
    reaches the model unseen. That finite numbers came out is checked by `Forecast` itself.
    """
    if forecast.keys.rows() != fast.keys.rows() or forecast.mu.shape != fast.mu.shape:
        return f"it tells of {forecast.mu.shape} (series, days), the history asks for {fast.mu.shape}"
    nodes, code = np.unique(fast.keys["node"].to_numpy().astype(str), return_inverse=True)
    ours, theirs = (np.bincount(code, f.mu.sum(axis=1), minlength=nodes.size) for f in (forecast, fast))
    named = [("all nodes", ours.sum(), theirs.sum()), *zip(nodes.tolist(), ours, theirs, strict=True)]
    for name, units, usual in named:
        if max(units, usual) >= LEAST_UNITS and not usual / TIMES <= units <= usual * TIMES:
            return f"{name}: it expects {units:,.0f} units where {fast.version} expects {usual:,.0f}"
    return None
