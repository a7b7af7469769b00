"""What was decided, on which data, by which rules, and what else could have been."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from evenstock.domain.canonical import canonical_json, digest
from evenstock.domain.names import DecisionId, OrderId
from evenstock.domain.plan import Barred, OrderPlan
from evenstock.domain.verdict import Verdict


class Outcome(StrEnum):
    EXECUTED = "executed"
    """The chosen plan was reserved."""
    AWAITS_APPROVAL = "awaits_approval"
    """The best lawful plan is reserved while a person decides."""
    UNSERVED = "unserved"
    """No node can lawfully ship it; `sentence` names what forbids."""
    SHADOW = "shadow"
    """Decided, not acted on."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The versions of everything that went into a decision."""

    network: str
    """Digest of the network snapshot: items, nodes, rates, calendars; that of learned transit times after a plus."""
    stock: str
    """Digest of the stock balances read."""
    policy: str
    prices: str
    code: str
    """Version of this package."""
    warnings: tuple[str, ...] = ()
    """Data used although it was out of date, in words."""


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One routing decision, append-only. The same inputs give the same bytes."""

    id: DecisionId
    order: OrderId
    decided_at: datetime
    inputs: Inputs
    outcome: Outcome
    verdict: Verdict
    sentence: str
    """Why, in one sentence, in cents."""
    choice: OrderPlan | None
    alternatives: tuple[OrderPlan, ...]
    """The best others, cheapest first, at most 20."""
    barred: tuple[Barred, ...]
    relaxed: tuple[str, ...] = ()
    """Wishes the guard gave up so that a paid order ships: the rule and what it would have forbidden."""
    proven_least: bool = True
    """False where the search stopped at its limit before it proved the choice the cheapest."""

    def canonical(self) -> bytes:
        return canonical_json(self)

    def digest(self) -> str:
        return digest(self)
