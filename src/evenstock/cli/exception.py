"""`evenstock exception`: what went wrong with an order, a node or a carrier, and what follows from it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

import typer

from evenstock.bootstrap import Workspace
from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import Exit, fail, moment, page, say, table
from evenstock.domain import CaseKind, CaseState, LotId, NodeId, OrderId, Refuse, Sku, rfc3339
from evenstock.operations.exceptions.answer import Handled, document
from evenstock.operations.exceptions.count_shelf import ShelfCounted, count_shelf
from evenstock.operations.exceptions.cutoff_missed import CutoffMissed, cutoff_missed, sweep_cutoffs
from evenstock.operations.exceptions.evidence import keep_evidence
from evenstock.operations.exceptions.hold import CANCEL, RELEASE, HoldOrder, ReleaseHold, hold_order, release_hold
from evenstock.operations.exceptions.missed_pickup import MissedPickup, missed_pickup
from evenstock.operations.exceptions.node_down import NodeDown, NodeUp, node_down, node_up
from evenstock.operations.exceptions.short_pick import ShortPick, short_pick
from evenstock.operations.exceptions.stop import NodeStopped, node_stopped
from evenstock.policy import CompiledPolicy
from evenstock.routing.network import ShippingNetwork

app = typer.Typer(
    no_args_is_help=True,
    help="Say what went wrong: each report changes the books, says what happens next and until when. "
    "Ends with 5 where a person is needed.",
)
Answer = Handled | Refuse
_Order = Annotated[str, typer.Argument(help="The order.")]
_Node = Annotated[str, typer.Option("--node", help="The node.")]
_Sku = Annotated[str, typer.Option("--sku", help="The item.")]
_By = Annotated[str, typer.Option("--by", help="Who says so.")]
_Because = Annotated[str, typer.Option("--because", help="Why.")]
_Id = Annotated[
    str,
    typer.Option("--id", help="Number of the report, such as that of the pick: the same one twice changes nothing."),
]
_AsOf = Annotated[str | None, typer.Option(help="Moment of the report; now by default.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


@app.command("short-pick")
def short_pick_(
    order: _Order,
    node: _Node,
    sku: _Sku,
    found: Annotated[int, typer.Option(min=0, help="Units found.")],
    together: Annotated[
        bool, typer.Option("--together", help="The order leaves in one piece, or from elsewhere.")
    ] = False,
    id: _Id = "",  # noqa: A002
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """Fewer units were found than the order wants: freeze the missing ones, ask for a count, route them again."""
    now = moment(as_of)
    report = ShortPick(
        _name(id, now, "short-pick", order, node, sku), OrderId(order), NodeId(node), Sku(sku), found, now, together
    )
    with workspace() as opened:
        answer = short_pick(opened.store, *_at(opened, now), report)
        keep_evidence(opened.store, opened.snapshots, now)
    tell(answer, json)


@app.command()
def counted(
    node: _Node,
    sku: _Sku,
    units: Annotated[int, typer.Option(min=0, help="Units counted.")],
    by: _By,
    lot: Annotated[str, typer.Option(help="The lot, where the item has lots.")] = "",
    id: _Id = "",  # noqa: A002
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """A shelf where a pick came up short was counted: set the books right, and free what was frozen."""
    now = moment(as_of)
    name = _name(id, now, "counted", node, sku, lot)
    with workspace() as opened:
        answer = count_shelf(opened.store, ShelfCounted(name, NodeId(node), Sku(sku), units, by, now, LotId(lot)))
        keep_evidence(opened.store, opened.snapshots, now)
    tell(answer, json)


@app.command()
def address(
    order: _Order,
    because: _Because = "the address cannot be delivered to",
    hours: Annotated[float, typer.Option(min=0.1, help="How long there is to answer.")] = 48,
    then: Annotated[str, typer.Option(help="What happens if nobody does: cancel or release.")] = "cancel",
    id: _Id = "",  # noqa: A002
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """An address fails: hold the order with its stock, and ask."""
    _hold(CaseKind.ADDRESS, order, because, hours, then, id, as_of, json)


@app.command("address-right")
def address_right(
    order: _Order,
    by: _By,
    because: _Because = "the address is right",
    id: _Id = "",  # noqa: A002
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """The address is right as it stands: the order goes on. With another address, cancel it and route it under a new number."""
    _release(CaseKind.ADDRESS, order, by, because, id, as_of, json)


@app.command("fraud-hold")
def fraud_hold(
    order: _Order,
    because: _Because = "the payment is doubted",
    hours: Annotated[float, typer.Option(min=0.1, help="How long there is to answer.")] = 48,
    then: Annotated[str, typer.Option(help="What happens if nobody does: cancel or release.")] = "cancel",
    id: _Id = "",  # noqa: A002
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """A payment is doubted: hold the order with its stock."""
    _hold(CaseKind.FRAUD, order, because, hours, then, id, as_of, json)


@app.command("fraud-release")
def fraud_release(
    order: _Order,
    by: _By,
    because: _Because = "the payment is good",
    id: _Id = "",  # noqa: A002
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """The payment is good: the order goes on."""
    _release(CaseKind.FRAUD, order, by, because, id, as_of, json)


@app.command()
def stopped(
    order: _Order,
    node: _Node,
    by: _By,
    id: _Id = "",  # noqa: A002
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """A node stopped what was cancelled while it picked: the units are on the shelf again."""
    now = moment(as_of)
    with workspace() as opened:
        report = NodeStopped(_name(id, now, "stopped", order, node), OrderId(order), NodeId(node), by, now)
        answer = node_stopped(opened.store, report)
    tell(answer, json)


@app.command("missed-pickup")
def missed_pickup_(
    node: Annotated[str, typer.Argument(help="The node.")],
    service: Annotated[str, typer.Option(help="The carrier's service.")],
    day: Annotated[str | None, typer.Option(help="The day it should have come; that of the report by default.")] = None,
    until: Annotated[str | None, typer.Option(help="The carrier has failed until then: nothing goes by it.")] = None,
    id: _Id = "",  # noqa: A002
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """A carrier did not come: who waits on the dock, how late each becomes, and who goes another way."""
    now = moment(as_of)
    with workspace() as opened:
        missed = date.fromisoformat(day) if day else now.date()
        report = MissedPickup(
            _name(id, now, "missed-pickup", node, service, str(missed)), NodeId(node), service, missed, now,
            moment(until) if until else None,
        )  # fmt: skip
        answer = missed_pickup(opened.store, *_at(opened, now), report)
    tell(answer, json)


@app.command("node-down")
def node_down_(
    node: Annotated[str, typer.Argument(help="The node.")],
    until: Annotated[str, typer.Option(help="When it ships again.")],
    because: _Because = "it cannot ship",
    since: Annotated[str | None, typer.Option("--from", help="When it begins; now by default.")] = None,
    id: _Id = "",  # noqa: A002
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """A node ships nothing for a while: what waits there goes elsewhere, the earliest promise first."""
    now = moment(as_of)
    with workspace() as opened:
        name = _name(id, now, "node-down", node)
        begins = moment(since) if since else None
        report = NodeDown(name, NodeId(node), moment(until), because, now, begins)
        answer = node_down(opened.store, *_at(opened, now), report)
    tell(answer, json)


@app.command("node-up")
def node_up_(
    node: Annotated[str, typer.Argument(help="The node.")],
    by: _By,
    id: _Id = "",  # noqa: A002
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """A node ships again, sooner than was said."""
    now = moment(as_of)
    with workspace() as opened:
        report = NodeUp(_name(id, now, "node-up", node), NodeId(node), by, now)
        answer = node_up(opened.store, *_at(opened, now), report)
    tell(answer, json)


@app.command("cutoff-missed")
def cutoff_missed_(
    order: Annotated[str, typer.Argument(help="The order; every order that missed its cut-off without one.")] = "",
    id: _Id = "",  # noqa: A002
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """An order was not released by its node's cut-off: it leaves later, and elsewhere only where that saves."""
    now = moment(as_of)
    with workspace() as opened:
        if order:
            report = CutoffMissed(_name(id, now, "cutoff-missed", order), OrderId(order), now)
            tell(cutoff_missed(opened.store, *_at(opened, now), report), json)
            return
        here = company(opened, now.date())
        found = sweep_cutoffs(opened.store, here.shipping, here.network.policy, now)
    if json:
        say({"now": now, "missed": [document(answer) for answer in found]})
    else:
        rows = [(answer.sentence, answer.cases[0].resolution or answer.next_action) for answer in found]
        page.print(
            table(f"{len(found)} missed their cut-off", ("order", "then"), rows) if rows else "None missed its cut-off."
        )
    if any(answer.needs_person for answer in found):
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


