"""Live quotes as a second source of drift: told apart from invoices, which win for what was billed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

import polars as pl

from evenstock import tables
from evenstock.domain import digest
from evenstock.freight.drift import Cause, Drift
from evenstock.freight.drift.series import BLOCK_PARCELS, OF_THE_CHARGE
from evenstock.freight.rates import RateBook
from evenstock.operations.rates.quote_invoices import QuotedInvoices, quote_parcels
from evenstock.tables import with_defaults

INVOICED: Final = "invoiced"
LIVE: Final = "quoted live"
WEEKS: Final = 4
"""Weeks of shipping from which the weekly money of a live quote is reckoned."""
OUTWEIGHED: Final[dict[str, type[pl.DataType]]] = {
    "drift": pl.String, "service": pl.String, "charge": pl.String, "cause": pl.String, "since": pl.Date,
    "level": pl.Float64, "quotes": pl.Int64, "invoiced": pl.Int64, "sentence": pl.String,
}  # fmt: skip
"""Drifts of live quotes for which invoices speak: live `quotes` of it, and parcels `invoiced` since it began."""


def told_live(drift: Drift) -> Drift:
    """The drift under a name and in words of its own: nobody may take what was quoted for what was billed."""
    advice = drift.advice
    if drift.cause is Cause.RATE:
        advice = "ask the carrier for the card it quotes by and import it before it is billed"
    name = digest([LIVE, drift.id]).removeprefix("sha256:")[:8]
    return replace(drift, id=name, sentence=f"{LIVE}: {drift.sentence}", advice=advice)


def outweighed(found: Sequence[Drift], billed: QuotedInvoices) -> tuple[list[Drift], pl.DataFrame]:
    """Drifts of live quotes that no invoice speaks for yet, and those where invoices win, see `OUTWEIGHED`.

    Invoices speak once a block of them can be judged: 20 parcels that left since the drift began, of the service, and
    with that charge where the drift is told by the charge. If they differ too, that is told as their own drift.
    """
    kept: list[Drift] = []
    rows: list[dict[str, Any]] = []
    for drift in found:
        since = billed.parcels.filter((pl.col("service") == drift.service) & (pl.col("shipped_on") >= drift.since))
        if drift.cause.value in OF_THE_CHARGE or drift.cause is Cause.NOT_BILLED:
            charged = billed.charges.filter(pl.col("charge") == drift.charge)
            since = since.join(charged, on="parcel", how="semi")
        if since.height < BLOCK_PARCELS:
            kept.append(drift)
        else:
            rows.append(
                {"drift": drift.id, "service": drift.service, "charge": drift.charge, "cause": drift.cause.value,
                 "since": drift.since, "level": drift.level, "quotes": drift.parcels, "invoiced": since.height,
                 "sentence": drift.sentence}
            )  # fmt: skip
    return kept, pl.DataFrame(rows, schema=OUTWEIGHED)


def quoted_a_week(parcels: pl.DataFrame | None, book: RateBook, as_of: date) -> dict[tuple[str, str], float]:
    """Cents that we quote a week for the parcels of the last four weeks, by service and charge, all charges under "".

    An audit asks for the dearest parcels, so that its own sums are no measure of what is spent. The fuel on a charge counts
    with it.
    """
    if parcels is None:
        return {}
    sent = with_defaults(tables.Parcels, parcels).unique("parcel", keep="first", maintain_order=True)
    lately = sent.filter((pl.col("shipped_on") <= as_of) & (pl.col("shipped_on") > as_of - timedelta(weeks=WEEKS)))
    quoted = quote_parcels(lately, book).join(lately.select("parcel", "service"), on="parcel")
    cents = quoted.group_by("service", "charge").agg(
        (pl.col("zoned") + pl.col("fuel")).sum().alias("own"), pl.sum("zoned")
    )
    found = {
        (service, charge): own / WEEKS for service, charge, own in cents.select("service", "charge", "own").iter_rows()
    }
    for service, total in cents.group_by("service").agg(pl.sum("zoned")).iter_rows():
        found[service, ""] = total / WEEKS
    return found


def weekly_of(drift_of: tuple[str, str, str], weekly: dict[tuple[str, str], float]) -> float | None:
    """Of `quoted_a_week` what a series' level is a share of; None where no such parcel left lately."""
    service, charge, cause = drift_of
    return weekly.get((service, charge if cause in OF_THE_CHARGE else ""))
