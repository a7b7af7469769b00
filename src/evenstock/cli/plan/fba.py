"""`evenstock plan fba`: what to send to Amazon's own pool tonight."""

from __future__ import annotations

from typing import Annotated

import typer

from evenstock.cli.opening import company, todays_forecast, workspace
from evenstock.cli.screen import dollars, moment, page, progress, say, show_whole, table
from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.plan_transfers import PATHS
from evenstock.operations.restock_fba import FbaRestock, FbaRow, document, fba_tonight
from evenstock.operations.tonight.happened import happenings

_SHOWN = 25


def command(
    as_of: Annotated[str | None, typer.Option(help="The evening; now by default.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the demand paths.")] = 0,
    paths: Annotated[int, typer.Option(min=1, max=1000, help="Demand paths to reckon on.")] = PATHS,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Each item of Amazon's own pool: its cover, what to send from where, every fee, and what a limit costs; nothing is kept."""
    now = moment(as_of)
    with workspace() as opened, progress(quiet=json) as shown:
        shown.add_task("planning the pool", total=None)
        here = company(opened, now.date())
        said = todays_forecast(opened, here, now)
        found = fba_tonight(
            opened.store,
            here.network,
            said.forecast,
            on=now.date(),
            seed=seed,
            n_paths=paths,
            happened=happenings(opened.store, here),
            rules=Governance.of(here),
        )
    if json:
        say(document(found))
        return
    _show(found)


def _show(found: FbaRestock) -> None:
    page.print(
        f"[bold]{sum(row.units > 0 for row in found.rows)} of {len(found.rows)} items[/] of the pool: {found.units:,} units; "
        f"worth {dollars(found.worth_cents)}, cost {dollars(found.cost_cents)}, net [bold]{dollars(found.net_cents)}[/] "
        f"(no choice nets more than {dollars(found.bound_cents)})"
    )
    for limit, cents in (
        ("acceptance limits", found.acceptance_cents),
        ("docks, room, trucks and budget", found.shared_cents),
    ):
        if cents:
            page.print(f"left on the table by {limit}: [bold]{dollars(cents)}[/]")
    headers = (
        "sku", "at", "there", "days", "send", "from", "cases", "pallets", "placement", "storage", "freight", "picking",
        "capital", "worth", "net", "limit", "left",
    )  # fmt: skip
    text = {0, 1, 5, 15}
    numeric = frozenset(n for n in range(len(headers)) if n not in text)
    shown = found.rows[:_SHOWN]
    show_whole(table("restock of Amazon's own pool", headers, [_row(row) for row in shown], numeric))
    for row in shown:
        if row.units or row.binding:
            page.print(f"[bold]{row.sku}[/]: {row.sentence}", soft_wrap=True)
    if len(found.rows) > len(shown):
        page.print(f"[dim]and {len(found.rows) - len(shown)} more items; --json tells all[/]")
    for note in found.notes:
        page.print(f"[dim]note: {note}[/]", soft_wrap=True)


def _row(row: FbaRow) -> tuple[str, ...]:
    def days(cover: int) -> str:
        return "∞" if cover >= 9999 else str(cover)

    money = (row.placement_cents, row.storage_cents, row.freight_cents, row.picking_cents, row.capital_cents)
    return (
        row.sku,
        row.node,
        f"{row.position:,}",
        f"{days(row.cover_before)} → {days(row.cover_after)}" if row.units else days(row.cover_before),
        f"{row.units:,}",
        ", ".join(f"{origin} {units:,}" for origin, units in row.sent_from),
        f"{row.cases:,}",
        f"{row.pallet_thousandths / 1000:.2f}",
        *(dollars(cents) for cents in money),
        dollars(row.worth_cents),
        dollars(row.net_cents),
        row.binding.value,
        dollars(row.left_cents) if row.binding else "",
    )
