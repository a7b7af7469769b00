"""`evenstock autonomy`: how far software may go, by scope; and the stop."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Annotated, Any

import typer
from rich.markup import escape

from evenstock.bootstrap import Workspace
from evenstock.cli.default_command import group
from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import Exit, fail, moment, page, say, table
from evenstock.cli.simulated import tried
from evenstock.domain import ActionKind, NodeId
from evenstock.operations.autonomy.evidence import ASKED_DAYS
from evenstock.operations.autonomy.halting import NotHaltedError, halt, resume
from evenstock.operations.autonomy.keeping import stage_history, stages_in_force, version_in_force
from evenstock.operations.autonomy.live_routing import ALL_BP
from evenstock.operations.autonomy.roll_back_stages import roll_back_stages
from evenstock.operations.autonomy.set_stage import ask_for_evidence, end_stage, propose_stage, set_stage, with_line
from evenstock.operations.autonomy.stages import Scope, Stage, StageLine
from evenstock.operations.autonomy.told import halt_told, stages_told, version_told
from evenstock.operations.cost_book import set_costs
from evenstock.simulation.changes import change_of_costs, change_of_stages

app = typer.Typer(cls=group("show"), help="How far software may go, by scope; halt and resume it.")
_By = Annotated[str, typer.Option("--by", help="Who does this.")]
_Because = Annotated[str, typer.Option("--because", help="Why.")]
_AsOf = Annotated[str | None, typer.Option(help="The moment it is; now by default.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
_Kinds = Annotated[list[ActionKind] | None, typer.Option("--kind", help="Kind of action; all by default.")]
_Regions = Annotated[list[str] | None, typer.Option("--region", help="Region of the policy, or country.")]
_Channels = Annotated[list[str] | None, typer.Option("--channel", help="Sales channel.")]
_Nodes = Annotated[list[str] | None, typer.Option("--node", help="Node.")]
_Categories = Annotated[list[str] | None, typer.Option("--category", help="Product group.")]
_Force = Annotated[bool, typer.Option("--force", help="Without the simulation asked for; it stays on record.")]
_Share = Annotated[float, typer.Option(min=0, max=100, help="Percent of the actions that get this stage.")]
_Otherwise = Annotated[Stage, typer.Option(help="The stage of the others.")]
_First = Annotated[str | None, typer.Option("--from", help="First day.")]
_Last = Annotated[str | None, typer.Option("--to", help="Last day.")]
_Pilot = Annotated[str, typer.Option(help="Name of the pilot it is part of.")]


@app.command()
def show(json: _Json = False) -> None:
    """Stages and halts in force."""
    with workspace() as opened:
        _tell(opened, json)


@app.command("set")
def change(
    stage: Annotated[Stage, typer.Argument(help="support, guided or automatic.")],
    by: _By,
    because: _Because,
    kind: _Kinds = None,
    region: _Regions = None,
    channel: _Channels = None,
    node: _Nodes = None,
    category: _Categories = None,
    share: _Share = 100.0,
    otherwise: _Otherwise = Stage.GUIDED,
    first: _First = None,
    last: _Last = None,
    pilot: _Pilot = "",
    propose: Annotated[bool, typer.Option("--propose", help="Only keep it, for people to agree to.")] = False,
    force: _Force = False,
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """Set how far software may go in a scope; without one, everywhere. The most specific scope decides."""
    line = _line(stage, _scope(kind, region, channel, node, category), share, otherwise, first, last, pilot)
    now = moment(as_of)
    with workspace() as opened:
        policy = company(opened, now.date()).network.policy
        if propose:
            kept = propose_stage(opened.store, opened.snapshots, line, by=by, because=because, now=now, policy=policy)
            if json:
                say({"proposed": f"stages:{kept}"})
            else:
                page.print(f"kept as [bold]stages:{kept}[/]; ask people about it with `evenstock approvals`")
            return
        set_stage(opened.store, opened.snapshots, line, by=by, because=because, now=now, policy=policy, force=force)
        _tell(opened, json)


@app.command()
def end(
    by: _By,
    because: _Because,
    kind: _Kinds = None,
    region: _Regions = None,
    channel: _Channels = None,
    node: _Nodes = None,
    category: _Categories = None,
    force: _Force = False,
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """Take a scope's own stage away: what is less specific decides there again."""
    scope = _scope(kind, region, channel, node, category)
    with workspace() as opened:
        end_stage(opened.store, opened.snapshots, scope, by=by, because=because, now=moment(as_of), force=force)
        _tell(opened, json)


