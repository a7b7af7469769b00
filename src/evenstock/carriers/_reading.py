"""Reads a carrier's reply without trusting its shape, and remembers what nobody read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

from evenstock.operations.carrier_ports import NOT_ITEMISED, Charge

MOST_CENTS: Final = 100_000_000_000
"""No carrier charges a billion dollars for a parcel: what says so is not money."""

LONGEST: Final = 500
"""Words kept of any one value."""

ABSENT: Final = object()


class Reply:
    """A decoded JSON reply; `root` reads it and `unread()` says what was left."""

    def __init__(self, body: object) -> None:
        self._body = body
        self._read: set[tuple[str | int, ...]] = set()
        self.root = Place(body, (), self._read)

    def unread(self) -> dict[str, int]:
        """By place, such as ``rates[].fees[].SKU``, how many values nobody read; null and empty ones say nothing.

        Examples
        --------
        >>> reply = Reply({"rates": [{"price": "7.17", "sku": "A"}, {"price": "8.20", "sku": "B"}], "note": None})
        >>> [cents(rate["price"]) for rate in reply.root["rates"].each()], reply.unread()
        ([717, 820], {'rates[].sku': 2})
        """
        left: Counter[str] = Counter()
        # A stack instead of recursion: a reply may be nested deeper than Python calls itself.
        waiting: list[tuple[tuple[str | int, ...], object]] = [((), self._body)]
        while waiting:
            path, value = waiting.pop()
            if isinstance(value, Mapping):
                waiting += [((*path, str(key)), inner) for key, inner in value.items()]
            elif isinstance(value, list):
                waiting += [((*path, index), inner) for index, inner in enumerate(value)]
            elif value is not None and value != "" and path not in self._read:
                left["".join("[]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")] += 1
        return dict(sorted(left.items()))


class Place:
    """A place in a reply, which may hold nothing at all."""

    __slots__ = ("_path", "_read", "_value")

    def __init__(self, value: object, path: tuple[str | int, ...], read: set[tuple[str | int, ...]]) -> None:
        self._value, self._path, self._read = value, path, read

    def __getitem__(self, key: str) -> Place:
        value = self._value.get(key, ABSENT) if isinstance(self._value, Mapping) else ABSENT
        return Place(value, (*self._path, key), self._read)

    def __bool__(self) -> bool:
        """Whether anything is here."""
        return self._value is not ABSENT and self._value is not None and self._value not in ("", [], {})

    def each(self) -> Iterator[Place]:
        """Every member of a list; a lone object stands for a list of one, as several carriers write it."""
        if isinstance(self._value, list):
            for index, inner in enumerate(self._value):
                yield Place(inner, (*self._path, index), self._read)
        elif self:
            yield self

    def text(self) -> str:
        """What is said here in one line, at most 500 characters; empty where nothing, or no plain value, is."""
        if isinstance(self._value, str | int | float | Decimal):
            self._read.add(self._path)
            return " ".join(str(self._value).split())[:LONGEST]
        return ""

    def number(self) -> Decimal | None:
        """The finite number here, also where it is written as text; where there is none, None, and it stays unread."""
        if isinstance(self._value, bool) or not isinstance(self._value, str | int | float | Decimal):
            return None
        try:
            number = Decimal(str(self._value).strip().replace(",", "")[:LONGEST])
        except InvalidOperation:
            return None
        if not number.is_finite() or abs(number) > MOST_CENTS:
            return None
        self._read.add(self._path)
        return number

    def flag(self) -> bool:
        """Whether it says yes."""
        return self.text().lower() in {"true", "y", "yes", "1"}


def cents(place: Place) -> int | None:
    """An amount in hundredths, rounded half up; None where it is no amount a parcel could cost.

    Examples
    --------
    >>> [cents(Reply({"x": x}).root["x"]) for x in ("9.405", 3.35, "1,204.5", "NaN", "1e99", True, None, {})]
    [941, 335, 120450, None, None, None, None, None]
    """
    number = place.number()
    if number is None:
        return None
    whole = int((number * 100).quantize(Decimal(1), ROUND_HALF_UP))
    return whole if abs(whole) <= MOST_CENTS else None


def itemised(charges: list[Charge], total_cents: int) -> tuple[Charge, ...]:
    """The charges with what the total holds beyond them, so that they add up to it.

    A discount is left out where the others add up without it: then the base was told net of it.

    Examples
    --------
    >>> [(c.name, c.cents) for c in itemised([Charge("base", 900), Charge("fuel", 171)], 1100)]
    [('base', 900), ('fuel', 171), ('not_itemised', 29)]
    >>> [(c.name, c.cents) for c in itemised([Charge("base", 900), Charge("discount", -90)], 900)]
    [('base', 900)]
    """
    named = [charge for charge in charges if charge.cents]
    net = [charge for charge in named if charge.name != "discount"]
    if sum(charge.cents for charge in net) == total_cents:
        return tuple(net)
    rest = total_cents - sum(charge.cents for charge in named)
    return (*named, *([Charge(NOT_ITEMISED, rest)] if rest else []))


def grams(place: Place, unit: str) -> int | None:
    """A weight in grams from the carrier's unit (LB, LBS, OZ, KG, KGS, G); None where it is none."""
    per = {"LB": "453.59237", "LBS": "453.59237", "OZ": "28.349523125", "KG": "1000", "KGS": "1000", "G": "1"}
    number, each = place.number(), per.get(unit.upper())
    if number is None or each is None or number < 0:
        return None
    return int((number * Decimal(each)).quantize(Decimal(1), ROUND_HALF_UP))


