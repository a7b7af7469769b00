"""`evenstock plan judge`: what executed lines really brought."""

from __future__ import annotations

from typing import Annotated

import typer

from evenstock.cli.opening import company, workspace
from evenstock.cli.plan.show import show_outcome
from evenstock.cli.screen import Exit, fail, moment, say
from evenstock.domain import PlanId, plain
from evenstock.operations.judge_plan import judge_plan


def command(
    plan: Annotated[str, typer.Argument(help="The approved plan.")],
    as_of: Annotated[str | None, typer.Option(help="Day to judge on; today by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Re-live the plan's days with and without each line, on the demand that came, and keep what it brought."""
    now = moment(as_of)
    with workspace() as opened:
        demand = company(opened).table("demand")
        if demand is None:
            fail(Exit.NOT_FOUND, "no demand was imported: there is nothing to judge by")
        judged = judge_plan(opened.store, opened.snapshots, demand, PlanId(plan), now=now)
    if json:
        say(plain(judged))
    else:
        show_outcome(judged)
