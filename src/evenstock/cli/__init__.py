"""The command line: what a person at a terminal, or a script, can ask of evenstock."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import typer

from evenstock import __version__
from evenstock.cli.loading import loading

if TYPE_CHECKING:
    app: typer.Typer

COMMANDS: Final = {
    "demo": "demo",
    "import": "import_",
    "promise": "promise",
    "route": "route",
    "cancel": "cancel",
    "tick": "tick",
    "reprice": "reprice",
    "return": "return_",
    "explain": "explain",
    "doctor": "doctor",
    "outcomes": "outcomes",
    "night": "night",
    "replay": "replay",
    "serve": "serve",
    "backup": "backup",
    "restore": "restore",
    "work": "work",
    "rollback": "rollback",
    "export-schemas": "export_schemas",
}
"""Command and the module in which it is the function `command`."""
GROUPS: Final = (
    "plan",
    "transfer",
    "approvals",
    "queue",
    "exception",
    "events",
    "forecast",
    "stock",
    "learn",
    "rollout",
    "autonomy",
    "rules",
    "rates",
    "gate",
    "carriers",
    "schedule",
    "runs",
    "keys",
    "people",
    "person",
    "actors",
    "audit",
    "report",
)
"""Commands of commands; each is the `app` of its module."""
HIDDEN: Final = {"warm-up": "warm_up"}


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"evenstock {__version__}")
        raise typer.Exit


def options(
    demo: bool = typer.Option(False, "--demo", help="Look at the brand that `evenstock demo` made."),
    version: bool = typer.Option(  # noqa: ARG001 (its callback has spoken)
        False, "--version", help="Say the version and stop.", callback=_version, is_eager=True
    ),
) -> None:
    """Options of every command."""
    from evenstock.cli.opening import LOOK_AT_DEMO

    LOOK_AT_DEMO.set(demo)


def commands(only: Collection[str]) -> typer.Typer:
    """The program with these commands; a command's module is loaded here, which takes seconds for all of them."""
    made = typer.Typer(
        name="evenstock",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_show_locals=False,
        help="Decides where each order ships from and what stock should move, and proves every decision.",
        epilog="Exit codes: 0 done, 2 wrong call, 3 input refused, 4 not found, 5 done but something needs attention.",
    )
    made.callback()(options)
    for name, module in {**COMMANDS, **HIDDEN}.items():
        if name in only:
            made.command(name, hidden=name in HIDDEN)(import_module(f"evenstock.cli.{module}").command)
    for name in GROUPS:
        if name in only:
            made.add_typer(import_module(f"evenstock.cli.{name}").app, name=name)
    return made


def asked_for(words: Sequence[str]) -> Collection[str]:
    """The one command that is called, so that the others need not be loaded; all of them for a list or a misspelling.

    None for the version: who asks for it waits for nothing.

    Examples
    --------
    >>> asked_for(["--version"])
    ()
    >>> asked_for(["--demo", "serve", "--port", "0"])
    ('serve',)
    >>> len(asked_for(["--help"])) == len(asked_for(["surve"])) == len(COMMANDS) + len(GROUPS) + 1
    True
    """
    every = (*COMMANDS, *HIDDEN, *GROUPS)
    named = next((word for word in words if not word.startswith("-")), "")
    if not named and "--version" in words:
        return ()
    helped = "--help" in words[: list(words).index(named)] if named else True
    return (named,) if named in every and not helped else every


@cache
def _everything() -> typer.Typer:
    return commands((*COMMANDS, *HIDDEN, *GROUPS))


def __getattr__(name: str) -> Any:
    """`app`, the program with every command, is made when somebody asks for it."""
    if name == "app":
        return _everything()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def main() -> None:
    with loading():
        program = commands(asked_for(sys.argv[1:]))
    program()
