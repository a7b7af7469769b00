"""Who may act alone at one place: the lines that count there, each with its version, its owner and since when it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from evenstock.domain import ActionKind, Rule
from evenstock.operations.network import policy_from_frames
from evenstock.operations.ports import Snapshots, Store
from evenstock.operations.rulebook import (
    Activation,
    Version,
    compile_with,
    history,
    network_frames,
    rules_in_force,
    version_of,
)
from evenstock.policy.autonomy import EffectiveLine, Place


@dataclass(frozen=True, slots=True, eq=False)
class LineInForce:
    """One line, and where it comes from."""

    line: EffectiveLine
    since: datetime | None
    """When it began to hold in these words; None for a line of the imported table without a first day."""
    version: str
    """Version of the rules that brought it in these words; empty for the imported table."""


@dataclass(frozen=True, slots=True, eq=False)
class EffectiveRules:
    """What counts at one place on a day."""

    version: Version | None
    """None where the imported table is in force, or the default."""
    digest: str
    lines: tuple[LineInForce, ...]


def effective_rules(
    store: Store, snapshots: Snapshots, place: Place, on: date, kind: ActionKind | None = None
) -> EffectiveRules:
    """The lines about autonomy that count at a place, the deciding ones first; of one action, or of all.

    Raises
    ------
    StoreError
        If there is no network.
    ValueError
        If the place's node does not exist.
    """
    frames = network_frames(store, snapshots)
    with store.reading() as books:
        version = rules_in_force(books, snapshots)
    compiled = compile_with(version.policy if version else policy_from_frames(frames), frames)
    origins = _origins(store, snapshots, version)
    lines = tuple(_placed(line, origins) for line in compiled.effective(place, on, kind))
    return EffectiveRules(version, compiled.digest, lines)


def _origins(store: Store, snapshots: Snapshots, version: Version | None) -> dict[Rule, Activation]:
    """The activation since which each rule of the version has held without a break, in the same words."""
    if version is None:
        return {}
    found: dict[Rule, Activation] = {}
    still = set(version.policy.rules)
    for deed in reversed(history(store, snapshots)):
        there = set(version_of(store, snapshots, deed.version).policy.rules) if deed.version else set()
        still &= there
        if not still:
            break
        found |= dict.fromkeys(still, deed)
    return found


def _placed(line: EffectiveLine, origins: dict[Rule, Activation]) -> LineInForce:
    deed = origins.get(line.line.rule)
    first = datetime.combine(line.since, time.min, UTC) if line.since else None
    since = max(filter(None, (first, deed.at if deed else None)), default=None)
    return LineInForce(line, since, deed.version if deed else "")
