"""What members of a group of the identity provider are here: `ops=planner;floor-tx=node_operator@TX`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from evenstock.operations.access.grants import grant_of
from evenstock.operations.access.principal import Grant
from evenstock.service.configuration import ConfigurationError

CLAIMS: Final = ("groups", "roles")
"""Where providers put groups; the first that is there counts."""
MOST_GROUPS: Final = 1_000
_ENTRY: Final = re.compile(r"(?P<group>.+)=(?P<grant>[a-z_]+(?:@[^=<#;]+)?(?:<=\d+)?(?:#\S+)?)")


def role_map(text: str) -> dict[str, tuple[Grant, ...]]:
    """Grants by group, from the setting `oidc_roles`; a group may stand in it several times.

    Raises
    ------
    ConfigurationError
        For an entry that cannot be read, or a role nobody knows.

    Examples
    --------
    >>> sorted(role_map("ops=planner;CN=floor,OU=TX=node_operator@TX"))
    ['CN=floor,OU=TX', 'ops']
    """
    found: dict[str, tuple[Grant, ...]] = {}
    for part in text.split(";"):
        entry = part.strip()
        if not entry:
            continue
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise ConfigurationError(f"oidc_roles: {entry!r} is not GROUP=ROLE, such as ops=planner")
        try:
            grant = grant_of(match["grant"])
        except ValueError as error:
            raise ConfigurationError(f"oidc_roles: {entry!r}: {error}") from None
        found[match["group"].strip()] = (*found.get(match["group"].strip(), ()), grant)
    return found


def grants_from(claims: Mapping[str, Any], roles: Mapping[str, tuple[Grant, ...]]) -> tuple[Grant, ...]:
    """What the groups in a token grant; groups that the map does not name grant nothing."""
    told = next((claims[name] for name in CLAIMS if name in claims), ())
    groups: Iterable[Any] = [told] if isinstance(told, str) else told if isinstance(told, list) else ()
    found = dict.fromkeys(
        grant
        for group in list(groups)[:MOST_GROUPS]
        if isinstance(group, str)
        for grant in roles.get(group.removeprefix("/"), roles.get(group, ()))
    )
    return tuple(found)
