"""Who does what is done now: said once where somebody comes in, read where the audit log is written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from typing import Final

from evenstock.operations.access.principal import Grant, Kind, Principal
from evenstock.operations.access.rights import within


class Through(StrEnum):
    """The way somebody came in."""

    API = "api"
    CLI = "cli"
    WORKER = "worker"
    AGENT = "agent"
    NOWHERE = ""
    """A program that opened the books itself."""


@dataclass(frozen=True, slots=True)
class Who:
    """An actor, as the audit log names it: ids, no names and no addresses."""

    id: str
    """Of the principal, such as `person:ana@example.com`, `key:ek_3f9a` or `schedule`."""
    kind: str
    through: Through = Through.NOWHERE
    on_behalf_of: str = ""
    """Whose wish it is, where somebody else carries it out."""
    session: str = ""
    """The beginning of the digest under which a session is kept."""
    grants: tuple[Grant, ...] | None = field(default=None, compare=False, repr=False)
    """What he may, where it was looked up as he came in; no part of the log."""


SYSTEM: Final = Who("system", "system")
"""Where nobody said who: a program that uses the books without coming in by a door."""
NOBODY: Final = Who("nobody", "nobody", Through.API)
"""Whoever uses a route that needs nobody signed in: signs in, or brings events that carry a signature of their own."""
SCHEDULED: Final = Who("schedule", "schedule", Through.WORKER)
"""The worker at its own work."""
_SESSION: Final = 16
_NOBODY_ELSE: Final[Mapping[str, Who]] = {}

ACTING: Final = ContextVar("who acts", default=SYSTEM)
_EACH: Final = ContextVar("who wants each of several orders", default=_NOBODY_ELSE)


def who_of(principal: Principal, through: Through = Through.API) -> Who:
    """Whoever the service knows by this principal."""
    came = Through.AGENT if principal.kind is Kind.AGENT else through
    his, grants = principal.within, principal.grants
    if his is not None:
        # What its owner may no longer do, or not everywhere, a key does in no role.
        grants = tuple(grant for grant in grants if within(grant, his))
    return Who(principal.id, principal.kind.value, came, session=principal.session[:_SESSION], grants=grants)


def working_for(wanted_by: str) -> Who:
    """The worker at what this principal asked for."""
    return replace(SCHEDULED, on_behalf_of=wanted_by if wanted_by != SCHEDULED.id else "")


def acting_for(about: str) -> Who:
    """Who acts, in what is done to this order."""
    return _EACH.get().get(about) or ACTING.get()


@contextmanager
def acting(who: Who) -> Iterator[None]:
    """Everything in the block is done by this actor."""
    before = ACTING.set(who)
    try:
        yield
    finally:
        ACTING.reset(before)


@contextmanager
def each_for(whose: Mapping[str, Who]) -> Iterator[None]:
    """In the block each of these orders is whoever's it is, whoever carries them out together."""
    before = _EACH.set(whose)
    try:
        yield
    finally:
        _EACH.reset(before)


@lru_cache(maxsize=4_096)
def told(who: Who) -> str:
    """As the log has it: JSON, what is empty left out.

    Examples
    --------
    >>> told(Who("schedule", "schedule", Through.WORKER))
    '{"id":"schedule","kind":"schedule","through":"worker"}'
    """
    said = {"id": who.id, "kind": who.kind, "on_behalf_of": who.on_behalf_of, "session": who.session}
    said |= {"through": who.through.value}
    return json.dumps({name: text for name, text in said.items() if text}, separators=(",", ":"), ensure_ascii=False)
