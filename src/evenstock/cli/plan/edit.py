"""`evenstock plan edit`: lines as a person wants them."""

from __future__ import annotations

from typing import Annotated

import typer

from evenstock.cli.opening import workspace
from evenstock.cli.plan.show import show
from evenstock.cli.screen import Exit, fail, moment, page, say
from evenstock.domain import NodeId, PlanId, Sku, Units, plain
from evenstock.operations.autonomy.in_force import governance_in_force
from evenstock.operations.edit_plan import Edit, edit_plan


def command(
    plan: Annotated[str, typer.Argument(help="The proposed plan.")],
    line: Annotated[
        list[str],
        typer.Option(help="SKU:FROM:TO=UNITS, or SKU:FROM:TO:MODE=UNITS; 0 takes the line out. May be repeated."),
    ],
    by: Annotated[str, typer.Option("--by", help="Who says so.")],
    as_of: Annotated[str | None, typer.Option(help="Moment of the edit; now by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Change lines: priced again at once on the same futures; what the plan then breaks is named."""
    now, edits = moment(as_of), [_edit(said) for said in line]
    with workspace() as opened:
        with opened.store.reading() as books:
            found = books.plan(PlanId(plan))
        if found is None:
            fail(Exit.NOT_FOUND, f"there is no plan {plan}; `evenstock plan` makes one")
        rules = governance_in_force(opened.store, opened.snapshots, now.date())
        edited = edit_plan(opened.store, opened.snapshots, PlanId(plan), edits, by=by, now=now, rules=rules)
    if json:
        say(plain(edited) | {"net_cents": edited.net_cents, "before_cents": found.net_cents})
    else:
        show(edited, edited.made_at.date())
        page.print(f"net before the edit {found.net_cents / 100:,.2f}, now [bold]{edited.net_cents / 100:,.2f}[/]")
    if edited.violations:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


def _edit(said: str) -> Edit:
    where, mark, units = said.rpartition("=")
    parts = where.split(":")
    if not mark or len(parts) not in {3, 4} or not units.strip().isdigit():
        raise typer.BadParameter(f"{said!r}: write SKU:FROM:TO=UNITS, such as MUG:PA:TX=48")
    mode = parts[3] if len(parts) == 4 else ""
    return Edit(Sku(parts[0]), NodeId(parts[1]), NodeId(parts[2]), Units(int(units)), mode)
