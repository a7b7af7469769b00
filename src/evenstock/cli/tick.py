"""`evenstock tick`: does what is due now."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import Exit, moment, page, say, table
from evenstock.domain import plain
from evenstock.operations.correct_prices import Corrected
from evenstock.operations.tick import tick


def command(
    as_of: Annotated[str | None, typer.Option(help="Do what is due by this moment; now by default.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Cases to do at most.")] = 1_000,
    cutoffs: Annotated[
        bool,
        typer.Option(
            "--cutoffs", help="Nodes report every release: an order not released by its cut-off is decided again."
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Do what is due: deadlines of cases, orders to try again, reservations that ran out. Run it every few minutes.

    Then prices of contested items follow the stock that is gone since the last `reprice`.

    Running it twice, or on two machines at once, does each thing once. Ends with 5 if something failed: it is tried again.
    """
    now = moment(as_of)
    with workspace() as opened:
        here = company(opened, now.date())
        ticked = tick(
            opened.store, opened.snapshots, here.shipping, here.network.policy, now, limit=limit, cutoffs=cutoffs
        )
    done, missed, told, more, prices = ticked.done, ticked.missed, ticked.evidence, ticked.still_due, ticked.prices
    failed = ticked.failed
    if json:
        say(
            {
                "now": now,
                "done": [plain(each) for each in done],
                "failed": failed,
                "still_due": more,
                "cutoffs_missed": [each.sentence for each in missed],
                "evidence": told,
                "prices": plain(prices),
            }
        )
    elif not done:
        page.print("Nothing is due.")
    else:
        counts = ", ".join(
            f"{n} {name.replace('_', ' ')}" for name, n in sorted(Counter(d.action for d in done).items())
        )
        rows = [("[red]✗[/]" if d.failed else "✓", d.action.replace("_", " "), d.sentence) for d in done]
        page.print(table(f"{len(done)} done: {counts}", ("", "action", "what came of it"), rows))
        if more:
            page.print(f"[yellow]{more} are still due; run it again[/]")
    if not json:
        for each in missed:
            page.print(each.sentence, soft_wrap=True)
        for name, count in told.items():
            if count:
                page.print(f"{count:,} new rows of {name.replace('_', ' ')}: beliefs will learn from them")
        _tell(prices)
    if failed:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


def _tell(prices: Corrected | str) -> None:
    if isinstance(prices, str):
        page.print(f"[red]✗[/] prices were not corrected: {prices}", soft_wrap=True)
    elif prices.since is not None:
        page.print(prices.sentence, soft_wrap=True)
