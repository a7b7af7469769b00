"""Records of the domain as they are told: a model with the fields of a dataclass, as `evenstock.domain.plain` writes them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import AwareDatetime, create_model

from evenstock.service.http.bodies.out import Out

_MADE: dict[type, type[Out]] = {}


def record_out(kind: type, **more: Any) -> type[Out]:
    """The model `<Kind>Out` of a dataclass, those inside it included; `more` fields stand beside its own."""
    if not more and kind in _MADE:
        return _MADE[kind]
    hints = get_type_hints(kind)
    fields: dict[str, Any] = {one.name: (_json(hints[one.name]), ...) for one in dataclasses.fields(kind)}
    fields |= {name: (what, ...) for name, what in more.items()}
    made: type[Out] = create_model(f"{kind.__name__}Out", __base__=Out, __doc__=kind.__doc__, **fields)
    if not more:
        _MADE[kind] = made
    return made


def _json(kind: Any) -> Any:
    """What a value of this type is in JSON."""
    origin, inside = get_origin(kind), get_args(kind)
    if hasattr(kind, "__supertype__"):
        return _json(kind.__supertype__)
    if origin in (Union, UnionType):
        parts = [None if part is NoneType else _json(part) for part in inside]
        return Union[tuple(parts)]  # noqa: UP007 (its parts are known only here)
    if origin in (tuple, list, frozenset, set):
        kinds = list(dict.fromkeys(_json(part) for part in inside if part is not Ellipsis))
        return list[Union[tuple(kinds)]]  # type: ignore[misc] # noqa: UP007
    if origin in (dict, Mapping):
        return dict[str, _json(inside[1])]  # type: ignore[misc]
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return record_out(kind)
    if kind is datetime:
        return AwareDatetime
    if isinstance(kind, type) and (issubclass(kind, Enum | date) or kind in (int, str, float, bool)):
        return kind
    return Any
