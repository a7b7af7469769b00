"""`evenstock rollout`: where decisions act, and where they only watch."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from evenstock.cli.default_command import group
from evenstock.cli.opening import workspace
from evenstock.cli.screen import moment, page, say
from evenstock.domain import NodeId
from evenstock.operations.roll_out import ALL_BP, RollOut, roll_back, roll_out_in_force, set_roll_out

app = typer.Typer(cls=group("show"), help="Where decisions act: live by class, node or share; shadow elsewhere.")
_By = Annotated[str, typer.Option("--by", help="Who decides this.")]
_Because = Annotated[str, typer.Option("--because", help="Why.")]
_AsOf = Annotated[str | None, typer.Option(help="Moment of the change; now by default.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


@app.command()
def show(json: _Json = False) -> None:
    """What acts now."""
    with workspace() as opened, opened.store.reading() as books:
        _tell(roll_out_in_force(books, opened.snapshots), json)


@app.command("set")
def change(
    by: _By,
    because: _Because,
    shadow: Annotated[bool, typer.Option("--shadow", help="Nothing acts: decide and compare only.")] = False,
    order_class: Annotated[list[str] | None, typer.Option("--class", help="Class of orders that act.")] = None,
    node: Annotated[list[str] | None, typer.Option(help="Node whose plans act.")] = None,
    share: Annotated[float, typer.Option(min=0, max=100, help="Percent of orders that act.")] = 100.0,
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """Begin a new stage: by class, node and share together."""
    with workspace() as opened:
        stage = set_roll_out(
            opened.store,
            opened.snapshots,
            live=not shadow,
            by=by,
            because=because,
            now=moment(as_of),
            order_classes=frozenset(order_class or ()),
            nodes=frozenset(NodeId(n) for n in node or ()),
            share_bp=round(share * ALL_BP / 100),
        )
        _tell(stage, json)


@app.command()
def back(by: _By, because: _Because, as_of: _AsOf = None, json: _Json = False) -> None:
    """One step back: the stage before this one; without one, shadow."""
    with workspace() as opened:
        _tell(roll_back(opened.store, opened.snapshots, by=by, because=because, now=moment(as_of)), json)


def _tell(stage: RollOut, json: bool) -> None:
    said: dict[str, Any] = {
        "live": stage.live,
        "order_classes": sorted(stage.order_classes),
        "nodes": sorted(stage.nodes),
        "share_bp": stage.share_bp,
        "by": stage.by,
        "because": stage.because,
    }
    if json:
        say(said | {"stage": str(stage)})
        return
    page.print(f"[bold]{stage}[/]")
    if stage.by:
        page.print(f"[dim]{stage.by}, {stage.since:%Y-%m-%d %H:%M} UTC: {stage.because}[/]")
