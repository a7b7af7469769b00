"""One text for one content: canonical JSON and its digest."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import date, datetime, time
from enum import Enum
from typing import Any

from evenstock.domain.moments import rfc3339


def plain(value: Any) -> Any:
    """Dataclasses, dates, enums and sets as plain JSON values; sets sorted, moments in UTC.

    Raises
    ------
    TypeError
        For a float: whole numbers and text have one spelling on every machine, floats do not.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | str():
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
            raise TypeError(f"{type(value).__name__} {value!r} has no canonical text; use whole numbers or strings")


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
