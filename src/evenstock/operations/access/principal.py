"""Whoever asks: a person, a key, an agent or the schedule, with the roles granted and where they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from evenstock.domain import ActorKind, NodeId, Role

__all__ = ["SCHEDULE", "Grant", "Kind", "Principal", "Role"]

Kind = ActorKind


@dataclass(frozen=True, slots=True)
class Grant:
    """A role, where it holds, and up to which money."""

    role: Role
    nodes: frozenset[NodeId] = frozenset()
    """Empty: every node."""
    regions: frozenset[str] = frozenset()
    """Countries (ISO 3166-1 alpha-2) of nodes; empty: everywhere."""
    limit_cents: int | None = None
    """Most that one approval may be worth; None without a limit."""
    source: str = ""
    """The one source whose events an integration may bring; empty: any."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks."""

    id: str
    """Such as `person:ana@example.com` or `key:ek_3f9a`."""
    kind: Kind
    grants: tuple[Grant, ...]
    name: str = ""
    session: str = ""
    """Of a person who is signed in; empty for a key."""
    within: tuple[Grant, ...] | None = None
    """Grants of whoever owns a key, as they are now: nothing is permitted that these would not permit too. None: of no person."""
    held: str = ""
    """Why a person who is quarantined may change nothing, in general words; empty for everybody else."""


SCHEDULE: Final = Principal("schedule", Kind.SCHEDULE, (Grant(Role.PLANNER),), "the schedule")
"""The worker's own work: less than any owner's right."""
