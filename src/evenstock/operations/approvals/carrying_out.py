"""Does what was approved, once: each kind of thing by its own operation, which asks for the approval again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final, Protocol, cast

from evenstock.domain import ApprovalRequest, RequestState
from evenstock.operations.ports import Snapshots, Store, StoreError
from evenstock.registry import members

SUBJECTS: Final = "evenstock.operations.approvals.subjects"


@dataclass(frozen=True, slots=True)
class Place:
    """What carrying out needs."""

    store: Store
    snapshots: Snapshots


class Subject(Protocol):
    """A kind of thing that can be approved: a file in `subjects`, or an entry point of that name."""

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
    return subject_of(found.about).carry_out(place, found, by, now)
