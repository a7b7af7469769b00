"""`evenstock export-schemas`: the data dictionary as documentation and as JSON Schema, the API as OpenAPI, events as AsyncAPI."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated

import typer

from evenstock.cli.screen import page, say
from evenstock.connectors.dictionary import as_json_schema, as_markdown


def command(
    out: Annotated[
        Path | None,
        typer.Option(help="Write dictionary.md, schemas.json, openapi.json and asyncapi.json into this folder."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the JSON Schema instead of the documentation.")] = False,
) -> None:
    """Print the data dictionary: every table, column, type, unit, range, default and reference."""
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "dictionary.md").write_text(as_markdown(), "utf-8")
        (out / "schemas.json").write_text(jsonlib.dumps(as_json_schema(), indent=2) + "\n", "utf-8")
        page.print(f"wrote {out / 'dictionary.md'} and {out / 'schemas.json'}")
        _write_descriptions(out)
    elif json:
        say(as_json_schema())
    else:
        typer.echo(as_markdown())


def _write_descriptions(out: Path) -> None:
    """What the service offers and which events there are, where the service is installed."""
    try:
        from evenstock.service.app import document
        from evenstock.service.events.asyncapi import document as events
    except ImportError as missing:
        page.print(f"[yellow]openapi.json and asyncapi.json were not written: {missing}; install the extra service[/]")
        return
    for path, tell in ((out / "openapi.json", document), (out / "asyncapi.json", events)):
        path.write_text(jsonlib.dumps(tell(), indent=1, ensure_ascii=False) + "\n", "utf-8")
        page.print(f"wrote {path}")
