"""`evenstock plan what-if`: tonight under other circumstances, side by side."""

from __future__ import annotations

from typing import Annotated

import typer

from evenstock.cli.opening import company, todays_forecast, workspace
from evenstock.cli.screen import dollars, moment, page, progress, say, show_whole, table
from evenstock.operations.plan_transfers import PATHS
from evenstock.operations.tonight.happened import happenings
from evenstock.operations.what_if import document, what_if
from evenstock.operations.what_if_text import read_scenario
from evenstock.rebalancing.scenarios.compare_scenarios import Paired, Side


def command(
    scenario: Annotated[
        list[str],
        typer.Argument(help="NAME: change; change, such as 'peak: demand x1.3 at TX; freight x1.1'. One or several."),
    ],
    as_of: Annotated[str | None, typer.Option(help="The evening; now by default.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the demand paths.")] = 0,
    paths: Annotated[int, typer.Option(min=2, max=1000, help="Demand paths to plan and to play.")] = PATHS,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Plan tonight under each scenario and play all plans on the same futures; nothing is kept."""
    now = moment(as_of)
    with workspace() as opened, progress(quiet=json) as shown:
        asked = dict(map(read_scenario, scenario))
        shown.add_task("planning every scenario", total=None)
        here = company(opened, now.date())
        said = todays_forecast(opened, here, now)
        found = what_if(
            opened.store,
            here.network,
            said.forecast,
            asked,
            on=now.date(),
            seed=seed,
            n_paths=paths,
            happened=happenings(opened.store, here),
        )
    if json:
        say({"scenarios": [document(side) for side in found.sides], "notes": list(found.notes)})
        return
    for side in found.sides[1:]:
        page.print(f"[bold]{side.name}[/]: {'; '.join(side.changes)}", soft_wrap=True)
    headers = ("scenario", "lines", "units", "moving", "served", "plan saves", "95 %", "costs more by", "95 %")
    show_whole(table("tonight, side by side", headers, [_row(side) for side in found.sides], frozenset(range(1, 9))))
    page.print(
        "[dim]Savings are against doing nothing in the same scenario; differences are paired, future by future.[/]"
    )


def _row(side: Side) -> tuple[str, ...]:
    return (
        side.name,
        f"{side.lines:,}",
        f"{side.units:,}",
        dollars(side.transfer_cents),
        f"{side.fill:.2%}",
        dollars(side.saving.mean_cents, 0),
        _interval(side.saving),
        dollars(side.against_base.mean_cents, 0),
        _interval(side.against_base),
    )


def _interval(paired: Paired) -> str:
    return f"{dollars(paired.low_cents, 0)} to {dollars(paired.high_cents, 0)}"
