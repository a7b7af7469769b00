"""What somebody saw on a shelf and the books may not follow without people: once they agree, they do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from evenstock.domain import ApprovalRequest
from evenstock.operations.approvals import require_approved
from evenstock.operations.approvals.carrying_out import Place
from evenstock.operations.autonomy.actor import actor_of
from evenstock.operations.autonomy.adjusting import (
    MOVED,
    SHELF,
    asks_about_adjusting,
    change_of,
    observation_of,
    rule_on_adjustment,
)
from evenstock.operations.autonomy.in_force import governance_in_force
from evenstock.operations.count_stock import count_one
from evenstock.operations.exceptions.count_shelf import ShelfCounted, counted
from evenstock.operations.inbound.kinds import stock_adjusted
from evenstock.operations.ports import ConflictError, Transaction

PREFIX: Final = "adjustment"


def carry_out(place: Place, request: ApprovalRequest, by: str, now: datetime) -> str:
    """Bring the books to what was seen; what was seen since counts before it. Refused where the rules refuse it by now."""
    rules = governance_in_force(place.store, place.snapshots, now.date())
    content = json.loads(request.content)
    with place.store.transaction() as books:
        require_approved(books, request.about, request.digest)
        asking = asks_about_adjusting(books, rules, now, actor_of(books, by))
        if asking is not None:
            seen_at = datetime.fromisoformat(content.get("observed_at") or content["occurred_at"])
            change = content["units"] if content["kind"] == MOVED else change_of(books, observation_of(content))
            ruled = rule_on_adjustment(asking, content["sku"], content["node"], change, seen_at)
            if ruled.refused is not None:
                raise ConflictError(f"{request.about}: {ruled.refused.because}")
            ruled.say(books, f"stock:{content['sku']}@{content['node']}", request.id)
        return _done(books, content, now)


def _done(books: Transaction, content: Mapping[str, Any], now: datetime) -> str:
    if content["kind"] == MOVED:
        return stock_adjusted.carry_out(books, content, now)
    said = observation_of(content)
    if content["kind"] == SHELF:
        report = ShelfCounted(
            content["report"], said.node, said.sku, said.units, content["by"], said.observed_at, said.lot
        )
        return counted(books, report).sentence
    moves = count_one(books, said, now)
    return f"{said.sku} at {said.node}: {said.units} counted by {said.source}" + (
        "" if moves else ", which changes nothing"
    )
