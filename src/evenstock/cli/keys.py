"""`evenstock keys`: keys of programs that use the API."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evenstock.cli.opening import settings, workspace
from evenstock.cli.screen import Exit, fail, page, say, table
from evenstock.cli.serve import MISSING
from evenstock.operations.access.api_key import ApiKey, Caps, KeyState, Quota, UnknownKeyError, keys
from evenstock.operations.access.grants import grant_of, text_of
from evenstock.operations.access.issue_key import IssueKey
from evenstock.operations.access.issue_key import issue_key as issue_to
from evenstock.operations.access.people import account_name
from evenstock.operations.access.principal import Grant
from evenstock.operations.access.revoke_key import revoke_key
from evenstock.operations.access.rotate_key import rotate_key

if TYPE_CHECKING:
    from evenstock.service.access.credentials import Digests

app = typer.Typer(no_args_is_help=True, help="Keys of programs that use the API: shown once, kept as digests.")
By = Annotated[str, typer.Option("--by", help="Who does this.")]
Roles = Annotated[
    list[str],
    typer.Option(
        "--role",
        help="What it may do, and where: planner, node_operator@TX+PA, viewer@country:DE, approver<=500000 (cents), "
        "integration#shopify. May be repeated.",
    ),
]
_Key = Annotated[str, typer.Argument(help="The key's id, such as ek_3f9ac01b7d.")]
_Days = Annotated[int, typer.Option(min=1, max=730, help="Days it works.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
TERMINAL = "command line"


@app.command()
def issue(
    name: Annotated[str, typer.Argument(help="What it is for, such as 'shop orders'.")],
    role: Roles,
    owner: Annotated[str, typer.Option(help="Account whose key it is; it dies with the account.")] = "",
    days: _Days = 365,
    per_second: Annotated[int, typer.Option(min=1, help="Requests a second.")] = Quota().per_s,
    burst: Annotated[int, typer.Option(min=1, help="Requests at once.")] = Quota().burst,
    most_deeds: Annotated[int | None, typer.Option(min=1, help="Changes a minute; beyond, it is quarantined.")] = None,
    most_units: Annotated[int | None, typer.Option(min=1, help="Units a minute; beyond, it is quarantined.")] = None,
    most_cents: Annotated[int | None, typer.Option(min=1, help="Cents a minute; beyond, it is quarantined.")] = None,
    by: By = TERMINAL,
    json: _Json = False,
) -> None:
    """Issue a key. It is shown now and never again."""
    grants, hasher = granted(role), digests()
    from evenstock.service.access.credentials import mint_key

    shown, minted = mint_key(hasher)
    try:
        quota = Quota(per_second, burst)
        caps = Caps(deeds=most_deeds, units=most_units, cents=most_cents)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from wrong
    with workspace() as opened:
        wish = IssueKey(name, grants, by, timedelta(days=days), owner=account_name(owner), quota=quota, caps=caps)
        key = issue_to(opened.store, wish, minted)
    _show_once(shown, key, json)


@app.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Revoked ones too.")] = False, json: _Json = False
) -> None:
    """Keys there are, when each was last used and until when it works."""
    with workspace() as opened, opened.store.reading() as books:
        found = list(keys(books, None if everything else KeyState.ACTIVE))
        now = books.clock()
    if json:
        say({"keys": [row_of(key) for key in found]})
        return
    headers = ("key", "name", "roles", "until", "last used", "")
    page.print(
        table(
            "keys",
            headers,
            [
                (
                    key.id,
                    key.name,
                    ", ".join(map(text_of, key.grants)),
                    f"{key.expires_at:%Y-%m-%d}",
                    f"{key.used_at:%Y-%m-%d %H:%M}" if key.used_at else "never",
                    key.state if key.state is KeyState.REVOKED else "" if key.lives(now) else "expired",
                )
                for key in found
            ],
        )
    )


@app.command()
def revoke(
    key: _Key,
    because: Annotated[str, typer.Option(help="Why.")] = "no longer needed",
    by: By = TERMINAL,
    json: _Json = False,
) -> None:
    """Revoke a key for good; running processes refuse it within five seconds."""
    with workspace() as opened:
        try:
            found = revoke_key(opened.store, key, by, because)
        except UnknownKeyError as unknown:
            fail(Exit.NOT_FOUND, str(unknown))
    if json:
        say(row_of(found))
    else:
        page.print(f"{found.id} ({found.name}) is revoked")


@app.command()
def rotate(
    key: _Key,
    overlap_hours: Annotated[int, typer.Option(min=0, max=720, help="Hours that the old key works on.")] = 24,
    days: _Days = 365,
    by: By = TERMINAL,
    json: _Json = False,
) -> None:
    """Issue a successor with the same roles; the old key works on for a while."""
    hasher = digests()
    from evenstock.service.access.credentials import mint_key

    shown, minted = mint_key(hasher)
    with workspace() as opened:
        try:
            new = rotate_key(
                opened.store, key, minted, by, overlap=timedelta(hours=overlap_hours), lives=timedelta(days=days)
            )
        except UnknownKeyError as unknown:
            fail(Exit.NOT_FOUND, str(unknown))
    _show_once(shown, new, json)


def granted(roles: Iterable[str]) -> tuple[Grant, ...]:
    """Roles as they were written; one that cannot be read ends the command."""
    try:
        return tuple(map(grant_of, roles))
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from wrong


def digests() -> Digests:
    """Under the pepper that the service uses; without the service installed the command ends."""
    try:
        from evenstock.service.access.credentials import Digests
        from evenstock.service.configuration import Configuration, ConfigurationError
        from evenstock.service.safe_defaults import safe
    except ImportError as missing:
        fail(Exit.REFUSED_INPUT, f"{MISSING} ({missing})")
    try:
        return Digests(safe(settings(), Configuration.load()).pepper)
    except ConfigurationError as refused:
        fail(Exit.REFUSED_INPUT, str(refused))


def row_of(key: ApiKey) -> dict[str, Any]:
    """What may be shown of a key."""
    return {
        "id": key.id,
        "name": key.name,
        "roles": [text_of(grant) for grant in key.grants],
        "owner": key.owner,
        "state": key.state.value,
        "issued_by": key.issued_by,
        "issued_at": key.issued_at.isoformat(),
        "expires_at": key.expires_at.isoformat(),
        "used_at": key.used_at.isoformat() if key.used_at else None,
        "replaced_by": key.replaced_by,
    }


def _show_once(shown: str, key: ApiKey, json: bool) -> None:
    if json:
        say({**row_of(key), "key": shown})
        return
    # To standard output alone and unstyled, so that a script can take it.
    sys.stdout.write(shown + "\n")
    sys.stdout.flush()
    from evenstock.cli.screen import words

    words.print(
        f"[bold]{key.name}[/] ({', '.join(map(text_of, key.grants))}), until {key.expires_at:%Y-%m-%d}. "
        "Keep it now: it is not shown again. Send it as `Authorization: Bearer …`",
        soft_wrap=True,
    )
