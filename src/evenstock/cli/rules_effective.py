"""`evenstock rules effective`: who may act alone at one place, and where each line comes from."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from evenstock.cli.opening import workspace
from evenstock.cli.screen import Exit, fail, moment, page, say, table
from evenstock.domain import ActionKind, NodeId
from evenstock.operations.rulebook_effective import LineInForce, UnknownNodeError, effective_rules, effective_told, said
from evenstock.policy.autonomy import Place


def effective(
    node: Annotated[str | None, typer.Option("--node", help="A node.")] = None,
    channel: Annotated[str | None, typer.Option("--channel", help="A sales channel.")] = None,
    category: Annotated[str | None, typer.Option("--category", help="A product group.")] = None,
    region: Annotated[str | None, typer.Option("--region", help="A region or country, where no node is named.")] = None,
    action: Annotated[ActionKind | None, typer.Option("--action", help="One action; without it, all.")] = None,
    as_of: Annotated[str | None, typer.Option(help="The moment it is; now by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Who may act alone at a place: the lines that count there, the deciding ones first, with where each comes from."""
    if node is not None and region is not None:
        raise typer.BadParameter("a node lies in its regions already; give --node or --region")
    place = Place(NodeId(node) if node else None, channel, category, region)
    with workspace() as opened:
        try:
            found = effective_rules(opened.store, opened.snapshots, place, moment(as_of).date(), action)
        except UnknownNodeError as wrong:
            fail(Exit.NOT_FOUND, escape(str(wrong)))
    if json:
        say(effective_told(found, place))
        return
    version = f"version {found.version.id}" if found.version else "the imported table, or the default"
    page.print(f"[dim]# {escape(version)}, {found.digest[:19]}[/]", soft_wrap=True)
    if not found.lines:
        page.print("no rule speaks of this place: whatever is done there, a person decides")
        return
    rows = [
        (one.line.rule, said(one), one.line.scope, one.line.owner or "–", _since(one), _beside(one))
        for one in found.lines
    ]
    page.print(table("who may act alone", ("rule", "says", "from", "owner", "since", "beside"), rows))
    page.print("[dim]what none of them lets happen by itself, a person decides[/]")


def _since(one: LineInForce) -> str:
    return f"{one.since:%Y-%m-%d}{f' ({one.version})' if one.version else ''}" if one.since else "import"


def _beside(one: LineInForce) -> str:
    said = [f"overrides {', '.join(one.line.overrides)}"] if one.line.overrides else []
    said += [f"bound by {', '.join(one.line.bound_by)}"] if one.line.bound_by else []
    return "; ".join(said)
