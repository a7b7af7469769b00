"""The report of a backtest: who was nearest, and whose probabilities came true."""

from __future__ import annotations

import numpy as np
import polars as pl

from evenstock.cli.forecast import calibration_plots as plots
from evenstock.cli.html_report import Report, Section, Table, Tile
from evenstock.forecasting.score_table import by_horizon, coverage, pit_histogram, reliability, wide
from evenstock.learning import Outcome
from evenstock.operations.backtest_forecast import Backtested

_SEGMENTS = ("class", "velocity", "node", "category")
_MOST_ROWS = 12
_HEADERS = {
    "wspl": "WSPL",
    "wape": "WAPE",
    "bias": "bias",
    "below_97.5": "at or under 97.5 %",
    "sum28_inside": "28-day sums within 95 %",
}


def calibration_report(found: Backtested) -> Report:
    """One page: tiles of the judged model, four pictures, a table for each way of telling series apart, the gates."""
    judged = str(found.scores["model"][0]) if found.scores.height else "no model"
    passed = sum(gate.passed for gate in found.gates)
    gates = Section(
        "Gates",
        "What a model must show before it may decide anything; too little data to judge is not passing.",
        tables=[
            Table(
                ("gate", "outcome", "because"),
                [(gate.name, gate.outcome.value, gate.because) for gate in found.gates],
            )
        ],
    )
    sections = [_pictures(found, judged), *_segments(found), gates] if found.origins else [gates]
    return Report(
        title=f"Backtest of {judged}",
        subtitle=found.sentence,
        tiles=[*_tiles(found, judged), Tile("gates passed", f"{passed} of {len(found.gates)}")],
        sections=sections,
        warnings=[gate.because for gate in found.gates if gate.outcome is Outcome.FAILED],
    )


def _tiles(found: Backtested, judged: str) -> list[Tile]:
    if not found.origins:
        return []
    rows = {row["model"]: row for row in wide(found.scores).iter_rows(named=True)}
    ours, base = rows[judged], rows["empirical"]
    ratio = ours["wspl"] / base["wspl"]
    return [
        Tile("WSPL against empirical quantiles", f"{ratio:.3f}", "lower is better, 1 is the yardstick", ratio < 1),
        Tile("28-day sums within their 95 %", f"{ours['sum28_inside']:.3f}", "0.93 to 0.97 is honest"),
        Tile("bias", f"{ours['bias']:+.1%}", "forecast over sold, less 1", abs(ours["bias"]) <= 0.05),
        Tile("WAPE of daily means", f"{ours['wape']:.3f}", "sum of errors over sum of demand"),
    ]


def _pictures(found: Backtested, judged: str) -> Section:
    levels, shares = reliability(found.scores)
    parts, losses = by_horizon(found.scores)
    names, inside = coverage(found.scores, judged)
    bins = pit_histogram(found.scores, judged)
    return Section(
        "Was it honest?",
        "A quantile is honest if that share of days came in at or under it; the histogram is flat if every part of the "
        "forecast was used as often as it should be.",
        plots=[
            (plots.reliability(levels, shares, "Share of days under each quantile"), "reliability by model"),
            (
                plots.pit_histogram(np.asarray(bins), f"Where days fell in {judged}'s forecast"),
                "histogram of transforms",
            ),
            (plots.by_horizon(parts, losses, "Loss by days ahead"), "weighted scaled pinball loss by horizon"),
            (plots.coverage(names, inside.tolist(), "28-day sums by units a day"), "coverage by velocity"),
        ],
    )


def _segments(found: Backtested) -> list[Section]:
    made = []
    for dimension in _SEGMENTS:
        part = wide(found.scores, dimension)
        if part.is_empty() or part["value"].n_unique() < 2:
            continue
        columns = [c for c in _HEADERS if c in part.columns]
        place = {value: k for k, value in enumerate(part["value"].unique(maintain_order=True))}
        rows = [
            (r["value"], r["model"], *("–" if r[c] is None else f"{r[c]:.3f}" for c in columns))
            for r in part.sort(pl.col("value").replace_strict(place, return_dtype=pl.Int64)).iter_rows(named=True)
        ]
        most = _MOST_ROWS * part["model"].n_unique()
        caption = f"the first {_MOST_ROWS} of {part['value'].n_unique()}" if len(rows) > most else ""
        headers = (dimension, "model", *(_HEADERS[c] for c in columns))
        table = Table(headers, rows[:most], frozenset(range(2, len(headers))), caption)
        made.append(Section(f"By {dimension}", "Where a model wins and where it does not.", tables=[table]))
    return made
