"""What a store keeps of approvals, and what it refuses whoever asks: part of every transaction."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from evenstock.domain import ApprovalRequest, RequestState, Vote


class ApprovalBooks(Protocol):
    """Requests and votes. Both databases hold the same rules by triggers of their own, against whatever else writes there.

    The proposer never votes, and nobody is in two votes of one request, for himself or for another. A vote names the
    request's digest and is cast while it is open and has not expired by the store's clock. Votes are never changed. A request
    is approved by as many agreeing people as it asks for and no refusal, and executed once, from approved, before it expires.
    """

    def open_request(self, request: ApprovalRequest) -> None:
        """Keep a new request. Raises ConflictError if its id is there, or another about the same thing is live."""

    def approval_request(self, request: str) -> ApprovalRequest | None:
        """As it stands; not locked: what is built on it is asked again by the call that does it."""

    def live_request(self, about: str) -> ApprovalRequest | None:
        """The open or approved request about a thing; at most one."""

    def approval_requests(
        self, states: Collection[RequestState] = (), *, about: str = "", after: str = "", limit: int = 1_000
    ) -> list[ApprovalRequest]:
        """By id, from the one after `after`; in any state where none is named."""

    def due_requests(self, limit: int) -> list[ApprovalRequest]:
        """Live ones that expired, and open ones not escalated whose deadline passed, by the store's clock; the oldest first."""

    def vote(self, vote: Vote) -> Vote:
        """Keep a vote with the store's time.

        Raises
        ------
        ConflictError
            If the request is not open, has expired, asks for another content, or either person proposed it or is in one of
            its votes. StoreError if there is no such request.
        """

    def votes(self, request: str) -> list[Vote]:
        """In the order cast."""

    def close_request(self, request: str, to: RequestState) -> ApprovalRequest:
        """Take a request to its next state. Raises ConflictError where it cannot go there, StoreError if there is none."""

    def escalate_request(self, request: str, to: str) -> ApprovalRequest:
        """Let another role decide too, once, after the deadline. Raises ConflictError before it, or if it was done."""
