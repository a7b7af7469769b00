"""`evenstock carriers score`: how carriers did, with counts and intervals."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from evenstock.cli.carriers import words
from evenstock.cli.carriers.plots import weeks_by_lane
from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import moment, page, progress, say, show_whole, table
from evenstock.operations.score_carriers import WEEKS, CarrierScores, propensities_of, score_carriers

_SHOWN = 40
_HAD_ALL = ("", "could have carried", "carried", "count as", "late")
_HEADERS = ("", "rank", "left", "due", "late", "on time", "as advertised", "damaged", "lost", "a parcel", "customers")


class What(StrEnum):
    """What a row is about."""

    CARRIER = "carrier"
    SERVICE = "service"
    ORIGIN = "origin"
    ZONE = "zone"
    LANE = "lane"


def command(
    by: Annotated[What, typer.Option(help="A row for each of these; a zone is that from an origin.")] = What.SERVICE,
    weeks: Annotated[int, typer.Option(min=1, max=104, help="Parcels that left in so many weeks.")] = WEEKS,
    as_of: Annotated[str | None, typer.Option(help="As known on this morning; today by default.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write the weeks as a heat map here (SVG).")] = None,
    propensities: Annotated[
        Path | None,
        typer.Option(
            help="CSV of parcel and propensity: weigh each parcel by one over how likely its service was. Without it, what "
            "decisions kept where services were tried on purpose is used."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Score carriers: on time, damage, loss, cost and customers, drawn to zone and carrier where parcels are few."""
    chosen = pl.read_csv(propensities, schema_overrides={"parcel": pl.String}) if propensities is not None else None
    with workspace() as opened, progress(quiet=json) as shown:
        shown.add_task("scoring", total=None)
        here, day = company(opened), moment(as_of).date()
        if chosen is None:
            chosen = propensities_of(opened.store, as_of=day, weeks=weeks)
        found = score_carriers(here, as_of=day, by=by.value, weeks=weeks, propensities=chosen)
    if plot is not None:
        plot.parent.mkdir(parents=True, exist_ok=True)
        plot.write_text(weeks_by_lane(found.weekly, f"On time by week of shipping, as of {found.as_of}"), "utf-8")
    if json:
        say(plain(found) | {"plot": str(plot) if plot else None})
        return
    tell(found)
    if plot is not None:
        page.print(f"Heat map: [bold]{plot}[/]")


def plain(found: CarrierScores) -> dict[str, Any]:
    return {
        "as_of": found.as_of.isoformat(),
        "by": found.by,
        "weeks": found.weeks,
        "card": found.card.to_dicts(),
        "weekly": found.weekly.to_dicts(),
        "coverage": found.coverage.to_dicts(),
        "cost_by_tier": found.tiers.to_dicts(),
        "advertised": found.advertised.to_dicts(),
        "refused": found.refused.to_dicts(),
        "had_all": [] if found.had_all is None else found.had_all.to_dicts(),
        "notes": list(found.notes),
    }


def tell(found: CarrierScores) -> None:
    ranked = found.card.sort("enough", "rank", "parcels", descending=[True, False, True], nulls_last=True)
    title = f"carriers over {found.weeks} weeks, as known on {found.as_of}; shares with their 90 % interval"
    show_whole(table(title, _HEADERS, card_rows(ranked.head(_SHOWN)), frozenset(range(1, len(_HEADERS)))))
    if ranked.height > _SHOWN:
        page.print(f"[dim]the first {_SHOWN} of {ranked.height:,}; all with --json[/]")
    if found.had_all is not None:
        title = "late, had each service carried every parcel that it could have, from what was tried on purpose; 90 % interval"
        page.print(table(title, _HAD_ALL, had_all_rows(found.had_all), frozenset({1, 2, 3, 4})))
    for row in found.coverage.iter_rows(named=True):
        page.print(
            f"[dim]{row['service']}: used on {row['lanes']:,} of {row['lanes_of_all']:,} lanes, with enough parcels on lanes "
            f"of {row['share_of_parcels']:.0%} of all shipping; elsewhere nothing is known of it[/]",
            soft_wrap=True,
        )
    for note in found.notes:
        page.print(f"[dim]note: {note}[/]", soft_wrap=True)


def had_all_rows(had_all: pl.DataFrame) -> list[tuple[str, ...]]:
    """Cells of the what-ifs, under the headers of the screen."""
    return [
        (
            row["service"],
            f"{row['orders']:,}",
            f"{row['used']:,}",
            f"{row['effective']:,.1f}",
            row["because"] or f"{row['late']:.1%} ({row['late_low']:.1%} to {row['late_high']:.1%})",
        )
        for row in had_all.iter_rows(named=True)
    ]


def card_rows(card: pl.DataFrame) -> list[tuple[str, ...]]:
    """Cells of the card's rows, under the headers of the screen."""
    return [
        (
            words.place(row),
            str(row["rank"]) if row["rank"] is not None else words.TOO_FEW,
            f"{row['parcels']:,}",
            f"{row['promise_due']:,}",
            f"{row['late']:,}",
            *(words.share(row, name) for name in ("on_time", "as_advertised", "damage", "loss")),
            words.cost(row),
            words.score(row),
        )
        for row in card.iter_rows(named=True)
    ]
