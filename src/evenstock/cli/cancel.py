"""`evenstock cancel`: the customer no longer wants an order, or some of its lines."""

from __future__ import annotations

from typing import Annotated

import typer

from evenstock.cli.exception import tell
from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import moment
from evenstock.domain import LineId, OrderId, rfc3339
from evenstock.operations.exceptions.cancel import CancelOrder, cancel_order


def command(
    order: Annotated[str, typer.Argument(help="The order.")],
    line: Annotated[list[str] | None, typer.Option("--line", help="Only this line; may be repeated.")] = None,
    because: Annotated[str, typer.Option("--because", help="Why.")] = "the customer cancelled",
    by: Annotated[str, typer.Option("--by", help="Who says so.")] = "customer",
    id: Annotated[  # noqa: A002
        str, typer.Option("--id", help="Number of the cancellation: the same one twice changes nothing.")
    ] = "",
    as_of: Annotated[str | None, typer.Option(help="Moment of the cancellation; now by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Cancel an order or some of its lines: unreleased stock is free at once, nodes are asked to stop the rest.

    Ends with 5 where a node has to answer. What it has shipped by then is a return to expect.
    """
    now = moment(as_of)
    with workspace() as opened:
        here = company(opened, now.date())
        name = id or ":".join(("cancel", order, *(line or ()), rfc3339(now)))
        lines = tuple(LineId(each) for each in line or ())
        report = CancelOrder(name, OrderId(order), because, by, now, lines)
        answer = cancel_order(opened.store, here.shipping, here.network.policy, report)
    tell(answer, json)
