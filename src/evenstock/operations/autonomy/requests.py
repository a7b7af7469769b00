"""Asks people to agree to what lies outside the envelopes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from evenstock.domain import ApprovalRequest, Cents, NodeId, Units
from evenstock.operations.approvals import Ask, open_request
from evenstock.operations.autonomy.asking import Ruled
from evenstock.operations.ports import Transaction


def ask_people(
    books: Transaction,
    ruled: Ruled,
    now: datetime,
    *,
    about: str,
    content_digest: str,
    proposer: str,
    nodes: Iterable[NodeId] = (),
    cents: int = 0,
    units: int = 0,
    content: str = "",
) -> ApprovalRequest:
    """The request for what envelopes do not let happen alone: the one that lives, where it is about this content and asks for as many.

    Raises
    ------
    NotApprovedError
        If this very content was refused before.
    """
    asks = ruled.asks
    if asks is None:
        raise ValueError(f"{about}: nobody is asked for")
    live = books.live_request(about)
    if (
        live is not None
        and live.digest == content_digest
        and live.people >= ruled.people
        and books.clock() < live.expires_at
    ):
        return live
    first = next((one for one in ruled.judged if one.verdict == asks), ruled.judged[0])
    policy = first.judgement.policy if first.judgement is not None else ""
    ask = Ask(
        first.action.kind.value, about, content_digest, proposer, asks.role, tuple(nodes), Cents(max(0, cents)),
        Units(max(0, units)), ruled.people, asks.because, policy=policy, content=content,
    )  # fmt: skip
    return open_request(books, ask, now)
