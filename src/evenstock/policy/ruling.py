"""What a compiled rule can say: a kind of rule overrides what it has a say in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from evenstock.domain import Allow, Candidate, Cents, Item, Node, NodeId, Order, OrderPlan, Verdict

if TYPE_CHECKING:
    from evenstock.policy.autonomy.line import Line, Region

NO_CEILING: Final = int(np.iinfo(np.int64).max)
"""Slots left at a node without a daily ceiling."""
NO_LIMIT: Final = 2**31 - 1
"""Shipments of an order where no rule bounds them."""


@dataclass(frozen=True, slots=True, eq=False)
class CandidateFacts:
    """What is known of each candidate beyond its name."""

    on: date
    """Day of the decision: rules in force on it apply."""
    on_time_probability: NDArray[np.float64]
    """P(delivered by the promise), shape ``(candidate,)``; nan where nothing is promised or transit is unknown."""
    slots_left: NDArray[np.int64]
    """Shipments the node can still take on the candidate's day, shape ``(candidate,)``; NO_CEILING where unlimited."""
    transit_days_p95: NDArray[np.int64] | None = None
    """Days from `on` until 95 % of such parcels are delivered, shape ``(candidate,)``; -1 where unknown, None where all are."""
    service_slots_left: NDArray[np.int64] | None = None
    """Shipments the service can still take over on the candidate's day, from all nodes; None where all are unlimited."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """An order, and every way to ship some of it."""

    order: Order
    items: Sequence[Item]
    """The item of each line."""
    candidates: Sequence[Candidate]
    facts: CandidateFacts
    nodes: tuple[Node, ...]
    node_of: NDArray[np.int64]
    """Position of each candidate's node in `nodes`, shape ``(candidate,)``."""

    def waiting_days(self) -> NDArray[np.int64]:
        """Days from the decision until each candidate leaves, shape ``(candidate,)``."""
        on = self.facts.on
        return np.array([(candidate.ship_on - on).days for candidate in self.candidates], dtype=np.int64)

    def by_node(self, out: NDArray[np.bool_]) -> Iterable[tuple[Node, NDArray[np.bool_]]]:
        """These candidates, node by node, in the order of the network."""
        for k in np.unique(self.node_of[out]).tolist():
            yield self.nodes[k], out & (self.node_of == k)


@dataclass(frozen=True, slots=True, eq=False)
class Bar:
    """Candidates that may not carry some lines, and why, in one sentence."""

    candidates: NDArray[np.bool_]
    """Shape ``(candidate,)``."""
    because: str
    lines: NDArray[np.bool_] | None = None
    """Shape ``(line,)``; None for all lines."""


@dataclass(frozen=True, slots=True)
class OrderBounds:
    """Limits on the plan of an order as a whole."""

    max_shipments: int = NO_LIMIT
    min_split_value_cents: Cents = Cents(0)
    """Where an order is split, goods of at least this price in every shipment."""

    def within(self, other: OrderBounds) -> OrderBounds:
        """The tighter of both."""
        return OrderBounds(
            min(self.max_shipments, other.max_shipments),
            max(self.min_split_value_cents, other.min_split_value_cents),
        )


UNBOUNDED: Final = OrderBounds()


@dataclass(frozen=True, slots=True, eq=False)
class Movement:
    """Which lanes and items tonight's transfers could use."""

    nodes: tuple[Node, ...]
    index: Mapping[NodeId, int]
    lanes: Sequence[tuple[NodeId, NodeId]]
    items: Sequence[Item]


@dataclass(frozen=True, slots=True)
class Waiting:
    """How an order waits for a person."""

    at_deadline: str = "execute"
    """What happens if nobody answers: `execute` the best lawful plan, `cancel` the order, or `wait` and ask again."""
    hours: int | None = None
    """Hours the person has; None where the rule does not say."""


class Ruling:
    """A compiled rule; these answers are those of a rule that has no say."""

    __slots__ = ()
    yields_to_permit: ClassVar[bool] = False
    """Whether a `permit` listed before it exempts from it: so for what operators list themselves, never for the law of the trade."""

    def bars(self, question: Question) -> Iterable[Bar]:
        """Candidates it does not permit."""
        del question
        return ()

    def exempts(self, question: Question) -> NDArray[np.bool_] | None:
        """Candidates and lines that rules listed after it leave alone, shape ``(candidate, line)``; None for none."""
        del question
        return None

    def charges(self, question: Question) -> NDArray[np.int64] | None:
        """Cents that each candidate costs beyond what it costs, shape ``(candidate,)``; None for nothing."""
        del question
        return None

    def bound(self, order: Order) -> OrderBounds:
        """Its limits on the order's plan."""
        del order
        return UNBOUNDED

    def review(self, order: Order, plan: OrderPlan, relaxed: Sequence[str]) -> Verdict:
        """Whether a person decides about this plan."""
        del order, plan, relaxed
        return Allow()

    def waits(self) -> Waiting:
        """How long the person it asks has, and what happens then."""
        return Waiting()

    def line(self) -> Line | None:
        """What it says of who may act by himself; None where it says nothing of that."""
        return None

    def region(self) -> Region | None:
        """The region that it names; None for most."""
        return None

    def closes(self, movement: Movement) -> NDArray[np.bool_] | None:
        """Lanes closed to items, shape ``(lane, item)``; None for none."""
        del movement
        return None

    def floor_days(self, movement: Movement) -> NDArray[np.float64] | None:
        """Days of demand that each node keeps of each item, shape ``(node, item)``; None where it asks for none."""
        del movement
        return None
