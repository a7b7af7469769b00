"""Where a decision's record names the customer's place, and the same record without it.

Two rules and one sentence say the postal code. Everything else in a record is about nodes, services, days and cents.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from evenstock.domain import canonical_json
from evenstock.routing.candidates import OF_THE_CODE

ERASED: Final = "[a place]"
"""Stands where the text that named the place stood."""
_REACHES: Final = "No node reaches "
_SIGNS: Final = (_REACHES.encode(), *(f'"rule":"{rule}"'.encode() for rule in sorted(OF_THE_CODE)))


def names_place(record: bytes) -> bool:
    """Whether a record's canonical bytes may say where the order goes.

    Examples
    --------
    >>> names_place(b'{"sentence":"TX, one parcel, 9.40"}'), names_place(b'{"sentence":"No node reaches 96799: ..."}')
    (False, True)
    """
    return any(sign in record for sign in _SIGNS)


def parted(record: bytes) -> tuple[bytes, list[str]]:
    """The record without the texts that name the place, and those texts; `joined` gives the same bytes again.

    Examples
    --------
    >>> bare, texts = parted(b'{"barred":[{"because":"no zone to 96799","rule":"zone"}],"sentence":"Kept."}')
    >>> bare
    b'{"barred":[{"because":"[a place]","rule":"zone"}],"sentence":"Kept."}'
    >>> joined(bare, texts)
    b'{"barred":[{"because":"no zone to 96799","rule":"zone"}],"sentence":"Kept."}'
    """
    said = json.loads(record)
    texts = []
    for at, name in _places(said):
        texts.append(at[name])
        at[name] = ERASED
    return canonical_json(said), texts


def joined(bare: bytes, texts: list[str]) -> bytes:
    """The record with its texts back in their places."""
    said = json.loads(bare)
    rest = iter(texts)
    for at, name in _places(said):
        at[name] = next(rest)
    return canonical_json(said)


def nameless(text: str) -> str:
    """A sentence that may name the place, without it; every other sentence as it is.

    Examples
    --------
    >>> nameless("No node reaches 96799: no zone is known from 18105 to 96799; add the place or a zone chart.")
    'No node reaches [a place].'
    """
    return f"{text[: text.index(_REACHES)]}{_REACHES}{ERASED}." if _REACHES in text else text


def _places(said: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Each text of a record that names the place, in one order, whether it stands there or `ERASED` does."""
    for at in (said, said.get("verdict")):
        for name in ("sentence", "because"):
            text = at.get(name) if isinstance(at, dict) else None
            if isinstance(text, str) and (_REACHES in text or text == ERASED):
                yield at, name  # type: ignore[misc]
    for barred in said.get("barred", ()):
        if barred.get("rule") in OF_THE_CODE:
            yield barred, "because"
