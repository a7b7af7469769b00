"""Approvals, in memory."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from evenstock.domain import ApprovalRequest, RequestState, Vote
from evenstock.storage import approval_rules as rules
from evenstock.storage.memory_entries import EntriesInMemory


class ApprovalsInMemory(EntriesInMemory):
    """Requests by id, each with its votes in the order cast."""

    def open_request(self, request: ApprovalRequest) -> None:
        rules.opened(request, self.live_request(request.about))
        if request.id in self._books.approvals:
            raise rules.known(request.id)
        self._put(self._books.approvals, request.id, request)
        self._put(self._books.live_approvals, request.about, request.id)

    def approval_request(self, request: str) -> ApprovalRequest | None:
        return self._books.approvals.get(request)

    def live_request(self, about: str) -> ApprovalRequest | None:
        name = self._books.live_approvals.get(about)
        return None if name is None else self._books.approvals[name]

    def approval_requests(
        self, states: Collection[RequestState] = (), *, about: str = "", after: str = "", limit: int = 1_000
    ) -> list[ApprovalRequest]:
        every = self._books.approvals
        live = bool(states) and all(state.live for state in states)
        names = self._books.live_approvals.values() if live else every
        found = sorted(
            name
            for name in names
            if name > after
            and (not states or every[name].state in states)
            and (not about or every[name].about == about)
        )
        return [every[name] for name in found[:limit]]

    def due_requests(self, limit: int) -> list[ApprovalRequest]:
        now, every = self.clock(), self._books.approvals
        found = [
            (one.due_at, name)
            for one, name in ((every[name], name) for name in self._books.live_approvals.values())
            if one.expires_at <= now or (one.due_at <= now and not one.escalated_to and one.state is RequestState.OPEN)
        ]
        return [every[name] for _, name in sorted(found)[:limit]]

    def vote(self, vote: Vote) -> Vote:
        now, request = self.clock(), rules.there(vote.request, self.approval_request(vote.request))
        cast = self._books.approval_votes.get(vote.request, ())
        rules.can_vote(request, cast, vote, now)
        kept = replace(vote, at=now)
        self._put(self._books.approval_votes, vote.request, (*cast, kept))
        return kept

    def votes(self, request: str) -> list[Vote]:
        return list(self._books.approval_votes.get(request, ()))

    def close_request(self, request: str, to: RequestState) -> ApprovalRequest:
        now, found = self.clock(), rules.there(request, self.approval_request(request))
        rules.can_close(found, self.votes(request), to, now)
        after = replace(found, state=to, closed_at=None if to.live else now)
        self._put(self._books.approvals, request, after)
        if not to.live:
            self._drop(self._books.live_approvals, found.about)
        return after

    def escalate_request(self, request: str, to: str) -> ApprovalRequest:
        found = rules.there(request, self.approval_request(request))
        rules.can_escalate(found, to, self.clock())
        after = replace(found, escalated_to=to)
        self._put(self._books.approvals, request, after)
        return after
