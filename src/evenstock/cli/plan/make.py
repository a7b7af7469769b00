"""`evenstock plan`: tonight's transfers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evenstock.cli.opening import company, workspace
from evenstock.cli.plan.show import show
from evenstock.cli.screen import moment, page, progress, say
from evenstock.domain import PlanState, plain
from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.plan_tonight import plan_tonight
from evenstock.operations.plan_transfers import PATHS
from evenstock.operations.sense_demand import open_alerts
from evenstock.operations.tonight.decide import OURS
from evenstock.operations.transfers import approve_plan
from evenstock.rebalancing.explain import frame

_SHIFTS = 5


def command(
    as_of: Annotated[str | None, typer.Option(help="The evening to plan; now by default.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the demand paths.")] = 0,
    paths: Annotated[int, typer.Option(min=1, max=1000, help="Demand paths to reckon on.")] = PATHS,
    method: Annotated[
        str, typer.Option(help="evenstock, or a rule to compare with: twenty_percent, equalise, do_nothing.")
    ] = OURS,
    approve: Annotated[
        str | None, typer.Option(help="Approve the plan in this person's name: transfer orders are made.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Also write the lines here (CSV).")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Plan tonight: each line with what it is worth, what it costs, how sure that is, and the cover at both ends."""
    now = moment(as_of)
    with workspace() as opened, progress(quiet=json) as shown:
        task = shown.add_task("forecasting", total=None)
        here = company(opened, now.date())
        planned = plan_tonight(
            opened.store,
            opened.snapshots,
            here,
            now=now,
            seed=seed,
            paths=paths,
            method=method,
            told=lambda words: shown.update(task, description=words),
        )
        shifted = open_alerts(opened.store, opened.snapshots)
        rules = Governance.of(here)
        transfers = (
            approve_plan(opened.store, planned.plan.id, now.date(), approve, now, rules=rules) if approve else []
        )
    plan = planned.plan
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        frame(plan.lines).write_csv(out)
    if json:
        say(
            plain(plan)
            | {
                "transfers": [plain(t) for t in transfers],
                "demand_shifts": shifted.to_dicts(),
                "worth_cents": plan.worth_cents,
                "cost_cents": plan.cost_cents,
                "net_cents": plan.net_cents,
            }
        )
        return
    show(plan, now.date())
    for because in shifted["because"].head(_SHIFTS):
        page.print(f"[yellow]review:[/] {because}", soft_wrap=True)
    for transfer in transfers:
        page.print(
            f"released [bold]{transfer.id}[/]: {transfer.origin} → {transfer.destination}, {len(transfer.lines)} lines, ship by {transfer.ship_by}"
        )
    if not transfers and plan.lines and plan.state is PlanState.PROPOSED:
        page.print("[dim]Nothing moves until it is approved: add --approve NAME.[/]")
