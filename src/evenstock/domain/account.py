"""Where units can be, in the books."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from evenstock.domain.names import UNTRACKED, LotId, NodeId, Sku


class Bucket(StrEnum):
    """The state of units at a node. On hand is the sum of the first four; the last two are not physically there."""

    AVAILABLE = "available"
    RESERVED = "reserved"
    """Soft: set aside for an order; expires unless posted."""
    ALLOCATED = "allocated"
    """Hard: a pick has been released."""
    HELD = "held"
    """Damaged, in quality control, frozen."""
    IN_TRANSIT = "in_transit"
    """Dispatched to this node, not yet received."""
    OUTSIDE = "outside"
    """The rest of the world, by cause; runs negative for what came in."""
    SHORTFALL = "shortfall"
    """What a count found missing while it was promised; runs negative until it is repaid."""


class Cause(StrEnum):
    """Why units crossed the border between the network and the outside."""

    NONE = ""
    OPENING = "opening"
    SUPPLIER = "supplier"
    CUSTOMER = "customer"
    RETURN = "return"
    COUNT = "count"
    DAMAGE = "damage"
    LOST = "lost"


ON_HAND = (Bucket.AVAILABLE, Bucket.RESERVED, Bucket.ALLOCATED, Bucket.HELD)


@dataclass(frozen=True, slots=True, order=True)
class Account:
    """A place in the double-entry ledger of one item: (item, node, lot, bucket), and for `outside` the cause.

    Examples
    --------
    >>> Account(Sku("MUG"), NodeId("TX"), Bucket.OUTSIDE)
    Traceback (most recent call last):
    ValueError: MUG at TX: an outside account names its cause
    """

    sku: Sku
    node: NodeId
    bucket: Bucket
    lot: LotId = UNTRACKED
    cause: Cause = Cause.NONE

    def __post_init__(self) -> None:
        if not self.sku:
            raise ValueError("an account names its item")
        if not self.node:
            raise ValueError(f"{self.sku}: an account names its node")
        if self.bucket is Bucket.OUTSIDE and self.cause is Cause.NONE:
            raise ValueError(f"{self.sku} at {self.node}: an outside account names its cause")
        if self.bucket is not Bucket.OUTSIDE and self.cause is not Cause.NONE:
            raise ValueError(f"{self.sku} at {self.node}: only an outside account has a cause")
