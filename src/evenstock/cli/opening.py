"""What nearly every command starts with: the workspace, the company in it, and its forecast of the day."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from typing import TYPE_CHECKING

import click

from evenstock.bootstrap import Workspace, open_workspace
from evenstock.cli.screen import Exit, fail
from evenstock.operations.audit.who import Through, Who, acting
from evenstock.operations.company import Company, NothingImportedError
from evenstock.operations.ports import StoreError
from evenstock.settings import Settings

if TYPE_CHECKING:
    from evenstock.operations.forecast_demand import Forecasted

LOOK_AT_DEMO = ContextVar("look at demo", default=False)
"""Whether `--demo` was said before the command's name."""


def settings() -> Settings:
    """Where the company's things are, or the demo's under `--demo`."""
    try:
        told = Settings.load()
    except ValueError as wrong:
        fail(Exit.REFUSED_INPUT, str(wrong))
    return told.demo if LOOK_AT_DEMO.get() else told


@contextmanager
def workspace() -> Iterator[Workspace]:
    """The opened workspace; refusals of the store and of the data, and a library that is missing, end the command with their sentence."""
    try:
        with open_workspace(settings()) as opened, acting(_whoever_calls()):
            yield opened
    except NothingImportedError as nothing:
        fail(Exit.NOT_FOUND, str(nothing))
    except OSError as trouble:
        fail(
            Exit.REFUSED_INPUT,
            f"the folder of books and snapshots cannot be used: {trouble}; set EVENSTOCK_HOME to one that can",
        )
    except (StoreError, ValueError, ImportError) as refused:
        fail(Exit.REFUSED_INPUT, str(refused))


def _whoever_calls() -> Who:
    """The user of this machine who called the command, for the person that `--by` names."""
    context = click.get_current_context(silent=True)
    named = context.params.get("by") if context is not None else None
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        # A container may run under a number that has no name.
        user = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    return Who(f"user:{user}", "user", Through.CLI, on_behalf_of=named if isinstance(named, str) else "")


def company(opened: Workspace, on: date | None = None) -> Company:
    """The company as it stands; for a decision on a day, with the transit times that are in force then."""
    return Company.load(opened.store, opened.snapshots, on)


def todays_forecast(opened: Workspace, here: Company, now: datetime) -> Forecasted:
    """The forecast made for the day of `now`, or one made now, with what planners and sensing say of it."""
    # Every command is opened here, and few of them forecast: those that do not need not wait for its modules.
    from evenstock.operations import todays_forecast as of_today

    return of_today.todays_forecast(opened.store, opened.snapshots, here, now)
