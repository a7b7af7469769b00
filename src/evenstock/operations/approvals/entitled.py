"""Whether somebody may decide about a request: his role at each of its nodes, up to its money."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from evenstock.domain import ApprovalRequest, NodeId
from evenstock.domain.approval import PERSON
from evenstock.operations.access.limits import Limits, OverLimitError
from evenstock.operations.access.people import everybody, find_person
from evenstock.operations.access.principal import Grant, Role
from evenstock.operations.ports import StoreError, Transaction

_ROLES: Final = frozenset(role.value for role in Role)


class NotEntitledError(StoreError):
    """Somebody without the role, or outside its places, would decide."""


def require_entitled(
    books: Transaction, request: ApprovalRequest, person: str, limits: Limits, *, own: bool = True
) -> None:
    """Raise unless `person` may decide about the request.

    Where the company has no accounts at all, whoever runs the command line decides under the name he gives.

    Parameters
    ----------
    own
        Whether `limits` are those of this person; else those of his account count.

    Raises
    ------
    NotEntitledError
        Without an account or a role for it, or at a node where he has none.
    OverLimitError
        If more money is at risk than he may decide about.
    """
    grants = grants_of_person(books, person, limits if own else None)
    if grants is None:
        return
    require_within(request, person, grants, limits)


def grants_of_person(books: Transaction, person: str, limits: Limits | None) -> tuple[Grant, ...] | None:
    """His grants; None where nobody has an account. Raises NotEntitledError for nobody's name, or a disabled account."""
    if limits is not None and limits.grants is not None:
        return limits.grants
    found = find_person(books, person.removeprefix(PERSON))
    if found is None:
        if next(iter(everybody(books)), None) is None:
            return None
        raise NotEntitledError(f"{person} has no account here and decides nothing")
    if not found.active or found.administers:
        raise NotEntitledError(f"{person} is {'disabled' if not found.active else 'an administrator of accounts'}")
    return found.grants


def require_within(request: ApprovalRequest, person: str, grants: Iterable[Grant], limits: Limits) -> None:
    """Raise unless these grants reach the request's role, nodes and money. Raises as `require_entitled`."""
    # A rule may name a desk instead of a role: then it is the approvers'.
    roles = {Role(name) if name in _ROLES else Role.APPROVER for name in request.roles}
    mine = [grant for grant in grants if grant.role in roles]
    if not mine:
        names = " or ".join(sorted(role.value for role in roles))
        raise NotEntitledError(f"{person} is no {names}: {request.id} is not his to decide")
    countries = limits.countries() if any(grant.regions for grant in mine) else {}
    for node in request.nodes or (NodeId(""),):
        here = [grant for grant in mine if covers(grant, node, countries.get(node, ""))]
        if not here:
            where = f"at {node}" if node else "for the whole company"
            raise NotEntitledError(f"{person} does not decide {where}: {request.id} is not his")
        bounds = [grant.limit_cents for grant in here if grant.limit_cents is not None]
        if len(bounds) == len(here) and max(bounds) < request.cents:
            raise OverLimitError(request.about, request.cents, max(bounds), node)


def covers(grant: Grant, node: NodeId, country: str) -> bool:
    """Whether a grant reaches a node; no node stands for the whole company."""
    if not grant.nodes and not grant.regions:
        return True
    return bool(node) and (node in grant.nodes or country in grant.regions)
