"""What a scan means, from the carrier's own words where its code says too little."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

# The first that fits decides. What is damaged, lost, returned or refused stands first, for such words name the delivery
# too ("refused by recipient at delivery"); what only says where a parcel is stands last.
PHRASES: Final[Mapping[str, tuple[str, ...]]] = {
    "damaged": (r"\bdamag", "leaking", "destroyed", "contents? missing", "merchandise is missing"),
    "lost": (r"\blost\b", "unable to locate", "cannot be located", "declared missing"),
    "return_to_sender": (r"return(ed|ing)? to (the )?(sender|shipper)", "being returned", r"\brts\b"),
    "cancelled": ("cancel", r"\bvoid(ed)?\b"),
    "delivery_failed": (
        "attempt", "notice left", "refused", "undeliverable", "not (be )?deliver", "unable to deliver",
        "delivery exception", "business closed", "(customer|receiver|recipient|addressee) (was )?(not|un)",
        "no such number", "(insufficient|incorrect) address", "no access", "vacant",
    ),
    "ready_for_pickup": (
        "(available|ready) for (customer |recipient )?pick ?-?up", "held? (at|for) (location|pick)", "access point",
        "awaiting (customer )?collection",
    ),
    "out_for_delivery": ("out[ -]for[ -]delivery", "on (fedex )?(vehicle|van) for delivery", "with (delivery )?courier"),
    "delivery_delayed": ("delay", "arriving late", "rescheduled", "weather", "missent", "missort", "misrouted"),
    "on_hold": ("on hold", r"\bheld\b", "customs hold", "awaiting (payment|release)", "exception"),
    "delivered": (r"\bdelivered\b", "proof of delivery"),
    "pending": (
        "label (created|printed)", "pre-?shipment", "info(rmation)? (sent|received)", "awaiting (item|package|parcel)",
        "order (processed|created)", "manifest", "billing information",
    ),
    "picked_up": (
        "picked[ -]?up", "pick-?up scan", "origin scan", "accept", "collected", r"drop(ped)?[ -]?off", "tendered",
        "in possession",
    ),
    "in_transit": (
        "transit", "depart", "arriv", "process", "sort", "forward", "facility", r"\bhub\b", "dispatch", "destination",
        "scan", "customs", "clear", r"\bleft\b", "loaded", "en ?route", "on the way", "transfer", "in progress",
    ),
}  # fmt: skip

MEANINGS: Final = tuple((status, re.compile("|".join(said), re.IGNORECASE)) for status, said in PHRASES.items())


def meaning(words: str) -> str:
    """The status these words speak of, unknown where they speak of none.

    Examples
    --------
    >>> [meaning(x) for x in ("DELIVERED ", "Not delivered: receiver moved", "Departed hub", "Damage reported", "¿?")]
    ['delivered', 'delivery_failed', 'in_transit', 'damaged', 'unknown']
    """
    return next((status for status, pattern in MEANINGS if pattern.search(words)), "unknown")


def status_of(codes: Mapping[str, str], *code: str, words: str = "", loose: frozenset[str] = frozenset()) -> str:
    """What a scan means: by the first code that is known, else by its words.

    A status in `loose` is one a carrier uses for many things, such as an exception: where the words say more they decide.

    Examples
    --------
    >>> codes = {"X": "on_hold", "D": "delivered"}
    >>> status_of(codes, "D", words="Damage seen"), status_of(codes, "X", words="Damage seen", loose=frozenset({"on_hold"}))
    ('delivered', 'damaged')
    """
    known = next((codes[c] for c in code if c in codes), "")
    if known and known not in loose:
        return known
    said = meaning(words)
    return said if said != "unknown" else known or "unknown"
