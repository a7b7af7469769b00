"""`evenstock carriers review`: the week's report on carriers, for a person who acts on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from evenstock.cli.carriers import words
from evenstock.cli.carriers.report import carrier_report
from evenstock.cli.opening import company, workspace
from evenstock.cli.report import write
from evenstock.cli.screen import Exit, moment, page, progress, say
from evenstock.operations.score_carriers import WEEKS, CarrierReview, review_carriers

_SHOWN = 10


def command(
    weeks: Annotated[int, typer.Option(min=2, max=104, help="Weeks of shipping to show.")] = WEEKS,
    as_of: Annotated[str | None, typer.Option(help="As known on this morning; today by default.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write the report here (HTML).")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """What got worse and what it costs a week, scans that are missing, and what services advertise against what they do."""
    with workspace() as opened, progress(quiet=json) as shown:
        shown.add_task("reviewing carriers", total=None)
        found = review_carriers(company(opened), as_of=moment(as_of).date(), weeks=weeks)
    if report is not None:
        write(carrier_report(found), report)
    if json:
        say(_plain(found) | {"report": str(report) if report else None})
    else:
        _tell(found)
        if report is not None:
            page.print(f"Report: [bold]{report}[/] (opens without a network)")
    if found.worse.height:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


def _plain(found: CarrierReview) -> dict[str, Any]:
    return {
        "as_of": found.as_of.isoformat(),
        "weeks": found.scores.weeks,
        "worse": found.worse.to_dicts(),
        "cents_week": round(found.cents_week),
        "services": found.services.card.to_dicts(),
        "zones": found.scores.card.to_dicts(),
        "weekly": found.scores.weekly.to_dicts(),
        "advertised": found.services.advertised.to_dicts(),
        "missing_scans": found.missing.to_dicts(),
        "scan_discipline": found.discipline.to_dicts(),
        "coverage": found.services.coverage.to_dicts(),
        "cost_by_tier": found.services.tiers.to_dicts(),
        "refused": found.services.refused.to_dicts(),
        "notes": list(found.notes),
    }


def _tell(found: CarrierReview) -> None:
    if found.worse.is_empty():
        page.print("[bold]Nothing got worse[/] beyond chance in the last two weeks.")
    else:
        page.print(f"[bold]{found.worse.height} got worse[/], {found.cents_week / 100:,.0f} dollars a week in all:")
    for row in found.worse.head(_SHOWN).iter_rows(named=True):
        page.print(f"[yellow]![/] {words.changed(row)}", soft_wrap=True)
    kinds = found.missing.group_by("kind").len().sort("len", "kind", descending=[True, False])
    for kind, count in kinds.iter_rows():
        page.print(f"{kind}: {count:,} parcels", soft_wrap=True)
    for row in found.services.advertised.filter(~found.services.advertised["keeps"].fill_null(value=True)).iter_rows(
        named=True
    ):
        page.print(words.advertised(row), soft_wrap=True)
    for note in found.notes:
        page.print(f"[dim]note: {note}[/]", soft_wrap=True)
