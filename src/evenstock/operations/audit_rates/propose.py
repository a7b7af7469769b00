"""Which parcels are worth a live quote: where most money rests on rates that nobody has checked for longest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import polars as pl

from evenstock import tables
from evenstock.freight.bulk import Bulk
from evenstock.freight.rates import Quote, RateBook
from evenstock.operations.carrier_ports import Address, ParcelToRate
from evenstock.tables import with_defaults

LOOK_BACK_DAYS: Final = 28
CHANGE_DAYS: Final = 90.0
"""Days between changes of what a carrier charges that no table announces, on average. A guess that only orders the samples:
cards change yearly, fuel weekly, surcharges a few times a year."""

TIERS_G: Final = (454, 2_268, 4_536, 9_072, 22_680)
"""Upper ends of the weight tiers: 1, 5, 10, 20 and 50 lb; what is heavier is a tier of its own."""

STRATUM: Final = ("service", "zone", "tier", "residential")
UNASKABLE: Final = -1
"""Tier of parcels that no live quote is for."""
PROPOSED: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "parcel": pl.String, "service": pl.String, "zone": pl.Int64, "tier": pl.Int64, "residential": pl.Boolean,
    "parcels": pl.Int64, "cents_a_week": pl.Int64, "days_unchecked": pl.Int64, "worth_cents": pl.Float64,
}  # fmt: skip
LEFT_OUT: Final[dict[str, type[pl.DataType]]] = {
    "because": pl.String, "service": pl.String, "parcels": pl.Int64, "cents_a_week": pl.Int64,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample:
    """One parcel worth asking for, standing for all that are like it."""

    parcel: ParcelToRate
    service: str
    our_quote: Quote
    because: str

    @property
    def carrier(self) -> str:
        return self.service.split(":", 1)[0]


@dataclass(frozen=True, slots=True, eq=False)
class AuditPlan:
    """What would be asked, dearest first, and what would not."""

    samples: tuple[Sample, ...]
    proposed: pl.DataFrame
    """One row a sample, in the same order, see `PROPOSED`."""
    left_out: pl.DataFrame
    """Kinds of parcels that are not asked for, with what they cost a week: see `LEFT_OUT`, dearest first."""


def worth(cents_a_week: int, days_unchecked: int, change_days: float = CHANGE_DAYS) -> float:
    """Money a week that rests on a rate which may have changed unseen: spend times P(a change since it was checked).

    Changes come as a Poisson process, so that P = 1 − exp(−days ÷ change_days); what a change would cost is taken to be
    the same share everywhere, which leaves the order of the samples alone.

    Examples
    --------
    1,000.00 a week checked today is worth nothing; unchecked for 90 days 632.12.

    >>> worth(100_000, 0), round(worth(100_000, 90))
    (0.0, 63212)
    """
    return cents_a_week * (1 - math.exp(-days_unchecked / change_days))


def propose_audit(
    parcels: pl.DataFrame,
    book: RateBook,
    calls: Mapping[str, int],
    *,
    on: date,
    asked: pl.DataFrame | None = None,
    addresses: Mapping[str, Address] | None = None,
    change_days: float = CHANGE_DAYS,
) -> AuditPlan:
    """The samples to ask for today, within each carrier's calls.

    Parcels of the last 28 days fall into strata: service, zone, weight tier, home or not. Each stratum is worth what
    `worth` says; the dearest are asked for first, one parcel each, the latest of its stratum.

    Parameters
    ----------
    parcels : columns of `tables.Parcels`; those with a default may be left out.
    calls : Calls each carrier still answers; a carrier that is not named cannot be asked.
    asked : Earlier proposals as `ask.ASKED`, of which those that were answered count as checked; None for none.
    addresses : By postal code, where a carrier wants city and state besides.
    """
    sent = with_defaults(tables.Parcels, parcels).filter(
        (pl.col("shipped_on") <= on) & (pl.col("shipped_on") > on - timedelta(days=LOOK_BACK_DAYS))
    )
    sent = sent.unique("parcel", keep="first", maintain_order=True).sort(
        "shipped_on", "parcel", descending=[True, False]
    )
    strata = _strata(sent, book)
    last = _last_asked(asked)
    found: list[tuple[float, dict[str, Any], Sample]] = []
    left: list[dict[str, Any]] = []
    for stratum in strata.iter_rows(named=True):
        priced = _priced(stratum, book, on)
        if isinstance(priced, str):
            left.append({"because": priced, "cents_a_week": 0} | stratum)
            continue
        weekly = stratum["parcels"] * int(priced.cents) * 7 // LOOK_BACK_DAYS
        days = _unchecked(stratum, book, last, on)
        row = stratum | {"cents_a_week": weekly, "days_unchecked": days}
        row["worth_cents"] = worth(weekly, days, change_days)
        found.append((row["worth_cents"], row, _sample(row, priced, on, addresses or {})))
    # Equal worth is ordered by the stratum itself: the same parcels propose the same audit.
    found.sort(key=lambda one: (-one[0], *(one[1][name] for name in STRATUM)))
    kept: list[tuple[dict[str, Any], Sample]] = []
    spare = dict(calls)
    for value, row, sample in found:
        because = _not_now(sample, spare, value)
        if because:
            left.append({"because": because} | row)
        else:
            spare[sample.carrier] -= 1
            kept.append((row, sample))
    return AuditPlan(
        tuple(sample for _, sample in kept),
        pl.DataFrame([{name: row[name] for name in PROPOSED} for row, _ in kept], schema=PROPOSED),
        _left_out(left),
    )


def _strata(sent: pl.DataFrame, book: RateBook) -> pl.DataFrame:
    """One row a stratum: its latest parcel and how many are like it."""
    lanes = sent.select("origin_postal_code", "destination_postal_code").unique(maintain_order=True)
    zones = [book.zone(*lane) for lane in lanes.rows()]
    zoned = sent.join(
        lanes.with_columns(pl.Series("zone", zones, dtype=pl.Int64)),
        on=["origin_postal_code", "destination_postal_code"],
        maintain_order="left",
    )
    heavier = pl.sum_horizontal(*(pl.col("weight_g") > end for end in TIERS_G)).cast(pl.Int64)
    # A parcel that no live quote is for must not stand for those that one is for.
    tier = pl.when((pl.col("weight_g") > 0) & ~pl.col("hazmat")).then(heavier).otherwise(UNASKABLE)
    return zoned.with_columns(tier.alias("tier")).group_by(STRATUM, maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("parcels"), pl.all().exclude(STRATUM).first()
    )  # fmt: skip


def _last_asked(asked: pl.DataFrame | None) -> dict[tuple[Any, ...], date]:
    if asked is None or asked.is_empty():
        return {}
    latest = asked.filter("answered").group_by(STRATUM).agg(pl.max("asked_on"))
    return {tuple(row[name] for name in STRATUM): row["asked_on"] for row in latest.iter_rows(named=True)}


def _priced(stratum: Mapping[str, Any], book: RateBook, on: date) -> Quote | str:
    """Our quote of the stratum's parcel as of today, or why there is none."""
    if stratum["tier"] == UNASKABLE:
        return "its weight is not known, or it holds hazardous goods"
    if stratum["service"].split(":", 1)[0] == stratum["service"]:
        return "its service names no carrier"
    quote = book.quote(
        stratum["service"],
        stratum["origin_postal_code"],
        stratum["destination_postal_code"],
        stratum["weight_g"],
        stratum["length_mm"] * stratum["width_mm"] * stratum["height_mm"],
        max(stratum["length_mm"], stratum["width_mm"], stratum["height_mm"]),
        stratum["residential"],
        on,
        goods=_bulk(stratum),
    )
    return "no rate of ours" if quote is None else quote


