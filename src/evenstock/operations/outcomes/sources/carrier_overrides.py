"""Proposals to use other services than those that fail."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from evenstock.operations.carrier_overrides.keeping import standing
from evenstock.operations.carrier_overrides.proposal import State
from evenstock.operations.outcomes.recommendation import Became, Recommendation
from evenstock.operations.outcomes.told import Told

LAYER: Final = "carriers"
KIND: Final = "carrier override"
MONEY: Final = "gain a week expected of the override"
_BECAME: Final = {
    State.PROPOSED: Became.WAITS,
    State.ADOPTED: Became.ADOPTED,
    State.ENDED: Became.ADOPTED,
    State.EXPIRED: Became.ADOPTED,
    State.REJECTED: Became.REFUSED,
    State.LAPSED: Became.EXPIRED,
}


def rows(told: Told) -> Iterable[Recommendation]:
    for one in standing(told.store, told.snapshots, told.period.last):
        proposal = one.proposal
        if told.period.holds(proposal.made_at):
            node = str(proposal.failing.origin)
            yield Recommendation(
                f"{KIND}|{proposal.id}", LAYER, KIND, proposal.sentence, node, (node,), "carrier watch",
                _BECAME[one.state], proposal.made_at, one.by, one.because, one.at,
                proposal.worth.cents if proposal.worth is not None else 0,
            )  # fmt: skip


__all__ = ["KIND", "LAYER", "MONEY", "rows"]
