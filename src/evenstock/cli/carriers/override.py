"""`evenstock carriers override`: where a carrier has begun to fail, what to use instead, and what a person said to it."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from evenstock.cli.default_command import group
from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import Exit, moment, page, progress, say, table
from evenstock.operations.carrier_overrides.answer import adopt_override, end_override, reject_override
from evenstock.operations.carrier_overrides.document import deed, plain, told
from evenstock.operations.carrier_overrides.keeping import standing
from evenstock.operations.carrier_overrides.proposal import WEEKS, Form, Proposal, State
from evenstock.operations.carrier_overrides.propose import propose_overrides

app = typer.Typer(
    cls=group("list"),
    help="Carriers that fail on a lane: what to use instead, adopted by a person, over by itself (list, also without a word).",
)
_Id = Annotated[str, typer.Argument(metavar="ID", help="Its number, or how it begins.")]
_By = Annotated[str, typer.Option("--by", help="Who says so.")]
_Because = Annotated[str, typer.Option("--because", help="Why.")]
_AsOf = Annotated[str | None, typer.Option(help="The moment it is; now by default.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


@app.command()
def propose(
    as_of: _AsOf = None,
    false_a_quarter: Annotated[
        float, typer.Option("--false-a-quarter", help="False proposals a quarter to put up with, all lanes together.")
    ] = 2.0,
    json: _Json = False,
) -> None:
    """Look at all parcels on their way and delivered; ends with 5 where a carrier has begun to fail."""
    now = moment(as_of)
    with workspace() as opened, progress(quiet=json) as shown:
        shown.add_task("holding parcels against their usual days", total=None)
        found = propose_overrides(
            opened.store,
            opened.snapshots,
            company(opened, now.date()),
            as_of=now.date(),
            now=now,
            false_a_quarter=false_a_quarter,
        )
    if json:
        say(
            {
                "proposed": [plain(proposal) for proposal in found.new],
                "told": [
                    {"service": f.name, "origin": f.origin, "areas": list(f.areas), "because": why}
                    for f, why in found.told
                ],
                "mended": [one.proposal.id for one in found.mended],
            }
        )
    else:
        for proposal in found.new:
            show(proposal)
        for failing, why in found.told:
            page.print(
                f"{escape(failing.name)} from {failing.origin} is {failing.pattern} since {failing.since}; {why}",
                soft_wrap=True,
            )
        for one in found.mended:
            page.print(
                f"{one.proposal.id}: {escape(one.proposal.failing.name)} from {one.proposal.failing.origin} is as usual again;"
                f" `evenstock carriers override end {one.proposal.id} --by NAME --because mended`",
                soft_wrap=True,
            )
        if not found.new and not found.told:
            page.print("no carrier has begun to fail beyond what was told before")
    if found.new or found.told or found.mended:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


@app.command("list")
def every(as_of: _AsOf = None, json: _Json = False) -> None:
    """Every override proposed, and what became of it."""
    with workspace() as opened:
        found = standing(opened.store, opened.snapshots, moment(as_of).date())
    if json:
        say({"overrides": [told(one) for one in found]})
        return
    if not found:
        page.print("no override was proposed here; `evenstock carriers override propose` looks for carriers that fail")
        return
    rows = [
        (one.proposal.id, one.state.value, one.proposal.failing.name, one.proposal.failing.origin,
         ", ".join(one.proposal.failing.areas[:4]), str(one.proposal.failing.since), money(one.proposal),
         str(one.valid_to or ""), one.by, one.because if one.state is not State.ADOPTED else "")
        for one in found
    ]  # fmt: skip
    headers = ("", "is", "service", "from", "to", "fails since", "worth a week", "last day", "by", "because")
    page.print(table("carrier overrides", headers, rows, frozenset({6})))


@app.command()
def adopt(
    name: _Id,
    by: _By,
    weeks: Annotated[int, typer.Option(help="How long it lasts.")] = WEEKS,
    because: _Because = "",
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """Put a proposal in force from today, as a rule that ends by itself."""
    with workspace() as opened:
        done = adopt_override(
            opened.store, opened.snapshots, name, by=by, now=moment(as_of), weeks=weeks, because=because
        )
    if json:
        say(told(done))
        return
    how = f"as rule {done.proposal.rule}" if done.proposal.form is Form.RULE else "in the price of its lanes"
    page.print(
        f"override [bold]{done.proposal.id}[/] is in force until {done.valid_to}, {how};"
        f" `evenstock carriers override end {done.proposal.id}` ends it before",
        soft_wrap=True,
    )


@app.command()
def reject(name: _Id, by: _By, because: _Because, as_of: _AsOf = None, json: _Json = False) -> None:
    """Say no; the same failing is not proposed again for four weeks."""
    with workspace() as opened:
        done = reject_override(opened.store, opened.snapshots, name, by=by, because=because, now=moment(as_of))
    if json:
        say(told(done))
        return
    page.print(f"override [bold]{done.proposal.id}[/] is rejected")


@app.command()
def end(name: _Id, by: _By, because: _Because, as_of: _AsOf = None, json: _Json = False) -> None:
    """Take an override out of force before its last day."""
    with workspace() as opened:
        done = end_override(opened.store, opened.snapshots, name, by=by, because=because, now=moment(as_of))
    if json:
        say(told(done))
        return
    page.print(f"override [bold]{done.proposal.id}[/] is no longer in force")


def show(proposal: Proposal) -> None:
    """A proposal with its evidence, money, and what ends it."""
    worth = proposal.worth
    page.print(f"[bold]{proposal.id}[/]  {escape(proposal.sentence)}", soft_wrap=True)
    page.print(f"    proposed: {escape(deed(proposal))}", soft_wrap=True)
    if worth is None:
        page.print("    worth: unknown; import the orders of the last weeks to know")
    else:
        page.print(
            f"    worth {worth.cents / 100:,.2f} a week on {worth.orders_a_week:.0f} orders: late orders"
            f" {worth.lateness_cents / 100:+,.2f} ({worth.late_now:.0%} late, {worth.late_then:.0%} with it), lost and damaged"
            f" {worth.harm_cents / 100:+,.2f}, freight {-worth.freight_cents / 100:+,.2f}",
            soft_wrap=True,
        )
    if proposal.instead:
        page.print(f"    instead: {escape(', '.join(proposal.instead))}", soft_wrap=True)
    page.print(f"    [dim]ends: {escape(proposal.ends)}[/]", soft_wrap=True)
    page.print(
        f"    [dim]`evenstock carriers override adopt {proposal.id} --by NAME` puts it in force[/]", soft_wrap=True
    )


def money(proposal: Proposal) -> str:
    return "?" if proposal.worth is None else f"{proposal.worth.cents / 100:,.2f}"
