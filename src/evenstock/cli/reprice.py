"""`evenstock reprice`: what one more unit and one more place in a day are worth now."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated

import typer

from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import Exit, dollars, fail, moment, page, progress, say
from evenstock.operations.forecast_demand import current_forecast
from evenstock.operations.reoptimise import reoptimise
from evenstock.operations.reprice import DAYS, FUTURES, Repriced, reprice

_SHOWN = 10


def command(
    as_of: Annotated[str | None, typer.Option(help="Moment from which the prices hold; now by default.")] = None,
    days: Annotated[int, typer.Option(min=1, max=60, help="Days until stock comes again.")] = DAYS,
    scenarios: Annotated[int, typer.Option(min=0, max=100, help="Futures to price for confidence.")] = FUTURES,
    seed: Annotated[int, typer.Option(help="Seed of the sample and of the futures.")] = 0,
    forecast_free: Annotated[
        bool, typer.Option("--forecast-free", help="Prices by mirror descent, where nothing is known of what comes.")
    ] = False,
    soft: Annotated[
        bool,
        typer.Option(
            help="Decide orders that are not released again: they move where that saves more than a switch costs."
        ),
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Price the units that the expected orders compete for, and the days that are full."""
    now = moment(as_of)
    began = time.process_time()
    with workspace() as opened, progress(quiet=json) as shown:
        shown.add_task("pricing", total=None)
        here = company(opened, now.date())
        said = current_forecast(opened.store, opened.snapshots, here, now.date())
        try:
            done = reprice(
                opened.store,
                opened.snapshots,
                here,
                now=now,
                forecast=said.forecast if said else None,
                days=days,
                scenarios=scenarios,
                seed=seed,
                forecast_free=forecast_free,
            )
        except ValueError as error:
            fail(Exit.NOT_FOUND, str(error))
        moved = None
        if soft:
            fresh = company(opened, now.date())
            moved = reoptimise(opened.store, fresh.shipping, fresh.network.policy, now)
    cpu_s = time.process_time() - began
    if json:
        say(
            asdict(done)
            | {
                "forecast": said.digest if said else "",
                "cpu_s": round(cpu_s, 3),
                "looked_at": moved.looked_at if moved else 0,
                "swaps": [asdict(swap) for swap in moved.swaps] if moved else [],
            }
        )
        return
    show(done, days, cpu_s)
    if moved is not None and moved.looked_at:
        page.print(
            f"{moved.looked_at:,} orders that nobody picks yet were decided again: {len(moved.swaps):,} moved,"
            f" which saves {dollars(moved.saved_cents)}"
        )
    if said is None and not forecast_free:
        page.print("[dim]note: no current forecast: orders are expected as they came; run `evenstock forecast`.[/]")


def show(done: Repriced, days: int, cpu_s: float) -> None:
    """What was priced, in a few lines."""
    page.print(
        f"{len(done.contested):,} of {done.items:,} items are contested in the next {days} days; "
        f"{done.prices:,} prices of units and {done.capacity_prices:,} of days written, {done.freed:,} items freed"
    )
    page.print(
        f"{done.orders:,} orders routed, standing for {done.expected:,}; {done.sweeps} sweeps, {cpu_s:.1f} s of CPU"
    )
    if done.bound_cents:
        page.print(
            f"no routing of whole lines within today's stock costs less than {dollars(done.bound_cents)};"
            f" with everything everywhere it would be {dollars(done.free_cents)}"
        )
    if done.contested:
        more = f" and {len(done.contested) - _SHOWN:,} more" if len(done.contested) > _SHOWN else ""
        page.print(f"contested: {', '.join(done.contested[:_SHOWN])}{more}", soft_wrap=True)
    if done.left_out:
        page.print(f"[yellow]review:[/] {done.left_out:,} expected orders can go no lawful way; they were left out")
    for note in done.notes:
        page.print(f"[dim]note: {note}[/]", soft_wrap=True)