def _hold(
    kind: CaseKind, order: str, because: str, hours: float, then: str, name: str, as_of: str | None, json: bool
) -> None:
    now = moment(as_of)
    if then not in {"cancel", "release"}:
        raise typer.BadParameter(f"{then!r}: write cancel or release", param_hint="--then")
    with workspace() as opened:
        report = HoldOrder(
            _name(name, now, kind.value, order), OrderId(order), kind, because, now, timedelta(hours=hours),
            RELEASE if then == "release" else CANCEL,
        )  # fmt: skip
        answer = hold_order(opened.store, *_at(opened, now), report)
    tell(answer, json)


def _release(kind: CaseKind, order: str, by: str, because: str, name: str, as_of: str | None, json: bool) -> None:
    now = moment(as_of)
    with workspace() as opened:
        report = ReleaseHold(_name(name, now, f"{kind.value}-released", order), OrderId(order), kind, by, because, now)
        answer = release_hold(opened.store, *_at(opened, now), report)
    tell(answer, json)


def _at(opened: Workspace, now: datetime) -> tuple[ShippingNetwork, CompiledPolicy]:
    """The network and the rules by which it is decided again."""
    here = company(opened, now.date())
    return here.shipping, here.network.policy


def _name(given: str, now: datetime, *parts: str) -> str:
    """The number of the report: the caller's, else what it says and when."""
    return given or ":".join((*(part for part in parts if part), rfc3339(now)))


def tell(answer: Answer, json: bool) -> None:
    """What a report did and what follows, on the screen or as JSON; ends with 5 where a person is needed."""
    if isinstance(answer, Refuse):
        fail(Exit.NOT_FOUND if answer.because.startswith("no order") else Exit.REFUSED_INPUT, answer.because)
    if json:
        say(document(answer))
    else:
        page.print(
            f"{answer.sentence}{' (told before; nothing was changed)' if answer.repeated else ''}", soft_wrap=True
        )
        for case in answer.cases:
            if case.state is CaseState.CLOSED:
                page.print(f"[dim]{case.about}: {case.resolution}[/]", soft_wrap=True)
        rows = [
            (f"{case.due_at:%Y-%m-%d %H:%M}", case.about, case.suggestion, case.role or "by itself", case.at_deadline.replace("_", " "))
            for case in answer.waiting
        ]  # fmt: skip
        if rows:
            headers = ("due (UTC)", "about", "what is to be done", "who", "else")
            page.print(table(f"{len(rows)} open", headers, rows))
    if answer.needs_person:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))
