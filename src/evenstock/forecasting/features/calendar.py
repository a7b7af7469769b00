"""What the calendar says of each day ahead at each node: the event, how near others are, and external signals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Nodes = npt.NDArray[np.object_]

NEAR_DAYS: Final = 14
"""An event further away than this is not near."""
RECENT_DAYS: Final = 7
"""Days behind the origin that a signal's recent mean is taken over."""
RARE: Final = 0.05
"""An event is rare, and so worth waiting for, if it falls on at most this share of days."""


def event_names(events: pl.DataFrame) -> tuple[str, ...]:
    """Names of all events, in order."""
    return tuple(events["event"].unique().sort())


def event_columns(
    events: pl.DataFrame, names: Sequence[str], nodes: Nodes, origin: date, days: int
) -> dict[str, Floats]:
    """What is on at each node, shape ``(node, day)`` from `origin` on.

    Returns
    -------
    dict
        `event`: place in `names` of the rarest event of the day, NaN without one or if it has no place there;
        `events`: how many there are; `days_to_event`, `days_since_event`: to the next and since the last rare one, at most
        `NEAR_DAYS`, 0 on the day itself.
    """
    first, last = origin - timedelta(days=NEAR_DAYS), origin + timedelta(days=days + NEAR_DAYS)
    width = days + 2 * NEAR_DAYS
    code, count = np.full((nodes.size, width), np.nan), np.zeros((nodes.size, width))
    rare = np.zeros((nodes.size, width), dtype=np.bool_)
    share = _shares(events)
    place = {name: k for k, name in enumerate(names)}
    near = events.filter(pl.col("date").is_between(first, last, closed="left")).unique(["date", "event", "node"])
    # The rarest comes last and so stands.
    for day, event, node in sorted(
        near.select("date", "event", "node").iter_rows(), key=lambda row: (-share[row[1]], row[1], row[0], row[2])
    ):
        at = nodes == node if node else slice(None)
        column = (day - first).days
        count[at, column] += 1.0
        code[at, column] = place.get(event, np.nan)
        if share[event] <= RARE:
            rare[at, column] = True
    inner = slice(NEAR_DAYS, NEAR_DAYS + days)
    return {
        "event": code[:, inner],
        "events": count[:, inner],
        "days_to_event": _since(rare[:, ::-1])[:, ::-1][:, inner],
        "days_since_event": _since(rare)[:, inner],
    }


def _shares(events: pl.DataFrame) -> dict[str, float]:
    """Share of days on which each event falls somewhere, over the whole calendar that is given."""
    if events.is_empty():
        return {}
    span = events.select((pl.col("date").max() - pl.col("date").min()).dt.total_days() + 1).item()
    days = events.group_by("event").agg(pl.col("date").n_unique())
    return {name: count / max(span, 365) for name, count in days.iter_rows()}


def _since(on: npt.NDArray[np.bool_]) -> Floats:
    """Days since the last true cell of each row, at most `NEAR_DAYS`.

    Examples
    --------
    >>> _since(np.array([[False, True, False, False]])).tolist()
    [[14.0, 0.0, 1.0, 2.0]]
    """
    day = np.arange(on.shape[1])
    last = np.maximum.accumulate(np.where(on, day, -NEAR_DAYS), axis=1)
    return np.asarray(np.minimum(day - last, NEAR_DAYS), dtype=np.float64)


def signal_names(signals: pl.DataFrame) -> tuple[str, ...]:
    """Names of all signals, in order."""
    return tuple(signals["signal"].unique().sort())


def signal_columns(
    signals: pl.DataFrame, names: Sequence[str], nodes: Nodes, origin: date, days: int
) -> dict[str, Floats]:
    """For each signal its value on each day ahead and its mean over the last week known, shape ``(node, day)``.

    NaN where nothing is known; a node's own value goes before one for every node. Columns are named
    ``signal <name>`` and ``signal <name>, last week``.
    """
    first = origin - timedelta(days=RECENT_DAYS)
    value = np.full((len(names), nodes.size, RECENT_DAYS + days), np.nan)
    place = {name: k for k, name in enumerate(names)}
    near = signals.filter(
        pl.col("date").is_between(first, origin + timedelta(days=days), closed="left")
        & pl.col("signal").is_in(list(names))
        & pl.col("value").is_finite()
    ).sort("node", "date", "signal")
    for name, day, node, said in near.select("signal", "date", "node", "value").iter_rows():
        value[place[name], nodes == node if node else slice(None), (day - first).days] = said
    found: dict[str, Floats] = {}
    for k, name in enumerate(names):
        recent = value[k, :, :RECENT_DAYS]
        known = np.isfinite(recent)
        mean = np.divide(
            np.where(known, recent, 0.0).sum(axis=1),
            known.sum(axis=1),
            out=np.full(nodes.size, np.nan),
            where=known.any(axis=1),
        )
        found[f"signal {name}"] = value[k, :, RECENT_DAYS:]
        found[f"signal {name}, last week"] = np.repeat(mean[:, None], days, axis=1)
    return found
