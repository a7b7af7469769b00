"""A fact told to others, published if and only if it was committed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """A past-tense fact such as `OrderRouted`, with its own id so that a receiver can drop a second delivery."""

    id: str
    kind: str
    aggregate: str
    """What it is about, such as an order id: events of one aggregate keep their order."""
    occurred_at: datetime
    body: dict[str, Any]
