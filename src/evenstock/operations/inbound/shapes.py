"""What an event's data may hold, as JSON Schema: written beside what reads it, with the same bounds as `fields`.

A test holds every shape against the code that reads it: what a shape names is read, what it needs is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from evenstock.operations.inbound.fields import LONGEST_NAME, LONGEST_TEXT, MOST_CENTS, MOST_LINES, MOST_UNITS

Shape = Mapping[str, Any]


def said(what: str, shape: Shape) -> Shape:
    """The shape with a sentence of what it means."""
    return {**shape, "description": what}


def record(needed: Mapping[str, Shape], may: Mapping[str, Shape] | None = None) -> Shape:
    """An object with what is needed and what may be said; others may add to it, and that is left alone."""
    found: dict[str, Any] = {"type": "object"}
    if needed:
        found["required"] = list(needed)
    # What may be missing may be null.
    optional = {key: {"anyOf": [shape, {"type": "null"}]} for key, shape in (may or {}).items()}
    return {**found, "properties": {**needed, **optional}}


def each(shape: Shape) -> Shape:
    return {"type": "array", "minItems": 1, "maxItems": MOST_LINES, "items": shape}


def whole(low: int, high: int) -> Shape:
    return {"type": "integer", "minimum": low, "maximum": high}


def one_of(words: Iterable[str]) -> Shape:
    return {"type": "string", "enum": [str(word) for word in words]}


NAME: Final[Shape] = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME}
LOT: Final = said("Empty for an item without lots", {"type": "string", "maxLength": LONGEST_NAME})
TEXT: Final[Shape] = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}
UNITS: Final = whole(0, MOST_UNITS)
SOME_UNITS: Final = whole(1, MOST_UNITS)
CENTS: Final = whole(0, MOST_CENTS)
MOMENT: Final = said("RFC 3339 with a zone", {"type": "string", "format": "date-time"})
DAY: Final[Shape] = {"type": "string", "format": "date"}
FLAG: Final[Shape] = {"type": "boolean"}


def names(most: int) -> Shape:
    return {"type": "array", "maxItems": most, "items": NAME}
