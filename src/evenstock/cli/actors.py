"""`evenstock actors`: whoever does something here, and who is stopped until somebody has looked."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from evenstock.cli.keys import TERMINAL, By
from evenstock.cli.opening import workspace
from evenstock.cli.screen import Exit, fail, page, say, table
from evenstock.operations.access.grants import text_of
from evenstock.operations.actors.actor import Actor, ActorState, actor_named, actors
from evenstock.operations.actors.quarantine import Because, UnknownActorError, release
from evenstock.operations.actors.quarantine import quarantine as stop
from evenstock.operations.actors.standing import Aspect

app = typer.Typer(
    no_args_is_help=True,
    help="Whoever does something here: people, keys, agents, schedules, sources; quarantined where one acts as never before.",
)
_Actor = Annotated[
    str, typer.Argument(help="Its id, such as key:ek_3f9ac01b7d, person:ana@example.com or schedule:plan.")
]
_Because = Annotated[str, typer.Option("--because", help="Why.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


@app.command("list")
def list_(
    state: Annotated[ActorState | None, typer.Option(help="Only those in this state.")] = None, json: _Json = False
) -> None:
    """Everybody: whose it is, how far it may go, when it was last here, how it stands."""
    with workspace() as opened, opened.store.reading() as books:
        found = [one for one in actors(books) if state is None or one.state is state]
    if json:
        say({"actors": [row_of(one) for one in found]})
        return
    headers = ("actor", "kind", "name", "owner", "scope", "last act", "")
    page.print(
        table(
            "actors",
            headers,
            [
                (
                    one.id,
                    one.kind.value,
                    one.name,
                    one.owner or "the company",
                    ", ".join(map(text_of, one.grants)),
                    f"{one.last_act:%Y-%m-%d %H:%M}" if one.last_act else "never",
                    "" if one.state is ActorState.ACTIVE else one.state.value.replace("_", " "),
                )
                for one in found
            ],
        )
    )


@app.command()
def show(actor: _Actor, json: _Json = False) -> None:
    """One actor, and why it is quarantined, with the numbers."""
    with workspace() as opened:
        _tell(_look(opened.store, actor), json)


@app.command()
def quarantine(actor: _Actor, because: _Because, by: By = TERMINAL, json: _Json = False) -> None:
    """Stop it until somebody has looked; running processes refuse it within five seconds."""
    with workspace() as opened:
        try:
            stop(opened.store, actor, Because(Aspect.PERSON, because), by)
        except UnknownActorError as unknown:
            fail(Exit.NOT_FOUND, str(unknown))
        _tell(_look(opened.store, actor), json)


@app.command("release")
def release_(actor: _Actor, because: _Because, by: By = TERMINAL, json: _Json = False) -> None:
    """Let it go on: another person has looked at what it did."""
    with workspace() as opened:
        try:
            release(opened.store, actor, by, because)
        except UnknownActorError as unknown:
            fail(Exit.NOT_FOUND, str(unknown))
        _tell(_look(opened.store, actor), json)


def row_of(one: Actor) -> dict[str, Any]:
    """What is shown of an actor."""
    latest = one.quarantine
    return {
        "id": one.id,
        "kind": one.kind.value,
        "name": one.name,
        "owner": one.owner,
        "scope": [text_of(grant) for grant in one.grants],
        "state": one.state.value,
        "last_act": one.last_act.isoformat() if one.last_act else None,
        "quarantine": None
        if latest is None
        else {
            "in_force": latest.in_force,
            "aspect": latest.aspect.value,
            "because": latest.because,
            "evidence": dict(latest.evidence),
            "by": latest.by,
            "at": latest.at.isoformat(),
            "held": list(latest.held),
            "released_by": latest.released_by,
            "released_because": latest.released_because,
        },
    }


def _look(store: Any, actor: str) -> Actor:
    try:
        with store.reading() as books:
            return actor_named(books, actor)
    except UnknownActorError as unknown:
        fail(Exit.NOT_FOUND, str(unknown))


def _tell(one: Actor, json: bool) -> None:
    if json:
        say(row_of(one))
        return
    owner = one.owner or "the company"
    page.print(f"[bold]{one.id}[/] ({one.kind.value}, {one.name}), of {owner}: {', '.join(map(text_of, one.grants))}")
    page.print(
        f"{one.state.value.replace('_', ' ')}; last act {one.last_act:%Y-%m-%d %H:%M}"
        if one.last_act
        else one.state.value
    )
    latest = one.quarantine
    if latest is not None:
        page.print(f"quarantined {latest.at:%Y-%m-%d %H:%M} UTC by {latest.by}: {latest.because}", soft_wrap=True)
        if latest.held:
            page.print(f"runs held with it: {', '.join(latest.held)}", soft_wrap=True)
        if not latest.in_force and latest.released_at is not None:
            page.print(
                f"released {latest.released_at:%Y-%m-%d %H:%M} UTC by {latest.released_by}: {latest.released_because}",
                soft_wrap=True,
            )
