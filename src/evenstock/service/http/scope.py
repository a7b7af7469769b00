"""Nodes at which a caller may do something: what touches others is refused, or left out of lists."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import Request

from evenstock.operations.access.actions import Action
from evenstock.service.context import Service
from evenstock.service.http.problems import Problem


def nodes_of(service: Service, request: Request, action: Action) -> frozenset[str] | None:
    """Nodes at which the caller may do it; None for every node."""
    return service.access.nodes(request.state.principal, action)


def require_all(service: Service, request: Request, action: Action, nodes: Iterable[str], what: str) -> None:
    """Raise Problem unless the caller may do it at every one of these nodes."""
    permitted = nodes_of(service, request, action)
    if permitted is None:
        return
    beyond = sorted({str(node) for node in nodes} - permitted)
    if beyond:
        raise Problem("not_allowed", f"{what}: {action} is not allowed at {', '.join(beyond)}")


def require_any(service: Service, request: Request, action: Action, nodes: Iterable[str], what: str) -> None:
    """Raise Problem unless the caller may do it at one of these nodes at least."""
    permitted = nodes_of(service, request, action)
    if permitted is not None and permitted.isdisjoint(map(str, nodes)):
        raise Problem("not_allowed", f"{what}: {action} is allowed at {', '.join(sorted(permitted))} alone")


def require_everywhere(service: Service, request: Request, action: Action, what: str) -> None:
    """Raise Problem unless the caller may do it at every node there is or will be."""
    permitted = nodes_of(service, request, action)
    if permitted is not None:
        raise Problem(
            "not_allowed", f"{what} concerns every node; {action} is allowed at {', '.join(sorted(permitted))} alone"
        )
