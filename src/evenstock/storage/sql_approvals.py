"""Approvals, in SQL: each change asks first, so that a refusal is a sentence; the triggers ask again."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from evenstock.domain import ApprovalRequest, Cents, NodeId, RequestState, Says, Units, Vote, canonical_json
from evenstock.storage import approval_rules as rules
from evenstock.storage import rows
from evenstock.storage.schema import approval_request as requests
from evenstock.storage.schema import approval_vote as cast
from evenstock.storage.session import Session

_LIVE = ("open", "approved")
# Nothing where its id is kept, or another about the same thing is live: who waited for another's commit has lost.
_OPEN = sa.text(
    "INSERT INTO approval_request (id, action, about, digest, proposer, role, cents, people, opened_at, due_at, expires_at, "
    "state, escalated_to, body) VALUES (:id, :action, :about, :digest, :proposer, :role, :cents, :people, :opened_at, "
    ":due_at, :expires_at, 'open', '', :body) ON CONFLICT DO NOTHING"
)
_VOTE = sa.text(
    "INSERT INTO approval_vote (request, person, voter, says, digest, because, at) "
    "VALUES (:request, :person, :voter, :says, :digest, :because, :at) RETURNING at"
)
_CLOSE = sa.text(
    "UPDATE approval_request SET state = :to, closed_at = :closed_at WHERE id = :id AND state = :seen RETURNING closed_at"
)
_ESCALATE = sa.text("UPDATE approval_request SET escalated_to = :to WHERE id = :id AND escalated_to = ''")


class ApprovalsSql(Session):
    """Requests and votes."""

    def open_request(self, request: ApprovalRequest) -> None:
        rules.opened(request, self.live_request(request.about))
        body = {
            "nodes": request.nodes,
            "units": request.units,
            "because": request.because,
            "evidence": [list(pair) for pair in request.evidence],
            "content": request.content,
            "policy": request.policy,
        }
        kept = self.run(
            _OPEN, id=request.id, action=request.action, about=request.about, digest=request.digest,
            proposer=request.proposer, role=request.role, cents=request.cents, people=request.people,
            opened_at=self.moment(request.opened_at), due_at=self.moment(request.due_at),
            expires_at=self.moment(request.expires_at), body=canonical_json(body).decode(),
        )  # fmt: skip
        if not kept.rowcount:
            live = self.live_request(request.about)
            raise rules.known(request.id) if live is None else rules.another_live(request.about, live.id)

    def approval_request(self, request: str) -> ApprovalRequest | None:
        return self._one(requests.c.id == request)

    def live_request(self, about: str) -> ApprovalRequest | None:
        return self._one(requests.c.about == about, requests.c.state.in_(_LIVE))

    def _one(self, *where: sa.ColumnElement[bool], locked: bool = False) -> ApprovalRequest | None:
        wanted = sa.select(requests).where(*where)
        # Only PostgreSQL has rows to lock; of the other, a transaction that writes holds the whole file.
        found = self.connection.execute(wanted.with_for_update() if locked else wanted).one_or_none()
        return _request(found) if found is not None else None

    def _locked(self, request: str) -> ApprovalRequest:
        return rules.there(request, self._one(requests.c.id == request, locked=True))

    def approval_requests(
        self, states: Collection[RequestState] = (), *, about: str = "", after: str = "", limit: int = 1_000
    ) -> list[ApprovalRequest]:
        wanted = sa.select(requests).where(requests.c.id > after).order_by(requests.c.id).limit(limit)
        if states:
            wanted = wanted.where(requests.c.state.in_(sorted(state.value for state in states)))
        if about:
            wanted = wanted.where(requests.c.about == about)
        return [_request(row) for row in self.connection.execute(wanted)]

    def due_requests(self, limit: int) -> list[ApprovalRequest]:
        now, columns = self.moment(self._now()), requests.c
        escalated = sa.and_(columns.state == "open", columns.escalated_to == "", columns.due_at <= now)
        wanted = (
            sa.select(requests)
            .where(columns.state.in_(_LIVE), columns.due_at <= now, sa.or_(columns.expires_at <= now, escalated))
            .order_by(columns.due_at, columns.id)
            .limit(limit)
        )
        return [_request(row) for row in self.connection.execute(wanted)]

    def vote(self, vote: Vote) -> Vote:
        request, now = self._locked(vote.request), self._now()
        rules.can_vote(request, self.votes(vote.request), vote, now)
        at = self.run(
            _VOTE, request=vote.request, person=vote.person, voter=vote.voter, says=vote.says.value, digest=vote.digest,
            because=vote.because, at=self.moment(now),
        ).scalar_one()  # fmt: skip
        return replace(vote, at=rows.moment(at))

    def votes(self, request: str) -> list[Vote]:
        wanted = sa.select(cast).where(cast.c.request == request).order_by(cast.c.at, cast.c.person)
        return [_vote(row) for row in self.connection.execute(wanted)]

    def close_request(self, request: str, to: RequestState) -> ApprovalRequest:
        found, now = self._locked(request), self._now()
        rules.can_close(found, self.votes(request), to, now)
        closed_at = None if to.live else self.moment(now)
        at = self.run(_CLOSE, id=request, to=to.value, closed_at=closed_at, seen=found.state.value).scalar_one()
        return replace(found, state=to, closed_at=None if at is None else rows.moment(at))

    def escalate_request(self, request: str, to: str) -> ApprovalRequest:
        found = self._locked(request)
        rules.can_escalate(found, to, self._now())
        self.run(_ESCALATE, id=request, to=to)
        return replace(found, escalated_to=to)

    def _now(self) -> datetime:
        found: datetime | str = self.run(self.statements.clock).scalar_one()
        return rows.moment(found)


def _request(row: Any) -> ApprovalRequest:
    said = json.loads(row.body)
    return ApprovalRequest(
        id=row.id,
        action=row.action,
        about=row.about,
        digest=row.digest,
        proposer=row.proposer,
        role=row.role,
        nodes=tuple(map(NodeId, said["nodes"])),
        cents=Cents(row.cents),
        units=Units(said["units"]),
        people=row.people,
        because=said["because"],
        opened_at=rows.moment(row.opened_at),
        due_at=rows.moment(row.due_at),
        expires_at=rows.moment(row.expires_at),
        evidence=tuple((name, value) for name, value in said["evidence"]),
        content=said["content"],
        policy=said["policy"],
        state=RequestState(row.state),
        escalated_to=row.escalated_to,
        closed_at=None if row.closed_at is None else rows.moment(row.closed_at),
    )


def _vote(row: Any) -> Vote:
    return Vote(row.request, row.person, row.voter, Says(row.says), row.digest, row.because, rows.moment(row.at))
