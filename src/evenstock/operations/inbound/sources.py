"""The systems whose events are taken in: how each signs, its secrets (sealed), how its bodies are read, what it may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from evenstock.domain import rfc3339
from evenstock.operations.inbound.breaker import SOURCE as KIND
from evenstock.operations.inbound.breaker import Limit
from evenstock.operations.ports import ConflictError, Entry, Handling, StoreError, Transaction

LIVE: Final = "live"
PAUSED: Final = "paused"
MOST_SECRETS: Final = 2
OVERLAP: Final = timedelta(hours=1)
"""How long the secret before stays good when a new one is set."""


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A secret that the service's vault has sealed."""

    sealed: str
    since: datetime
    until: datetime | None = None
    """Good no longer from then on; None for the one in force."""


@dataclass(frozen=True, slots=True)
class Source:
    """A system that sends events."""

    id: str
    scheme: str = ""
    """How it signs: the name of a signature scheme; empty where it sends with an API key of ours."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What the scheme leaves open, such as the name of a header."""
    secrets: tuple[SealedSecret, ...] = ()
    """At most two, the newest first."""
    mapping: tuple[Mapping[str, Any], ...] = ()
    """How its own bodies become events; empty where it sends CloudEvents."""
    breaker: Limit = Limit()
    paused: bool = False
    made_by: str = ""
    made_at: datetime | None = None
    step: int = 0

    def live(self, now: datetime) -> tuple[SealedSecret, ...]:
        """Secrets that are good at the moment."""
        return tuple(secret for secret in self.secrets if secret.until is None or now < secret.until)

    def with_secret(self, sealed: str, now: datetime, overlap: timedelta = OVERLAP) -> Source:
        """The same source with a new secret in force; the one before stays good for `overlap`, older ones end now."""
        before = tuple(
            replace(one, until=min(one.until or now + overlap, now + overlap))
            for one in self.live(now)[: MOST_SECRETS - 1]
        )
        return replace(self, secrets=(SealedSecret(sealed, now), *(b for b in before if b.until != now)))


def sources(books: Transaction, *, after: str = "", limit: int = 1_000) -> list[Source]:
    return [_source(entry) for entry in books.entries(KIND, after=after, limit=limit)]


def source_named(books: Transaction, name: str) -> Source:
    """Raises StoreError if there is none."""
    found = books.entry(KIND, name)
    if found is None:
        raise StoreError(f"there is no source {name}")
    return _source(found)


def keep_source(books: Transaction, source: Source) -> Source:
    """Keep a new source. Raises ConflictError if there is one under its id."""
    books.enter(_entry(source))
    return source


def change_source(books: Transaction, source: Source) -> Source:
    """Keep a source as it is from now on. Raises ConflictError if it was changed since it was read."""
    later = replace(source, step=source.step + 1)
    books.change_entry(source.step, _entry(later))
    return later


def forget_source(books: Transaction, name: str) -> None:
    """What it sent stays. Raises StoreError if there is none, ConflictError while something of it waits."""
    source_named(books, name)
    if books.received(Handling.WAITING, limit=1, source=name):
        raise ConflictError(f"events of {name} wait to be applied; pause it, and remove it once they are")
    books.remove_entry(KIND, name)


def _entry(source: Source) -> Entry:
    body: dict[str, Any] = {
        "scheme": source.scheme,
        "options": dict(source.options),
        "secrets": [
            {"sealed": s.sealed, "since": rfc3339(s.since), "until": rfc3339(s.until) if s.until else None}
            for s in source.secrets
        ],
        "mapping": [dict(rule) for rule in source.mapping],
        "breaker": {"share_percent": source.breaker.share_percent, "least": source.breaker.least},
        "made_by": source.made_by,
        "made_at": rfc3339(source.made_at) if source.made_at else None,
    }
    return Entry(KIND, source.id, body, source.step, PAUSED if source.paused else LIVE)


def _source(entry: Entry) -> Source:
    body = entry.body
    made_at = body.get("made_at")
    return Source(
        id=entry.id,
        scheme=str(body.get("scheme", "")),
        options=dict(body.get("options", {})),
        secrets=_secrets(body.get("secrets", ())),
        mapping=tuple(body.get("mapping", ())),
        breaker=Limit(**body.get("breaker", {})),
        paused=entry.state == PAUSED,
        made_by=str(body.get("made_by", "")),
        made_at=datetime.fromisoformat(made_at) if made_at else None,
        step=entry.step,
    )


def _secrets(said: Sequence[Mapping[str, Any]]) -> tuple[SealedSecret, ...]:
    return tuple(
        SealedSecret(
            one["sealed"],
            datetime.fromisoformat(one["since"]),
            datetime.fromisoformat(one["until"]) if one["until"] else None,
        )
        for one in said
    )
