"""`evenstock work`: the worker, which does what is due."""

from __future__ import annotations

import signal
from typing import Annotated

import typer

from evenstock.cli.opening import settings
from evenstock.cli.screen import Exit, fail, page, say
from evenstock.cli.serve import MISSING
from evenstock.operations.ports import StoreError


def command(
    once: Annotated[
        bool, typer.Option("--once", help="Do what is due now, then stop; ends with 5 if a run failed.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="Runs to do at most, with --once.")] = 1_000,
    json: Annotated[bool, typer.Option("--json", help="With --once: one JSON document on standard output.")] = False,
) -> None:
    """Do what is due until told to stop (SIGTERM or Ctrl+C): the schedule, what was asked for, what other systems sent.

    Any number may work on the same books: each run is done by one of them. `evenstock serve` runs one beside it where the
    books are SQLite.
    """
    try:
        from evenstock.service.configuration import Configuration, ConfigurationError
        from evenstock.service.safe_defaults import safe
        from evenstock.service.telemetry.logs import start_logging
        from evenstock.service.worker.loop import Worker
        from evenstock.service.worker.workplace import Workplace
    except ImportError as missing:
        fail(Exit.REFUSED_INPUT, f"{MISSING} ({missing})")
    place = settings()
    try:
        configuration = safe(place, Configuration.load())
        at = Workplace.open(place, configuration)
    except (ConfigurationError, StoreError, OSError) as refused:
        fail(Exit.REFUSED_INPUT, str(refused))
    worker = Worker(at)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: worker.stop())
    try:
        if not once:
            start_logging(configuration.log_level)
            worker.run()
            return
        ended = worker.once(limit)
    except StoreError as refused:
        fail(Exit.REFUSED_INPUT, str(refused))
    finally:
        at.store.close()
    if json:
        say({"runs": ended})
    else:
        page.print(", ".join(f"{count:,} {how}" for how, count in sorted(ended.items())) or "Nothing was due.")
    if ended.keys() - {"done", "cancelled"}:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))
