"""`evenstock forecast predict`: what demand may be, by the champion or by a model asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import moment, page, progress, say, table
from evenstock.forecasting import Forecast
from evenstock.operations.beyond_the_model import adjustments
from evenstock.operations.forecast_demand import forecast_demand, provenance


def command(
    as_of: Annotated[str | None, typer.Option(help="First day to forecast; today by default.")] = None,
    horizon: Annotated[int, typer.Option(min=1, max=60, help="Days ahead.")] = 28,
    model: Annotated[str | None, typer.Option(help="Member of the forecaster family; the champion by default.")] = None,
    out: Annotated[Path | None, typer.Option(help="Also write the forecast table here (Parquet).")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Forecast every item and node: the few numbers from which means, quantiles and whole paths follow."""
    now = moment(as_of)
    with workspace() as opened, progress(quiet=json) as shown:
        shown.add_task("forecasting", total=None)
        here = company(opened)
        said = forecast_demand(
            opened.store,
            opened.snapshots,
            here,
            as_of=now.date(),
            now=now,
            horizon=horizon,
            model=model,
            adjust=adjustments(opened.store, opened.snapshots, here),
        )
        origin = provenance(opened.snapshots, said.digest)
    forecast = said.forecast
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        forecast.frame().write_parquet(out)
    if json:
        say(
            _summary(forecast)
            | {
                "snapshot": said.digest,
                "model": origin.model.id if origin.model else None,
                "fell_back": origin.fell_back or None,
                "adjusted": list(origin.adjusted),
                "data": origin.data,
            }
        )
        return
    _show(forecast, said.digest)


def _summary(forecast: Forecast) -> dict[str, object]:
    per_day = forecast.mu.sum(axis=0)
    return {
        "version": forecast.version,
        "as_of": forecast.as_of.isoformat(),
        "series": forecast.keys.height,
        "horizon_days": forecast.horizon,
        "expected_units": round(float(per_day.sum()), 1),
        "expected_units_first_week": round(float(per_day[:7].sum()), 1),
        "notes": list(forecast.notes),
    }


def _show(forecast: Forecast, digest: str) -> None:
    by_node: dict[str, float] = {}
    for row, node in enumerate(forecast.keys["node"].to_list()):
        by_node[node] = by_node.get(node, 0.0) + float(forecast.mu[row].sum())
    rows = [(node, f"{units:,.0f}", f"{units / forecast.horizon:,.1f}") for node, units in sorted(by_node.items())]
    page.print(
        table(
            f"{forecast.version} from {forecast.as_of}, {forecast.horizon} days, {forecast.keys.height:,} series",
            ("node", "units expected", "a day"),
            rows,
            frozenset({1, 2}),
        )
    )
    silent = int(np.count_nonzero(forecast.mu.sum(axis=1) == 0))
    page.print(f"[dim]{silent:,} series are expected to sell nothing; snapshot {digest[:19]}…[/]")
    for note in forecast.notes:
        page.print(f"[dim]note: {note}[/]", soft_wrap=True)
