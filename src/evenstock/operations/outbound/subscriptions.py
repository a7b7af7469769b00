"""Who is told what: an address, the kinds of facts it asked for, its secrets (sealed), and whether it is told now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from evenstock.domain import Event, rfc3339
from evenstock.operations.inbound.sources import SealedSecret
from evenstock.operations.ports import Entry, StoreError, Transaction

KIND: Final = "subscription"
COUNTER: Final = "delivery_counter"
"""Kind of the entry that numbers a subscription's deliveries; whoever adds or ends one holds it."""
ACTIVE: Final = "active"
DISABLED: Final = "disabled"
EVERYTHING: Final = "*"
OVERLAP: Final = timedelta(hours=24)
"""How long deliveries carry the signature of the secret before, too."""
FAILING_FOR: Final = timedelta(days=5)
"""A receiver that took nothing for so long is told no more."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Somebody who is told."""

    id: str
    url: str
    kinds: tuple[str, ...] = (EVERYTHING,)
    """Such as `OrderRouted`; one ending in a star takes every kind that begins so."""
    secrets: tuple[SealedSecret, ...] = ()
    """At most two, the newest first; deliveries carry a signature of each that is good."""
    in_order: bool = False
    """All facts one after the other: one that is not taken holds up the rest. Else only those of one aggregate."""
    about: str = ""
    """What a person wrote about it."""
    state: str = ACTIVE
    failing_since: datetime | None = None
    """When the first of the deliveries that were not taken since failed; None while all is well."""
    because: str = ""
    """Why it is disabled."""
    made_by: str = ""
    made_at: datetime | None = None
    step: int = 0

    def wants(self, event: Event) -> bool:
        """Whether it asked for this kind.

        Examples
        --------
        >>> from datetime import UTC, datetime
        >>> fact = Event("1", "OrderRouted", "order:1", datetime(2026, 11, 20, tzinfo=UTC), {})
        >>> [Subscription("s", "https://x.example", (kind,)).wants(fact) for kind in ("*", "Order*", "OrderShipped")]
        [True, True, False]
        """
        return any(
            event.kind.startswith(kind[:-1]) if kind.endswith(EVERYTHING) else kind == event.kind for kind in self.kinds
        )

    def live(self, now: datetime) -> tuple[SealedSecret, ...]:
        """Secrets that sign at the moment."""
        return tuple(secret for secret in self.secrets if secret.until is None or now < secret.until)

    def with_secret(self, sealed: str, now: datetime, overlap: timedelta = OVERLAP) -> Subscription:
        """The same with a new secret; the one before signs too for `overlap`."""
        before = [replace(one, until=now + overlap) for one in self.live(now)[:1] if overlap]
        return replace(self, secrets=(SealedSecret(sealed, now), *before))


def subscriptions(
    books: Transaction, *, state: str | None = None, after: str = "", limit: int = 1_000
) -> list[Subscription]:
    return [_subscription(entry) for entry in books.entries(KIND, state=state, after=after, limit=limit)]


def subscription_named(books: Transaction, name: str) -> Subscription:
    """Raises StoreError if there is none."""
    found = books.entry(KIND, name)
    if found is None:
        raise StoreError(f"there is no subscription {name}")
    return _subscription(found)


def subscribe(books: Transaction, wanted: Subscription) -> Subscription:
    """Keep a new one: it is told what happens from now on. Raises ConflictError if there is one under its id."""
    books.enter(_entry(wanted))
    books.enter(Entry(COUNTER, wanted.id, {"last": 0}))
    return wanted


def change_subscription(books: Transaction, subscription: Subscription) -> Subscription:
    """Keep it as it is from now on. Raises ConflictError if it was changed since it was read."""
    later = replace(subscription, step=subscription.step + 1)
    books.change_entry(subscription.step, _entry(later))
    return later


def _entry(subscription: Subscription) -> Entry:
    body: dict[str, Any] = {
        "url": subscription.url,
        "kinds": list(subscription.kinds),
        "secrets": [
            {"sealed": s.sealed, "since": rfc3339(s.since), "until": rfc3339(s.until) if s.until else None}
            for s in subscription.secrets
        ],
        "in_order": subscription.in_order,
        "about": subscription.about,
        "failing_since": rfc3339(subscription.failing_since) if subscription.failing_since else None,
        "because": subscription.because,
        "made_by": subscription.made_by,
        "made_at": rfc3339(subscription.made_at) if subscription.made_at else None,
    }
    return Entry(KIND, subscription.id, body, subscription.step, subscription.state)


def _subscription(entry: Entry) -> Subscription:
    body = entry.body
    return Subscription(
        id=entry.id,
        url=body["url"],
        kinds=tuple(body["kinds"]),
        secrets=tuple(_secret(one) for one in body["secrets"]),
        in_order=body["in_order"],
        about=body["about"],
        state=entry.state,
        failing_since=_moment(body["failing_since"]),
        because=body["because"],
        made_by=body["made_by"],
        made_at=_moment(body["made_at"]),
        step=entry.step,
    )


def _secret(one: Mapping[str, Any]) -> SealedSecret:
    return SealedSecret(one["sealed"], datetime.fromisoformat(one["since"]), _moment(one["until"]))


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