def _bulk(row: Mapping[str, Any]) -> Bulk:
    return Bulk.of(row["length_mm"], row["width_mm"], row["height_mm"], hazmat=row["hazmat"])


def _unchecked(stratum: Mapping[str, Any], book: RateBook, last: Mapping[tuple[Any, ...], date], on: date) -> int:
    """Days since the card began or the stratum was asked for, whichever is later."""
    card = book.card(stratum["service"], on)
    days = [card.valid_from] if card is not None else []
    days += [seen] if (seen := last.get(tuple(stratum[name] for name in STRATUM))) is not None else []
    return max(0, (on - max(days)).days) if days else LOOK_BACK_DAYS


def _sample(row: Mapping[str, Any], quote: Quote, on: date, addresses: Mapping[str, Address]) -> Sample:
    origin, destination = row["origin_postal_code"], row["destination_postal_code"]
    to = addresses.get(destination, Address(destination))
    parcel = ParcelToRate(
        row["parcel"],
        addresses.get(origin, Address(origin)),
        Address(to.postal_code, to.country, to.state, to.city, to.street, row["residential"]),
        row["weight_g"],
        on,
        row["length_mm"],
        row["width_mm"],
        row["height_mm"],
        row["value_cents"],
    )
    said = (
        f"{row['service']} zone {row['zone']}: {row['parcels']:,} such parcels in {LOOK_BACK_DAYS} days, "
        f"${row['cents_a_week'] / 100:,.2f} a week, unchecked for {row['days_unchecked']} days"
    )
    return Sample(parcel, row["service"], quote, said)


def _not_now(sample: Sample, spare: Mapping[str, int], value: float) -> str:
    if sample.carrier not in spare:
        return f"nobody asks {sample.carrier} live"
    if value <= 0:
        return "checked today"
    if spare[sample.carrier] <= 0:
        return f"{sample.carrier}'s quota is spent for now"
    return ""


def _left_out(rows: list[dict[str, Any]]) -> pl.DataFrame:
    named = pl.DataFrame([{name: row[name] for name in LEFT_OUT} for row in rows], schema=LEFT_OUT)
    return (
        named.group_by("because", "service")
        .agg(pl.sum("parcels"), pl.sum("cents_a_week"))
        .sort("cents_a_week", "parcels", "because", "service", descending=[True, True, False, False])
    )
