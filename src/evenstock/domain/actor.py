"""Whoever does something here: what kind of actor, and in which role."""

from __future__ import annotations

from enum import StrEnum


class ActorKind(StrEnum):
    PERSON = "person"
    INTEGRATION = "integration"
    AGENT = "agent"
    SCHEDULE = "schedule"


class Role(StrEnum):
    """What somebody is here. An actor has one or more, each with its scope."""

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
