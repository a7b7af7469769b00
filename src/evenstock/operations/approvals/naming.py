"""One name for one person, however he came in: a vote and a proposal must never pass for those of two people."""

from __future__ import annotations

from typing import Final

from evenstock.domain.approval import PERSON
from evenstock.operations.access.people import account_name

_OTHERS: Final = ("key:", "agent:", "cli:")
_PROGRAMS: Final = frozenset({"schedule", "system", "deadline", "nobody", "worker"})


def name_of(by: str) -> str:
    """The name under which somebody proposes or votes; programs and keys keep theirs.

    Examples
    --------
    >>> name_of("person:ana@example.com"), name_of(" Ana@Example.com "), name_of("key:ek_3f9a"), name_of("schedule")
    ('person:ana@example.com', 'person:ana@example.com', 'key:ek_3f9a', 'schedule')
    """
    said = by.strip()
    if said in _PROGRAMS or said.startswith(_OTHERS):
        return said
    return PERSON + account_name(said.removeprefix(PERSON))
