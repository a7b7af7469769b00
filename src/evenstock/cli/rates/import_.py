"""`evenstock rates import`: rate tables, invoices and parcels from files, checked before they count."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
from rich.markup import escape

from evenstock.bootstrap import Workspace
from evenstock.cli.opening import workspace
from evenstock.cli.screen import Exit, fail, moment, page, say, table
from evenstock.connectors.files import Reading, read_some
from evenstock.operations.rates.add_invoices import ADDED, add_invoices
from evenstock.operations.rates.import_rates import TAKEN, RatesImport, import_rates
from evenstock.operations.rates.refusals import refused

_SHOWN = 10


def command(
    paths: Annotated[
        list[Path], typer.Argument(help="Folders or files: rate_cards.csv, fuel_index.csv, invoices.csv, …")
    ],
    accept: Annotated[str, typer.Option(help="Why what is doubtful is right: takes it in, with --by.")] = "",
    by: Annotated[str, typer.Option(help="Who accepts it.")] = "",
    replace: Annotated[
        list[str] | None,
        typer.Option(help="A table without dates to replace whole: zones, places, delivery_areas, fuel_rules."),
    ] = None,
    source: Annotated[str, typer.Option(help="Where they come from; the first path by default.")] = "",
    as_of: Annotated[str | None, typer.Option(help="Moment of the import; now by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Take dated rates in beside those that serve; refused files leave the last good ones in force.

    The same key with another value is refused unless it starts later. Ends with 3 where something was refused.
    """
    now = moment(as_of)
    try:
        reading = read_some(paths, {*TAKEN, *ADDED})
    except FileNotFoundError as missing:
        fail(Exit.REFUSED_INPUT, str(missing))
    name = source or paths[0].name
    with workspace() as opened:
        if reading.count:
            _keep_refusal(opened, reading, name, as_of)
            _tell_unread(reading, name, json=json)
        rates = {table: frame for table, frame in reading.frames.items() if table in TAKEN}
        bills = {table: frame for table, frame in reading.frames.items() if table in ADDED}
        if not reading.frames:
            fail(Exit.REFUSED_INPUT, f"no table of rates, invoices or parcels in {', '.join(map(str, paths))}")
        done = (
            import_rates(
                opened.store, opened.snapshots, rates,
                source=name, now=now, by=by, because=accept, replaced=frozenset(replace or ()),
            )
            if rates
            else None
        )  # fmt: skip
        added = add_invoices(opened.store, opened.snapshots, bills, now=now) if bills else {}
    if json:
        say(_plain(done, added, reading))
    else:
        _tell(done, added, reading)
    if done is not None and done.refusal is not None:
        raise typer.Exit(int(Exit.REFUSED_INPUT))


def _keep_refusal(opened: Workspace, reading: Reading, name: str, as_of: str | None) -> None:
    tables = sorted({problem.file.split(".")[0] for problem in reading.problems})
    wrong = [str(problem) for problem in reading.problems]
    with opened.store.transaction() as books:
        refused(books, opened.snapshots, source=name, tables=tables, wrong=wrong, doubtful=(), now=moment(as_of))


def _tell_unread(reading: Reading, name: str, *, json: bool) -> None:
    if json:
        say({"taken": {}, "problems": [str(problem) for problem in reading.problems], "count": reading.count})
    for problem in reading.problems[: 4 * _SHOWN] if not json else ():
        page.print(f"[red]✗[/] {escape(str(problem))}", soft_wrap=True)
    fail(
        Exit.REFUSED_INPUT, f"{reading.count:,} problems in {name}; nothing was taken in, what served before still does"
    )


def _plain(done: RatesImport | None, added: dict[str, int], reading: Reading) -> dict[str, Any]:
    return {
        "taken": (dict(done.rows) if done else {}) | added,
        "snapshot": done.digest if done else None,
        "wrong": list(done.refusal.wrong) if done and done.refusal else [],
        "doubtful": [str(finding) for finding in done.checked.doubtful] if done else [],
        "refusal": done.refusal.id if done and done.refusal else None,
        "changes": done.checked.changes.head(50).to_dicts() if done else [],
        "notes": [*reading.notes, *(done.notes if done else ())],
    }


def _tell(done: RatesImport | None, added: dict[str, int], reading: Reading) -> None:
    if done is not None and done.refusal is not None:
        for sentence in done.refusal.wrong[: 4 * _SHOWN]:
            page.print(f"[red]✗[/] {escape(sentence)}", soft_wrap=True)
        for sentence in done.refusal.doubtful[: 4 * _SHOWN]:
            page.print(f"[yellow]?[/] {escape(sentence)}", soft_wrap=True)
    if done is not None and done.checked.changes.height:
        page.print(_changes(done.checked.changes))
    rows = [(name, f"{n:,}") for name, n in ((dict(done.rows) if done else {}) | added).items() if n]
    if rows:
        page.print(table("taken in", ("table", "new rows"), rows, frozenset({1})))
    elif done is None or done.refusal is None:
        page.print("nothing new: all of it is there already")
    for note in [*reading.notes, *(done.notes if done and done.rows else ())]:
        page.print(f"[dim]note: {escape(note)}[/]", soft_wrap=True)
    if done is not None and done.refusal is not None:
        fix = (
            "correct the files"
            if done.refusal.wrong
            else "correct the files, or say why they are right: --accept REASON --by NAME"
        )
        page.print(f"[bold red]Refused[/]; what served before still does. {fix[0].upper()}{fix[1:]}.", soft_wrap=True)


def _changes(changes: pl.DataFrame) -> Any:
    rows = [
        (r["service"], str(r["valid_from"]), r["what"], f"{r['before']:,}", f"{r['after']:,}",
         "" if r["share"] is None else f"{r['share']:+.1%}")
        for r in changes.head(_SHOWN).iter_rows(named=True)
    ]  # fmt: skip
    title = f"largest of {changes.height:,} changes against the card before"
    return table(title, ("service", "from", "what", "before", "after", ""), rows, frozenset({3, 4, 5}))
