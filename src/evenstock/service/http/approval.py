"""What somebody may approve: nothing he proposed himself, and up to the money of his grants."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import Request

from evenstock.domain import NodeId
from evenstock.operations.access.principal import Grant, Principal, Role
from evenstock.service.context import Service
from evenstock.service.http.problems import Problem


def require_within_limit(service: Service, request: Request, cents: int, nodes: Iterable[str], what: str) -> None:
    """Raise Problem unless, at every node it touches, one of the caller's grants lets him approve as much.

    Grants of another role than approver say nothing of money: whoever may approve by them alone has no limit.
    """
    principal: Principal = request.state.principal
    grants = [grant for grant in principal.grants if grant.role is Role.APPROVER]
    if not grants:
        return
    places = service.company.get().company.network.nodes
    for node in sorted(set(nodes)) or [""]:
        country = places[NodeId(node)].country if NodeId(node) in places else ""
        limits = [grant.limit_cents for grant in grants if _covers(grant, node, country)]
        if limits and all(limit is not None and limit < cents for limit in limits):
            most = max(limit for limit in limits if limit is not None)
            where = f" at {node}" if node else ""
            raise Problem(
                "not_allowed",
                f"{what} is worth {cents / 100:,.2f}; you may approve up to {most / 100:,.2f}{where}",
                hint="ask somebody whose limit is higher",
            )


def require_another(request: Request, proposed_by: str, what: str) -> None:
    """Raise Problem where the caller proposed himself what he would approve."""
    if proposed_by and proposed_by == request.state.principal.id:
        raise Problem("not_allowed", f"{what} was proposed by you", hint="ask somebody else to approve it")


def _covers(grant: Grant, node: str, country: str) -> bool:
    everywhere = not grant.nodes and not grant.regions
    return everywhere or not node or NodeId(node) in grant.nodes or country in grant.regions
