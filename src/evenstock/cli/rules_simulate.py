"""`evenstock rules simulate`: what a version would have done to the orders of the last 30 days."""

from __future__ import annotations

from typing import Annotated

import typer

from evenstock.cli.opening import workspace
from evenstock.cli.screen import moment
from evenstock.cli.simulated import tried
from evenstock.operations.autonomy.evidence import ASKED_DAYS
from evenstock.operations.rulebook import version_of
from evenstock.simulation.changes import change_of_rules


def simulate(
    version: Annotated[str, typer.Argument(help="A version proposed before.")],
    by: Annotated[str, typer.Option("--by", help="Who tries it.")],
    days: Annotated[int, typer.Option(min=1, max=365, help="Days of orders.")] = ASKED_DAYS,
    as_of: Annotated[str | None, typer.Option(help="The moment it is; now by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Try a version on the orders of the last days, beside the rules in force; what is found is kept for its approval."""
    with workspace() as opened:
        wanted = version_of(opened.store, opened.snapshots, version).policy
        tried(opened, lambda here: change_of_rules(here, wanted), by=by, now=moment(as_of), days=days, json=json)
