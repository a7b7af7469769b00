"""Sends deliveries that are due, a few at once, and keeps what came of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from evenstock.operations.outbound.deliveries import Answered, Delivery, claim, settle
from evenstock.operations.outbound.subscriptions import Subscription, subscriptions
from evenstock.operations.ports import Store
from evenstock.service.access.vault import SealError, Vault
from evenstock.service.egress import Answer, FailedDelivery, RefusedAddress
from evenstock.service.events.outgoing.envelope import envelope, signed_headers
from evenstock.service.events.signatures.standard_webhooks import key

AT_ONCE: Final = 8
"""Receivers asked at the same moment."""
_PAGE: Final = 1_000


class Out(Protocol):
    """The way out, as `service.egress.Egress` is one."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one pass."""

    taken: int
    refused: int
    """Not taken: tried again later, or given up."""


@dataclass(frozen=True, slots=True, eq=False)
class Sender:
    """Everything that sending needs."""

    store: Store
    out: Out
    vault: Callable[[], Vault]
    clock: Callable[[], datetime]
    source: str = ""
    """CloudEvents `source`: our public URL."""

    def send_due(self, limit: int = 50) -> Sent:
        """Send what is due, at most `limit`. A process that dies between sending and keeping sends it again: once at least."""
        claimed = claim(self.store, self.clock(), limit)
        if not claimed:
            return Sent(0, 0)
        known = self._known()
        with ThreadPoolExecutor(min(AT_ONCE, len(claimed)), "webhooks") as pool:
            answers = list(pool.map(lambda one: self._try(one, known.get(one.subscription)), claimed))
        for delivery, answer in zip(claimed, answers, strict=True):
            settle(self.store, delivery, answer, self.clock())
        taken = sum(answer.taken for answer in answers)
        return Sent(taken, len(answers) - taken)

    def _try(self, delivery: Delivery, subscription: Subscription | None) -> Answered:
        if subscription is None:
            return Answered(0, "the subscription is gone")
        now = self.clock()
        try:
            keys = [
                key(self.vault().open(one.sealed, about(subscription.id)).decode(), {})
                for one in subscription.live(now)
            ]
        except (SealError, ValueError) as closed:
            return Answered(0, f"its secret cannot be used: {closed}")
        body = envelope(delivery, self.source)
        try:
            answer = self.out.post(subscription.url, body, signed_headers(delivery, body, keys, now))
        except (RefusedAddress, FailedDelivery) as failed:
            return Answered(0, str(failed)[:500])
        because = "" if 200 <= answer.status < 300 else f"it answered {answer.status}"
        return Answered(answer.status, because, round(answer.took_s * 1_000))

    def _known(self) -> dict[str, Subscription]:
        found: list[Subscription] = []
        with self.store.reading() as books:
            while some := subscriptions(books, after=found[-1].id if found else "", limit=_PAGE):
                found += some
                if len(some) < _PAGE:
                    break
        return {one.id: one for one in found}


def about(subscription: str) -> str:
    """What a sealed secret of a subscription is of."""
    return f"subscription {subscription}"
