"""Who may act alone at one place: the lines that count there, each with its version, its owner and since when it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from typing import Any, Final

from evenstock.domain import ActionKind, Policy, Rule
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
from evenstock.policy import text
from evenstock.policy.autonomy import EffectiveLine, Place

_SHOWN: Final = 8


class UnknownNodeError(ValueError):
    """Somebody asks about a node that the network does not have."""

    def __init__(self, node: str, nodes: Sequence[str]) -> None:
        close = get_close_matches(node, nodes, n=1)
        more = f" and {len(nodes) - _SHOWN} more" if len(nodes) > _SHOWN else ""
        hint = f"did you mean {close[0]}?" if close else f"there is {', '.join(nodes[:_SHOWN])}{more}"
        super().__init__(f"there is no node {node}; {hint}")


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
    UnknownNodeError
        If the place's node does not exist.
    """
    frames = network_frames(store, snapshots)
    nodes = sorted(frames["nodes"]["node"].to_list())
    if place.node is not None and place.node not in nodes:
        raise UnknownNodeError(str(place.node), nodes)
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


def said(one: LineInForce) -> str:
    """Kind, actions and conditions, as the rule is written."""
    written = text.write(Policy(text.UNNAMED, (replace(one.line.line.rule, id="r"),)))
    lines = [line.strip() for line in written.splitlines()]
    head = lines[0].split(": ", maxsplit=1)[1]
    return " ".join([head, *(line for line in lines[1:] if line.startswith("when "))])


def effective_told(found: EffectiveRules, place: Place) -> dict[str, Any]:
    """As JSON: each line with its words, its place and where it comes from."""
    return {
        "version": found.version.id if found.version else None,
        "digest": found.digest,
        "place": {name: getattr(place, name) for name in ("region", "channel", "node", "category")},
        "lines": [
            {
                "rule": one.line.rule,
                "kind": one.line.line.rule.kind,
                "actions": sorted(one.line.line.actions),
                "said": said(one),
                "scope": one.line.scope,
                "law": one.line.line.law,
                "owner": one.line.owner or None,
                "because": one.line.line.rule.because or None,
                "since": one.since.isoformat() if one.since else None,
                "version": one.version or None,
                "overrides": list(one.line.overrides),
                "bound_by": list(one.line.bound_by),
            }
            for one in found.lines
        ],
    }
