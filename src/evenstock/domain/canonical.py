"""One text for one content: canonical JSON and its digest."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import date, datetime, time
from enum import Enum
from typing import Any, Final

from evenstock.domain.moments import rfc3339

_ATOMS: Final = frozenset({str, int, bool, type(None)})
_FIELDS: dict[type, tuple[str, ...]] = {}
"""Field names of the dataclasses met so far: a decision's record holds hundreds of a few kinds."""


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
        names = _FIELDS[kind] = tuple(f.name for f in dataclasses.fields(kind))
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


def canonical_json(value: Any) -> bytes:
    """RFC 8785 for our values (no floats): keys sorted, no spaces, UTF-8.

    Examples
    --------
    >>> canonical_json({"b": 1, "a": date(2026, 11, 20)})
    b'{"a":"2026-11-20","b":1}'
    """
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON, as `sha256:` and 64 hexadecimal digits."""
    return "sha256:" + hashlib.sha256(canonical_json(value)).hexdigest()
