"""Reads what an event says, field by field, and names the place that is wrong; nothing is taken for something else.

Fields that nobody asks for are left alone: a sender may add to what it says.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from evenstock.domain import NodeId, Sku, Units

MOST_UNITS: Final = 1_000_000_000
MOST_CENTS: Final = 1_000_000_000_000
LONGEST_NAME: Final = 200
LONGEST_TEXT: Final = 2_000
MOST_LINES: Final = 1_000
_YEARS: Final = range(1990, 2201)


class WrongDataError(ValueError):
    """The event says something that cannot be read: at which JSON pointer, and why. Trying again does not help."""

    def __init__(self, pointer: str, because: str) -> None:
        super().__init__(f"{pointer or 'the event'}: {because}")
        self.pointer, self.because = pointer, because


@dataclass(frozen=True, slots=True)
class Fields:
    """One JSON object of an event.

    Examples
    --------
    >>> Fields({"units": True}).units("units")
    Traceback (most recent call last):
    evenstock.operations.inbound.fields.WrongDataError: /data/units: a whole number is needed, not true
    """

    said: Mapping[str, Any]
    at: str = "/data"

    def has(self, key: str) -> bool:
        """Whether it is said at all; null says nothing."""
        return self.said.get(key) is not None

    def wrong(self, key: str, because: str) -> WrongDataError:
        return WrongDataError(f"{self.at}/{key}", because)

    def name(self, key: str, default: str | None = None) -> str:
        """An id or key: an item, a node, an order; text of 1 to 200 characters in normal form C.

        With a default it may be missing, null or empty, as an item without a lot has none.
        """
        value = self.said.get(key)
        if value in (None, "") and default is not None:
            return default
        if value is None:
            raise self.wrong(key, "it is missing")
        if type(value) is not str:
            raise self.wrong(key, f"text is needed, not {_kind(value)}")
        return self._clean(key, value)

    def _clean(self, key: str, value: str) -> str:
        if not value or len(value) > LONGEST_NAME:
            raise self.wrong(key, f"a name has 1 to {LONGEST_NAME} characters, not {len(value)}")
        if value.isascii() and value.isprintable() and value[0] != " " != value[-1]:
            return value
        for sign in value:
            if unicodedata.category(sign) in {"Cc", "Cs"}:
                raise self.wrong(key, f"U+{ord(sign):04X} cannot stand in a name")
        if value != value.strip():
            raise self.wrong(key, "white space at an end; remove it")
        return unicodedata.normalize("NFC", value)

    def sku(self, key: str = "sku") -> Sku:
        return Sku(self.name(key))

    def node(self, key: str = "node") -> NodeId:
        return NodeId(self.name(key))

    def text(self, key: str, default: str | None = None) -> str:
        """What a person wrote, such as a reason; at most 2,000 characters."""
        value = self.said.get(key)
        if value is None and default is not None:
            return default
        if type(value) is not str or not value:
            raise self.wrong(key, "it is missing" if value in (None, "") else f"text is needed, not {_kind(value)}")
        if len(value) > LONGEST_TEXT:
            raise self.wrong(key, f"at most {LONGEST_TEXT:,} characters, not {len(value):,}")
        for sign in value:
            if unicodedata.category(sign) in {"Cc", "Cs"} and sign not in "\n\t":
                raise self.wrong(key, f"U+{ord(sign):04X} cannot stand in a text")
        return unicodedata.normalize("NFC", value)

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        value = self.said.get(key)
        if value is None and default is not None:
            return default
        if value is None:
            raise self.wrong(key, "it is missing")
        if type(value) is not int:
            raise self.wrong(key, f"a whole number is needed, not {_kind(value)}")
        if not low <= value <= high:
            raise self.wrong(key, f"{low:,} to {high:,} is possible, not {value}")
        return value

    def units(self, key: str, low: int = 0, default: int | None = None) -> Units:
        return Units(self.whole(key, low, MOST_UNITS, default))

    def flag(self, key: str, *, default: bool) -> bool:
        value = self.said.get(key)
        if value is None:
            return default
        if type(value) is not bool:
            raise self.wrong(key, f"true or false is needed, not {_kind(value)}")
        return value

    def moment(self, key: str, default: datetime | None = None) -> datetime:
        """RFC 3339 with a zone."""
        value = self.said.get(key)
        if value is None and default is not None:
            return default
        if type(value) is not str:
            raise self.wrong(key, "it is missing" if value is None else f"text is needed, not {_kind(value)}")
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            raise self.wrong(key, "this is no moment; write it as 2026-11-20T14:00:00Z") from None
        if found.tzinfo is None:
            raise self.wrong(key, "the moment has no time zone; add Z or an offset")
        if found.year not in _YEARS:
            raise self.wrong(key, f"the year lies outside {_YEARS[0]} to {_YEARS[-1]}")
        return found

    def day(self, key: str) -> date:
        value = self.said.get(key)
        if type(value) is not str:
            raise self.wrong(key, "it is missing" if value is None else f"text is needed, not {_kind(value)}")
        try:
            found = date.fromisoformat(value)
        except ValueError:
            raise self.wrong(key, "this is no day; write it as 2026-11-20") from None
        if found.year not in _YEARS:
            raise self.wrong(key, f"the year lies outside {_YEARS[0]} to {_YEARS[-1]}")
        return found

    def hours(self, key: str, default: timedelta) -> timedelta:
        """A span of 1 hour to 90 days, said in whole hours."""
        return timedelta(hours=self.whole(key, 1, 24 * 90, int(default / timedelta(hours=1))))

    def one_of(self, key: str, words: tuple[str, ...], default: str | None = None) -> str:
        value = self.said.get(key)
        if value is None and default is not None:
            return default
        if type(value) is not str or value not in words:
            raise self.wrong(key, f"one of {', '.join(words)} is needed")
        return value

    def names(self, key: str, most: int = 50) -> tuple[str, ...]:
        """A list of names; none where it is missing."""
        value = self.said.get(key)
        if value is None:
            return ()
        if type(value) is not list or len(value) > most:
            raise self.wrong(key, f"a list of at most {most} names is needed")
        inner = Fields(dict(zip(map(str, range(len(value))), value, strict=True)), f"{self.at}/{key}")
        return tuple(inner.name(place) for place in inner.said)

    def inner(self, key: str) -> Fields:
        value = self.said.get(key)
        if type(value) is not dict:
            raise self.wrong(key, "it is missing" if value is None else f"an object is needed, not {_kind(value)}")
        return Fields(value, f"{self.at}/{key}")

    def each(self, key: str) -> list[Fields]:
        """A list of 1 to 1,000 objects."""
        value = self.said.get(key)
        if type(value) is not list or not 1 <= len(value) <= MOST_LINES:
            raise self.wrong(key, f"a list of 1 to {MOST_LINES:,} objects is needed")
        found = []
        for number, one in enumerate(value):
            if type(one) is not dict:
                raise self.wrong(f"{key}/{number}", f"an object is needed, not {_kind(one)}")
            found.append(Fields(one, f"{self.at}/{key}/{number}"))
        return found


def _kind(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return "null"
