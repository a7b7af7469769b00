"""`evenstock rollout`: where decisions act, and where they only watch."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from evenstock.cli.default_command import group
from evenstock.cli.opening import company, workspace
from evenstock.cli.outcomes import all_decisions
from evenstock.cli.screen import dollars, moment, page, say
from evenstock.domain import NodeId
from evenstock.operations.roll_out import ALL_BP, RollOut, roll_back, roll_out_in_force, set_roll_out
from evenstock.simulation.shadow import compare_shadow

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


@app.command()
def compare(as_of: _AsOf = None, json: _Json = False) -> None:
    """Hold shadow decisions against what was shipped meanwhile."""
    now = moment(as_of)
    with workspace() as opened:
        here = company(opened, now.date())
        tables = {name: here.table(name) for name in ("orders", "order_history", "shipments", "shipped_units")}
        said = compare_shadow(all_decisions(opened.store), tables, here.shipping, here.network.policy)
    one = said.comparison
    if json:
        say(
            {
                "decided": said.decided,
                "compared": one.orders,
                "agreed": said.agreed,
                "shadow_cents": said.scores[1].cents,
                "done_cents": said.scores[0].cents,
                "difference_cents": one.difference_cents,
                "not_priced": dict(said.not_priced),
                "worst": [{"order": p.order, "cents": p.difference_cents} for p in one.worst],
            }
        )
        return
    page.print(
        f"[bold]{said.decided:,} orders[/] decided in shadow, {one.orders:,} of them compared with what was shipped;"
        f" {said.agreed:,} left from the nodes the shadow chose"
    )
    word = "less" if one.difference_cents < 0 else "more"
    page.print(f"the shadow would have paid {dollars(abs(one.difference_cents))} {word}", soft_wrap=True)
    for pair in one.worst[:5]:
        page.print(
            f"  [dim]dearer: {pair.order} by {dollars(pair.difference_cents)}: {pair.first} instead of {pair.second}[/]"
        )
    for why, count in said.not_priced:
        page.print(f"[dim]{count:,} left out: {why}[/]", soft_wrap=True)


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
