"""Commands as a person or a script calls them, with the exit code they must end with."""

import json
from typing import Any

from typer.testing import CliRunner

from evenstock.cli import app


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, words)

    assert result.exit_code == code, result.output + str(result.exception)
    return result.stdout


def told(*words: str, code: int = 0) -> dict[str, Any]:
    """The command's one JSON document."""
    found: dict[str, Any] = json.loads(run(*words, "--json", code=code))
    return found
