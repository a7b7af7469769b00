"""`evenstock runs`: long work, how far it is and what came of it."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape

from evenstock.cli.default_command import group
from evenstock.cli.opening import workspace
from evenstock.cli.screen import Exit, fail, moment, page, say, table
from evenstock.domain import rfc3339
from evenstock.operations.runs.keeping import Run, RunState, body_of, cancel, run_named, runs

app = typer.Typer(
    cls=group("list"), help="What the worker was asked to do (list, also without a word), one run, and stopping it."
)
_Id = Annotated[str, typer.Argument(metavar="ID", help="The run's id.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


@app.command("list")
def every(
    state: Annotated[RunState | None, typer.Option(help="Only runs in this state.")] = None,
    job: Annotated[str, typer.Option(help="Only runs of this job.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most runs, the latest first.")] = 30,
    json: _Json = False,
) -> None:
    """The latest runs."""
    with workspace() as opened, opened.store.reading() as books:
        found, after = [], ""
        while part := runs(books, state=state, after=after, limit=1_000):
            found += [run for run in part if not job or run.job == job]
            after = part[-1].id
    found = sorted(found, key=lambda run: (run.asked_at, run.id), reverse=True)[:limit]
    if json:
        say({"runs": [plain(run) for run in found]})
        return
    if not found:
        page.print("no runs; `evenstock work` asks for those of the schedule and does them")
        return
    rows = [
        (escape(run.id), run.job, run.state.value, f"{run.asked_at:%Y-%m-%d %H:%M}", escape(run.by), f"{run.share_done} %", escape(run.because or run.doing))
        for run in found
    ]  # fmt: skip
    page.print(table("runs", ("id", "job", "is", "asked for", "by", "done", "because"), rows, frozenset({5})))


@app.command()
def show(run: _Id, json: _Json = False) -> None:
    """One run; ends with 5 if it failed."""
    with workspace() as opened, opened.store.reading() as books:
        found = run_named(books, run)
    if found is None:
        fail(Exit.NOT_FOUND, f"there is no run {run}; `evenstock runs` lists them")
    if json:
        say(plain(found))
    else:
        page.print(
            f"[bold]{escape(found.id)}[/]: {found.job}, {found.state}, asked for by {escape(found.by)} at {rfc3339(found.asked_at)}",
            soft_wrap=True,
        )
        if found.doing or found.because:
            page.print(f"{found.share_done} %  {escape(found.doing)}  {escape(found.because)}", soft_wrap=True)
        for name, value in (found.result or {}).items():
            page.print(f"  {name}: {escape(str(value))}", soft_wrap=True)
    if found.state is RunState.FAILED:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


@app.command("cancel")
def stop(
    run: _Id,
    by: Annotated[str, typer.Option("--by", help="Who stops it.")],
    as_of: Annotated[str | None, typer.Option(help="The moment it is; now by default.")] = None,
    json: _Json = False,
) -> None:
    """Stop a run: one that waits is not begun, one that runs writes nothing more."""
    with workspace() as opened, opened.store.transaction() as books:
        found = cancel(books, run, by, moment(as_of))
    if found is None:
        fail(Exit.NOT_FOUND, f"there is no run {run}; `evenstock runs` lists them")
    if json:
        say(plain(found))
    else:
        page.print(f"run [bold]{escape(found.id)}[/] is {found.state}")


def plain(run: Run) -> dict[str, Any]:
    """A run as JSON says it."""
    return {"id": run.id, "state": run.state.value} | body_of(run)
