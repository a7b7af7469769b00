"""`evenstock plan`: tonight's transfers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import dollars, moment, page, progress, say, table
from evenstock.domain import PlanState, TransferLine, TransferPlan, plain
from evenstock.operations.beyond_the_model import adjustments
from evenstock.operations.company import Company
from evenstock.operations.forecast_demand import current_forecast, forecast_demand
from evenstock.operations.plan_transfers import OURS, PATHS, plan_transfers
from evenstock.operations.sense_demand import open_alerts
from evenstock.operations.transfers import approve_plan
from evenstock.rebalancing.explain import frame

_SHOWN = 15
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
    """Plan tonight's transfers: each line with what it is worth, what it costs and the cover at both ends."""
    now = moment(as_of)
    with workspace() as opened, progress(quiet=json) as shown:
        task = shown.add_task("forecasting", total=None)
        here = company(opened, now.date())
        said = current_forecast(opened.store, opened.snapshots, here, now.date()) or forecast_demand(
            opened.store,
            opened.snapshots,
            here,
            as_of=now.date(),
            now=now,
            adjust=adjustments(opened.store, opened.snapshots, here),
        )
        shown.update(task, description="planning transfers")
        planned = plan_transfers(
            opened.store,
            here.network,
            said.forecast,
            inputs=_inputs(here, said.digest),
            now=now,
            seed=seed,
            n_paths=paths,
            method=method,
            orders=here.table("orders"),
            places=here.tables.get("places"),
        )
        shifted = open_alerts(opened.store, opened.snapshots)
        transfers = approve_plan(opened.store, planned.plan.id, now.date(), approve, now) if approve else []
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


def _inputs(here: Company, forecast: str) -> dict[str, str]:
    """Snapshots the plan is made from, by name."""
    named = {name: here.digests[name] for name in ("network", "transit") if name in here.digests}
    return named | {"forecast snapshot": forecast}


def show(plan: TransferPlan, on: date) -> None:
    """The plan on one screen: totals, lanes, the best lines."""
    page.print(
        f"[bold]{plan.id}[/] for {on}: {len(plan.lines)} lines, {sum(line.units for line in plan.lines):,} units; "
        f"worth {dollars(plan.worth_cents)}, cost {dollars(plan.cost_cents)}, net [bold]{dollars(plan.net_cents)}[/]"
    )
    if not plan.lines:
        page.print("No move is worth its freight tonight.")
    lanes: dict[tuple[str, str], list[TransferLine]] = {}
    for line in plan.lines:
        lanes.setdefault((line.origin, line.destination), []).append(line)
    page.print(
        table(
            "by lane",
            ("lane", "lines", "units", "worth", "cost", "net"),
            [_lane(ends, found) for ends, found in sorted(lanes.items())],
            frozenset({1, 2, 3, 4, 5}),
        )
    )
    best = sorted(plan.lines, key=lambda line: (-line.net_cents, line.sku))[:_SHOWN]
    page.print(
        table(
            f"the {len(best)} best lines",
            ("sku", "lane", "units", "cover there", "net", "because"),
            [_line(line) for line in best],
            frozenset({2, 4}),
        )
    )
    for note in plan.notes:
        page.print(f"[dim]note: {note}[/]", soft_wrap=True)


def _lane(ends: tuple[str, str], lines: Sequence[TransferLine]) -> tuple[str, ...]:
    worth, cost = sum(line.worth_cents for line in lines), sum(line.cost_cents for line in lines)
    return (
        f"{ends[0]} → {ends[1]}",
        str(len(lines)),
        f"{sum(line.units for line in lines):,}",
        dollars(worth),
        dollars(cost),
        dollars(worth - cost),
    )


def _line(line: TransferLine) -> tuple[str, ...]:
    def days(cover: int) -> str:
        return "∞" if cover >= 9999 else str(cover)

    cover = f"{days(line.destination_cover_before)} → {days(line.destination_cover_after)} d"
    return (
        line.sku,
        f"{line.origin} → {line.destination}",
        f"{line.units:,}",
        cover,
        dollars(line.net_cents),
        line.sentence,
    )
