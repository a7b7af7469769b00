"""Takes a champion back: the one before it serves again, in one call."""

from __future__ import annotations

from datetime import datetime

from evenstock.learning import ChampionRecord, Deed, line_of_succession
from evenstock.operations.demand_inputs import SUBJECT
from evenstock.operations.model_versions import champion_of, champion_records, crown
from evenstock.operations.ports import Snapshots, Store, StoreError


def roll_back_forecast(
    store: Store, snapshots: Snapshots, *, by: str, because: str, now: datetime, version: str | None = None
) -> ChampionRecord | None:
    """Return to the champion before this one, in one call; where there was none, to the fast forecast.

    Parameters
    ----------
    version
        Roll back only if this version serves; None is returned where it no longer does.

    Raises
    ------
    StoreError
        If there is no champion to roll back.
    """
    champion = champion_of(store, snapshots, SUBJECT)
    if version is not None and (champion is None or champion.record.version != version):
        return None
    standing = line_of_succession(champion_records(store, snapshots, SUBJECT))
    if champion is None or not standing:
        raise StoreError("there is no champion to roll back: the fast forecast serves already")
    before = standing[-2] if len(standing) > 1 else None
    record = ChampionRecord(
        subject=SUBJECT,
        deed=Deed.ROLLED_BACK,
        version=before.version if before else "",
        kept=before.kept if before else "",
        previous=champion.digest,
        by=by,
        at=now,
        because=because,
    )
    crown(store, snapshots, record, ())
    return record
