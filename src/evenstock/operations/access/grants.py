"""Grants as people write them and as JSON keeps them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from evenstock.domain import NodeId
from evenstock.operations.access.principal import Grant, Role

_REGION: Final = "country:"
_GRANT: Final = re.compile(r"(?P<role>[a-z_]+)(?:@(?P<places>[^<#;]+))?(?:<=(?P<limit>\d+))?(?:#(?P<source>[^;\s]+))?")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_EXAMPLES: Final = "write planner, node_operator@TX+PA, viewer@country:DE, approver<=500000 or integration#shopify"


def grant_of(text: str) -> Grant:
    """A grant from text: ROLE, then `@` nodes or countries parted by `+`, then `<=` cents of one approval, then `#` a source.

    Raises
    ------
    ValueError
        For a role nobody knows, or a text of another form.

    Examples
    --------
    >>> grant = grant_of("node_operator@TX+PA")
    >>> grant.role, sorted(grant.nodes)
    (<Role.NODE_OPERATOR: 'node_operator'>, ['PA', 'TX'])
    >>> text_of(grant_of("approver@country:DE<=500000"))
    'approver@country:DE<=500000'
    """
    found = _GRANT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no grant: {_EXAMPLES}")
    places = [place.strip() for place in (found["places"] or "").split("+") if place.strip()]
    if found["places"] is not None and not places:
        raise ValueError(f"{text!r} names no place after @")
    return _grant(
        found["role"],
        nodes=[place for place in places if not place.startswith(_REGION)],
        regions=[place.removeprefix(_REGION) for place in places if place.startswith(_REGION)],
        limit_cents=int(found["limit"]) if found["limit"] else None,
        source=found["source"] or "",
    )


def text_of(grant: Grant) -> str:
    """As `grant_of` reads it."""
    places = [*sorted(grant.nodes), *(_REGION + region for region in sorted(grant.regions))]
    return (
        grant.role.value
        + ("@" + "+".join(places) if places else "")
        + (f"<={grant.limit_cents}" if grant.limit_cents is not None else "")
        + (f"#{grant.source}" if grant.source else "")
    )


def body_of(grants: Iterable[Grant]) -> list[dict[str, Any]]:
    """As JSON."""
    return [
        {
            "role": grant.role.value,
            "nodes": sorted(grant.nodes),
            "regions": sorted(grant.regions),
            "limit_cents": grant.limit_cents,
            "source": grant.source,
        }
        for grant in grants
    ]


def grants_of(body: Iterable[Mapping[str, Any]]) -> tuple[Grant, ...]:
    """From JSON. Raises ValueError for a role or country nobody knows."""
    return tuple(
        _grant(
            one["role"],
            nodes=one.get("nodes", ()),
            regions=one.get("regions", ()),
            limit_cents=one.get("limit_cents"),
            source=one.get("source", ""),
        )
        for one in body
    )


def _grant(role: str, *, nodes: Sequence[str], regions: Sequence[str], limit_cents: int | None, source: str) -> Grant:
    if role not in set(Role):
        raise ValueError(f"there is no role {role!r}; there are {', '.join(Role)}")
    for region in regions:
        if not _COUNTRY.fullmatch(region):
            raise ValueError(f"{region!r} is no country; write two capitals such as DE (ISO 3166-1 alpha-2)")
    if limit_cents is not None and limit_cents < 0:
        raise ValueError(f"a limit of {limit_cents} cents permits nothing; leave the role out instead")
    return Grant(Role(role), frozenset(map(NodeId, nodes)), frozenset(regions), limit_cents, source)
