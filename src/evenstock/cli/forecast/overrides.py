"""`evenstock forecast override`, `overrides`, `withdraw`: what planners know better, and what it was worth."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import polars as pl
import typer

from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import moment, page, say, table
from evenstock.forecasting.overrides import active
from evenstock.forecasting.value_added import by
from evenstock.operations.override_forecast import (
    judge_overrides,
    override_forecast,
    overrides_of,
    withdraw_override,
)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as wrong:
        raise typer.BadParameter(f"{text!r} is not a day; write 2026-11-20") from wrong


def override(
    kind: Annotated[str, typer.Argument(help="multiply, add or set.")],
    value: Annotated[float, typer.Option(help="Factor, or units a day of everything in scope.")],
    first_day: Annotated[str, typer.Option("--from", help="First day it changes.")],
    last_day: Annotated[str, typer.Option("--to", help="Last day it changes.")],
    reason: Annotated[str, typer.Option(help="Why: whoever judges it later will read this.")],
    by_whom: Annotated[str, typer.Option("--by", help="Who says so.")],
    sku: Annotated[str, typer.Option(help="Only this item.")] = "",
    node: Annotated[str, typer.Option(help="Only this node.")] = "",
    category: Annotated[str, typer.Option(help="Only this product group.")] = "",
    expires: Annotated[str | None, typer.Option(help="First day it no longer counts.")] = None,
    as_of: Annotated[str | None, typer.Option(help="When it is said; now by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Say better than the forecast, with a reason and an end; the next forecast carries it, and it is judged afterwards."""
    with workspace() as opened:
        number = override_forecast(
            opened.store,
            opened.snapshots,
            company(opened),
            first_day=_day(first_day),
            last_day=_day(last_day),
            kind=kind,
            value=value,
            reason=reason,
            author=by_whom,
            now=moment(as_of),
            sku=sku,
            node=node,
            category=category,
            expires_on=_day(expires) if expires else None,
        )
    if json:
        say({"override": number})
        return
    page.print(f"override [bold]{number}[/] is kept; `evenstock forecast` carries it from now on")


def overrides(
    as_of: Annotated[str | None, typer.Option(help="Judge by what was sold before this day; today by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """List the overrides that stand, and what those whose days have passed were worth."""
    today = moment(as_of).date()
    with workspace() as opened:
        here = company(opened)
        said = overrides_of(opened.store, opened.snapshots, here)
        worth = judge_overrides(opened.store, opened.snapshots, here, as_of=today) if "demand" in here.digests else None
    standing = said.filter(pl.col("override").is_in(active(said, today)["override"])) if said is not None else None
    if json:
        say(
            {
                "standing": [] if standing is None else standing.to_dicts(),
                "value_added": [] if worth is None else worth.to_dicts(),
            }
        )
        return
    if standing is None or standing.is_empty():
        page.print("no override stands")
    else:
        rows = [
            (r["override"], f"{r['kind']} {r['value']:g}", " ".join(filter(None, (r["sku"], r["node"], r["category"]))) or "everything",
             f"{r['first_day']} to {r['last_day']}", r["author"], r["reason"])
            for r in standing.iter_rows(named=True)
        ]  # fmt: skip
        page.print(table("overrides that stand", ("", "says", "of", "days", "by", "because"), rows))
    if worth is not None and worth.height:
        _show_worth(worth)


def _show_worth(worth: pl.DataFrame) -> None:
    def share(value: float | None) -> str:
        return "–" if value is None else f"{100 * value:+.1f} %"

    rows = [
        (r["override"], r["author"], f"{r['units']:,}", f"{r['error_before']:,.1f}", f"{r['error_after']:,.1f}",
         share(r["value_added"]), r["reason"])
        for r in worth.iter_rows(named=True)
    ]  # fmt: skip
    headers = ("", "by", "units sold", "error without", "error with", "value added", "because")
    page.print(table("what overrides were worth so far", headers, rows, frozenset({2, 3, 4, 5})))
    for r in by(worth, "author").iter_rows(named=True):
        page.print(f"[dim]{r['author']}: {r['overrides']} judged, value added {share(r['value_added'])}[/]")


def withdraw(
    number: Annotated[str, typer.Argument(help="The override's number.")],
    by_whom: Annotated[str, typer.Option("--by", help="Who withdraws it.")],
    because: Annotated[str, typer.Option(help="Why.")],
    as_of: Annotated[str | None, typer.Option(help="When; now by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Let an override count no longer; it stays on record and is still judged."""
    with workspace() as opened:
        withdraw_override(opened.store, opened.snapshots, number, by=by_whom, because=because, now=moment(as_of))
    if json:
        say({"withdrawn": number})
        return
    page.print(f"override [bold]{number}[/] counts no longer")
