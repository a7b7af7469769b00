"""Lets the challenger serve if it passed every gate, or if a person says so and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from evenstock.domain import Allow, Verdict
from evenstock.forecasting.gates import BOUNDS
from evenstock.learning import ChampionRecord, Deed, Gate, at_least, judge, within
from evenstock.learning.rolling_back import WORSE
from evenstock.operations.demand_inputs import FALLBACK, SUBJECT
from evenstock.operations.live_scores import beside
from evenstock.operations.model_versions import (
    Champion,
    KeptVersion,
    challenger_of,
    champion_of,
    crown,
)
from evenstock.operations.ports import Snapshots, Store, StoreError

NOBODY: Final = "no challenger stands beside the champion: run `evenstock forecast fit` first"


@dataclass(frozen=True)
class Promotion:
    """What was decided about a challenger."""

    verdict: Verdict
    gates: tuple[Gate, ...]
    """Of the backtest and of its days beside the champion."""
    record: ChampionRecord | None
    """None where it was not promoted."""


def promote_forecast(
    store: Store,
    snapshots: Snapshots,
    *,
    by: str,
    now: datetime,
    because: str = "",
    override: bool = False,
) -> Promotion:
    """Let the challenger serve from now on.

    It needs every gate: those of its backtest, a fortnight beside the champion, and there no loss more than 3 % above the
    champion's. A person may override them with a reason, which is recorded with the gates as they stood. The fast forecast
    needs no gate where nobody is champion: it serves there anyway. What serves already is left as it is.

    Raises
    ------
    StoreError
        If there is no challenger.
    ValueError
        If `override` comes without a reason or a name.
    ConflictError
        If the champion changed at the same time.
    """
    if override and not (because.strip() and by.strip()):
        raise ValueError("to override the gates, say who does and why")
    champion = champion_of(store, snapshots, SUBJECT)
    kept = challenger_of(store, snapshots, SUBJECT)
    if kept is None:
        if champion is None or not champion.record.version:
            raise StoreError(NOBODY)
        return Promotion(Allow(), champion.kept.gates if champion.kept else (), champion.record)
    found = (*kept.gates, *shadow_gates(store, snapshots, kept, champion))
    serving = champion.kept.version if champion and champion.kept else None
    first = serving is None and kept.version.model == FALLBACK
    verdict: Verdict = Allow() if first else judge(kept.version, serving, found)
    if not isinstance(verdict, Allow) and not override:
        return Promotion(verdict, found, None)
    record = ChampionRecord(
        subject=SUBJECT,
        deed=Deed.PROMOTED,
        version=kept.version.id,
        kept=kept.digest,
        previous=champion.digest if champion else "",
        by=by,
        at=now,
        because=because or ("the fast forecast serves anyway" if first else "it passed every gate"),
        overridden=not isinstance(verdict, Allow),
    )
    crown(store, snapshots, record, found)
    return Promotion(verdict, found, record)


def shadow_gates(store: Store, snapshots: Snapshots, kept: KeptVersion, champion: Champion | None) -> tuple[Gate, ...]:
    """Whether it stood beside the champion long enough, and how it did there, on the days that `watch_forecast` scored."""
    serving = champion.record.version if champion else ""
    days, ours, theirs = beside(store, snapshots, SUBJECT, challenger=kept.version.id, champion=serving)
    enough = at_least("days beside the champion", days, BOUNDS.shadow_days, "days beside the champion")
    if not days or theirs <= 0:
        return (enough,)
    ratio = within("live loss over the champion's", ours / theirs, 0.0, float("-inf"), 1.0 + WORSE)
    return (enough, ratio)
