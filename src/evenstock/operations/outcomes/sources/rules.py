"""Versions of the rules that were proposed, by people or by what proposes rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from evenstock.operations.outcomes.recommendation import Became, Recommendation
from evenstock.operations.outcomes.told import Told
from evenstock.operations.rulebook import Deed, history, proposals

LAYER: Final = "rules"
KIND: Final = "rule version"
MONEY: Final = "none: `evenstock replay --rules` prices a rule"


def rows(told: Told) -> Iterable[Recommendation]:
    deeds = [one for one in history(told.store, told.snapshots) if one.deed is Deed.ACTIVATED]
    for version in proposals(told.store, told.snapshots):
        if not told.period.holds(version.at):
            continue
        own = min((one for one in deeds if one.version == version.id), key=lambda one: one.at, default=None)
        later = any(one.at > version.at for one in deeds)
        became = Became.ADOPTED if own else Became.OVERTAKEN if later else Became.WAITS
        yield Recommendation(
            f"{KIND}|{version.id}", LAYER, KIND, version.policy.name, "", (), version.by, became, version.at,
            own.by if own else "", own.because if own else "", own.at if own else None,
        )  # fmt: skip


__all__ = ["KIND", "LAYER", "MONEY", "rows"]
