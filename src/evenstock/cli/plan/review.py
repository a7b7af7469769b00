"""`evenstock plan review`: what calls for another look before the next night."""

from __future__ import annotations

from typing import Annotated

import typer

from evenstock.cli.opening import workspace
from evenstock.cli.screen import Exit, moment, page, say, table
from evenstock.operations.review_plan import review_plan

_SHOWN = 20


def command(
    as_of: Annotated[str | None, typer.Option(help="Moment of the review; now by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Hold stock and demand against what the last plan foresaw; ends with 5 where something is new."""
    with workspace() as opened:
        found = review_plan(opened.store, opened.snapshots, now=moment(as_of))
    if json:
        say(
            {
                "plan": found.plan,
                "triggers": [
                    {"sku": t.sku, "node": t.node, "kind": t.kind.value, "because": t.because, "new": t in found.fresh}
                    for t in found.triggers
                ],
                "items": list(found.items),
                "false_alarms": found.false_alarms,
            }
        )
    else:
        page.print(
            f"since [bold]{found.plan}[/]: {len(found.triggers)} reasons to look again, {len(found.fresh)} of them new, "
            f"{len(found.items)} items; {found.false_alarms:.1f} would be told if all went as foreseen"
        )
        rows = [
            (t.kind.value, t.sku or "every item", t.node or "everywhere", "new" if t in found.fresh else "", t.because)
            for t in found.triggers[:_SHOWN]
        ]
        if rows:
            page.print(table("look again", ("what", "sku", "node", "", "because"), rows))
    if found.fresh:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))
