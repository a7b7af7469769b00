"""A fact as others receive it: a CloudEvent, signed as Standard Webhooks has it.

References
----------
CloudEvents 1.0.2 with the extensions `sequence` and `partitionkey`; standardwebhooks.com, specification 1.0.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from pydantic_core import to_json

from evenstock.operations.outbound.deliveries import Delivery
from evenstock.service.events.signatures.standard_webhooks import signature

CONTENT_TYPE: Final = "application/cloudevents+json"
TYPE_PREFIX: Final = "evenstock."
SOURCE: Final = "urn:evenstock"
"""Where no public URL is set."""


def envelope(delivery: Delivery, source: str = "") -> bytes:
    """The body: the same bytes however often it is sent."""
    event = delivery.event
    return to_json(
        {
            "specversion": "1.0",
            "id": event["id"],
            "source": source or SOURCE,
            "type": TYPE_PREFIX + event["kind"],
            "subject": event["aggregate"],
            "time": event["occurred_at"],
            "datacontenttype": "application/json",
            "partitionkey": event["aggregate"],
            "sequence": f"{delivery.number:012d}",
            "data": event["body"],
        }
    )


def signed_headers(delivery: Delivery, body: bytes, keys: Sequence[bytes], now: datetime) -> Mapping[str, str]:
    """Headers with one signature for each key, the newest first."""
    stamp = int(now.timestamp())
    return {
        "content-type": CONTENT_TYPE,
        "user-agent": "evenstock",
        "webhook-id": delivery.message,
        "webhook-timestamp": str(stamp),
        "webhook-signature": " ".join(signature(key, delivery.message, stamp, body) for key in keys),
    }