@app.command()
def back(by: _By, because: _Because, as_of: _AsOf = None, json: _Json = False) -> None:
    """One step back: the stages before these, and routing's roll-out with them."""
    with workspace() as opened:
        roll_back_stages(opened.store, opened.snapshots, by=by, because=because, now=moment(as_of))
        _tell(opened, json)


@app.command("history")
def past(json: _Json = False) -> None:
    """Every version of the stages, with who set it and why."""
    with workspace() as opened:
        versions = stage_history(opened.store, opened.snapshots)
    if json:
        say({"versions": [version_told(version) for version in versions]})
        return
    if not versions:
        page.print("nobody ever set a stage: software acts inside the envelopes of the rules")
        return
    rows = [
        (
            f"{version.at:%Y-%m-%d %H:%M}" if version.at else "",
            "; ".join((str(version.stages.routing), *map(str, version.stages.lines))),
            version.by,
            version.because + (" (forced)" if version.forced else ""),
        )
        for version in versions
    ]
    page.print(table("in force", ("from", "stages", "by", "because"), rows))


@app.command("halt")
def stop(
    by: _By,
    because: _Because,
    kind: _Kinds = None,
    region: _Regions = None,
    channel: _Channels = None,
    node: _Nodes = None,
    category: _Categories = None,
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """Stop: software executes nothing in the scope, in any process; orders are taken and wait. Ends with 5 if unsettled."""
    scope = _scope(kind, region, channel, node, category)
    with workspace() as opened:
        done = halt(opened.store, scope, by=by, because=because, now=moment(as_of))
    if json:
        say(halt_told(done.halt) | {"settled": done.settled, "repeated": done.repeated})
    else:
        page.print(f"[bold]{escape(done.halt.id)}[/]: {escape(str(done.halt))}", soft_wrap=True)
        page.print(
            "nothing of it is executed from now on" if done.settled else "something that had begun still goes on"
        )
    if not done.settled:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


@app.command("resume")
def go_on(
    name: Annotated[str, typer.Argument(metavar="HALT", help="Id of the halt.")],
    by: _By,
    because: _Because,
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """Let software act again where it was halted."""
    with workspace() as opened:
        try:
            over = resume(opened.store, name, by=by, because=because, now=moment(as_of))
        except NotHaltedError as none:
            fail(Exit.NOT_FOUND, escape(str(none)))
        if json:
            _tell(opened, json)
            return
        page.print(f"software acts again: {escape(str(over.scope))}", soft_wrap=True)


@app.command("ask-evidence")
def ask(
    by: _By,
    because: _Because,
    asks: Annotated[bool, typer.Option("--yes/--no", help="Whether simulations are asked for.")] = True,
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """From now on a wider stage, other rules and other weights need a simulation of that very change; or no longer."""
    with workspace() as opened:
        ask_for_evidence(opened.store, opened.snapshots, asks=asks, by=by, because=because, now=moment(as_of))
        _tell(opened, json)


@app.command()
def weigh(
    amounts: Annotated[
        list[str], typer.Argument(metavar="NAME=AMOUNT...", help="Costs, such as late_order_cents=700.")
    ],
    by: _By,
    because: _Because,
    force: _Force = False,
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """Lay amounts over the imported costs, by which decisions weigh."""
    with workspace() as opened:
        done = set_costs(
            opened.store, opened.snapshots, _amounts(amounts), by=by, because=because, now=moment(as_of), force=force
        )
    if json:
        say({"amounts": dict(done.amounts), "forced": done.forced})
        return
    page.print(", ".join(f"{name} {amount:,}" for name, amount in sorted(done.amounts.items())))


@app.command()
def simulate(
    by: _By,
    stage: Annotated[Stage | None, typer.Option(help="Try this stage in the scope.")] = None,
    cost: Annotated[list[str] | None, typer.Option(metavar="NAME=AMOUNT", help="Try these costs.")] = None,
    kind: _Kinds = None,
    region: _Regions = None,
    channel: _Channels = None,
    node: _Nodes = None,
    category: _Categories = None,
    share: _Share = 100.0,
    otherwise: _Otherwise = Stage.GUIDED,
    first: _First = None,
    last: _Last = None,
    days: Annotated[int, typer.Option(min=1, max=365, help="Days of orders.")] = ASKED_DAYS,
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """Try a stage, or costs, on the orders of the last days; what is found is kept for its approval."""
    if (stage is None) == (not cost):
        raise typer.BadParameter("give --stage, or --cost NAME=AMOUNT")
    now = moment(as_of)
    with workspace() as opened:
        if cost:
            amounts = _amounts(cost)
            tried(opened, lambda here: change_of_costs(here, amounts), by=by, now=now, days=days, json=json)
            return
        assert stage is not None
        line = _line(stage, _scope(kind, region, channel, node, category), share, otherwise, first, last, "")
        with opened.store.reading() as books:
            stages = stages_in_force(books, opened.snapshots)
        wanted = replace(with_line(stages, line), halts=())
        tried(opened, lambda here: change_of_stages(here, wanted), by=by, now=now, days=days, json=json)


def _scope(
    kinds: list[ActionKind] | None,
    regions: list[str] | None,
    channels: list[str] | None,
    nodes: list[str] | None,
    categories: list[str] | None,
) -> Scope:
    return Scope(
        frozenset(kinds or ()), frozenset(regions or ()), frozenset(channels or ()),
        frozenset(map(NodeId, nodes or ())), frozenset(categories or ()),
    )  # fmt: skip


def _line(
    stage: Stage, scope: Scope, share: float, otherwise: Stage, first: str | None, last: str | None, pilot: str
) -> StageLine:
    try:
        return StageLine(
            stage, scope, round(share * ALL_BP / 100), otherwise, _day(first) or date.min, _day(last) or date.max,
            pilot,
        )  # fmt: skip
    except ValueError as wrong:
        fail(Exit.REFUSED_INPUT, escape(str(wrong)))


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write it as 2026-11-20") from None


def _amounts(said: list[str]) -> dict[str, int]:
    found = {}
    for one in said:
        name, sign, amount = one.partition("=")
        if not sign or not amount.lstrip("-").isdigit():
            raise typer.BadParameter(f"{one!r} is no cost; write it as late_order_cents=700")
        found[name] = int(amount)
    return found


def _tell(opened: Workspace, json: bool) -> None:
    with opened.store.reading() as books:
        stages, version = stages_in_force(books, opened.snapshots), version_in_force(books, opened.snapshots)
    told: dict[str, Any] = stages_told(stages, version)
    if json:
        say(told)
        return
    page.print(f"routing: [bold]{escape(str(stages.routing))}[/]", soft_wrap=True)
    for line in stages.lines:
        page.print(f"{escape(str(line))}  [dim]{escape(line.by)}: {escape(line.because)}[/]", soft_wrap=True)
    if not stages.lines:
        page.print("everything else: automatic inside the envelopes of the rules")
    for one in stages.halts:
        page.print(f"[red]{escape(one.id)}[/] {escape(str(one))}", soft_wrap=True)
    if stages.asks_evidence:
        page.print("[dim]a wider change comes into force only with a simulation of it[/]")
