"""Gates and verdicts as people read them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.table import Table

from evenstock.cli.screen import table
from evenstock.domain import Allow, NeedsApproval, Refuse, Verdict
from evenstock.learning import Gate, Outcome

_MARKS = {Outcome.PASSED: "[green]passed[/]", Outcome.FAILED: "[red]failed[/]", Outcome.UNJUDGED: "[yellow]unjudged[/]"}


def gate_table(title: str, gates: Sequence[Gate]) -> Table:
    return table(title, ("", "gate"), [(_MARKS[gate.outcome], gate.because) for gate in gates])


def gate_rows(gates: Sequence[Gate]) -> list[dict[str, object]]:
    """For `--json`; a figure that does not exist is null."""
    return [
        {
            "gate": gate.name,
            "figure": gate.figure if math.isfinite(gate.figure) else None,
            "outcome": gate.outcome.value,
            "because": gate.because,
        }
        for gate in gates
    ]


def verdict_sentence(verdict: Verdict) -> str:
    match verdict:
        case Allow():
            return "It may serve."
        case NeedsApproval(role=role, because=because):
            return f"It needs the word of {role}: {because}"
        case Refuse(because=because):
            return f"It may not serve: {because}"
