"""Who acts, as the policy's envelopes know him: what kind of actor, and in which roles where the action is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from evenstock.domain import ActorKind, NodeId, Role
from evenstock.operations.access.api_key import KIND as KEY
from evenstock.operations.access.api_key import key_of
from evenstock.operations.access.limits import granted
from evenstock.operations.access.principal import SCHEDULE, Grant
from evenstock.operations.audit.who import Who, acting_for
from evenstock.operations.ports import Transaction
from evenstock.policy import CompiledPolicy

_KINDS: Final = {
    "person": ActorKind.PERSON,
    "user": ActorKind.PERSON,
    "integration": ActorKind.INTEGRATION,
    "agent": ActorKind.AGENT,
    "schedule": ActorKind.SCHEDULE,
}
"""Whoever opened the books himself, and whoever nobody signed in, is a program: the schedule, in no role."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody about to do something."""

    kind: ActorKind
    grants: tuple[Grant, ...] = ()

    def roles(self, nodes: Iterable[NodeId], policy: CompiledPolicy) -> frozenset[Role]:
        """His roles that hold at every one of these nodes."""
        if not self.grants:
            return frozenset()
        network = policy.network
        held = [
            {
                grant.role
                for grant in self.grants
                if (not grant.nodes and not grant.regions)
                or node in grant.nodes
                or (node in network.index and network.nodes[network.index[node]].country in grant.regions)
            }
            for node in nodes
        ]
        return frozenset.intersection(*map(frozenset, held)) if held else frozenset(g.role for g in self.grants)


PROGRAM: Final = Actor(ActorKind.SCHEDULE)


def actor_now(books: Transaction, about: str = "", *, roles: bool = True) -> Actor:
    """Whoever acts, in what is done to this thing.

    What the worker does because somebody asked for it counts as that one's act: nobody gains rights by asking for a run.

    Parameters
    ----------
    roles
        Whether any rule asks for roles: they are looked up only then.
    """
    who = acting_for(about)
    if who.on_behalf_of and _KINDS.get(who.kind) is ActorKind.SCHEDULE:
        return actor_of(books, who.on_behalf_of)
    kind = _KINDS.get(who.kind, ActorKind.SCHEDULE)
    if not roles:
        return Actor(kind)
    return Actor(kind, _grants(books, who) if who.grants is None else who.grants)


def actor_at_hand(about: str, *, roles: bool = True) -> Actor | None:
    """As `actor_now`, without the books; None where they must be asked."""
    who = acting_for(about)
    if (who.on_behalf_of and _KINDS.get(who.kind) is ActorKind.SCHEDULE) or (roles and who.grants is None):
        return None
    return Actor(_KINDS.get(who.kind, ActorKind.SCHEDULE), who.grants or ())


def actor_of(books: Transaction, by: str) -> Actor:
    """Whoever goes by this id or name: a key is what it was issued to, anybody else is a person.

    A key that is gone is an agent: of what nobody knows, rules hold the most back.
    """
    kind, _, name = by.partition(":")
    if by == SCHEDULE.id:
        return Actor(ActorKind.SCHEDULE, SCHEDULE.grants)
    if kind == "key":
        found = books.entry(KEY, name)
        key = key_of(found) if found is not None else None
        return Actor(key.kind, key.grants) if key is not None else Actor(ActorKind.AGENT)
    return Actor(ActorKind.PERSON, granted(books, by))


def _grants(books: Transaction, who: Who) -> tuple[Grant, ...]:
    return SCHEDULE.grants if who.id == SCHEDULE.id else granted(books, who.id)
