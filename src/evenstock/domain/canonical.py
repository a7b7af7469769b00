"""One text for one content: canonical JSON and its digest."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import date, datetime, time
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

from evenstock.domain.moments import rfc3339

_quoted: Final = json.encoder.encode_basestring
LEFT_OUT: Final = MappingProxyType({"left out where None": True})
"""Metadata of a dataclass field that stands in the text only where it says something: what was written before the field
was there keeps its bytes."""

_ATOMS: Final = frozenset({str, int, bool, type(None)})
_FIELDS: dict[type, tuple[str, ...]] = {}
"""Field names of the dataclasses met so far: a decision's record holds hundreds of a few kinds."""

_KEYS: dict[type, tuple[tuple[str, str], ...]] = {}
"""The same by name, each with its text as a key of JSON. Those that leave fields out are in neither: they are few."""

_LEAVES: Final[set[type]] = set()
"""Kinds met that are no dataclasses: enums, moments, sets."""


def _names(value: Any) -> tuple[str, ...]:
    """Names of the fields that stand in a dataclass's text; remembered where they are the same for all of its kind."""
    every = dataclasses.fields(value)
    names = tuple(f.name for f in every if f.metadata != LEFT_OUT or getattr(value, f.name) is not None)
    if all(f.metadata != LEFT_OUT for f in every):
        _FIELDS[type(value)] = names
    return names


def plain(value: Any) -> Any:
    """Dataclasses, dates, enums and sets as plain JSON values; sets sorted, moments in UTC.

    Raises
    ------
    TypeError
        For a float: whole numbers and text have one spelling on every machine, floats do not.
    """
    kind = type(value)
    if kind in _ATOMS:
        return value
    if kind is tuple or kind is list:
        return [v if type(v) in _ATOMS else plain(v) for v in value]
    names = _FIELDS.get(kind)
    if names is None and dataclasses.is_dataclass(kind):
        names = _names(value)
    if names is not None:
        return {n: v if type(v := getattr(value, n)) in _ATOMS else plain(v) for n in names}
    match value:
        case Enum():
            return value.value
        case int() | str():
            return value
        case datetime():
            return rfc3339(value)
        case date() | time():
            return value.isoformat()
        case dict():
            return {str(k): plain(v) for k, v in value.items()}
        case list() | tuple():
            return [plain(v) for v in value]
        case set() | frozenset():
            return sorted(plain(v) for v in value)
        case _:
            raise TypeError(f"{kind.__name__} {value!r} has no canonical text; use whole numbers or strings")


def _text(value: Any, spelled: dict[int, str]) -> str:
    """The canonical text; `spelled` keeps that of each dataclass met, by identity: alternatives share their shipments."""
    kind = type(value)
    if kind is str:
        return _quoted(value)
    if kind is int:
        return str(value)
    if kind is tuple or kind is list:
        parts = [_quoted(v) if (of := type(v)) is str else str(v) if of is int else _text(v, spelled) for v in value]
        return f"[{','.join(parts)}]"
    known = spelled.get(id(value))
    if known is not None:
        return known
    keys = _KEYS.get(kind)
    if keys is None and kind not in _LEAVES and dataclasses.is_dataclass(kind):
        keys = tuple((f"{_quoted(n)}:", n) for n in sorted(_names(value)))
        if kind in _FIELDS:
            _KEYS[kind] = keys
    if keys is not None:
        parts = [
            head
            + (
                _quoted(v)
                if (of := type(v := getattr(value, name))) is str
                else str(v)
                if of is int
                else _text(v, spelled)
            )
            for head, name in keys
        ]
        text = spelled[id(value)] = f"{{{','.join(parts)}}}"
        return text
    if kind is dict:
        named = {str(k): v for k, v in value.items()}
        return f"{{{','.join([f'{_quoted(k)}:{_text(named[k], spelled)}' for k in sorted(named)])}}}"
    if kind is bool:
        return "true" if value else "false"
    if value is None:
        return "null"
    said = plain(value)
    _LEAVES.add(kind)
    if type(said) is str:
        return _quoted(said)
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical_json(value: Any) -> bytes:
    """RFC 8785 for our values (no floats): keys sorted, no spaces, UTF-8.

    Examples
    --------
    >>> canonical_json({"b": 1, "a": date(2026, 11, 20)})
    b'{"a":"2026-11-20","b":1}'
    """
    return _text(value, {}).encode()


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON, as `sha256:` and 64 hexadecimal digits."""
    return "sha256:" + hashlib.sha256(canonical_json(value)).hexdigest()
