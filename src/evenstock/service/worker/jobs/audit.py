"""Asks carriers live what a few parcels cost, inside their quotas, and keeps the answers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from evenstock.bootstrap import open_carriers
from evenstock.operations.audit_rates import audit_rates
from evenstock.operations.runs.keeping import Run
from evenstock.service.http.strict import Strict
from evenstock.service.worker.workplace import Progress, Workplace, moment_of, nothing_to_do

NAME: Final = "audit"
TITLE: Final = "Audit rates by live quotes"
CAP: Final = None
SCHEDULE: Final = None


class Asked(Strict):
    """Nothing: parcels of the last four weeks, carriers by their keys in the worker's environment."""


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:  # noqa: ARG001 (it is asked nothing)
    now = moment_of(run)
    here = at.company(now.date())
    book, parcels = here.network.rates, here.table("parcels")
    if book is None or parcels is None:
        return nothing_to_do("an audit needs rate cards, and parcels that left")
    with open_carriers(os.environ) as opened:
        if not opened:
            return nothing_to_do("no carrier's keys are in the worker's environment")
        progress(10, f"asking {', '.join(sorted(opened))}")
        quotas = {name: quota for name, (_, quota) in opened.items()}
        sources = {name: carrier for name, (carrier, _) in opened.items()}
        audit = audit_rates(at.store, at.snapshots, parcels, book, sources, quotas, now=now)
    off = audit.off.filter(pl.col("off_cents") != 0)
    return {
        "asked": audit.asked.height,
        "compared": int(audit.quotes["quote"].n_unique()),
        "off": off.to_dicts(),
        "unread": dict(audit.unread),
    }
