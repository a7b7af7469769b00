"""What every command shares: words on the screen or JSON on standard output, progress, and an exit code that says what happened."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table


class Exit(IntEnum):
    """Exit codes; 2 is a wrong call (typer's own)."""

    DONE = 0
    BUG = 1
    """Not foreseen: the message is a bug report."""
    REFUSED_INPUT = 3
    """Files or values were refused; nothing was changed."""
    NOT_FOUND = 4
    """No such id, or nothing imported yet."""
    NEEDS_ATTENTION = 5
    """Done, and something is missing, stale or unserved."""


words = Console(stderr=True, highlight=False)
"""Progress, tables and sentences for people; standard output belongs to `--json`."""
page = Console(highlight=False, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 140)
"""The answer for people, where it is not JSON."""


def say(document: dict[str, Any]) -> None:
    """One JSON document on standard output."""
    json.dump(document, sys.stdout, ensure_ascii=False, indent=2, default=str)
    sys.stdout.write("\n")


def fail(code: Exit, message: str) -> NoReturn:
    """Say what, where and what to do on standard error; end with `code`."""
    words.print(f"[bold red]{code.name.lower().replace('_', ' ')}:[/] {message}", soft_wrap=True)
    raise typer.Exit(int(code))


def moment(text: str | None) -> datetime:
    """`--as-of`: an RFC 3339 moment, a day (its end in UTC), or now.

    Raises
    ------
    typer.BadParameter
        For anything else, and for a moment without a zone.
    """
    if not text:
        return datetime.now(UTC)
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise typer.BadParameter(f"{text!r} is not a moment; write 2026-11-20T14:00:00Z or 2026-11-20") from wrong
    if len(text) == len("2026-11-20"):
        return parsed.replace(hour=23, minute=59, second=59, tzinfo=UTC)
    if parsed.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no zone; add one: {text}Z or {text}-06:00")
    return parsed.astimezone(UTC)


@contextmanager
def progress(quiet: bool = False) -> Iterator[Progress]:
    """A progress display on standard error, silent under `--json` or where nobody watches."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=words, transient=True, disable=quiet or not words.is_terminal) as shown:
        yield shown


def table(
    title: str, headers: Sequence[str], rows: Sequence[Sequence[str]], numeric: frozenset[int] = frozenset()
) -> Table:
    drawn = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="dim")
    for number, header in enumerate(headers):
        drawn.add_column(header, justify="right" if number in numeric else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*row)
    return drawn


def show_whole(drawn: Table) -> None:
    """Print a table of figures as wide as it is: a narrow terminal folds its lines, but no cell is squeezed."""
    wanted = Measurement.get(page, page.options.update(max_width=400), drawn).maximum
    Console(highlight=False, width=max(wanted, page.width)).print(drawn, crop=False)


def dollars(cents: float, places: int = 2) -> str:
    """Money as people write it.

    Examples
    --------
    >>> dollars(-123456)
    '-$1,234.56'
    """
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) / 100:,.{places}f}"
