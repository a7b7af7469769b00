"""One text for one content: canonical JSON and its digest."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from enum import Enum
from functools import partial
from itertools import chain
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

_ROWS: Final = frozenset({list})
_rows: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
_LEAVES: Final[set[type]] = set()
"""Kinds met that are no dataclasses: enums, moments, sets."""

_Spell = Callable[[Any, dict[int, str]], str]
"""Writes a value, given the texts of what was written before it."""


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
    """The canonical text, which is that of `json.dumps` of `plain(value)`, sorted and without spaces; tests hold it to that.

    `spelled` keeps the text of each dataclass and tuple met, by identity: alternatives share their shipments. While a text
    is written everything in it lives, so that no identity comes twice.
    """
    kind = type(value)
    known = _SPELLERS.get(kind)
    if known is not None:
        return known(value, spelled)
    if kind is list:
        if set(map(type, value)) == _ROWS and _ATOMS.issuperset(map(type, chain.from_iterable(value))):
            return _rows(value)  # what a decision read: rows of nothing but text and whole numbers
        parts = [_quoted(v) if (of := type(v)) is str else str(v) if of is int else _text(v, spelled) for v in value]
        return f"[{','.join(parts)}]"
    if kind is dict:
        named = {str(k): v for k, v in value.items()}
        return f"{{{','.join([f'{_quoted(k)}:{_text(named[k], spelled)}' for k in sorted(named)])}}}"
    if kind not in _LEAVES and dataclasses.is_dataclass(kind):
        return _speller(kind)(value, spelled)
    said = plain(value)
    _LEAVES.add(kind)
    if type(said) is str:
        return _quoted(said)
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _several(values: tuple[Any, ...], spelled: dict[int, str]) -> str:
    known = spelled.get(id(values))
    if known is None:
        of, by = spelled.get, _SPELLERS.get
        parts = [of(id(v)) or by(type(v), _text)(v, spelled) for v in values]
        known = spelled[id(values)] = f"[{','.join(parts)}]"
    return known


def _speller(kind: type) -> _Spell:
    """What writes the text of one kind of dataclass: its names are sorted and quoted once, and looked at no more."""
    fields = sorted(dataclasses.fields(kind), key=lambda field: field.name)
    made: _Spell
    if any(field.metadata == LEFT_OUT for field in fields):
        made = partial(_by_name, [(f"{_quoted(f.name)}:", f.name, f.metadata == LEFT_OUT) for f in fields])
    else:
        made = _compiled([field.name for field in fields])
    _SPELLERS[kind] = made
    return made


def _by_name(fields: Sequence[tuple[str, str, bool]], value: Any, spelled: dict[int, str]) -> str:
    """Of a dataclass with fields that may be left out: few are."""
    there = [(head, getattr(value, name), optional) for head, name, optional in fields]
    parts = [head + _text(v, spelled) for head, v, optional in there if not (optional and v is None)]
    text = spelled[id(value)] = f"{{{','.join(parts)}}}"
    return text


def _compiled(names: Sequence[str]) -> _Spell:
    """A function of one expression that writes every field in its place: a third faster than a loop over their names.

    Nothing but names of fields, which Python has read as such before, becomes source.
    """
    lines, parts = ["def spell(value, spelled):"], []
    for n, name in enumerate(names):
        lines += [f"    v{n} = value.{name}", f"    k{n} = type(v{n})"]
        text = f"several(v{n}, spelled) if k{n} is tuple else spelled.get(id(v{n})) or text(v{n}, spelled)"
        parts.append(f"{_quoted(name)}:{{quoted(v{n}) if k{n} is str else v{n} if k{n} is int else {text}}}")
    lines += [f"    said = spelled[id(value)] = f'''{{{{{','.join(parts)}}}}}'''", "    return said"]
    known: dict[str, Any] = {"quoted": _quoted, "several": _several, "text": _text}
    exec("\n".join(lines), known)  # noqa: S102
    made: _Spell = known["spell"]
    return made


_SPELLERS: Final[dict[type, _Spell]] = {
    str: lambda value, _: _quoted(value),
    int: lambda value, _: str(value),
    bool: lambda value, _: "true" if value else "false",
    type(None): lambda *_: "null",
    tuple: _several,
    date: lambda value, _: f'"{value.isoformat()}"',
}
"""What writes the text of a kind; dataclasses are added as they are met: a decision's record holds hundreds of a few kinds."""


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
    return digest_of(canonical_json(value))


def digest_of(text: bytes) -> str:
    """The same of a text that is at hand."""
    return "sha256:" + hashlib.sha256(text).hexdigest()
