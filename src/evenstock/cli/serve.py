"""`evenstock serve`: the HTTP API."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from evenstock.cli.loading import loading
from evenstock.cli.opening import settings
from evenstock.cli.screen import Exit, fail, words
from evenstock.operations.ports import StoreError

MISSING = r"the service is not installed: pip install 'evenstock\[service]' (and \[postgres] for PostgreSQL)"


def command(
    host: Annotated[str | None, typer.Option(help="Address to listen at. [EVENSTOCK_HOST]")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one. [EVENSTOCK_PORT]")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that serve.")] = 1,
    with_worker: Annotated[
        bool | None,
        typer.Option(
            "--with-worker/--without-worker",
            help="Run `evenstock work` too; by default where the books are SQLite.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Serve the HTTP API until it is told to stop (SIGTERM or Ctrl+C); what runs then is finished first.

    Settings come from the environment and the table [service] of evenstock.toml; an unsafe one is refused by name.
    """
    place = settings()
    try:
        with loading():
            from evenstock.service.ahead import load_ahead
            from evenstock.service.configuration import Configuration, ConfigurationError
            from evenstock.service.serving import Wanted, serve

            load_ahead(place.database)
    except ImportError as missing:
        fail(Exit.REFUSED_INPUT, f"{MISSING} ({missing})")
    try:
        told = Configuration.load()
        if host is not None:
            told = replace(told, host=host)
        if port is not None:
            told = replace(told, port=port)
        serve(place, told, Wanted(workers, with_worker), lambda said: words.print(said, soft_wrap=True))
    except (ConfigurationError, StoreError) as refused:
        fail(Exit.REFUSED_INPUT, str(refused))
    except OSError as trouble:
        fail(Exit.REFUSED_INPUT, str(trouble))
