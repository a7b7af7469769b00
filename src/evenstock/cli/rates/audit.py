"""`evenstock rates audit`: asks carriers live for a few parcels and holds the answers against our rates."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Any

import polars as pl
import typer
from rich.markup import escape

from evenstock.bootstrap import open_carriers
from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import Exit, dollars, fail, moment, page, say, show_whole, table
from evenstock.operations.audit_rates import Audit, AuditPlan, audit_rates, would_audit
from evenstock.operations.call_quota import Quota

_SHOWN = 12


def command(
    ask: Annotated[bool, typer.Option("--ask", help="Ask now; without it only what would be asked is shown.")] = False,
    as_of: Annotated[str | None, typer.Option(help="Moment of the audit; now by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Sample the dearest unchecked parcels of four weeks for live quotes, inside each carrier's quota.

    Carriers are opened by their keys in the environment, such as EVENSTOCK_UPS_CLIENT_ID. Ends with 5 if a price is off.
    """
    now = moment(as_of)
    with open_carriers(os.environ) as opened, workspace() as space:
        quotas = {name: quota for name, (_, quota) in opened.items()}
        here = company(space, now.date())
        book, parcels = here.network.rates, here.table("parcels")
        if book is None or parcels is None:
            lacking = "rate cards" if book is None else "parcels"
            fail(Exit.NOT_FOUND, f"no {lacking}: an audit holds live quotes of parcels that left against our rates")
        if not ask:
            _tell_plan(would_audit(space.store, space.snapshots, parcels, book, quotas, now=now), quotas, json=json)
            return
        sources = {name: carrier for name, (carrier, _) in opened.items()}
        audit = audit_rates(space.store, space.snapshots, parcels, book, sources, quotas, now=now)
    off = audit.off.filter(pl.col("off_cents") != 0)
    if json:
        say(_plain(audit))
    else:
        _tell(audit, off)
    if off.height:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


def _tell_plan(plan: AuditPlan, quotas: Mapping[str, Quota], *, json: bool) -> None:
    if json:
        say(
            {
                "would_ask": plan.proposed.to_dicts(),
                "left_out": plan.left_out.to_dicts(),
                "quotas": {name: {"calls": q.calls, "per_s": q.per_s} for name, q in quotas.items()},
            }
        )
        return
    if not quotas:
        page.print(
            "No carrier's keys are in the environment: set EVENSTOCK_USPS_CLIENT_ID and EVENSTOCK_USPS_CLIENT_SECRET, or those"
            " of ups, fedex or dhl",
            soft_wrap=True,
        )
    for sample in plan.samples[:_SHOWN]:
        page.print(f"would ask {escape(sample.because)}: parcel {escape(sample.parcel.parcel)}", soft_wrap=True)
    if len(plan.samples) > _SHOWN:
        page.print(f"[dim]and {len(plan.samples) - _SHOWN} more (--json has them all)[/]")
    for row in plan.left_out.head(_SHOWN).iter_rows(named=True):
        page.print(
            f"[dim]left out: {escape(row['service'])}, {row['parcels']:,} parcels, {dollars(row['cents_a_week'])} a week:"
            f" {escape(row['because'])}[/]",
            soft_wrap=True,
        )


def _plain(audit: Audit) -> dict[str, Any]:
    return {
        "off": audit.off.to_dicts(),
        "quotes": audit.quotes.to_dicts(),
        "asked": audit.asked.to_dicts(),
        "told": audit.told.to_dicts(),
        "unread": dict(audit.unread),
    }


def _tell(audit: Audit, off: pl.DataFrame) -> None:
    compared = audit.quotes["quote"].n_unique()
    page.print(
        f"{audit.asked.height} parcels were asked for in {audit.asked['calls'].sum()} calls, {compared} compared"
    )
    if off.is_empty() and compared:
        page.print("Every charge is as our rates say.")
    if off.height:
        rows = [
            (
                row["service"],
                row["charge"],
                str(row["samples"]),
                dollars(row["our_cents"]),
                dollars(row["off_cents"]),
                "" if row["off_share"] is None else f"{row['off_share']:+.1%}",
            )
            for row in off.iter_rows(named=True)
        ]
        headers = ("service", "charge", "samples", "our rates", "they ask more by", "share")
        show_whole(table("Off our rates", headers, rows, frozenset({2, 3, 4, 5})))
    for row in audit.told.filter(pl.col("level") != "note").head(_SHOWN).iter_rows(named=True):
        page.print(f"[dim]{escape(row['service'])} {escape(row['parcel'])}: {escape(row['words'])}[/]", soft_wrap=True)
