"""Pictures of how honest a forecast was: what it said against what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from evenstock.cli.plots import DIM, HABIT, INK, OURS, drawing

_LINES = (OURS, HABIT, "#5a8f5a", "#8d6fb0", "#b5523b")


def reliability(levels: Sequence[float], shares: Mapping[str, Sequence[float]], title: str) -> str:
    """Share of days at or under each quantile, one line a model; on the diagonal the forecast is honest."""
    with drawing(4.2, 3.2) as (axes, done):
        axes.plot([0, 1], [0, 1], color=DIM, linewidth=0.8, label="honest")
        for (name, values), colour in zip(shares.items(), _LINES, strict=False):
            axes.plot(levels, values, marker="o", markersize=3, color=colour, label=name)
        axes.set_xlabel("quantile foretold")
        axes.set_ylabel("share of days at or under it")
        axes.set_title(title)
        axes.legend(fontsize=8)
    return done[0]


def pit_histogram(counts: NDArray[np.int64], title: str) -> str:
    """Days by where they fell in their own forecast; flat is honest, a hump too wide, a bowl too narrow, a slope biased."""
    with drawing(4.2, 3.2) as (axes, done):
        share = counts / max(int(counts.sum()), 1) * counts.size
        edges = np.linspace(0, 1, counts.size + 1)
        axes.bar(edges[:-1], share, width=1 / counts.size, align="edge", color=OURS, alpha=0.7, edgecolor="white")
        axes.axhline(1.0, color=INK, linewidth=0.8)
        axes.set_xlabel("where the day fell in its forecast (0 lowest, 1 highest)")
        axes.set_ylabel("days against even")
        axes.set_title(title)
    return done[0]


def by_horizon(parts: Sequence[str], losses: Mapping[str, Sequence[float]], title: str) -> str:
    """A loss by days ahead, one line a model; lower is better."""
    with drawing(4.2, 3.2) as (axes, done):
        for (name, values), colour in zip(losses.items(), _LINES, strict=False):
            axes.plot(range(len(parts)), values, marker="o", markersize=3, color=colour, label=name)
        axes.set_xticks(range(len(parts)), parts)
        axes.set_ylim(bottom=0)
        axes.set_ylabel("weighted scaled pinball loss")
        axes.set_title(title)
        axes.legend(fontsize=8)
    return done[0]


def coverage(
    names: Sequence[str], shares: Sequence[float], title: str, *, low: float = 0.93, high: float = 0.97
) -> str:
    """Share of sums within their 95 % interval by group, against the band that is asked for."""
    with drawing(4.2, 3.2) as (axes, done):
        axes.axvspan(low, high, color=DIM, alpha=0.25, linewidth=0)
        y = np.arange(len(names))
        axes.plot(shares, y, "o", color=OURS)
        for position, share in zip(y, shares, strict=True):
            axes.text(share, position - 0.28, f"{share:.3f}", ha="center", fontsize=8, color=INK)
        axes.set_yticks(y, names)
        axes.set_ylim(-0.8, len(names) - 0.4)
        axes.invert_yaxis()
        axes.set_xlim(min(0.85, *shares) - 0.01, 1.01)
        axes.set_xlabel("within the 95 % interval")
        axes.set_title(title)
    return done[0]
