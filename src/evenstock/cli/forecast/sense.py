"""`evenstock forecast sense`: what has changed since the forecast was made, and what is to come in its light."""

from __future__ import annotations

from typing import Annotated

import polars as pl
import typer

from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import Exit, moment, page, progress, say, table
from evenstock.forecasting.sensing.false_alarms import FALSE_ALARMS
from evenstock.operations.sense_demand import sense_demand

_SHOWN = 20


def command(
    as_of: Annotated[str | None, typer.Option(help="The moment of sensing; now by default.")] = None,
    false_alarms: Annotated[
        float, typer.Option(min=0.01, help="Expected in 28 days of 1,000 series that have not shifted.")
    ] = FALSE_ALARMS,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Tell shifts of demand from noise at a stated rate; ends with 5 if a shift is new and stock should be looked at."""
    now = moment(as_of)
    with workspace() as opened, progress(quiet=json) as shown:
        shown.add_task("holding what came in against the forecast", total=None)
        sensed = sense_demand(
            opened.store, opened.snapshots, company(opened), as_of=now.date(), now=now, false_alarms=false_alarms
        )
    if json:
        say(
            {
                "snapshot": sensed.digest,
                "new": sensed.new,
                "alerts": sensed.alerts.to_dicts(),
                "expected_units_ahead": round(float(sensed.forecast.mu.sum()), 1),
                "days_ahead": sensed.forecast.horizon,
                "notes": list(sensed.notes),
            }
        )
    else:
        _show(sensed.alerts, sensed.new)
        page.print(
            f"{sensed.forecast.mu.sum():,.0f} units are expected in the {sensed.forecast.horizon} days ahead, in the light of what came in"
        )
        for note in sensed.notes:
            page.print(f"[dim]note: {note}[/]", soft_wrap=True)
    if sensed.new:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


def _show(alerts: pl.DataFrame, new: int) -> None:
    if alerts.is_empty():
        page.print("no shift of demand stands out from noise")
        return
    rows = [
        (r["scope"], " at ".join(filter(None, (r["sku"], r["node"]))), r["direction"], str(r["since"]), f"{r['ratio']:.2f}", r["because"])
        for r in alerts.head(_SHOWN).iter_rows(named=True)
    ]  # fmt: skip
    headers = ("scope", "of", "", "since", "times", "because")
    page.print(table(f"{alerts.height:,} shifts of demand stand, {new:,} of them new", headers, rows, frozenset({4})))
