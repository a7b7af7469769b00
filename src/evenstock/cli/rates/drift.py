"""`evenstock rates drift`: what was billed, and quoted live, against our quotes: what drifted, and corrections to adopt."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
from rich.markup import escape
from rich.table import Table

from evenstock.bootstrap import Workspace
from evenstock.cli.opening import company, workspace
from evenstock.cli.rates import drift_plots
from evenstock.cli.screen import Exit, dollars, moment, page, say, table
from evenstock.freight.drift.detect import FALSE_ALARMS
from evenstock.operations.rates.adopt import adopt, end
from evenstock.operations.rates.hold_invoices import DriftReport, hold_invoices
from evenstock.operations.rates.live_quotes import INVOICED, LIVE

_COUNTED = {INVOICED: "parcels", LIVE: "live quotes"}
_SHOWN = 12
_DEAREST = 5


def command(
    adopt_id: Annotated[
        str, typer.Option("--adopt", metavar="ID", help="Let quotes add what this drift proposes.")
    ] = "",
    end_id: Annotated[str, typer.Option("--end", metavar="ID", help="Let this correction count no longer.")] = "",
    by: Annotated[str, typer.Option("--by", help="Who does this.")] = "",
    because: Annotated[str, typer.Option("--because", help="Why a correction ends.")] = "",
    plot: Annotated[Path | None, typer.Option(help="Draw each drift by week here (SVG).")] = None,
    false_alarms: Annotated[
        float, typer.Option(min=0.01, help="Expected in a year over everything that is watched, where nothing drifts.")
    ] = FALSE_ALARMS,
    as_of: Annotated[str | None, typer.Option(help="Hold what was invoiced by then; now by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Hold invoices against quotes by service, charge and cause; ends with 5 if a drift lasts that nothing corrects.

    The live quotes that `rates audit --ask` kept are held against ours besides, told apart; invoices win where they speak.
    """
    now = moment(as_of)
    with workspace() as opened:
        if adopt_id or end_id:
            _correct(opened, adopt_id, end_id, by, because, as_of, json=json)
            return
        report = hold_invoices(
            opened.store,
            opened.snapshots,
            company(opened, now.date()),
            as_of=now.date(),
            now=now,
            false_alarms=false_alarms,
        )
    lasting = report.drifts.filter(pl.col("until").is_null())
    if plot is not None:
        plot.write_text(drift_plots.by_week(report.drifts, report.weeks), "utf-8")
    if json:
        say(_plain(report))
    else:
        _tell(report, lasting)
        if plot is not None:
            page.print(f"[dim]drawn: {plot}[/]", soft_wrap=True)
    if lasting.height:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


def _correct(
    opened: Workspace, adopt_id: str, end_id: str, by: str, because: str, as_of: str | None, *, json: bool
) -> None:
    now = moment(as_of)
    if adopt_id and end_id:
        raise typer.BadParameter("adopt one or end one, not both at once")
    row = (
        adopt(opened.store, opened.snapshots, adopt_id, by=by, now=now)
        if adopt_id
        else end(opened.store, opened.snapshots, end_id, by=by, because=because, now=now)
    )
    if json:
        say(row)
        return
    if end_id:
        page.print(f"{row['correction']} counts no longer: {row['ended_because']}", soft_wrap=True)
        return
    adds = f"{row['share_bp'] / 100:+.2f} % of" if row["share_bp"] else f"{dollars(row['cents'])} to"
    page.print(
        f"From {row['valid_from']} to {row['valid_to']} quotes of {escape(row['service'])} add {adds} {escape(row['charge'])}."
        f" It ends earlier where a later card comes, or with `evenstock rates drift --end {row['correction']}`.",
        soft_wrap=True,
    )


