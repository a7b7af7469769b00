"""`evenstock transfer`: approved moves on their way."""

from __future__ import annotations

from typing import Annotated

import typer

from evenstock.cli.opening import workspace
from evenstock.cli.screen import Exit, moment, page, say, table
from evenstock.domain import UNTRACKED, LotId, Sku, TransferId, TransferOrder, TransferState, Units, plain
from evenstock.operations.transfers import ReceivedLine, cancel_transfer, dispatch_transfer, receive_transfer

app = typer.Typer(
    no_args_is_help=True, help="Approved transfers: list them, say what left and what arrived, call one off."
)
_Transfer = Annotated[str, typer.Argument(help="The transfer.")]
_AsOf = Annotated[str | None, typer.Option(help="Moment of the report; now by default.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


@app.command("list")
def list_(
    state: Annotated[TransferState | None, typer.Option(help="Only those in this state.")] = None, json: _Json = False
) -> None:
    """Every transfer, newest plan last."""
    with workspace() as opened, opened.store.reading() as books:
        found = books.transfers(state)
    if json:
        say({"transfers": [plain(t) for t in found]})
        return
    page.print(
        table(
            "transfers",
            ("transfer", "lane", "ship by", "state", "units", "received", "lost"),
            [_row(t) for t in found],
            frozenset({4, 5, 6}),
        )
    )


@app.command("dispatch")
def dispatch(
    transfer: _Transfer,
    loaded: Annotated[
        list[str] | None, typer.Option(help="SKU=UNITS really loaded; everything ordered without any. May be repeated.")
    ] = None,
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """What left the origin; what is not there stays behind and is told."""
    took = None if not loaded else {(sku, lot): units for sku, lot, units in map(_units, loaded)}
    with workspace() as opened:
        done = dispatch_transfer(opened.store, TransferId(transfer), moment(as_of), took)
    if json:
        say(plain(done))
    else:
        page.print(f"{done.transfer.id} is {done.transfer.state}")
        for line in done.short:
            page.print(f"[yellow]{line.sku}: {line.dispatched} of {line.ordered} were there[/]")
    if done.short:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


@app.command("receive")
def receive(
    transfer: _Transfer,
    line: Annotated[
        list[str], typer.Option(help="SKU=UNITS that arrived, more than was sent included. May be repeated.")
    ],
    id: Annotated[  # noqa: A002
        str, typer.Option("--id", help="Number of the receipt: the same one twice changes nothing.")
    ],
    lost: Annotated[list[str] | None, typer.Option(help="SKU=UNITS that never will. May be repeated.")] = None,
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """What arrived at the destination, in part or whole."""
    gone = {(sku, lot): units for sku, lot, units in map(_units, lost or [])}
    came = {(sku, lot): units for sku, lot, units in map(_units, line)}
    rows = [
        ReceivedLine(sku, came.get((sku, lot), Units(0)), gone.get((sku, lot), Units(0)), lot)
        for sku, lot in sorted({*came, *gone})
    ]
    with workspace() as opened:
        after = receive_transfer(opened.store, TransferId(transfer), id, rows, moment(as_of))
    if json:
        say(plain(after))
        return
    page.print(f"{after.id} is {after.state}")
    for each in after.lines:
        if each.over:
            page.print(f"[yellow]{each.sku}: {each.over} more than {after.origin} said it sent: count there[/]")


@app.command("cancel")
def cancel(
    transfer: _Transfer,
    because: Annotated[str, typer.Option("--because", help="Why.")],
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """Call off a transfer that has not left."""
    with workspace() as opened:
        changed = cancel_transfer(opened.store, TransferId(transfer), because, moment(as_of))
    if json:
        say({"transfer": transfer, "cancelled": True, "changed": changed})
    else:
        page.print(f"{transfer} is cancelled" if changed else f"{transfer} was cancelled before")


def _units(said: str) -> tuple[Sku, LotId, Units]:
    """SKU=UNITS, or SKU@LOT=UNITS."""
    name, mark, units = said.rpartition("=")
    if not mark or not units.strip().isdigit():
        raise typer.BadParameter(f"{said!r}: write SKU=UNITS, such as MUG=48, or SKU@LOT=48")
    sku, _, lot = name.partition("@")
    return Sku(sku), LotId(lot) if lot else UNTRACKED, Units(int(units))


def _row(t: TransferOrder) -> tuple[str, ...]:
    return (
        str(t.id),
        f"{t.origin} → {t.destination}{f' {t.mode}' if t.mode else ''}",
        str(t.ship_by),
        t.state.value,
        f"{sum(line.units for line in t.lines):,}",
        f"{sum(line.received for line in t.lines):,}",
        f"{sum(line.lost for line in t.lines):,}",
    )
