"""`evenstock forecast backtest`: how models would have done on the company's own past."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from evenstock.cli.forecast.calibration_report import calibration_report
from evenstock.cli.forecast.judged import gate_rows, gate_table
from evenstock.cli.html_report import write
from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import moment, page, progress, say, table
from evenstock.forecasting.score_table import wide
from evenstock.operations.backtest_forecast import MOST_SERIES, backtest_forecast

METRICS = {
    "wspl": ("WSPL", "{:.4f}"),
    "wrmsse": ("WRMSSE", "{:.3f}"),
    "wape": ("WAPE", "{:.3f}"),
    "bias": ("bias", "{:+.3f}"),
    "below_50.0": ("≤ median", "{:.3f}"),
    "below_97.5": ("≤ 97.5 %", "{:.3f}"),
    "sum7_inside": ("7-day sums", "{:.3f}"),
    "sum28_inside": ("28-day sums", "{:.3f}"),
}
"""Columns of the screen: a metric's short name and how its figure is written."""


def command(
    models: Annotated[
        list[str] | None, typer.Argument(help="Members of the forecaster family; the first is judged.")
    ] = None,
    as_of: Annotated[str | None, typer.Option(help="Use what was sold before this day; today by default.")] = None,
    origins: Annotated[int, typer.Option(min=1, max=12, help="Windows of 28 days, one after the other.")] = 3,
    series: Annotated[int, typer.Option(min=1, help="About so many series are looked at.")] = MOST_SERIES,
    by: Annotated[str | None, typer.Option(help="Also by class, velocity, horizon, node or category.")] = None,
    retrain: Annotated[bool, typer.Option("--retrain", help="Learn anew at every origin, not once.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of training and tests.")] = 0,
    report: Annotated[Path | None, typer.Option(help="Write a report with plots here (HTML).")] = None,
    out: Annotated[Path | None, typer.Option(help="Write every score here (Parquet).")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Score models at rolling origins beside the fast forecast, seasonal naive and empirical quantiles."""
    now = moment(as_of)
    with workspace() as opened, progress(quiet=json) as shown:
        shown.add_task("backtesting", total=None)
        found = backtest_forecast(
            company(opened),
            as_of=now.date(),
            models=models or (),
            origins=origins,
            most_series=series,
            retrain=retrain,
            seed=seed,
        )
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        found.scores.write_parquet(out)
    if report is not None:
        write(calibration_report(found), report)
    if json:
        say(
            {
                "backtest": found.sentence,
                "origins": list(found.origins),
                "scores": wide(found.scores).to_dicts() if found.origins else [],
                "by": wide(found.scores, by).to_dicts() if by and found.origins else [],
                "gates": gate_rows(found.gates),
                "report": str(report) if report else None,
            }
        )
        return
    page.print(f"[bold]{found.sentence}[/]")
    if found.origins:
        page.print(score_screen(found.scores, "all"))
        if by:
            page.print(score_screen(found.scores, by))
    page.print(gate_table(f"gates of {models[0] if models else 'the fast forecast'}", found.gates))
    if report is not None:
        page.print(f"Report: [bold]{report}[/] (opens without a network)")


def score_screen(scores: pl.DataFrame, dimension: str) -> Any:
    """Scores over all origins, one row a model (and part)."""
    part = wide(scores, dimension)
    names = [name for name in METRICS if name in part.columns]
    rows = [
        (
            row["model"],
            *([] if dimension == "all" else [row["value"]]),
            *("–" if row[name] is None else METRICS[name][1].format(row[name]) for name in names),
        )
        for row in part.iter_rows(named=True)
    ]
    headers = ("model", *([] if dimension == "all" else [dimension]), *(METRICS[name][0] for name in names))
    first = len(headers) - len(names)
    return table("scores over all origins", headers, rows, frozenset(range(first, len(headers))))
