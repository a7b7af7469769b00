"""What is about to be done, as far as rules must know it to say who may do it by himself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from evenstock.domain.actor import ActorKind, Role
from evenstock.domain.names import Cents, NodeId, Units

_COUNTRY: Final = re.compile(r"[A-Z]{2}")
CERTAIN: Final = 1_000_000
"""Confidence in millionths that is certainty."""


class ActionKind(StrEnum):
    """What software or a person may do that moves goods or money."""

    ROUTE = "route"
    """Ship an order from a node."""
    SPLIT = "split"
    """Ship an order in more than one shipment."""
    TRANSFER = "transfer"
    """Move stock from node to node."""
    BUY = "buy"
    """Order stock from a supplier."""
    EXPEDITE = "expedite"
    """Pay for speed: a faster service or a supplier's rush."""
    SUBSTITUTE = "substitute"
    """Ship another item than was ordered."""
    ADJUST = "adjust"
    """Change what the books say is there."""
    OVERRIDE_CARRIER = "override_carrier"
    """Set aside the default carrier of a lane."""
    CHANGE_PRICE = "change_price"
    """Change the price at which a unit or a slot is valued."""


@dataclass(frozen=True, slots=True)
class IntendedAction:
    """One action before it is done. What is unknown is None, and counts against doing it without a person.

    An action that concerns more than one node or category is judged at each, and the strictest counts.
    """

    kind: ActionKind
    actor: ActorKind
    roles: frozenset[Role] = frozenset()
    """Roles of the actor that hold where it acts."""
    nodes: tuple[NodeId, ...] = ()
    """Nodes whose stock, slots or prices it changes; a transfer names both ends. None named: unknown."""
    channel: str | None = None
    """Sales channel; empty where it concerns none, such as a transfer; None where unknown."""
    categories: tuple[str, ...] = ()
    """Product groups of its items (SKU classes); none named: unknown."""
    cents: Cents | None = None
    """Money it moves or binds: the cost of the plan, the value of the goods."""
    units: Units | None = None
    confidence_millionths: int | None = None
    """How sure we are that it is right, 0 to 1,000,000."""
    data_age_s: int | None = None
    """Seconds since the oldest data it rests on was true."""
    origin_country: str | None = None
    """Where the goods leave (ISO 3166-1 alpha-2)."""
    destination_country: str | None = None
    """Where they go."""
    bonded: bool | None = None
    """Whether any of the goods lie under bond: duty is unpaid, and they move only under customs control."""

    def __post_init__(self) -> None:
        for name in ("cents", "units", "data_age_s"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ValueError(f"{self.kind}: {name} is {value}; give 0 or more, or None where it is unknown")
        sure = self.confidence_millionths
        if sure is not None and not 0 <= sure <= CERTAIN:
            raise ValueError(f"{self.kind}: a confidence of {sure} millionths is none; give 0 to 1,000,000, or None")
        for country in (self.origin_country, self.destination_country):
            if country is not None and not _COUNTRY.fullmatch(country):
                raise ValueError(f"{self.kind}: {country!r} is no country; give two capitals such as DE, or None")
