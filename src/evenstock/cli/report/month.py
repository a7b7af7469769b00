"""`evenstock report month`: a month as JSON and as one page that prints."""

from __future__ import annotations

import json as text
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from evenstock.cli.opening import company, workspace
from evenstock.cli.report.monthly_page import monthly_page
from evenstock.cli.screen import moment, page, progress, say
from evenstock.operations.outcomes.period import month as month_of
from evenstock.operations.outcomes.period import month_before, zone_of
from evenstock.simulation.monthly.report import keep_report, kept_report, month_report
from evenstock.simulation.replay.causes import SAMPLE


def command(
    month: Annotated[str | None, typer.Argument(help="Month as 2026-10; the last whole one by default.")] = None,
    zone: Annotated[
        str | None, typer.Option(help="Zone whose days count; that of all nodes by default, else UTC.")
    ] = None,
    node: Annotated[list[str] | None, typer.Option(help="Only what belongs to this node; may be said again.")] = None,
    sample: Annotated[int, typer.Option(min=1, help="Orders that are decided again.")] = SAMPLE,
    out: Annotated[Path | None, typer.Option(help="Folder for the page and the JSON.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Make it anew, though one of this month is kept.")] = False,
    as_of: Annotated[str | None, typer.Option(help="Moment of the report; now by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """What was adopted, edited and refused; foretold and actual; regret by cause; savings against the cost of running."""
    now = moment(as_of)
    with workspace() as opened:
        here = company(opened)
        told = zone or zone_of(one.timezone for one in here.network.nodes.values())
        period = month_of(month, told) if month else month_before(now.date(), told)
        name = f"{period.first:%Y-%m}"
        kept = None if again or node else kept_report(opened.store, name)
        document: Mapping[str, Any]
        if kept is not None and kept["period"]["zone"] == told:
            document = kept
        else:
            with progress(quiet=json) as shown:
                task = shown.add_task("deciding again", total=None)
                document = month_report(
                    opened.store, opened.snapshots, here, period, now=now,
                    nodes=frozenset(node) if node else None, sample=sample, stopwatch=time.process_time,
                    tick=lambda done, of: shown.update(task, completed=done, total=of),
                )  # fmt: skip
            if not node and period.ends <= now:
                keep_report(opened.store, document)
    if json:
        say(dict(document))
        return
    folder = out or Path.cwd()
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"month-{name}" + (f"-{'-'.join(sorted(node))}" if node else "")
    (folder / f"{stem}.json").write_text(text.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (folder / f"{stem}.html").write_text(monthly_page(document), "utf-8")
    _tell(document, folder / f"{stem}.html", now)


def _tell(document: Mapping[str, Any], at: Path, now: datetime) -> None:
    made = datetime.fromisoformat(document["made_at"])
    if made < now:
        page.print(f"[dim]as it was reported on {made:%Y-%m-%d}; --again makes it anew[/]")
    for number, one in enumerate(document["to_do"], 1):
        page.print(f"[bold]{number}[/] {one['sentence']}", soft_wrap=True)
    if document["money"] is not None:
        page.print(document["money"]["break_even"], soft_wrap=True)
    for note in document["notes"]:
        page.print(f"[dim]{note}[/]", soft_wrap=True)
    page.print(f"Report: [bold]{at}[/] (opens and prints without a network); beside it the same as JSON")
