"""Whether somebody may be the person whom an envelope asks for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from evenstock.domain import ActorKind, NodeId, Role
from evenstock.operations.autonomy.actor import Actor
from evenstock.operations.autonomy.asking import Ruled
from evenstock.policy import CompiledPolicy

_ROLES: Final = frozenset(Role)


def why_not(ruled: Ruled, actor: Actor, nodes: Iterable[NodeId], policy: CompiledPolicy | None) -> str:
    """Why this actor cannot answer for it: it is refused to everybody, a person is asked for, or another role; empty where he can.

    Whoever decides by a name alone has no account, and no role that could be asked for: it was asked where he came in.
    """
    if ruled.refused is not None:
        return ruled.refused.because
    asks = ruled.asks
    if asks is None:
        return ""
    if actor.kind is not ActorKind.PERSON:
        return f"a person decides about this, and no {actor.kind}: {asks.because}"
    if (
        policy is not None
        and actor.grants
        and asks.role in _ROLES
        and Role(asks.role) not in actor.roles(nodes, policy)
    ):
        return f"somebody in the role {asks.role} decides about this: {asks.because}"
    return ""
