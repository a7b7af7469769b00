"""`evenstock rates source` and `refresh`: where rates come from and when, and fetching what is due."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from evenstock.bootstrap import rate_folder
from evenstock.cli.opening import workspace
from evenstock.cli.screen import Exit, moment, page, say, table
from evenstock.operations.rates.refresh import (
    Every,
    RateSource,
    drop_source,
    due,
    put_source,
    refresh,
    sources,
)

app = typer.Typer(no_args_is_help=True, help="Where rates come from, and when something new stands there.")
_AsOf = Annotated[str | None, typer.Option(help="The moment it is; now by default.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def refresh_command(
    name: Annotated[str, typer.Argument(help="One source, due or not; all that are due by default.")] = "",
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """Fetch every source that is due and take its rates in; ends with 5 if one brought nothing good."""
    with workspace() as opened:
        done = refresh(opened.store, opened.snapshots, rate_folder, now=moment(as_of), only=name)
    if json:
        say({"refreshed": [asdict(one) for one in done]})
    elif not done:
        page.print("no source is due")
    for one in done if not json else ():
        rows = ", ".join(f"{n:,} {table}" for table, n in one.rows.items()) or "nothing new"
        page.print(
            f"[red]✗[/] {escape(one.source)}: {escape(one.refused)}" if one.refused else f"[green]✓[/] {escape(one.source)}: {rows}",
            soft_wrap=True,
        )  # fmt: skip
    if any(one.refused for one in done):
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Its name, such as eia.")],
    place: Annotated[Path, typer.Argument(help="Folder or file that holds it.")],
    weekly: Annotated[str, typer.Option(help="Day of the week on which something new is there, such as tuesday.")] = "",
    monthly: Annotated[int, typer.Option(help="Day of the month.")] = 0,
    yearly: Annotated[str, typer.Option(help="Month and day, such as 12-22.")] = "",
    hour: Annotated[int, typer.Option(min=0, max=23, help="Hour of that day from which it is there, UTC.")] = 0,
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """Follow a source: every day, or weekly, monthly or yearly. Said again under its name it is changed."""
    now = moment(as_of)
    since = now.date()
    if bool(weekly) + bool(monthly) + bool(yearly) > 1:
        raise typer.BadParameter("weekly, monthly or yearly: say one")
    where = str(place.resolve())
    try:
        if weekly:
            if weekly.lower() not in _WEEKDAYS:
                raise typer.BadParameter(f"{weekly!r} is no day of the week; write tuesday")
            source = RateSource(name, where, Every.WEEK, _WEEKDAYS.index(weekly.lower()) + 1, 1, hour, since)
        elif monthly:
            source = RateSource(name, where, Every.MONTH, monthly, 1, hour, since)
        elif yearly:
            month, _, day = yearly.partition("-")
            source = RateSource(name, where, Every.YEAR, int(day), int(month), hour, since)
        else:
            source = RateSource(name, where, Every.DAY, 1, 1, hour, since)
    except ValueError as wrong:
        raise typer.BadParameter(f"{wrong}; write --weekly tuesday, --monthly 5 or --yearly 12-22") from None
    with workspace() as opened:
        put_source(opened.store, opened.snapshots, source, now=now)
    if json:
        say(asdict(source))
    else:
        page.print(f"{escape(name)} is followed; `evenstock rates refresh` fetches it when it is due", soft_wrap=True)


@app.command()
def drop(name: Annotated[str, typer.Argument(help="Its name.")], as_of: _AsOf = None, json: _Json = False) -> None:
    """Follow a source no longer."""
    with workspace() as opened:
        drop_source(opened.store, opened.snapshots, name, now=moment(as_of))
    if json:
        say({"dropped": name})
    else:
        page.print(f"{escape(name)} is followed no longer")


@app.command("list")
def list_(as_of: _AsOf = None, json: _Json = False) -> None:
    """Every source, when it was fetched last, and whether it is due."""
    now = moment(as_of)
    with workspace() as opened:
        every = sources(opened.store, opened.snapshots)
    waiting = {source.name: at for source, at in due(every, now)}
    if json:
        say({"sources": [asdict(source) | {"due_since": waiting.get(source.name)} for source in every]})
        return
    rows = [
        (escape(s.name), s.every.value, f"{s.fetched_at:%Y-%m-%d %H:%M}" if s.fetched_at else "never",
         f"{waiting[s.name]:%Y-%m-%d %H:%M}" if s.name in waiting else "", escape(s.failed), escape(s.place))
        for s in every
    ]  # fmt: skip
    page.print(table("sources of rates", ("source", "every", "fetched", "due since", "last failure", "place"), rows))