def whole(place: Place) -> int | None:
    """A whole number that is not below zero, such as a zone written 005; None where it is none."""
    number = place.number()
    return int(number) if number is not None and number == int(number) and 0 <= number <= 9_999_999 else None


def day(said: str) -> date | None:
    """A calendar day written 20260302, 2026-03-02, or as the start of a moment."""
    for text in (said[:10], said[:8]):
        try:
            return date.fromisoformat(text)
        except ValueError:
            continue
    return None


def clock(said: str) -> time | None:
    """A time of day written 074700, 74700, 0747, 07:47 or 07:47:00.

    Examples
    --------
    >>> [str(clock(x)) for x in ("074700", "74700", "15:44:34", "0747", "7 a.m.")]
    ['07:47:00', '07:47:00', '15:44:34', '07:47:00', 'None']
    """
    digits = said.replace(":", "")
    if not digits.isascii() or not digits.isdigit() or len(digits) not in {3, 4, 5, 6}:
        return None
    padded = digits.zfill(6 if len(digits) > 4 else 4).ljust(6, "0")
    hour, minute, second = int(padded[:2]), int(padded[2:4]), int(padded[4:])
    return time(hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None


def offset(said: str) -> timedelta | None:
    """An offset from UTC written -05:00, -7:00, +0530, or in minutes such as -420.

    Examples
    --------
    >>> [offset(x) for x in ("-05:00", "-420", "+0530", "east")]
    [datetime.timedelta(days=-1, seconds=68400), datetime.timedelta(days=-1, seconds=61200), datetime.timedelta(seconds=19800), None]
    """
    sign, digits = (-1 if said.startswith("-") else 1), said.lstrip("+-").replace(":", "")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 4:
        return None
    in_minutes = ":" not in said and len(digits) < 4
    minutes = int(digits) if in_minutes else int(digits[:-2] or 0) * 60 + int(digits[-2:])
    return timedelta(minutes=sign * minutes) if minutes <= 14 * 60 else None


def moment(said: str, zone: tzinfo) -> tuple[datetime, bool] | None:
    """A moment in UTC from ISO 8601, and whether it carried its own offset; else it is read in `zone`.

    Examples
    --------
    >>> moment("2018-02-02T12:01:00-07:00", UTC)
    (datetime.datetime(2018, 2, 2, 19, 1, tzinfo=datetime.timezone.utc), True)
    """
    try:
        read = datetime.fromisoformat(said)
        return (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC), read.tzinfo is not None
    except (ValueError, OverflowError):
        return None
