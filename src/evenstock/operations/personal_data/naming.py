"""Where a decision's record names the customer's place, and the same record without it.

Two rules and one sentence say the postal code. Everything else in a record is about nodes, services, days and cents. Records are
taken as bytes: each order writes one, of many thousands.
"""

from __future__ import annotations

from typing import Final

ERASED: Final = "[a place]"
"""Stands where the place was named."""
_MARK: Final = ERASED.encode()
_REACHES: Final = "No node reaches "
_NO_RATE: Final = b" has no rate for zone "
_NO_ZONE: Final = b"; add the place or a zone chart"
_TO: Final = b" to "
_SIGNS: Final = (_NO_RATE, _NO_ZONE, _REACHES.encode())


def names_place(record: bytes) -> bool:
    """Whether a record's canonical bytes say where the order goes.

    Examples
    --------
    >>> names_place(b'{"sentence":"TX, one parcel, 9.40"}'), names_place(b'{"sentence":"No node reaches 96799: ..."}')
    (False, True)
    """
    return any(sign in record for sign in _SIGNS)


def parted(record: bytes) -> tuple[bytes, bytes]:
    """The record without the place, and the place as the record spells it; `joined` gives the same bytes again.

    No place where the record does not name it as ours do.

    Examples
    --------
    >>> bare, place = parted(b'{"because":"ups:ground has no rate for zone 9, from TX to 96799","rule":"rate"}')
    >>> bare
    b'{"because":"ups:ground has no rate for zone 9, from TX to [a place]","rule":"rate"}'
    >>> place, joined(bare, place)
    (b'96799', b'{"because":"ups:ground has no rate for zone 9, from TX to 96799","rule":"rate"}')
    """
    place = _place(record)
    if not place or _MARK in record:
        return record, b""
    bare = record
    for before, after in _around(place, whole=_SIGNS[-1] in record):
        bare = bare.replace(before, after)
    return bare, place


def joined(bare: bytes, place: bytes) -> bytes:
    """The record with its place back where it was named."""
    # Exact: the mark stood nowhere before, so each one stands where a place stood, with what was around it.
    record = bare
    for before, after in _around(place, whole=True) if place else ():
        record = record.replace(after, before)
    return record


def nameless(text: str) -> str:
    """A sentence that may name the place, without it; every other sentence as it is.

    Examples
    --------
    >>> nameless("No node reaches 96799: no zone is known from 18105 to 96799; add the place or a zone chart.")
    'No node reaches [a place].'
    """
    return f"{text[: text.index(_REACHES)]}{_REACHES}{ERASED}." if _REACHES in text else text


def _place(record: bytes) -> bytes:
    """The place, by the first text that names it."""
    at = record.find(_NO_RATE)
    if at >= 0:
        end = record.find(b'"', at)
        while record[end - 1 : end] == b"\\":
            end = record.find(b'"', end + 1)
        return record[record.rfind(_TO, at, end) + len(_TO) : end]
    at = record.find(_NO_ZONE)
    if at >= 0:
        return record[record.rfind(_TO, 0, at) + len(_TO) : at]
    at = record.find(_SIGNS[-1])
    return record[at + len(_REACHES) : record.find(b":", at)] if at >= 0 else b""


def _around(place: bytes, *, whole: bool) -> list[tuple[bytes, bytes]]:
    """With what stands around it, so that a number that happens to be the same stays; `whole`: in sentences of all reasons too."""
    forms = (b' to %b"', b" to %b;", b"No node reaches %b:", b" to %b.")
    return [(form % place, form % _MARK) for form in (forms if whole else forms[:2])]
