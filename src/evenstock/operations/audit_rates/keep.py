"""Keeps what audits asked and heard, and what is left of each quota, so that two runs never spend the same calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from evenstock.domain import refuse_naive
from evenstock.freight.rates import RateBook
from evenstock.operations.audit_rates.ask import ASKED, MOST_CALLS, QUOTED, Audit, ask
from evenstock.operations.audit_rates.propose import AuditPlan, propose_audit
from evenstock.operations.call_quota import Bucket, Quota
from evenstock.operations.carrier_ports import Address, RateSource
from evenstock.operations.ports import Snapshots, Store
from evenstock.tables.freight import Parcels

POINTER: Final = "rate audits"
KEPT_DAYS: Final = 400
BUCKETS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "carrier": pl.String, "calls": pl.Int64, "per_s": pl.Int64, "burst": pl.Int64, "millionths": pl.Int64,
    "as_of": pl.Datetime("us", "UTC"),
}  # fmt: skip
PARCELS: Final = {name: column.dtype for name, column in Parcels.columns().items()}


@dataclass(frozen=True, slots=True, eq=False)
class KeptAudits:
    """Audits of the last 400 days."""

    quotes: pl.DataFrame
    """See `ask.QUOTED`."""
    asked: pl.DataFrame
    parcels: pl.DataFrame
    buckets: Mapping[str, Bucket]
    digest: str | None
    """None before the first."""


def kept_audits(store: Store, snapshots: Snapshots) -> KeptAudits:
    """What audits have heard so far."""
    with store.reading() as books:
        digest = books.pointer(POINTER)
    if digest is None:
        return KeptAudits(
            pl.DataFrame(schema=QUOTED), pl.DataFrame(schema=ASKED), pl.DataFrame(schema=PARCELS), {}, None
        )
    kept = snapshots.read(digest)
    buckets = {
        row["carrier"]: Bucket(
            row["carrier"], Quota(row["calls"], row["per_s"], row["burst"]), row["millionths"], row["as_of"]
        )
        for row in kept["buckets"].iter_rows(named=True)
    }
    return KeptAudits(kept["quotes"], kept["asked"], kept["parcels"], buckets, digest)


def would_audit(
    store: Store,
    snapshots: Snapshots,
    parcels: pl.DataFrame,
    book: RateBook,
    quotas: Mapping[str, Quota],
    *,
    now: datetime,
    addresses: Mapping[str, Address] | None = None,
) -> AuditPlan:
    """What `audit_rates` would ask now; nothing is asked, taken or kept."""
    refuse_naive(now, "now")
    before = kept_audits(store, snapshots)
    buckets = {name: _bucket(name, quota, before, now) for name, quota in sorted(quotas.items())}
    return _plan(parcels, book, before, buckets, now, addresses)


def audit_rates(
    store: Store,
    snapshots: Snapshots,
    parcels: pl.DataFrame,
    book: RateBook,
    sources: Mapping[str, RateSource],
    quotas: Mapping[str, Quota],
    *,
    now: datetime,
    addresses: Mapping[str, Address] | None = None,
) -> Audit:
    """Sample the parcels of the last 28 days for live quotes, inside each carrier's quota, and keep the answers.

    The calls are taken from the quota before they are made: of two runs at once the second finds them spent and is
    refused. What was taken and not used is given back.

    Parameters
    ----------
    parcels : columns of `tables.Parcels`.
    sources, quotas : By carrier; both are needed to ask one.

    Raises
    ------
    ConflictError
        If another audit began at the same time; run this one again.
    """
    refuse_naive(now, "now")
    before = kept_audits(store, snapshots)
    buckets = {name: _bucket(name, quota, before, now) for name, quota in sorted(quotas.items()) if name in sources}
    plan = _plan(parcels, book, before, buckets, now, addresses)
    wanted = {sample.carrier for sample in plan.samples}
    taken = {n: b.take(b.calls(now), now) if n in wanted else b for n, b in buckets.items()}
    seen = _keep(store, snapshots, before, {**before.buckets, **taken}, before.digest, now)
    audit = ask(plan, sources, buckets, now=now)
    quotes = _since(pl.concat([before.quotes, audit.quotes]), now)
    sent = pl.concat([before.parcels, audit.parcels]).unique("parcel", keep="last", maintain_order=True)
    after = KeptAudits(
        quotes,
        _since(pl.concat([before.asked, audit.asked]), now),
        sent.join(quotes, left_on="parcel", right_on="quote", how="semi"),
        {},
        seen,
    )
    _keep(store, snapshots, after, {**before.buckets, **audit.buckets}, seen, now)
    return audit


def _plan(
    parcels: pl.DataFrame,
    book: RateBook,
    before: KeptAudits,
    buckets: Mapping[str, Bucket],
    now: datetime,
    addresses: Mapping[str, Address] | None,
) -> AuditPlan:
    calls = {name: max(0, bucket.calls(now) - (MOST_CALLS - 1)) for name, bucket in buckets.items()}
    return propose_audit(parcels, book, calls, on=now.date(), asked=before.asked, addresses=addresses)


def _bucket(name: str, quota: Quota, before: KeptAudits, now: datetime) -> Bucket:
    """The bucket as it was left; a quota that changed begins with no more than was left."""
    kept = before.buckets.get(name)
    if kept is None:
        return Bucket.full(name, quota, now)
    left = kept.at(now)
    return Bucket(name, quota, min(left.millionths, quota.burst * 1_000_000), left.as_of)


def _since(rows: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Rows of the last 400 days, the latest word on a quote's charge."""
    recent = rows.filter(pl.col("asked_on") > now.date() - timedelta(days=KEPT_DAYS))
    keys = ["quote", "charge"] if "quote" in rows.columns else ["parcel", "service", "asked_on"]
    return recent.unique(keys, keep="last", maintain_order=True)


def _keep(
    store: Store, snapshots: Snapshots, kept: KeptAudits, buckets: Mapping[str, Bucket], seen: str | None, now: datetime
) -> str:
    rows = [
        {"carrier": n, "calls": b.quota.calls, "per_s": b.quota.per_s, "burst": b.quota.burst, "millionths": b.millionths, "as_of": b.as_of}
        for n, b in sorted(buckets.items())
    ]  # fmt: skip
    frames = {"quotes": kept.quotes, "asked": kept.asked, "parcels": kept.parcels}
    digest = snapshots.take({**frames, "buckets": pl.DataFrame(rows, schema=BUCKETS)})
    with store.transaction() as books:
        books.repoint(POINTER, seen, digest, now)
    return digest
