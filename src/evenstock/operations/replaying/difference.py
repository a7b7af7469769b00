"""Where two records first differ, down to the field."""

from __future__ import annotations

import json
from typing import Any, Final

_LONG: Final = 120


def first_difference(there: bytes, here: bytes) -> str:
    """The path of the first field, in the order of the text, that is not the same, with what stood there and what came out.

    Examples
    --------
    >>> first_difference(b'{"choice":{"cents":[940,5]},"id":"a"}', b'{"choice":{"cents":[940,6]},"id":"b"}')
    'choice.cents[1]: 5 then, 6 now'
    >>> first_difference(b'{"a":[1]}', b'{"a":[1,2]}')
    'a: 1 then, 2 now in number'
    """
    found = _first(json.loads(there), json.loads(here), "")
    return found or "the same content is spelled otherwise"


def _first(there: Any, here: Any, path: str) -> str:
    if isinstance(there, dict) and isinstance(here, dict):
        for name in sorted(there.keys() | here.keys()):
            at = f"{path}.{name}" if path else name
            if name not in there or name not in here:
                return f"{at}: only {'then' if name in there else 'now'}"
            if found := _first(there[name], here[name], at):
                return found
        return ""
    if isinstance(there, list) and isinstance(here, list):
        for number, (one, other) in enumerate(zip(there, here, strict=False)):
            if found := _first(one, other, f"{path}[{number}]"):
                return found
        return "" if len(there) == len(here) else f"{path}: {len(there)} then, {len(here)} now in number"
    same = there == here and type(there) is type(here)
    return "" if same else f"{path}: {_said(there)} then, {_said(here)} now"


def _said(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"
