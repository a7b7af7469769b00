"""Decides recorded decisions again from their own inputs, and says whether every byte is the same."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import typer

from evenstock.bootstrap import Workspace
from evenstock.cli.screen import Exit, page, say
from evenstock.operations.replaying.replay_many import Tally, parts_of, replay_many, replaying
from evenstock.simulation.replay_in_processes import in_processes


def again(opened: Workspace, *, since: date | None, share_bp: int, processes: int, json: bool) -> None:
    """Tell what came out; the command ends with 1 where anything came out otherwise."""
    from_then = None if since is None else datetime.combine(since, time(), UTC)
    parts = parts_of(opened.store, since=from_then, share_bp=share_bp)
    spread = map if processes == 1 else in_processes(processes, opened.settings.snapshots)
    found = replay_many(parts, replaying(opened.snapshots), spread)
    _tell(found, json=json)
    if found.unequal:
        raise typer.Exit(Exit.BUG)


def _tell(found: Tally, *, json: bool) -> None:
    if json:
        say(
            {
                "replayed": found.replayed,
                "equal": found.equal,
                "unequal": found.unequal,
                "differences": [{"decision": one.decision, "difference": one.difference} for one in found.named],
                "missing": [{"because": why, "decisions": count} for why, count in found.missing.most_common()],
            }
        )
        return
    page.print(found.sentence, soft_wrap=True)
    for one in found.named:
        page.print(f"  [bold]{one.decision}[/]: {one.difference}", soft_wrap=True, markup=True)
    for why, count in found.missing.most_common():
        page.print(f"  [dim]{count:,}: {why}[/]", soft_wrap=True)
