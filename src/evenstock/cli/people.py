"""`evenstock people`: who may sign in, and what each may do."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evenstock.cli.keys import TERMINAL, By, Roles, granted
from evenstock.cli.opening import workspace
from evenstock.cli.screen import Exit, fail, page, say, table
from evenstock.cli.serve import MISSING
from evenstock.operations.access.add_person import AddPerson, add_person
from evenstock.operations.access.change_grants import change_grants
from evenstock.operations.access.change_password import change_password
from evenstock.operations.access.disable_person import disable_person, enable_person
from evenstock.operations.access.grants import text_of
from evenstock.operations.access.people import Person, UnknownPersonError, account_name, everybody

if TYPE_CHECKING:
    from evenstock.service.access.passwords import Passwords

app = typer.Typer(no_args_is_help=True, help="Who may sign in, and what each may do.")
_Account = Annotated[str, typer.Argument(help="The account, such as ana@example.com.")]
_FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking for it.")
]
_Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


@app.command()
def add(
    account: _Account,
    role: Roles,
    name: Annotated[str, typer.Option(help="The person's name; the account's by default.")] = "",
    password_stdin: _FromStdin = False,
    by: By = TERMINAL,
    json: _Json = False,
) -> None:
    """Add somebody with a password of his own. The first one needs the role admin, to manage the others."""
    grants, hasher = granted(role), _passwords()
    hashed = hasher.hash(_password(account, password_stdin))
    with workspace() as opened:
        person = add_person(opened.store, AddPerson(account, name or account_name(account), grants, hashed, by))
    _tell(person, json)


@app.command("list")
def list_(json: _Json = False) -> None:
    """Every account."""
    with workspace() as opened, opened.store.reading() as books:
        found = list(everybody(books))
    if json:
        say({"people": [row_of(person) for person in found]})
        return
    headers = ("account", "name", "roles", "signs in with", "last signed in", "")
    page.print(
        table(
            "people",
            headers,
            [
                (
                    one.id,
                    one.name,
                    ", ".join(map(text_of, one.grants)),
                    "password" if one.source == "local" else one.source,
                    f"{one.signed_in_at:%Y-%m-%d %H:%M}" if one.signed_in_at else "never",
                    "" if one.active else "disabled",
                )
                for one in found
            ],
        )
    )


@app.command()
def disable(
    account: _Account,
    because: Annotated[str, typer.Option(help="Why.")] = "left",
    by: By = TERMINAL,
    json: _Json = False,
) -> None:
    """Let somebody in no more: sessions and keys are cut at once, in running processes within five seconds."""
    with workspace() as opened:
        try:
            _tell(disable_person(opened.store, account_name(account), by, because), json)
        except UnknownPersonError as unknown:
            fail(Exit.NOT_FOUND, str(unknown))


@app.command()
def enable(account: _Account, by: By = TERMINAL, json: _Json = False) -> None:
    """Let somebody sign in again; keys that were cut stay cut."""
    with workspace() as opened:
        try:
            _tell(enable_person(opened.store, account_name(account), by), json)
        except UnknownPersonError as unknown:
            fail(Exit.NOT_FOUND, str(unknown))


@app.command()
def roles(account: _Account, role: Roles, by: By = TERMINAL, json: _Json = False) -> None:
    """Replace all roles of an account."""
    grants = granted(role)
    with workspace() as opened:
        try:
            _tell(change_grants(opened.store, account_name(account), grants, by), json)
        except UnknownPersonError as unknown:
            fail(Exit.NOT_FOUND, str(unknown))


@app.command()
def password(account: _Account, password_stdin: _FromStdin = False, by: By = TERMINAL, json: _Json = False) -> None:
    """Set a new password; every session of the account ends."""
    hashed = _passwords().hash(_password(account, password_stdin))
    with workspace() as opened:
        try:
            _tell(change_password(opened.store, account_name(account), hashed, by), json)
        except UnknownPersonError as unknown:
            fail(Exit.NOT_FOUND, str(unknown))


def row_of(person: Person) -> dict[str, Any]:
    """What may be shown of an account."""
    return {
        "account": person.id,
        "name": person.name,
        "roles": [text_of(grant) for grant in person.grants],
        "source": person.source,
        "state": person.state.value,
        "added_by": person.added_by,
        "added_at": person.added_at.isoformat(),
        "signed_in_at": person.signed_in_at.isoformat() if person.signed_in_at else None,
    }


def _passwords() -> Passwords:
    try:
        from evenstock.service.access.passwords import Passwords
    except ImportError as missing:
        fail(Exit.REFUSED_INPUT, f"{MISSING} ({missing})")
    return Passwords()


def _password(account: str, from_stdin: bool) -> str:
    """Never an argument: those stand in the shell's history and in the list of processes."""
    from evenstock.service.access.passwords import weakness

    if from_stdin:
        given = sys.stdin.readline().rstrip("\r\n")
    else:
        given = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    wrong = weakness(given, account)
    if wrong:
        fail(Exit.REFUSED_INPUT, wrong)
    return given


def _tell(person: Person, json: bool) -> None:
    if json:
        say(row_of(person))
        return
    does = ", ".join(map(text_of, person.grants)) or "nothing"
    page.print(f"{person.id} ({person.name}) may do: {does}" if person.active else f"{person.id} is disabled")
