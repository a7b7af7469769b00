"""Stages and halts as documents: what a screen, a file and another system read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from evenstock.domain import NodeId, rfc3339
from evenstock.operations.autonomy.halting import halt_of, scope_of, scope_told
from evenstock.operations.autonomy.keeping import StagesVersion
from evenstock.operations.autonomy.live_routing import RollOut
from evenstock.operations.autonomy.stages import Halt, Stage, StageLine, Stages
from evenstock.operations.ports import Entry


def line_told(line: StageLine) -> dict[str, Any]:
    """A line; `line_of` reads back what it says."""
    return {
        "said": str(line),
        "stage": line.stage.value,
        "scope": scope_told(line.scope),
        "share_bp": line.share_bp,
        "otherwise": line.otherwise.value,
        "valid_from": None if line.valid_from == date.min else line.valid_from.isoformat(),
        "valid_to": None if line.valid_to == date.max else line.valid_to.isoformat(),
        "pilot": line.pilot,
        "by": line.by,
        "because": line.because,
        "at": rfc3339(line.at) if line.at else None,
    }


def line_of(said: Mapping[str, Any]) -> StageLine:
    """The line of a document.

    Raises
    ------
    ValueError
        For a stage or a kind of action that is none, or days or a share that make no sense.
    """
    return StageLine(
        Stage(said["stage"]),
        scope_of(said.get("scope", {})),
        said.get("share_bp", 10_000),
        Stage(said.get("otherwise", Stage.GUIDED)),
        _day(said.get("valid_from")) or date.min,
        _day(said.get("valid_to")) or date.max,
        said.get("pilot", ""),
    )


def stages_told(stages: Stages, version: StagesVersion | None) -> dict[str, Any]:
    """What is in force."""
    return {
        "routing": str(stages.routing),
        "lines": [line_told(line) for line in stages.lines],
        "halts": [halt_told(halt) for halt in stages.halts],
        "asks_evidence": stages.asks_evidence,
        "version": version.kept if version is not None else None,
        "by": version.by if version is not None else "",
        "because": version.because if version is not None else "",
        "at": rfc3339(version.at) if version is not None and version.at else None,
    }


def version_told(version: StagesVersion) -> dict[str, Any]:
    """One version of the history."""
    return {
        "version": version.kept,
        "routing": str(version.stages.routing),
        "lines": [str(line) for line in version.stages.lines],
        "asks_evidence": version.stages.asks_evidence,
        "by": version.by,
        "because": version.because,
        "at": rfc3339(version.at) if version.at else None,
        "forced": version.forced,
        "evidence": version.evidence or None,
    }


def halt_told(halt: Halt) -> dict[str, Any]:
    return {
        "id": halt.id,
        "said": str(halt),
        "scope": scope_told(halt.scope),
        "by": halt.by,
        "because": halt.because,
        "at": rfc3339(halt.at),
        "resumed_by": None,
        "resumed_because": None,
        "resumed_at": None,
    }


def past_halt_told(entry: Entry) -> dict[str, Any]:
    """A halt that was resumed, with who did so and why."""
    resumed = {name: entry.body.get(name) for name in ("resumed_by", "resumed_because", "resumed_at")}
    return halt_told(halt_of(entry)) | resumed


def roll_out_of(said: Mapping[str, Any]) -> RollOut:
    """Routing's roll-out of a document."""
    return RollOut(
        said["live"],
        frozenset(said.get("order_classes", ())),
        frozenset(map(NodeId, said.get("nodes", ()))),
        said.get("share_bp", 10_000),
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
