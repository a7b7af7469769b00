"""The pictures of a report, as SVG text that is the same for the same numbers."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, DIM, OURS, HABIT, NOTHING = "#1b2430", "#8a94a3", "#1f5fa8", "#d08a2e", "#9aa3ae"
_TERMS = ("#1f5fa8", "#6fa8dc", "#d08a2e", "#b5523b", "#5a8f5a", "#8d6fb0", "#c7b24a", "#767f8c", "#3f3f3f")


@contextmanager
def drawing(width: float, height: float) -> Iterator[tuple[Axes, list[str]]]:
    """An axes to draw on; its SVG stands in the list afterwards."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib.figure import Figure

    style: dict[str, Any] = {
        "svg.hashsalt": "evenstock",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": DIM,
        "axes.titlelocation": "left",
        "axes.titlesize": 10,
        "legend.frameon": False,
    }
    done: list[str] = []
    with mpl.rc_context(style):  # type: ignore[arg-type]
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure.subplots(), done
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = buffer.getvalue()
    done.append(text[text.index("<svg") :])


def stacked_costs(terms: Sequence[str], arms: Mapping[str, Sequence[float]], title: str) -> str:
    """Bars of dollars an order, one bar an arm, one colour a cost term."""
    with drawing(6.2, 2.6) as (axes, done):
        names = list(arms)
        left = np.zeros(len(names))
        for number, term in enumerate(terms):
            width = np.array([arms[name][number] for name in names])
            axes.barh(names, width, left=left, color=_TERMS[number % len(_TERMS)], label=term)
            left += width
        for y, total in enumerate(left):
            axes.text(total, y, f"  ${total:,.2f}", va="center", color=INK)
        axes.invert_yaxis()
        axes.set_xlim(0, float(left.max()) * 1.18 if left.max() > 0 else 1)
        axes.set_title(title)
        axes.set_xlabel("dollars an order")
        axes.legend(ncols=3, loc="upper center", bbox_to_anchor=(0.45, -0.25), fontsize=8)
    return done[0]


def paired_cover(nodes: Sequence[str], before: Sequence[float], after: Sequence[float], title: str) -> str:
    """Share of demand that runs out within the horizon, by node, before and after."""
    with drawing(6.2, 2.6) as (axes, done):
        y = np.arange(len(nodes))
        axes.barh(y - 0.19, before, 0.36, color=NOTHING, label="without transfers")
        axes.barh(y + 0.19, after, 0.36, color=OURS, label="with tonight's transfers")
        for position, pair in enumerate(zip(before, after, strict=True)):
            for shift, value in zip((-0.19, 0.19), pair, strict=True):
                axes.text(value, position + shift, f" {value:,.1f}", va="center", fontsize=8, color=INK)
        axes.set_yticks(y, nodes)
        axes.invert_yaxis()
        axes.set_title(title)
        axes.legend(loc="lower right", fontsize=8)
    return done[0]


