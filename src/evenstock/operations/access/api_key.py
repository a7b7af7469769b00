"""An API key as it is kept: everything but the key itself, of which only a digest is known here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from evenstock.domain import rfc3339
from evenstock.operations.access.grants import body_of, grants_of
from evenstock.operations.access.principal import Grant, Kind, Principal, Role
from evenstock.operations.ports import Entry, StoreError, Transaction

KIND: Final = "api_key"
PREFIX: Final = "ek_"
LONGEST_DAYS: Final = 730
MOST_PER_S: Final = 100_000
LONGEST_WINDOW_S: Final = 86_400
MOST_IN_A_WINDOW: Final = 10**15


class KeyState(StrEnum):
    ACTIVE = "active"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Quota:
    """How often a key may ask, by each process of the service: a bucket of `burst` requests that fills at `per_s`."""

    per_s: int = 1_000
    burst: int = 2_000

    def __post_init__(self) -> None:
        if not (1 <= self.per_s <= MOST_PER_S and 1 <= self.burst <= MOST_PER_S):
            raise ValueError(f"a quota lies between 1 and {MOST_PER_S:,} requests, not {self.per_s} and {self.burst}")


@dataclass(frozen=True, slots=True)
class Caps:
    """How much a key may do in a window, by each process of the service: beyond it the key is quarantined at once.

    None: no cap. Counted is what the audit log says of the key's deeds.
    """

    window_s: int = 60
    deeds: int | None = None
    """Changes to the books."""
    units: int | None = None
    """Units counted, moved, reserved or planned."""
    cents: int | None = None
    """Money decided about."""

    def __post_init__(self) -> None:
        if not 1 <= self.window_s <= LONGEST_WINDOW_S:
            raise ValueError(f"a window of caps lasts 1 to {LONGEST_WINDOW_S:,} seconds, not {self.window_s}")
        for name in ("deeds", "units", "cents"):
            most = getattr(self, name)
            if most is not None and not 1 <= most <= MOST_IN_A_WINDOW:
                raise ValueError(f"a cap of {name} lies between 1 and {MOST_IN_A_WINDOW:,}, not {most}")

    @property
    def any(self) -> bool:
        return not (self.deeds is None and self.units is None and self.cents is None)


NO_CAPS: Final = Caps()
AGENT_CAPS: Final = Caps(60, deeds=600, units=100_000)
"""Of an agent whose key says none: far more than one that counts shelves and plans transfers does in a minute."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key of a machine, or of a person's programs."""

    id: str
    """Public: `ek_` and ten signs; the key begins with it."""
    digest: str
    """HMAC-SHA-256 of the whole key under the server's pepper."""
    name: str
    grants: tuple[Grant, ...]
    issued_by: str
    issued_at: datetime
    expires_at: datetime
    owner: str = ""
    """Person whose key it is: it dies with the account. Empty: of no person."""
    quota: Quota = Quota()
    caps: Caps = NO_CAPS
    state: KeyState = KeyState.ACTIVE
    used_at: datetime | None = None
    """Last use, at most a minute old."""
    revoked_at: datetime | None = None
    revoked_by: str = ""
    because: str = ""
    """Why it was revoked."""
    replaced_by: str = ""
    """The key it was rotated to."""
    step: int = 0

    def __post_init__(self) -> None:
        if not self.grants:
            raise ValueError("a key without grants may do nothing; grant at least one role")
        if self.expires_at - self.issued_at > timedelta(days=LONGEST_DAYS):
            raise ValueError(f"a key lives at most {LONGEST_DAYS} days; rotate it before it expires")
        if self.expires_at <= self.issued_at:
            raise ValueError("a key that has expired already is of no use")

    def lives(self, now: datetime) -> bool:
        return self.state is KeyState.ACTIVE and now < self.expires_at

    @property
    def kind(self) -> Kind:
        """Who asks with it: an agent where one of its roles is, else an integration; never a person."""
        return Kind.AGENT if any(grant.role is Role.AGENT for grant in self.grants) else Kind.INTEGRATION

    @property
    def capped(self) -> Caps:
        """The caps that hold: an agent whose key says none has those of every agent."""
        return AGENT_CAPS if self.kind is Kind.AGENT and not self.caps.any else self.caps

    @property
    def principal(self) -> Principal:
        return Principal(f"key:{self.id}", self.kind, self.grants, self.name)


def entry_of(key: ApiKey) -> Entry:
    return Entry(KIND, key.id, _body(key), key.step, key.state)


def key_of(entry: Entry) -> ApiKey:
    body = dict(entry.body)
    for name in ("issued_at", "expires_at", "used_at", "revoked_at"):
        body[name] = datetime.fromisoformat(body[name]) if body[name] else None
    # Keys of versions before had no caps.
    body |= {
        "grants": grants_of(body["grants"]),
        "quota": Quota(**body["quota"]),
        "caps": Caps(**body["caps"]) if body.get("caps") else NO_CAPS,
    }
    return ApiKey(id=entry.id, state=KeyState(entry.state), step=entry.step, **body)


def key_named(books: Transaction, name: str) -> ApiKey:
    """Raises UnknownKeyError."""
    found = books.entry(KIND, name)
    if found is None:
        raise UnknownKeyError(f"there is no key {name}; lists show ids such as ek_3f9ac01b7d")
    return key_of(found)


def keys(books: Transaction, state: KeyState | None = None) -> Iterator[ApiKey]:
    """All keys in that state, by id."""
    after = ""
    while found := books.entries(KIND, state=state, after=after, limit=500):
        yield from map(key_of, found)
        after = found[-1].id


def change(books: Transaction, key: ApiKey) -> ApiKey:
    """Keep a key's next step. Raises ConflictError if somebody changed it meanwhile."""
    later = replace(key, step=key.step + 1)
    books.change_entry(key.step, entry_of(later))
    return later


def caps_body(caps: Caps) -> dict[str, int | None]:
    """As JSON."""
    return {"window_s": caps.window_s, "deeds": caps.deeds, "units": caps.units, "cents": caps.cents}


class UnknownKeyError(StoreError):
    """There is no such key."""


def _body(key: ApiKey) -> Mapping[str, Any]:
    return {
        "digest": key.digest,
        "name": key.name,
        "grants": body_of(key.grants),
        "issued_by": key.issued_by,
        "issued_at": rfc3339(key.issued_at),
        "expires_at": rfc3339(key.expires_at),
        "owner": key.owner,
        "quota": {"per_s": key.quota.per_s, "burst": key.quota.burst},
        "caps": caps_body(key.caps) if key.caps.any else None,
        "used_at": rfc3339(key.used_at) if key.used_at else None,
        "revoked_at": rfc3339(key.revoked_at) if key.revoked_at else None,
        "revoked_by": key.revoked_by,
        "because": key.because,
        "replaced_by": key.replaced_by,
    }
