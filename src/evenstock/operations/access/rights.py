"""Less right than the owner: whether a key's grants lie within those of the person whose key it is.

What holds in the end is asked at every request of both, the key's grants and its owner's as they are then. Here it is asked
once more where a key is made, so that nobody is handed a key that does nothing, and so that an agent is always less than its
owner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from evenstock.operations.access.grants import text_of
from evenstock.operations.access.principal import Grant, Kind, Role
from evenstock.operations.ports import StoreError

WITHIN: Final[Mapping[Role, frozenset[Role]]] = {
    Role.VIEWER: frozenset({Role.VIEWER, Role.PLANNER, Role.APPROVER, Role.POLICY_ADMIN}),
    Role.PLANNER: frozenset({Role.PLANNER}),
    Role.NODE_OPERATOR: frozenset({Role.NODE_OPERATOR, Role.PLANNER}),
    Role.APPROVER: frozenset({Role.APPROVER, Role.PLANNER}),
    Role.POLICY_ADMIN: frozenset({Role.POLICY_ADMIN}),
    Role.INTEGRATION: frozenset({Role.INTEGRATION}),
    Role.AGENT: frozenset({Role.AGENT, Role.PLANNER}),
    Role.AUDITOR: frozenset({Role.AUDITOR}),
    Role.ADMIN: frozenset({Role.ADMIN}),
    Role.OPERATOR: frozenset({Role.OPERATOR}),
}
"""For each role of a key, the roles that permit all of what it permits to a key; a test holds this against the policies."""


class BeyondOwnerError(StoreError):
    """A key would have more right than its owner, or an agent as much."""


def require_less(
    grants: Iterable[Grant],
    owners: Iterable[Grant],
    kind: Kind,
    owner: str,
    countries: Callable[[], Mapping[str, str]] = dict,
) -> None:
    """Raise BeyondOwnerError unless every grant lies within the owner's, and an agent's are strictly less.

    A key is less than its owner in any case: it approves nothing and has no session. Of an agent more is asked: there is
    something, a role or a place or money, that its owner's grants give and the agent's do not.

    Examples
    --------
    >>> from evenstock.operations.access.grants import grant_of
    >>> require_less([grant_of("agent@TX")], [grant_of("planner@TX+PA")], Kind.AGENT, "ana")
    >>> require_less([grant_of("viewer")], [grant_of("planner@TX")], Kind.INTEGRATION, "ana")
    Traceback (most recent call last):
    evenstock.operations.access.rights.BeyondOwnerError: viewer is more than ana may do (planner@TX); grant the key a part of that
    """
    own, his = tuple(grants), tuple(owners)
    told = ", ".join(map(text_of, his)) or "no role"
    beyond = [text_of(grant) for grant in own if not within(grant, his, countries)]
    if beyond:
        raise BeyondOwnerError(
            f"{', '.join(beyond)} is more than {owner} may do ({told}); grant the key a part of that"
        )
    if kind is Kind.AGENT and all(within(grant, own, countries) for grant in his):
        raise BeyondOwnerError(
            f"the agent would have all the right of its owner {owner} ({told}); an agent has less: leave a role or place out"
        )


def within(grant: Grant, owners: Iterable[Grant], countries: Callable[[], Mapping[str, str]] = dict) -> bool:
    """Whether everything that a grant permits to a key is permitted by these, place for place.

    A limit in money lies within one that is as high; a source within the same source or all of them.
    """
    able = [
        owner
        for owner in owners
        if owner.role in WITHIN[grant.role]
        and (owner.limit_cents is None or (grant.limit_cents is not None and grant.limit_cents <= owner.limit_cents))
        and owner.source in {"", grant.source}
    ]
    if any(not owner.nodes and not owner.regions for owner in able):
        return True
    if not grant.nodes and not grant.regions:
        return False
    nodes = {node for owner in able for node in owner.nodes}
    regions = {region for owner in able for region in owner.regions}
    if not grant.regions <= regions:
        return False
    left = grant.nodes - nodes
    places = countries() if left and regions else {}
    return all(places.get(node) in regions for node in left)