def worth_of_leaving(days: Sequence[date], cents: Sequence[int], title: str) -> str:
    """Net gain in dollars of the same plan by the day on which it leaves; below zero it costs more than it brings."""
    with drawing(6.2, 2.6) as (axes, done):
        dollars = np.asarray(cents) / 100
        at = np.arange(len(days))
        axes.axhline(0, color=DIM, linewidth=0.8)
        axes.fill_between(at, dollars, 0, where=dollars >= 0, color=OURS, alpha=0.18)
        axes.plot(at, dollars, color=OURS, linewidth=1.4)
        axes.annotate(
            f"tonight ${dollars[0]:,.0f}",
            (0, dollars[0]),
            xytext=(6, 0),
            textcoords="offset points",
            fontsize=8,
            color=INK,
        )
        shown = at[:: max(1, len(at) // 7)]
        axes.set_xticks(shown, [f"{days[int(n)]:%d %b}" for n in shown])
        axes.set_ylabel("dollars, net")
        axes.set_title(title)
    return done[0]


def running_saving(days: int, arms: Mapping[str, Sequence[float]], title: str) -> str:
    """Cumulative dollars saved by simulated day against a baseline at zero, one line an arm; below zero it cost more."""
    colours = dict(zip(arms, (OURS, HABIT, NOTHING), strict=False))
    with drawing(6.2, 2.6) as (axes, done):
        axes.axhline(0, color=DIM, linewidth=0.8)
        for name, values in arms.items():
            axes.plot(
                np.arange(1, days + 1), values, color=colours.get(name, DIM), label=name, marker="o", markersize=3
            )
            axes.annotate(
                _signed(values[-1]),
                (days, values[-1]),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
                color=INK,
            )
        axes.set_xlabel("simulated day")
        axes.set_ylabel("dollars saved, cumulative")
        axes.set_xlim(1, 1 + (days - 1) * 1.14 + 0.1)
        axes.set_title(title)
        axes.legend(loc="best", fontsize=8)
    return done[0]


def _signed(dollars: float) -> str:
    return f"{'-' if dollars < 0 else '+'}${abs(dollars):,.0f}"


def fan(history: NDArray[Any], quantiles: NDArray[Any], actual: NDArray[Any] | None, title: str) -> str:
    """The last weeks of one series, then the forecast's median and its 50 and 90 percent bands.

    Parameters
    ----------
    history, shape ``(days,)``: units a day.
    quantiles, shape ``(horizon, 5)``: units at 0.05, 0.25, 0.5, 0.75, 0.95.
    actual, shape ``(horizon,)`` or None: what then happened.
    """
    with drawing(6.2, 2.6) as (axes, done):
        past = np.arange(-len(history), 0)
        ahead = np.arange(len(quantiles))
        axes.step(past, history, where="mid", color=INK, linewidth=1, label="sold")
        axes.fill_between(
            ahead, quantiles[:, 0], quantiles[:, 4], step="mid", color=OURS, alpha=0.18, label="90 % band"
        )
        axes.fill_between(
            ahead, quantiles[:, 1], quantiles[:, 3], step="mid", color=OURS, alpha=0.32, label="50 % band"
        )
        axes.step(ahead, quantiles[:, 2], where="mid", color=OURS, linewidth=1.4, label="median")
        if actual is not None:
            axes.plot(ahead, actual, ".", color=HABIT, markersize=5, label="what then happened")
        axes.axvline(-0.5, color=DIM, linewidth=0.8)
        axes.set_xlabel("days from today")
        axes.set_ylabel("units a day")
        axes.set_ylim(bottom=0)
        axes.set_title(title)
        axes.legend(loc="upper left", ncols=3, fontsize=8)
    return done[0]


def flows(places: Mapping[str, tuple[float, float]], moves: Sequence[tuple[str, str, float]], title: str) -> str:
    """Where stock goes tonight: nodes by longitude and latitude, an arrow a lane, its width by units."""
    with drawing(6.2, 3.2) as (axes, done):
        most = max((units for _, _, units in moves), default=1.0)
        for origin, destination, units in moves:
            (lat0, lon0), (lat1, lon1) = places[origin], places[destination]
            axes.annotate(
                "",
                (lon1, lat1),
                (lon0, lat0),
                arrowprops={
                    "arrowstyle": "-|>",
                    "color": OURS,
                    "alpha": 0.75,
                    "linewidth": 0.6 + 3.4 * units / most,
                    "connectionstyle": "arc3,rad=0.18",
                    "shrinkA": 9,
                    "shrinkB": 9,
                },
            )
        longitude = [p[1] for p in places.values()]
        latitude = [p[0] for p in places.values()]
        axes.plot(longitude, latitude, "o", color=INK, markersize=7)
        for name, (lat, lon) in places.items():
            axes.annotate(
                name, (lon, lat), xytext=(0, 9), textcoords="offset points", ha="center", fontsize=9, color=INK
            )
        axes.set_xlim(min(longitude) - 6, max(longitude) + 6)
        axes.set_ylim(min(latitude) - 4, max(latitude) + 4)
        axes.set_aspect(1.25)
        axes.set_axis_off()
        axes.set_title(title)
    return done[0]
