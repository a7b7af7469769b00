"""`evenstock events`: events of other systems that were given up: read with the reason, replayed, or dropped."""

from __future__ import annotations

from typing import Annotated

import typer

from evenstock.cli.default_command import group
from evenstock.cli.opening import workspace
from evenstock.cli.screen import Exit, fail, moment, page, say, table
from evenstock.domain import rfc3339
from evenstock.operations.inbound.applying import UNREADABLE
from evenstock.operations.inbound.dead_letters import dead_letter, drop, replay, replay_all
from evenstock.operations.ports import ConflictError, Handling, Received, StoreError

app = typer.Typer(cls=group("dead"), help="Events of other systems that were given up: why, and what to do.")
_By = Annotated[str, typer.Option("--by", help="Who decides.")]
_Source = Annotated[str, typer.Option(help="Only of this source.")]
_AsOf = Annotated[str | None, typer.Option(help="Moment of the answer; now by default.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


@app.command()
def dead(
    source: _Source = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most of them.")] = 100,
    json: _Json = False,
) -> None:
    """What was given up, in the order received, and why."""
    with workspace() as opened, opened.store.reading() as books:
        found = books.received(Handling.DEAD, limit=limit, source=source)
    if json:
        say({"dead": [_document(one) for one in found]})
        return
    if not found:
        page.print("Nothing was given up.")
        return
    rows = [(str(one.number), one.source, one.kind, one.subject, one.because) for one in found]
    page.print(table(f"{len(found)} given up", ("number", "source", "kind", "about", "because"), rows, frozenset({0})))
    page.print(f"[dim]Once its cause is mended: evenstock events replay {found[0].number} --by YOU[/]")


@app.command()
def show(number: Annotated[int, typer.Argument(min=1, help="Number of the event.")]) -> None:
    """One of them as it came, as a JSON document."""
    with workspace() as opened, opened.store.reading() as books:
        found = dead_letter(books, number)
    if found is None:
        fail(Exit.NOT_FOUND, f"there is no dead event {number}; it may have been replayed or dropped")
    say(_document(found) | {"body": found.body.decode("utf-8", "replace")})


@app.command("replay")
def replay_(
    by: _By,
    number: Annotated[int | None, typer.Argument(min=1, help="Number of the event.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them, or of a source and kind.")] = False,
    source: _Source = "",
    kind: Annotated[str, typer.Option(help="Only of this kind, such as stock.observed.")] = "",
    as_of: _AsOf = None,
) -> None:
    """Let it be tried again; what is wrong in the event itself is wrong again."""
    if (number is None) == (not every):
        raise typer.BadParameter("name one event by its number, or --all")
    now = moment(as_of)
    with workspace() as opened:
        if number is None:
            done = replay_all(opened.store, by, now, source=source, kind=kind)
            page.print(f"{done} events wait to be applied again.")
            return
        try:
            was = replay(opened.store, number, by, now)
        except ConflictError as unreadable:
            fail(Exit.REFUSED_INPUT, f"{unreadable}: POST /v1/dead-letters/{number}/replay")
        except StoreError as none:
            fail(Exit.NOT_FOUND, str(none))
        page.print(f"Event {was.number} of {was.source} waits to be applied again.")


@app.command("drop")
def drop_(
    number: Annotated[int, typer.Argument(min=1, help="Number of the event.")],
    by: _By,
    because: Annotated[str, typer.Option("--because", help="Why: it stays with the event.")],
    as_of: _AsOf = None,
) -> None:
    """Give it up for good."""
    with workspace() as opened:
        try:
            was = drop(opened.store, number, by, because, moment(as_of))
        except StoreError as none:
            fail(Exit.NOT_FOUND, str(none))
        page.print(f"Event {was.number} of {was.source} is dropped.")


def _document(letter: Received) -> dict[str, object]:
    return {
        "number": letter.number,
        "source": letter.source,
        "id": letter.id,
        "kind": letter.kind,
        "subject": letter.subject,
        "occurred_at": rfc3339(letter.occurred_at),
        "received_at": rfc3339(letter.received_at) if letter.received_at else None,
        "tries": letter.tries,
        "because": letter.because,
        "readable": letter.kind != UNREADABLE,
    }
