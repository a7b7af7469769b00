"""`evenstock audit show`: what was recommended, on which data, and who or what approved and executed it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from evenstock.cli.opening import workspace
from evenstock.cli.screen import Exit, dollars, fail, page, say, table
from evenstock.operations.audit.page import AuditPage, page_about, row_document

_PARTS = ("reservation", "case", "decision", "state", "to", "outcome", "verdict", "cents", "units", "reason", "kind")
"""What a line about a deed shows of it; `--json` shows all."""


def command(
    id: Annotated[  # noqa: A002
        str, typer.Argument(help="An order, decision, reservation, plan, transfer, or the name of a version.")
    ],
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """The three answers about any id, on one page."""
    with workspace() as opened, opened.store.reading() as books:
        found = page_about(books, id)
    if found is None:
        fail(Exit.NOT_FOUND, f"neither the books nor the audit log know {id!r}")
    if json:
        say(found.document())
    else:
        _tell(found)


def _tell(found: AuditPage) -> None:
    page.print(f"[bold]{found.kind} {found.id}[/]")
    page.print("\n[bold]What was recommended[/]")
    if not found.recommended:
        page.print("nothing: the log alone knows it")
    for name, value in found.recommended.items():
        page.print(f"  {_words(name)}: {_value(name, value)}", soft_wrap=True)
    page.print("\n[bold]On which data, policy, model, prices and code[/]")
    for name, value in found.based_on.items():
        page.print(f"  {_words(name)}: {_value(name, value)}", soft_wrap=True)
    if found.executed or found.approvals:
        page.print("\n[bold]Who let it happen[/]")
    for each in (*found.approvals, *found.executed):
        page.print(f"  {_value('', each)}", soft_wrap=True)
    rows = [_row(row_document(row)) for row in found.done]
    page.print()
    page.print(table("Who or what did it", ("when", "who", "through", "did", "what", "row"), rows))


_WIDEST: Final = 80
"""Letters of one part in the table; `--json` has all of them."""


def _row(told: Mapping[str, Any]) -> tuple[str, ...]:
    who = told["who"]
    name = f"{who['id']} for {who['on_behalf_of']}" if "on_behalf_of" in who else str(who["id"])
    deeds = ", ".join(dict.fromkeys(_words(deed["did"]) for deed in told["deeds"]))
    parts = dict.fromkeys(
        f"{_words(part)} {_value(part, deed[part])[:_WIDEST]}"
        for deed in told["deeds"]
        for part in _PARTS
        if part in deed
    )
    row = f"{told['stream']}/{told['number']}"
    return str(told["at"])[:19], name, str(who.get("through", "")), deeds, "; ".join(parts), row


def _value(name: str, value: object) -> str:
    # Compared, not matched: as a pattern, an empty mapping is any mapping.
    if value is None or value in ("", [], {}):
        return "none"
    match value:
        case int() if name.endswith("cents"):
            return dollars(value)
        case Mapping():
            return ", ".join(f"{_words(key)} {_value(key, each)}" for key, each in value.items())
        case list():
            return ", ".join(_value(name, each) for each in value)
        case _:
            return str(value)


def _words(name: str) -> str:
    return name.replace("_", " ")
