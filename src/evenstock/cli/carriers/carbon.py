"""`evenstock carriers carbon`: what past shipments emitted, by service or lane."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import Exit, fail, page, say, table
from evenstock.operations.carbon_report import carbon_report


class By(StrEnum):
    SERVICE = "service"
    LANE = "lane"


def command(
    by: Annotated[By, typer.Option(help="What to add up by.")] = By.SERVICE,
    mode: Annotated[
        list[str] | None,
        typer.Option(help="How a service travels, as SERVICE=MODE, such as dhl:express=air; may be said again."),
    ] = None,
    most: Annotated[int, typer.Option(help="Most rows shown.")] = 30,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Report CO2 equivalents, tank to wheel and well to wheel, with the source of every factor."""
    modes = {}
    for text in mode or ():
        service, equals, way = text.rpartition("=")
        if not equals or not service:
            raise typer.BadParameter(f"--mode {text}: write SERVICE=MODE, such as dhl:express=air")
        modes[service] = way
    with workspace() as opened:
        try:
            found = carbon_report(company(opened), modes)
        except ValueError as error:
            fail(Exit.REFUSED_INPUT, str(error))
    frame = found.by_service if by is By.SERVICE else found.by_lane
    sources = [
        f"{source} ({year})"
        for source, year in found.shipments.select("source", "year").unique().sort("source").iter_rows()
    ]
    if json:
        say(
            {"rows": frame.to_dicts(), "left_out": dict(found.left_out), "sources": sources, "sentence": found.sentence}
        )
        return
    page.print(found.sentence, soft_wrap=True)
    rows = [
        (*(str(row[name]) for name in frame.columns[:2]), f"{row['shipments']:,}", f"{row['weight_g'] / 1_000:,.1f}",
         f"{row['tank_to_wheel_g'] / 1_000:,.1f}", f"{row['well_to_wheel_g'] / 1_000:,.1f}")
        for row in frame.head(most).iter_rows(named=True)
    ]  # fmt: skip
    headers = (*frame.columns[:2], "shipments", "kg sent", "kg CO2e tank to wheel", "well to wheel")
    page.print(table("emissions", headers, rows, frozenset(range(2, 6))))
    for source in sources:
        page.print(f"[dim]factors: {source}[/]", soft_wrap=True)
