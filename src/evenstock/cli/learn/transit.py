"""`evenstock learn transit`: how long each service takes, from the carrier's scans."""

from __future__ import annotations

from typing import Annotated

import typer

from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import moment, page, progress, say, table
from evenstock.operations.learn_transit import learn_transit
from evenstock.operations.transit_in_force import FRESH_DAYS


def command(
    as_of: Annotated[
        str | None, typer.Option(help="Learn from what was known on this morning; today by default.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Learn delivery times by service, zone and lane; routing uses them in place of imported ones while they are fresh."""
    now = moment(as_of)
    with workspace() as opened, progress(quiet=json) as shown:
        shown.add_task("reading scans", total=None)
        learned = learn_transit(opened.store, opened.snapshots, company(opened), as_of=now.date(), now=now)
    if json:
        say(
            {
                "snapshot": learned.digest,
                "fitted_on": learned.fitted_on,
                "zones": learned.zones.to_dicts(),
                "reliability": learned.reliability.to_dicts(),
                "lanes": learned.lanes.select("service", "origin", "destination", "parcels").unique().height,
                "notes": list(learned.notes),
            }
        )
        return
    rows = [
        (r["service"], str(r["zone"]), f"{r['parcels']:,}", f"{r['under_way']:,}", f"{r['mean_days']:.2f}", r["basis"])
        for r in learned.zones.iter_rows(named=True)
    ]
    headers = ("service", "zone", "parcels", "under way", "days", "leans on")
    page.print(
        table(
            f"days from hand-over to delivery, as known on {learned.fitted_on}", headers, rows, frozenset({1, 2, 3, 4})
        )
    )
    kept = [
        (r["service"], f"{r['parcels']:,}", f"{r['late_share']:.1%}", f"{r['low']:.1%} to {r['high']:.1%}", f"{r['mean_days_late']:.1f}")
        for r in learned.reliability.iter_rows(named=True)
    ]  # fmt: skip
    if kept:
        word = ("service", "parcels promised", "late", "95 % interval", "days late")
        page.print(table("whether carriers kept their word", word, kept, frozenset({1, 2, 3, 4})))
    page.print(f"[dim]Routing uses these for {FRESH_DAYS} days; learn again every night.[/]")
    for note in learned.notes:
        page.print(f"[dim]note: {note}[/]", soft_wrap=True)
