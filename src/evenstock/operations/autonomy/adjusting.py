"""Asks before the books are brought to what somebody saw: inside the envelopes it counts at once, outside it is kept until people agree."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from evenstock.domain import (
    ActionKind,
    ActorKind,
    LotId,
    NodeId,
    Role,
    Sku,
    StockObservation,
    Units,
    canonical_json,
    rfc3339,
)
from evenstock.domain.canonical import digest_of
from evenstock.operations.access.principal import Grant
from evenstock.operations.audit.who import ACTING
from evenstock.operations.autonomy.actor import Actor
from evenstock.operations.autonomy.asking import Ruled
from evenstock.operations.autonomy.governance import Asking, Governance
from evenstock.operations.autonomy.intended.adjustment import KINDS, adjustment
from evenstock.operations.autonomy.requests import ask_people
from evenstock.operations.ports import Transaction

PREFIX: Final = "adjustment"
"""Word before the colon of what a request for an adjustment is about."""
COUNTED: Final = "counted"
SHELF: Final = "shelf counted"
MOVED: Final = "adjusted"
"""Kinds of content: a statement of units on hand, a count that somebody asked for, units that came or went."""
OTHER_SYSTEMS: Final = Actor(ActorKind.INTEGRATION, (Grant(Role.INTEGRATION),))
"""Whoever tells of it by an event."""


def asks_about_adjusting(
    books: Transaction, rules: Governance | None, now: datetime, actor: Actor | None = None
) -> Asking | None:
    """None where no rule has a word about adjustments.

    Stages and halts hold back what software does. What others saw is no deed of software: stock that is gone is gone while
    everything is halted, too.
    """
    if rules is None or not any(
        ActionKind.ADJUST in line.actions for line in rules.policy.autonomy(now.astimezone(UTC).date()).lines
    ):
        return None
    return rules.asking(books, now, KINDS, actor=actor, staged=False)


def rule_on_adjustment(asking: Asking, sku: Sku, node: NodeId, change: int, seen_at: datetime) -> Ruled:
    """What is to become of a change by so many units; one by none is no action."""
    if not change:
        return Ruled((), None, asking.on)
    made = adjustment(asking.actor, asking.policy, sku, node, change, seen_at, asking.now)
    return asking.rule([made], f"{sku}@{node}")


def change_of(books: Transaction, said: StockObservation) -> int:
    """Units that the books would have more (or, below zero, fewer) if they followed it, as they stand now."""
    shelf = (said.node, said.lot)
    there = sum(b.on_hand - b.shortfall for b in books.balances([said.sku]) if (b.node, b.lot) == shelf)
    return said.units - there


def keep_until_agreed(
    books: Transaction, asking: Asking, ruled: Ruled, name: str, content: Mapping[str, Any], change: int
) -> str:
    """Keep what was seen in a request for approval; a sentence that names it.

    Parameters
    ----------
    name
        Of what was seen: of one name the last content waits, and what was asked about before is void.
    content
        JSON of what a file of `approvals.subjects` carries out: with its `sku` and `node`.

    Raises
    ------
    NotApprovedError
        If people refused this very content before.
    """
    written = canonical_json(content)
    cents = max((one.action.cents or 0 for one in ruled.judged), default=0)
    sku, node = content["sku"], content["node"]
    request = ask_people(
        books, ruled, asking.now, about=f"{PREFIX}:{name}", content_digest=digest_of(written), proposer=ACTING.get().id,
        nodes=[NodeId(node)], cents=cents, units=abs(change), content=written.decode(),
    )  # fmt: skip
    return f"{abs(change)} {'more' if change > 0 else 'fewer'} {sku} at {node} wait for approval {request.id}: {request.because}"


def keep_observation(books: Transaction, asking: Asking, ruled: Ruled, said: StockObservation, change: int) -> str:
    """The same of what a system or a person counted: of a source and shelf its newest statement waits."""
    name = f"{said.source}:{said.sku}@{said.node}#{said.lot}"
    live = books.live_request(f"{PREFIX}:{name}")
    if live is not None and json.loads(live.content)["version"] > said.version:
        return f"something newer of {said.sku} at {said.node} waits for approval {live.id}"
    return keep_until_agreed(books, asking, ruled, name, {"kind": COUNTED, **content_of(said)}, change)


def content_of(said: StockObservation) -> dict[str, Any]:
    """What was seen, as a request keeps it."""
    return {
        "source": said.source, "sku": said.sku, "node": said.node, "lot": said.lot, "units": said.units,
        "observed_at": rfc3339(said.observed_at), "version": said.version,
    }  # fmt: skip


def observation_of(content: Mapping[str, Any]) -> StockObservation:
    """What was seen, from what a request kept."""
    return StockObservation(
        content["source"], Sku(content["sku"]), NodeId(content["node"]), Units(content["units"]),
        datetime.fromisoformat(content["observed_at"]), content["version"], LotId(content["lot"]),
    )  # fmt: skip
