"""Does what was approved, once: each kind of thing by its own operation, which asks for the approval again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Final, Protocol, cast

from evenstock.domain import ApprovalRequest, RequestState
from evenstock.operations.approvals.asking import Ask, open_request
from evenstock.operations.approvals.requiring import NotApprovedError
from evenstock.operations.ports import Snapshots, Store, StoreError
from evenstock.registry import members

SUBJECTS: Final = "evenstock.operations.approvals.subjects"


@dataclass(frozen=True, slots=True)
class Place:
    """What carrying out needs."""

    store: Store
    snapshots: Snapshots


class Subject(Protocol):
    """A kind of thing that can be approved: a file in `subjects`, or an entry point of that name.

    One about which people may also be asked by hand says `ask(place, name) -> Ask`: what is asked about the thing of this name
    as it stands, with its content, proposer, nodes and money.
    """

    PREFIX: str
    """Word before the colon of what a request is about."""

    def carry_out(self, place: Place, request: ApprovalRequest, by: str, now: datetime) -> str:
        """Do it, by an operation that requires the approval in its own transaction; a sentence of what was done."""


@cache
def subjects() -> Mapping[str, Subject]:
    """By the word before the colon."""
    found = cast("list[Subject]", list(members(SUBJECTS).values()))
    return {one.PREFIX: one for one in found}


def subject_of(about: str) -> Subject:
    """Raises StoreError where nothing of this kind can be carried out."""
    prefix = about.partition(":")[0]
    found = subjects().get(prefix)
    if found is None:
        raise StoreError(f"{about}: nothing here carries out a {prefix}; there is {', '.join(subjects())}")
    return found


def request_approval(
    place: Place, about: str, *, because: str, now: datetime, people: int = 1, role: str = ""
) -> ApprovalRequest:
    """Ask people about a thing as it stands, though no rule asks for it: it is then not done without them.

    The request that is open about the same content stays where it asks for as many people.

    Raises
    ------
    StoreError
        If there is no such thing. NotApprovedError if this very content was refused.
    ValueError
        If nobody says why, or for fewer than one person.
    """
    if not because.strip():
        raise ValueError(f"{about}: say why people are asked")
    kind, _, name = about.partition(":")
    ask: Callable[[Place, str], Ask] | None = getattr(subject_of(about), "ask", None)
    if ask is None:
        raise StoreError(f"{about}: nobody is asked about it by hand; the rules ask where they must")
    asked = ask(place, name)
    wanted = replace(
        asked,
        about=f"{kind}:{name}",
        because=because.strip(),
        people=max(people, asked.people),
        role=role or asked.role,
    )
    if people < 1:
        raise ValueError(f"{about}: {people} people cannot agree; ask for one or more")
    with place.store.transaction() as books:
        live = books.live_request(wanted.about)
        if live is not None and live.digest == wanted.digest and live.people >= wanted.people:
            return live
        return open_request(books, replace(wanted, role=live.role) if live is not None else wanted, now)


def carry_out(place: Place, request: str, by: str, now: datetime) -> str:
    """Do what a request asks for, where it is approved. Asked again, the operation says that it was done before.

    Raises
    ------
    StoreError
        If there is no such request. NotApprovedError, or as its operation does, where it cannot be done.
    """
    with place.store.reading() as books:
        found = books.approval_request(request)
    if found is None:
        raise StoreError(f"there is no approval request {request}")
    if found.state is RequestState.EXECUTED:
        return f"{found.about} was carried out before"
    subject = subject_of(found.about)
    if found.state is not RequestState.APPROVED:
        # Whoever carries out says nothing by it: his word is no vote here.
        raise NotApprovedError(f"{found.about} is not approved: {found.id} is {found.state}")
    return subject.carry_out(place, found, by, now)
