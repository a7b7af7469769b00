"""`evenstock plan approve` and `reject`: a person's word about a proposal."""

from __future__ import annotations

from typing import Annotated

import typer

from evenstock.cli.opening import workspace
from evenstock.cli.screen import moment, page, say
from evenstock.domain import PlanId, plain
from evenstock.operations.autonomy.in_force import governance_in_force
from evenstock.operations.transfers import approve_plan, reject_plan

_Plan = Annotated[str, typer.Argument(help="The proposed plan.")]
_By = Annotated[str, typer.Option("--by", help="Who says so.")]
_AsOf = Annotated[str | None, typer.Option(help="Moment of the word; now by default.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def approve(plan: _Plan, by: _By, as_of: _AsOf = None, json: _Json = False) -> None:
    """Approve a plan: one released transfer for each lane, and what is to be bought as a fact for the system that buys."""
    now = moment(as_of)
    with workspace() as opened:
        rules = governance_in_force(opened.store, opened.snapshots, now.date())
        transfers = approve_plan(opened.store, PlanId(plan), now.date(), by, now, rules=rules)
    if json:
        say({"plan": plan, "transfers": [plain(t) for t in transfers]})
        return
    for t in transfers:
        units = sum(line.units for line in t.lines)
        page.print(
            f"released [bold]{t.id}[/]: {t.origin} → {t.destination}{f' {t.mode}' if t.mode else ''}, "
            f"{len(t.lines)} lines, {units:,} units, ship by {t.ship_by}"
        )
    if not transfers:
        page.print("approved: nothing moves")


def reject(
    plan: _Plan,
    by: _By,
    because: Annotated[str, typer.Option("--because", help="Why.")],
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """Set a proposal aside, with the reason."""
    with workspace() as opened:
        changed = reject_plan(opened.store, PlanId(plan), by, because, moment(as_of))
    if json:
        say({"plan": plan, "rejected": True, "changed": changed})
    else:
        page.print(f"{plan} is set aside: {because}" if changed else f"{plan} was set aside before")
