"""`evenstock schedule`: what runs by itself, and when."""

from __future__ import annotations

from dataclasses import replace
from json import loads
from typing import Annotated, Any

import typer
from rich.markup import escape

from evenstock.cli.default_command import group
from evenstock.cli.opening import workspace
from evenstock.cli.screen import Exit, fail, page, say, table
from evenstock.cli.serve import MISSING
from evenstock.operations.ports import Transaction
from evenstock.operations.schedule.keeping import Scheduled, plant, put, schedule, scheduled
from evenstock.operations.schedule.timing import plain_of, timing_of

app = typer.Typer(
    cls=group("list"), help="What the worker does by itself (list, also without a word), and changing when it does."
)
_Name = Annotated[str, typer.Argument(help="Its name, such as plan.")]
_By = Annotated[str, typer.Option("--by", help="Who changes it.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


@app.command("list")
def every(json: _Json = False) -> None:
    """Every job of the schedule: when it runs, when it ran, when it runs next."""
    with workspace() as opened, opened.store.transaction() as books:
        _planted(books)
        found = schedule(books)
    if json:
        say({"schedule": [plain(one) for one in found]})
        return
    rows = [
        (one.name, one.job, "paused" if one.paused else str(one.timing), _at(one.last_slot), _at(one.next_at), escape(one.by))
        for one in found
    ]  # fmt: skip
    page.print(table("schedule", ("name", "job", "runs", "last slot, UTC", "next, UTC", "changed by"), rows))


@app.command("set")
def set_(
    name: _Name,
    by: _By,
    every_minutes: Annotated[int, typer.Option("--every", help="Run it every so many minutes.")] = 0,
    at: Annotated[str, typer.Option(help="Run it daily at this time, such as 02:00.")] = "",
    weekday: Annotated[str, typer.Option(help="With --at: only on this day of the week, such as sunday.")] = "",
    zone: Annotated[str, typer.Option(help="With --at: whose clock, such as America/Chicago.")] = "UTC",
    ask: Annotated[str, typer.Option(help="What each run is asked for, as JSON.")] = "",
    json: _Json = False,
) -> None:
    """Change when it runs, or what each run is asked for; it goes on from its next slot."""
    with workspace() as opened, opened.store.transaction() as books:
        one = _there(books, name)
        if every_minutes or at:
            timing = timing_of(
                {"every_minutes": every_minutes, "at": at or None, "weekday": weekday or None, "zone": zone}
            )
            one = replace(one, timing=timing)
        if ask:
            one = replace(one, asked=_checked(one.job, loads(ask)))
        after = put(books, one, by)
    _told(after, json=json)


@app.command()
def pause(name: _Name, by: _By, json: _Json = False) -> None:
    """Run it no more until it is resumed."""
    _switched(name, by, paused=True, json=json)


@app.command()
def resume(name: _Name, by: _By, json: _Json = False) -> None:
    """Run it again from its next slot on."""
    _switched(name, by, paused=False, json=json)


def plain(one: Scheduled) -> dict[str, Any]:
    """One job of the schedule as JSON says it."""
    return {
        "name": one.name,
        "job": one.job,
        "timing": plain_of(one.timing),
        "asked": dict(one.asked),
        "paused": one.paused,
        "by": one.by,
        "last_slot": one.last_slot,
        "last_run": one.last_run or None,
        "next_at": one.next_at,
    }


def _switched(name: str, by: str, *, paused: bool, json: bool) -> None:
    with workspace() as opened, opened.store.transaction() as books:
        after = put(books, replace(_there(books, name), paused=paused), by)
    _told(after, json=json)


def _told(one: Scheduled, *, json: bool) -> None:
    if json:
        say(plain(one))
    else:
        when = "is paused" if one.paused else f"runs {one.timing}; next at {_at(one.next_at)} UTC"
        page.print(f"[bold]{one.name}[/] {when}")


def _there(books: Transaction, name: str) -> Scheduled:
    _planted(books)
    found = scheduled(books, name)
    if found is None:
        known = ", ".join(one.name for one in schedule(books))
        fail(Exit.NOT_FOUND, f"nothing is scheduled under the name {name}; there is {known}")
    return found


def _planted(books: Transaction) -> None:
    """The schedule as the worker would begin with, where it has not begun yet."""
    try:
        from evenstock.service.worker.family import planted
    except ImportError as missing:
        fail(Exit.REFUSED_INPUT, f"{MISSING} ({missing})")
    plant(books, planted())


def _checked(job: str, asked: Any) -> dict[str, Any]:
    from evenstock.service.worker.family import checked

    return checked(job, asked)


def _at(when: Any) -> str:
    return f"{when:%Y-%m-%d %H:%M}" if when else ""
