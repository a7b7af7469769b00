"""Carriers, one file each: what a question to them looks like, and what their answers mean.

A member that is asked over a network says `APIS`, `QUOTA` and `SERVICES`, and offers `rate_request`, `rates`,
`tracking_requests` and `tracking`: pure functions between our words and the carrier's, which never see a secret. A member
without a network offers `open_with(access)`. Third parties add theirs under the entry point group `evenstock.carriers`.
No member is ever asked while an order is decided: decisions price from our own tables.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from types import ModuleType

from evenstock import registry
from evenstock.carriers._access import Access, Carrier
from evenstock.carriers._account import Account
from evenstock.carriers._asked import AskedCarrier
from evenstock.carriers._wire import HttpWire, Wire
from evenstock.operations.call_quota import Quota

__all__ = [
    "Access",
    "Account",
    "AskedCarrier",
    "Carrier",
    "HttpWire",
    "Wire",
    "family",
    "open_carrier",
    "open_configured",
]


def family() -> dict[str, ModuleType]:
    """Every carrier by name."""
    return registry.members(__name__)


def open_configured(environ: Mapping[str, str], *, zone: tzinfo = UTC) -> dict[str, tuple[Carrier, Quota]]:
    """Every carrier whose keys the environment holds, with its quota; close each after use.

    Keys are EVENSTOCK_UPS_CLIENT_ID and so on, see `Account.from_environment`; EVENSTOCK_USPS_CALLS_PER_HOUR says a quota
    that was agreed on.

    Raises
    ------
    ValueError
        If a number of calls is no whole number above one, or httpx is not installed.
    """
    opened: dict[str, tuple[Carrier, Quota]] = {}
    for name, member in family().items():
        account = Account.from_environment(name, environ)
        if not hasattr(member, "rate_request") or not account.secrets:
            continue
        said = environ.get(f"EVENSTOCK_{name.upper()}_CALLS_PER_HOUR", "").strip()
        if said and (not said.isascii() or not said.isdigit() or int(said) < 2):
            raise ValueError(f"EVENSTOCK_{name.upper()}_CALLS_PER_HOUR: {said!r} is not a whole number above one")
        agreed = Quota(int(said), 3600, max(1, int(said) // 6)) if said else member.QUOTA
        opened[name] = open_carrier(name, Access(account, zone=zone)), agreed
    return opened


def open_carrier(name: str, access: Access) -> Carrier:
    """A carrier ready to be asked.

    Raises
    ------
    ValueError
        If there is no carrier of that name, or it lacks what it needs to be opened; the message says what.
    """
    members = family()
    if name not in members:
        raise ValueError(f"{name!r}: no such carrier; there are {', '.join(members)}")
    member = members[name]
    opener: Callable[[Access], Carrier] | None = getattr(member, "open_with", None)
    if opener is not None:
        return opener(access)
    if access.wire is None and importlib.util.find_spec("httpx") is None:
        raise ValueError(f"{name}: asking it over a network needs httpx: pip install evenstock[carriers]")
    wire = access.wire or HttpWire(name, member.APIS, access.account)
    return AskedCarrier(name, member, access.account, wire, access.zone)
