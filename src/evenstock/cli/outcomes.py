"""`evenstock outcomes`: a month's decisions against what came, and the numbers that outcomes suggest."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import asdict
from datetime import date, timedelta
from math import isnan
from typing import Annotated, Any

import typer

from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import Exit, dollars, moment, page, say, table
from evenstock.domain import DecisionRecord
from evenstock.operations.decisions import decision_from
from evenstock.operations.ports import Store
from evenstock.operations.review_outcomes import Foretold, OutcomeReview, review_outcomes

_AT_ONCE = 1_000
_TABLES = ("shipments", "claims", "short_picks")


def command(
    month: Annotated[str | None, typer.Option(help="Month as YYYY-MM; the last whole one by default.")] = None,
    as_of: Annotated[str | None, typer.Option(help="Moment of the review; now by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Hold decisions against invoices, scans, tickets and short picks. Proposes numbers of the costs table, applies none."""
    first, last = _month(month, moment(as_of).date())
    with workspace() as opened:
        here = company(opened)
        tables = {name: here.table(name) for name in _TABLES}
        review = review_outcomes(all_decisions(opened.store), tables, here.network.costs, first=first, last=last)
    if json:
        say(_plain(review))
    else:
        _tell(review)
    if review.proposals or not all(one.honest for one in review.foretold):
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


def _month(text: str | None, today: date) -> tuple[date, date]:
    try:
        first = (
            (today.replace(day=1) - timedelta(days=1)).replace(day=1)
            if text is None
            else date.fromisoformat(f"{text}-01")
        )
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no month; write it as 2026-11") from None
    return first, first.replace(day=monthrange(first.year, first.month)[1])


def all_decisions(store: Store) -> list[DecisionRecord]:
    """Every decision, in the order recorded."""
    found: list[DecisionRecord] = []
    with store.reading() as books:
        after = ""
        while batch := books.decisions(_AT_ONCE, after):
            found += [decision_from(record) for record in batch]
            after = found[-1].id
    return found


def _plain(review: OutcomeReview) -> dict[str, Any]:
    def of(one: Foretold) -> dict[str, Any]:
        return {k: None if isinstance(v, float) and isnan(v) else v for k, v in asdict(one).items()}

    return {
        "first": review.first.isoformat(),
        "last": review.last.isoformat(),
        "orders": review.orders,
        "foretold": [of(one) for one in review.foretold],
        "by_service": [of(one) for one in review.by_service],
        "proposals": [asdict(one) for one in review.proposals],
        "notes": list(review.notes),
    }


def _tell(review: OutcomeReview) -> None:
    page.print(f"[bold]{review.orders:,} orders[/] decided from {review.first} to {review.last}")
    for one in review.foretold:
        mark = "[green]✓[/]" if one.honest else "[yellow]![/]"
        page.print(f"{mark} {one.sentence}", soft_wrap=True)
    if review.by_service:
        rows = [
            (one.what, f"{one.cases:,}", dollars(one.foretold), dollars(one.actual), _percent(one))
            for one in review.by_service
        ]
        page.print(
            table(
                "freight by service",
                ("service", "shipments", "foretold", "invoiced", "95 %"),
                rows,
                frozenset({1, 2, 3}),
            )
        )
    for p in review.proposals:
        page.print(f"[bold]{p.cost}[/]: {p.now} → [bold]{p.proposed}[/] cents. {p.because}", soft_wrap=True)
    if review.proposals:
        page.print("[dim]Nothing was changed. To adopt a number, put it into costs.csv and import it.[/]")
    for note in review.notes:
        page.print(f"[dim]{note}[/]")


def _percent(one: Foretold) -> str:
    if isnan(one.low):
        return f"{100 * (one.ratio - 1):+.1f} % (too few)"
    return f"{100 * (one.low - 1):+.1f} to {100 * (one.high - 1):+.1f} %"
