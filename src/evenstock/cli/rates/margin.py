"""`evenstock rates margin`: what customers paid for shipping against what it cost, and what free shipping would have brought."""

from __future__ import annotations

from typing import Annotated

import polars as pl
import typer

from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import Exit, dollars, fail, page, say, table
from evenstock.freight.margin import VALUE_BANDS_CENTS
from evenstock.operations.shipping_margin import PastMargin, past_margin

_BY = ("by_service", "by_zone", "by_value")


def command(
    threshold: Annotated[
        list[float] | None,
        typer.Option(help="Order value, in dollars, from which shipping is free; may be said again."),
    ] = None,
    fee: Annotated[
        float | None,
        typer.Option(help="Paid below it by those who paid nothing, in dollars; what was usual by default."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Hold what past customers paid for shipping against freight, by service, zone and order value. Nobody is assumed to buy otherwise."""
    asked = [round(100 * value) for value in threshold] if threshold else list(VALUE_BANDS_CENTS)
    with workspace() as opened:
        try:
            found = past_margin(company(opened), asked, fee_cents=None if fee is None else round(100 * fee))
        except ValueError as error:
            fail(Exit.REFUSED_INPUT, str(error))
    if json:
        say(
            {"total": found.margin.total.to_dicts(), **{name: getattr(found.margin, name).to_dicts() for name in _BY},
             "thresholds": found.thresholds.to_dicts(), "without_rate": dict(found.without_rate), "notes": list(found.notes)}
        )  # fmt: skip
    else:
        _tell(found)


def _tell(found: PastMargin) -> None:
    for name in _BY:
        frame: pl.DataFrame = getattr(found.margin, name)
        key = frame.columns[0]
        rows = [
            (str(row[key]), f"{row['orders']:,}", dollars(row["paid_cents"]), dollars(row["freight_cents"]),
             dollars(row["margin_cents"]), f"{row['free_share']:.0%}", "" if row["cover"] is None else f"{row['cover']:.0%}")
            for row in frame.iter_rows(named=True)
        ]  # fmt: skip
        headers = (key, "orders", "paid", "freight", "margin", "paid nothing", "covered")
        page.print(table(name.replace("_", " "), headers, rows, frozenset(range(1, 7))))
    would = [
        (
            dollars(row["threshold_cents"]),
            f"{row['free_orders']:,}",
            dollars(row["paid_cents"]),
            dollars(row["change_cents"]),
        )
        for row in found.thresholds.iter_rows(named=True)
    ]
    page.print(
        table(
            "free shipping on the same orders",
            ("free from", "orders free", "would have paid", "change"),
            would,
            frozenset(range(4)),
        )
    )
    for why, count in sorted(found.without_rate.items()):
        page.print(f"[dim]{count:,} shipments left out: {why}[/]", soft_wrap=True)
    for note in found.notes:
        page.print(f"[dim]{note}[/]", soft_wrap=True)
