"""`evenstock forecast rollback`: the champion before this one serves again."""

from __future__ import annotations

from typing import Annotated

import typer

from evenstock.cli.opening import workspace
from evenstock.cli.screen import moment, page, say
from evenstock.operations.model_versions import champion_of
from evenstock.operations.roll_back_forecast import roll_back_forecast


def command(
    by: Annotated[str, typer.Option(help="Who takes it back.")],
    because: Annotated[str, typer.Option(help="Why.")],
    as_of: Annotated[str | None, typer.Option(help="The moment it ends; now by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Take the champion back; where there was none before it, the fast forecast serves."""
    with workspace() as opened:
        record = roll_back_forecast(opened.store, opened.snapshots, by=by, because=because, now=moment(as_of))
        now = champion_of(opened.store, opened.snapshots, "demand")
    serves = now.kept.version.version if now and now.kept else "the fast forecast"
    if json:
        say({"rolled_back": record is not None, "serves": serves, "id": record.version if record else None})
        return
    page.print(f"[bold]{serves}[/] serves from the next forecast on; taken back by {by}: {because}", soft_wrap=True)
