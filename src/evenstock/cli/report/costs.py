"""`evenstock report costs`: what running the system costs the company, from a month on."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Annotated

import typer

from evenstock.cli.opening import workspace
from evenstock.cli.screen import moment, page, say, table
from evenstock.operations.outcomes.running import RunningCosts, costs_in, enter_costs


def command(
    since: Annotated[
        str | None, typer.Option(help="First month it holds for, as 2026-10; this month by default.")
    ] = None,
    licence: Annotated[float | None, typer.Option(min=0.0, help="A month.")] = None,
    servers: Annotated[
        float | None, typer.Option(min=0.0, help="A month: machines, database, storage, backups.")
    ] = None,
    other: Annotated[float | None, typer.Option(min=0.0, help="A month: whatever else counts.")] = None,
    hour: Annotated[float | None, typer.Option(min=0.0, help="An hour of whoever answers questions.")] = None,
    minutes: Annotated[int | None, typer.Option(min=0, help="Minutes of work on one answer.")] = None,
    calls: Annotated[int | None, typer.Option(min=0, help="Calls of carriers' interfaces a month.")] = None,
    thousand_calls: Annotated[float | None, typer.Option(min=0.0, help="What a thousand of them cost.")] = None,
    by: Annotated[str, typer.Option(help="Who enters them.")] = "",
    as_of: Annotated[str | None, typer.Option(help="Moment; now by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Show what is entered, or change what is named; what is not named stays as it was."""
    now: datetime = moment(as_of)
    wanted = since or f"{now:%Y-%m}"
    said = {
        "licence_cents_month": _cents(licence), "servers_cents_month": _cents(servers), "other_cents_month": _cents(other),
        "person_cents_hour": _cents(hour), "minutes_an_answer": minutes, "calls_month": calls,
        "call_cents_thousand": _cents(thousand_calls),
    }  # fmt: skip
    changes = {name: value for name, value in said.items() if value is not None}
    with workspace() as opened:
        with opened.store.reading() as books:
            found = costs_in(books, wanted)
        if changes:
            enter_costs(opened.store, wanted, replace(found.costs, **changes), by=by, now=now)
            with opened.store.reading() as books:
                found = costs_in(books, wanted)
    if json:
        say({"since": found.since or None, "by": found.by, "at": found.at, **asdict(found.costs)})
        return
    who = f"entered by {found.by} from {found.since} on" if found.since else "nobody entered any: these are defaults"
    rows = [(field.name.replace("_", " "), f"{getattr(found.costs, field.name):,}") for field in fields(RunningCosts)]
    page.print(table(f"running costs in {wanted}, {who}", ("", "cents, minutes or calls"), rows, frozenset({1})))


def _cents(money: float | None) -> int | None:
    return None if money is None else round(money * 100)
