"""Which columns say something of a person, or help to find one; and which look so and do not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Whose(StrEnum):
    CUSTOMER = "customer"
    STAFF = "staff"


class What(StrEnum):
    IDENTITY = "identity"
    """Says who it is."""
    LOCATION = "location"
    """Says where somebody lives or was."""
    INDIRECT = "indirect"
    """Says neither, and helps to find somebody beside other data (a quasi-identifier)."""


@dataclass(frozen=True, slots=True)
class Mark:
    whose: Whose
    what: What

    def __str__(self) -> str:
        return f"{self.what} of a {self.whose}" if self.whose is Whose.CUSTOMER else f"{self.what} of staff"


_LIVES: Final = Mark(Whose.CUSTOMER, What.LOCATION)
_HELPS: Final = Mark(Whose.CUSTOMER, What.INDIRECT)
_STAFF: Final = Mark(Whose.STAFF, What.IDENTITY)

MARKS: Final[Mapping[tuple[str, str], Mark]] = {
    ("orders", "order"): _HELPS,
    ("orders", "placed_at"): _HELPS,
    ("orders", "postal_code"): _LIVES,
    ("orders", "residential"): _HELPS,
    ("orders", "tags"): _HELPS,
    ("order_history", "order"): _HELPS,
    ("order_history", "placed_at"): _HELPS,
    ("order_history", "postal_code"): _LIVES,
    ("order_history", "residential"): _HELPS,
    ("claims", "order"): _HELPS,
    ("shipments", "order"): _HELPS,
    ("deliveries", "parcel"): _HELPS,
    ("deliveries", "destination_postal_code"): _LIVES,
    ("deliveries", "delivered_at"): _HELPS,
    ("parcels", "parcel"): _HELPS,
    ("parcels", "destination_postal_code"): _LIVES,
    ("parcels", "residential"): _HELPS,
    ("invoices", "parcel"): _HELPS,
    ("tracking_events", "parcel"): _HELPS,
    ("tracking_events", "location"): _LIVES,
    ("customer_scores", "parcel"): _HELPS,
    ("customer_scores", "score"): _HELPS,
    ("counts", "counter"): _STAFF,
    ("overrides", "author"): _STAFF,
}
"""Of tables that are imported or given back, by table and column."""

DOMAIN: Final[Mapping[tuple[str, str], Mark]] = {
    ("ShipTo", "postal_code"): _LIVES,
    ("ShipTo", "residential"): _HELPS,
    ("Order", "tags"): _HELPS,
    ("Order", "placed_at"): _HELPS,
    ("Case", "closed_by"): _STAFF,
    ("Vote", "person"): _STAFF,
}
"""Of what the books keep, by its word and field."""

NOT_PERSONAL: Final[Mapping[str, str]] = {
    "nodes.postal_code": "where a building of the company stands",
    "nodes.latitude": "where a building of the company stands",
    "nodes.longitude": "where a building of the company stands",
    "places.latitude": "the middle of a postal area",
    "places.longitude": "the middle of a postal area",
    "delivery_areas.postal_code": "a list of a carrier's",
    "zones.origin_zip3": "a chart of a carrier's",
    "zones.destination_zip3": "a chart of a carrier's",
    "places.zip3": "a postal area",
    "ltl_tariffs.origin_zip3": "a tariff of a carrier's",
    "ltl_tariffs.destination_zip3": "a tariff of a carrier's",
    "deliveries.origin_postal_code": "where a building of the company stands",
    "parcels.origin_postal_code": "where a building of the company stands",
    "Node.postal_code": "where a building of the company stands",
    "Node.latitude": "where a building of the company stands",
    "Node.longitude": "where a building of the company stands",
}
"""What looks personal and is not, and why."""

_LOOKS: Final = re.compile(
    r"(customer|contact|full|first|last|given|family)_name|person|e?mail|phone|address|street|city$|postal|zip|residential|latitude|longitude|customer|author|counter"
    r"|tags|^location|placed_at|delivered_at|birth|gender|(closed|voted|made|said|added|changed|decided)_by"
)


def looks_personal(name: str) -> bool:
    """Whether a column or field of this name needs a decision: a mark, or a reason why it has none.

    Examples
    --------
    >>> looks_personal("destination_postal_code"), looks_personal("units"), looks_personal("customer_email")
    (True, False, True)
    """
    return _LOOKS.search(name) is not None
