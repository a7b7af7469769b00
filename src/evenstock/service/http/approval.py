"""What somebody may approve: nothing he proposed himself, and up to the money of his grants."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request

from evenstock.domain import NodeId
from evenstock.operations.access.limits import Limits
from evenstock.service.context import Service
from evenstock.service.http.problems import Problem


def limits_of(service: Service, request: Request) -> Limits:
    """The limits of the caller's grants, which operations hold him to."""

    def countries() -> Mapping[NodeId, str]:
        return {node.id: node.country for node in service.company.get().company.network.nodes.values()}

    return Limits(request.state.principal.grants, countries, request.state.principal.within)


def require_another(request: Request, proposed_by: str, what: str) -> None:
    """Raise Problem where the caller proposed himself what he would approve."""
    if proposed_by and proposed_by == request.state.principal.id:
        raise Problem("not_allowed", f"{what} was proposed by you", hint="ask somebody else to approve it")
