"""Whoever asks: a person, a key, an agent or the schedule, with the roles granted and where they hold."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from evenstock.domain import NodeId


class Kind(StrEnum):
    PERSON = "person"
    INTEGRATION = "integration"
    AGENT = "agent"
    SCHEDULE = "schedule"


class Role(StrEnum):
    """What somebody is here. A principal has one or more, each with its scope."""

    VIEWER = "viewer"
    PLANNER = "planner"
    NODE_OPERATOR = "node_operator"
    APPROVER = "approver"
    POLICY_ADMIN = "policy_admin"
    """Proposes rules; another activates them."""
    INTEGRATION = "integration"
    AGENT = "agent"
    AUDITOR = "auditor"
    ADMIN = "admin"
    """Manages people and keys; approves nothing."""
    OPERATOR = "operator"
    """Runs the machine; sees no orders."""


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


SCHEDULE: Final = Principal("schedule", Kind.SCHEDULE, (Grant(Role.PLANNER),), "the schedule")
"""The worker's own work: less than any owner's right."""