def _plain(report: DriftReport) -> dict[str, Any]:
    return {
        "as_of": report.as_of,
        "snapshot": report.digest,
        "parcels": report.parcels,
        "quoted_live": report.quotes,
        "series": report.series,
        "false_alarms_a_year": report.false_alarms,
        "drifts": report.drifts.to_dicts(),
        "new": list(report.new),
        "weeks": report.weeks.to_dicts(),
        "lately": report.lately.to_dicts(),
        "left_out": report.left_out.to_dicts(),
        "dearest": report.dearest.to_dicts(),
        "outweighed": report.outweighed.to_dicts(),
    }


def _tell(report: DriftReport, lasting: pl.DataFrame) -> None:
    live = f" and {report.quotes:,} quoted live" if report.quotes else ""
    page.print(
        f"{report.parcels:,} parcels invoiced{live} by {report.as_of} were held against their quotes, in {report.series:,} series"
    )
    for row in lasting.iter_rows(named=True):
        page.print(f"[bold]{row['drift']}[/] [red]{escape(row['sentence'])}[/]", soft_wrap=True)
        between = f"began between {row['since_earliest']} and {row['since_latest']}"
        level = f"{row['low']:+.1%} to {row['high']:+.1%}".replace("%", " %")
        page.print(
            f"[dim]  {level} (90 %), {between}; {row['parcels']:,} {_COUNTED[row['source']]}; {row['advice']}[/]",
            soft_wrap=True,
        )
        if row["corrects"] is not None:
            adds = f"{row['share_bp'] / 100:+.2f} %" if row["share_bp"] else f"{dollars(row['cents'])} each"
            page.print(
                f"[dim]  meanwhile: `evenstock rates drift --adopt {row['drift']} --by NAME` adds {adds} to"
                f" {escape(row['corrects'])} for {row['days']} days[/]",
                soft_wrap=True,
            )
    if lasting.is_empty():
        page.print("[green]Nothing drifts[/] that a correction does not cover already.")
    for row in report.drifts.filter(pl.col("until").is_not_null()).iter_rows(named=True):
        page.print(f"[dim]over: {escape(row['sentence'])}[/]", soft_wrap=True)
    for row in report.outweighed.iter_rows(named=True):
        page.print(
            f"[dim]{row['invoiced']:,} parcels invoiced since then speak for what is billed, not {row['quotes']:,} quotes;"
            f" {escape(row['sentence'])}[/]",
            soft_wrap=True,
        )
    for source, beyond in ((INVOICED, "billed beyond"), (LIVE, "asked beyond")):
        lately = report.lately.filter(pl.col("source") == source)
        if lately.height:
            page.print(_lately(lately.head(_SHOWN), source, beyond))
    if report.dearest.height:
        page.print(_dearest(report.dearest.head(_DEAREST)))
    for row in report.left_out.iter_rows(named=True):
        page.print(
            f"[dim]{row['parcels']:,} parcels, {dollars(row['cents'])}: {escape(row['because'])} (first {escape(row['first'])})[/]",
            soft_wrap=True,
        )


def _lately(rows_of: pl.DataFrame, source: str, beyond: str) -> Table:
    rows = [
        (escape(r["service"]), escape(r["charge"]), r["cause"], f"{r['parcels']:,}", dollars(r["quoted_cents"]),
         dollars(r["off_cents"]), f"{r['off_cents'] / r['quoted_cents']:+.2%}" if r["quoted_cents"] else "")
        for r in rows_of.iter_rows(named=True)
    ]  # fmt: skip
    headers = ("service", "charge", "cause", _COUNTED[source], "quoted", beyond, "")
    return table(f"the latest four weeks, {source}", headers, rows, frozenset({3, 4, 5, 6}))


def _dearest(single: pl.DataFrame) -> Table:
    rows = [
        (escape(r["parcel"]), escape(r["service"]), escape(r["charge"]), r["cause"], str(r["shipped_on"]), dollars(r["cents"]))
        for r in single.iter_rows(named=True)
    ]  # fmt: skip
    headers = ("parcel", "service", "charge", "cause", "left on", "billed beyond")
    return table("single bills to claim back or to explain", headers, rows, frozenset({5}))
