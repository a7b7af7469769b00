"""`evenstock carriers review`: the week's report on carriers, for a person who acts on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from evenstock.cli.carriers import words
from evenstock.cli.carriers.report import carrier_report
from evenstock.cli.html_report import write
from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import Exit, moment, page, progress, say
from evenstock.operations.carrier_overrides.document import deed, told
from evenstock.operations.carrier_overrides.for_review import OverridesForReview, overrides_for_review
from evenstock.operations.carrier_overrides.proposal import lapses_on
from evenstock.operations.score_carriers import WEEKS, CarrierReview, review_carriers

_SHOWN = 10


def command(
    weeks: Annotated[int, typer.Option(min=2, max=104, help="Weeks of shipping to show.")] = WEEKS,
    as_of: Annotated[str | None, typer.Option(help="As known on this morning; today by default.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write the report here (HTML).")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """What got worse and what it costs a week, overrides to answer, missing scans, what services advertise against what they do.

    Ends with 5 if something got worse or a proposed override waits for an answer.
    """
    on = moment(as_of).date()
    with workspace() as opened, progress(quiet=json) as shown:
        shown.add_task("reviewing carriers", total=None)
        found = review_carriers(company(opened), as_of=on, weeks=weeks)
        overrides = overrides_for_review(opened.store, opened.snapshots, on)
    if report is not None:
        write(carrier_report(found, overrides), report)
    if json:
        say(_plain(found) | {"overrides": _plain_overrides(overrides), "report": str(report) if report else None})
    else:
        _tell(found)
        _tell_overrides(overrides)
        for note in found.notes:
            page.print(f"[dim]note: {note}[/]", soft_wrap=True)
        if report is not None:
            page.print(f"Report: [bold]{report}[/] (opens without a network)")
    if found.worse.height or overrides.waiting:
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


def _plain_overrides(overrides: OverridesForReview) -> dict[str, Any]:
    return {
        "cents_a_week": overrides.cents_a_week,
        "waiting": [
            told(one)
            | {
                "lapses_on": lapses_on(one.proposal),
                "days_left": overrides.days_left(one),
                "adopt": words.to_adopt(one),
                "reject": words.to_reject(one),
            }
            for one in overrides.waiting
        ],
        "in_force": [
            told(one)
            | {
                "days_left": overrides.days_left(one),
                "ends_soon": overrides.ends_soon(one),
                "end": words.to_end(one),
            }
            for one in overrides.in_force
        ],
    }


def _tell_overrides(overrides: OverridesForReview) -> None:
    for one in overrides.waiting:
        page.print(f"[yellow]?[/] override [bold]{one.proposal.id}[/]: {escape(one.proposal.sentence)}", soft_wrap=True)
        page.print(f"    proposed: {escape(deed(one.proposal))}; {words.worth(one.proposal)}", soft_wrap=True)
        page.print(
            f"    answer before it lapses on {lapses_on(one.proposal)}: `{words.to_adopt(one)}` or `{words.to_reject(one)}`",
            soft_wrap=True,
        )
    for one in overrides.in_force:
        left = f"until {one.valid_to}" + (
            f", {words.left(overrides.days_left(one))}" if overrides.ends_soon(one) else ""
        )
        page.print(
            f"override {one.proposal.id} is in force {left}, adopted by {escape(one.by)}: {escape(deed(one.proposal))};"
            f" {words.worth(one.proposal)} when proposed. `{words.to_end(one)}` ends it before",
            soft_wrap=True,
        )
