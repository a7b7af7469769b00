"""What a kind of event works with, and how it is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import Any, Final, Protocol, cast

from evenstock.domain import ActionKind, Event, Movement, NodeId, Refuse, Sku
from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.exceptions.answer import Handled
from evenstock.operations.inbound.fields import Fields
from evenstock.operations.inbound.shapes import Shape
from evenstock.operations.ports import Count, Move, Received, Store, StoreError, Transaction
from evenstock.operations.roll_out import RollOut
from evenstock.operations.substitution import Substitutes
from evenstock.policy import CompiledPolicy
from evenstock.registry import members
from evenstock.routing.network import ShippingNetwork

FAMILY: Final = "evenstock.operations.inbound.kinds"
UNREADABLE: Final = "unreadable"
"""Kind of what came and could not be read at all; its body is as `service.events` kept it."""


class RefusedError(StoreError):
    """The books cannot take the event as things stand: it is tried again, then a person reads why."""


@dataclass(frozen=True, eq=False)
class Inbound:
    """What events are applied to."""

    store: Store
    network: ShippingNetwork
    policy: CompiledPolicy
    stage: RollOut | None = None
    substitutes: Substitutes | None = None

    @cached_property
    def nodes(self) -> frozenset[NodeId]:
        return frozenset(node.id for node in self.network.nodes)

    @cached_property
    def rules(self) -> Governance:
        """What is asked before an event changes the books."""
        return Governance(self.policy, self.network.known)

    def adjusts_freely(self, now: datetime) -> bool:
        """Whether nobody has a word about adjustments; else each event is asked about by itself."""
        on = now.astimezone(UTC).date()
        return not any(ActionKind.ADJUST in line.actions for line in self.policy.autonomy(on).lines)

    def known(self, sku: Sku, node: NodeId) -> None:
        """Raise RefusedError for an item or a node the network does not have."""
        if node not in self.nodes:
            raise RefusedError(f"there is no node {node} in the network; import it, or correct the name, and replay")
        if sku not in self.network.items:
            raise RefusedError(f"there is no item {sku} in the network; import it, or correct the name, and replay")


@dataclass(frozen=True, slots=True)
class Told:
    """An event as its kind reads it."""

    received: Received
    data: Fields

    @property
    def key(self) -> tuple[str, str]:
        """Source and id: by them an event is named."""
        return self.received.source, self.received.id

    @property
    def name(self) -> str:
        """For what is made of it: ids of reports and movements."""
        return f"{self.received.source}:{self.received.id}"


@dataclass(frozen=True, slots=True)
class Planned:
    """What an event does to one stock, so that many events are applied in one step of the books."""

    step: Count | Move
    told: Callable[[Sequence[Movement]], tuple[str, Sequence[Event]]]
    """A sentence of what was done, and the facts to publish, once the step has made these movements."""


Planning = Callable[[Inbound, Told], Planned]
"""Raises WrongDataError where the event cannot be read, RefusedError where the network does not know what it speaks of."""


class Kind(Protocol):
    """A member of the family. One that only ever changes one stock has `plan` (a `Planning`) too, and is `TOGETHER`."""

    TYPE: str
    """CloudEvents `type`."""
    TOGETHER: bool
    """Whether many may be applied in one transaction: what it changes, it changes by single calls of the books, in key order."""

    DATA: Shape
    """JSON Schema of what it reads."""

    def subject(self, data: Mapping[str, Any]) -> str:
        """What it is about, for the order in which events are applied; reads without complaint."""

    def apply(self, at: Inbound, books: Transaction, told: Told, now: datetime) -> str:
        """Do what it says, in this transaction; a sentence of what was done.

        Raises WrongDataError where it cannot be read, RefusedError or StoreError where the books cannot take it now.
        """


@cache
def kinds() -> Mapping[str, Kind]:
    """Every kind by its type."""
    return {module.TYPE: cast("Kind", module) for module in members(FAMILY).values()}


def planning_of(kind: Kind) -> Planning | None:
    """How its events are applied many at a time; None where they are not."""
    found: Planning | None = getattr(kind, "plan", None)
    return found


def subject_of(kind: str, data: object, given: str) -> str:
    """What an event is about: by its kind where that is known, as its sender says otherwise."""
    found = kinds().get(kind)
    return found.subject(data) or given if found is not None and isinstance(data, dict) else given


def one_word(data: Mapping[str, Any], key: str) -> str:
    """The text under `key`, empty where there is none."""
    value = data.get(key)
    return value if isinstance(value, str) else ""


def done(answer: Handled | Refuse) -> str:
    """The sentence of a report that was taken in. Raises RefusedError for one that was not."""
    if isinstance(answer, Refuse):
        raise RefusedError(answer.because)
    return answer.sentence
