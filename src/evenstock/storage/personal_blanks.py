"""What stands in place of what was erased: the same in memory and in databases."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from evenstock.domain import Case, canonical_json
from evenstock.operations.personal_data.naming import ERASED, nameless

_SHORTEST: Final = 4
"""Signs of a postal code that is looked for in other texts: a shorter one would be found in any number."""


def cleaned(text: str, postal_code: str) -> str:
    """A text without the place.

    Examples
    --------
    >>> cleaned("moved: nothing goes to 96799 by air", "96799")
    'moved: nothing goes to [a place] by air'
    """
    said = nameless(text)
    if len(postal_code) < _SHORTEST:
        return said
    return re.sub(rf"(?<!\w){re.escape(postal_code)}(?!\w)", ERASED, said)


def blank_case(case: Case, postal_code: str) -> Case:
    """A case without the place, in whatever text of it."""
    return replace(
        case,
        because=cleaned(case.because, postal_code),
        suggestion=cleaned(case.suggestion, postal_code),
        facts=tuple((name, cleaned(value, postal_code)) for name, value in case.facts),
        resolution=cleaned(case.resolution, postal_code),
    )


def blank_fact(body: Mapping[str, Any], postal_code: str) -> dict[str, Any]:
    """A fact's body without the place, in whatever text of it."""
    found: dict[str, Any] = _walked(dict(body), postal_code)
    return found


def _walked(value: Any, postal_code: str) -> Any:
    if isinstance(value, str):
        return cleaned(value, postal_code)
    if isinstance(value, dict):
        return {name: _walked(one, postal_code) for name, one in value.items()}
    return [_walked(one, postal_code) for one in value] if isinstance(value, list) else value


def blank_event(at: datetime) -> bytes:
    """What stands in place of an event's body."""
    return canonical_json({"data": {}, "erased_at": at})


def speaks_of(answer: bytes, order: str) -> bool:
    """Whether a kept answer to a request of the API shows the order."""
    try:
        said = json.loads(answer)
        body = base64.b64decode(said.get("body", ""))
    except (ValueError, AttributeError):
        body = answer
    return order.encode() in body
