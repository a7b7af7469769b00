"""What was decided, on which data, by which rules, and what else could have been."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from evenstock.domain.canonical import LEFT_OUT, canonical_json, digest_of
from evenstock.domain.names import Cents, DecisionId, OrderId, ServiceId
from evenstock.domain.plan import Barred, OrderPlan
from evenstock.domain.verdict import Verdict

_LAST = threading.local()
_AT_HAND: Final = 32
"""Records of which the bytes are at hand: two batches of orders that are routed together."""


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
    knowledge: str = ""
    """Digest of beliefs, price scenarios, gate, roll-out and substitutes; empty where none were at hand."""
    warnings: tuple[str, ...] = ()
    """Data used although it was out of date, and what a person's override priced, in words."""


class Layer(StrEnum):
    """Who in effect decided."""

    RULES = "rules"
    """The rules left one lawful plan."""
    OPTIMISER = "optimiser"
    """The least cost among lawful plans, with enough confidence."""
    PERSON = "person"
    """A person decides; the best lawful plan is reserved until then."""


@dataclass(frozen=True, slots=True)
class Confidence:
    """What deciding without a person is expected to cost beyond perfect foresight, in thousandths of a cent."""

    regret_millicents: int
    """Sum of the parts."""
    parts: tuple[tuple[str, int], ...]
    """Expected regret by cause, such as `prices`, `phantom stock`, `lateness`, `stale rates`, `flags`."""
    threshold_millicents: int | None = None
    """A decision above it is a person's; None where no threshold was calibrated, and every lawful plan passes."""

    @property
    def enough(self) -> bool:
        return self.threshold_millicents is None or self.regret_millicents <= self.threshold_millicents


@dataclass(frozen=True, slots=True)
class Commitment:
    """The day told to the customer, the probability we believed then, and what we believe of the plan now."""

    deliver_by: date
    told_millionths: int
    """Probability believed when it was told, in millionths."""
    now_millionths: int
    """Probability that every shipment of the chosen plan arrives by that day, in millionths."""


@dataclass(frozen=True, slots=True)
class Propensity:
    """How probable the choice was, where some orders ship by another service on purpose."""

    millionths: int
    """Probability of the service that was chosen, given all that was known, in millionths; a million where none could be
    tried."""
    extra_cents: Cents = Cents(0)
    """What the choice costs beyond the best plan; taken from the week's budget."""
    spent_cents: Cents = Cents(0)
    """What the tries of the week had cost before."""
    among: tuple[ServiceId, ...] = ()
    """Services that might have been tried, each as probable, in the order of their cost."""

    def __post_init__(self) -> None:
        if not 1 <= self.millionths <= 1_000_000:
            raise ValueError(
                f"a propensity is 1 to 1,000,000 millionths, not {self.millionths}: what was chosen had a chance"
            )
        if self.extra_cents < 0 or self.spent_cents < 0:
            raise ValueError("a try costs nothing or more beyond the best plan, and so do those before it")


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
    """The best others, cheapest first, at most 20; where the choice was tried on purpose, the best plan is the first."""
    barred: tuple[Barred, ...]
    relaxed: tuple[str, ...] = ()
    """Wishes the guard gave up so that a paid order ships: the rule and what it would have forbidden."""
    proven_least: bool = True
    """False where the search stopped at its limit before it proved the choice the cheapest."""
    layer: Layer = Layer.OPTIMISER
    confidence: Confidence | None = None
    """None where nothing was chosen, or no scenarios of prices were at hand."""
    price_rung: str = ""
    """Which step of the ladder the prices came from, with their age: `repricing`, `nightly`, `mirror descent` or `none`."""
    commitment: Commitment | None = None
    """What the customer was told: later decisions about this order are bound by it."""
    propensity: Propensity | None = field(default=None, metadata=LEFT_OUT)
    """None where the decision tried nothing on purpose and could not have."""

    def canonical(self) -> bytes:
        """The record's bytes; those of the last few asked for in this thread are at hand, as they are kept, told and answered."""
        last: dict[int, tuple[DecisionRecord, bytes]] = _LAST.__dict__.setdefault("few", {})
        found = last.get(id(self))
        if found is None:
            # A record that is at hand lives, so that no other has its identity.
            found = last[id(self)] = (self, canonical_json(self))
            if len(last) > _AT_HAND:
                del last[next(iter(last))]
        return found[1]

    def digest(self) -> str:
        return digest_of(self.canonical())
