"""A change tried on past orders from the command line, and how it is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from math import isnan

from rich.markup import escape

from evenstock.bootstrap import Workspace
from evenstock.cli.opening import company
from evenstock.cli.screen import dollars, page, progress, say, table
from evenstock.operations.autonomy.evidence import Simulated, keep_simulated, simulated_told
from evenstock.operations.company import Company
from evenstock.simulation.changes import Change, recorded, simulate_change


def tried(
    opened: Workspace, changed: Callable[[Company], Change], *, by: str, now: datetime, days: int, json: bool
) -> Simulated:
    """Try a change, keep what was found, and show it."""
    here = company(opened, now.date())
    change = changed(here)
    past = recorded(opened.store, here, now, days)
    with progress(quiet=json) as shown:
        task = shown.add_task("deciding again", total=len(past.orders) * (1 if change.kind == "stages" else 2))
        found = simulate_change(change, past, by=by, now=now, tick=lambda count: shown.advance(task, count))
    kept = keep_simulated(opened.store, opened.snapshots, found)
    if json:
        say(simulated_told(kept))
    else:
        _tell(kept)
    return kept


def _tell(found: Simulated) -> None:
    page.print(f"[bold]{escape(found.sentence)}[/]", soft_wrap=True)
    rows = [
        (name, f"{a:,}", f"{b:,}", f"{b - a:+,}")
        for name, a, b in (
            ("served", found.now.served, found.then.served),
            ("not served", found.now.unserved, found.then.unserved),
            ("split", found.now.split, found.then.split),
            ("asked of people", found.now.asked, found.then.asked),
            ("in shadow", found.now.shadow, found.then.shadow),
        )
    ]
    rows.append(
        ("paid, where both serve", dollars(found.now.cents), dollars(found.then.cents), dollars(found.difference_cents))
    )
    page.print(table(f"{found.first} to {found.last}", ("", "now", "then", ""), rows, frozenset({1, 2, 3})))
    if not isnan(found.low_cents):
        page.print(f"an order: {found.low_cents:+.1f} to {found.high_cents:+.1f} cents (95 %, by days)")
    for one in found.worst[:5]:
        what = f"dearer by {dollars(one.cents)}" if one.then else "not served any more"
        page.print(f"  [dim]{escape(one.order)}: {what}: {escape(one.then or '–')} instead of {escape(one.now)}[/]")
    for note in found.notes:
        page.print(f"[dim]{escape(note)}[/]", soft_wrap=True)
