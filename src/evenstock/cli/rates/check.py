"""`evenstock rates check`: how old everything is that freight is priced with, and what needs somebody."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import Exit, moment, page, say, table
from evenstock.operations.rates.age import Age, ages
from evenstock.operations.rates.in_force import imported_rates
from evenstock.operations.rates.refresh import due, sources
from evenstock.operations.rates.refusals import standing


def command(
    as_of: Annotated[str | None, typer.Option(help="The moment to judge by; now by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Age of every card, index and table, what a decision would use today, and what is stale now or within 30 days.

    Ends with 5 if anything needs attention.
    """
    now = moment(as_of)
    with workspace() as opened:
        here = company(opened, now.date())
        with opened.store.reading() as books:
            rates, refusals = imported_rates(books, opened.snapshots), standing(books, opened.snapshots)
        found = ages(here.tables, now.date(), rates=rates, refusals=tuple(refusals))
        waiting = due(sources(opened.store, opened.snapshots), now)
    found += [
        Age("source", one.name, at.date(), (now - at).days, None, one.place,
            f"{one.name}: new rates are there since {at:%Y-%m-%d %H:%M} UTC; run `evenstock rates refresh`"
            + (f" (last try: {one.failed})" if one.failed else ""))
        for one, at in waiting
    ]  # fmt: skip
    attention = [age for age in found if age.attention]
    if json:
        say({"as_of": now, "rates": [asdict(age) for age in found], "attention": len(attention)})
    else:
        _tell(found, attention)
    if attention or not found:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


def _tell(found: list[Age], attention: list[Age]) -> None:
    if not found:
        page.print("[red]No rates at all:[/] import rate_cards and rates to price a parcel.")
        return
    rows = [
        (_mark(age), age.kind, escape(age.name), str(age.since or ""), "" if age.days is None else f"{age.days:,}",
         str(age.until or ""), escape(age.used))
        for age in found
    ]  # fmt: skip
    headers = ("", "", "name", "since", "days", "until", "a decision would use")
    page.print(table("rates in force", headers, rows, frozenset({4})))
    for age in attention:
        mark = "[red]now[/]" if age.stale else "[yellow]soon[/]"
        page.print(f"{mark} {escape(age.stale or age.soon)}", soft_wrap=True)
    for age in found:
        if age.holes:
            page.print(f"[dim]{escape(age.name)}: {age.holes}[/]", soft_wrap=True)
    if not attention:
        page.print("[green]All rates are fresh[/] today and for the next 30 days.")


def _mark(age: Age) -> str:
    return "[red]✗[/]" if age.stale else "[yellow]![/]" if age.soon else "[green]✓[/]"
