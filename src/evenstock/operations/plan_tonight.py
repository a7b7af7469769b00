"""Plans tonight from the company as it stands: forecast, then transfers, each step kept so that another can go on from it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.company import Company
from evenstock.operations.plan_transfers import PATHS, Planned, plan_transfers
from evenstock.operations.ports import Snapshots, Store
from evenstock.operations.todays_forecast import todays_forecast
from evenstock.operations.tonight.decide import OURS
from evenstock.operations.tonight.happened import happenings

Told = Callable[[str], None]
"""Hears what is done next, in words."""


def plan_tonight(
    store: Store,
    snapshots: Snapshots,
    company: Company,
    *,
    now: datetime,
    seed: int = 0,
    paths: int = PATHS,
    method: str = OURS,
    told: Told = lambda _words: None,
) -> Planned:
    """Propose the transfers of the evening of `now`; a forecast kept for the day is used, so that a second try starts there.

    What the company's envelopes let go alone is approved and released; what they refuse is left out.

    Raises as `plan_transfers` does, and ValueError where there is no demand to forecast from.
    """
    told("forecasting")
    said = todays_forecast(store, snapshots, company, now)
    told("planning transfers")
    named = {name: company.digests[name] for name in ("network", "transit") if name in company.digests}
    return plan_transfers(
        store,
        company.network,
        said.forecast,
        inputs=named | {"forecast snapshot": said.digest},
        now=now,
        seed=seed,
        n_paths=paths,
        method=method,
        happened=happenings(store, company),
        snapshots=snapshots,
        rules=Governance.of(company),
    )
