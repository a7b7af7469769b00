"""Asks for the samples one by one and holds each answer against our quote, charge by charge."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Protocol

import polars as pl

from evenstock.domain import refuse_naive
from evenstock.operations.audit_rates.propose import PROPOSED, AuditPlan, Sample
from evenstock.operations.call_quota import Bucket
from evenstock.operations.carrier_ports import MADE_UP, LiveRate, Message, RateSource, RatesReply
from evenstock.tables.freight import Invoices, Parcels

MOST_CALLS: Final = 3
"""Calls one question may cost when it is tried again; so many must be left before it is asked."""
OURS: Final = "USD"
ENDS: Final = frozenset({"quota", "not_authorised", "http_403"})
"""What a carrier says that makes another question today useless."""
UNHEARD: Final = ENDS | {"no_answer"}
CORRECTION: Final = "correction: "
PARTS_OF_BASE: Final = frozenset({"base", "discount"})
"""What our rate cards call base: the charge after the contract's discount."""

QUOTED: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "quote": pl.String, "parcel": pl.String, "service": pl.String, "basis": pl.String, "asked_on": pl.Date,
    "charge": pl.String, "live_cents": pl.Int64, "our_cents": pl.Int64, "off_cents": pl.Int64, "zone": pl.Int64,
    "our_zone": pl.Int64, "billed_g": pl.Int64, "our_billed_g": pl.Int64, "code": pl.String, "stale": pl.String,
}  # fmt: skip
"""One row a charge that either side names; `off_cents` is theirs less ours, `stale` what our card says of its age."""
ASKED: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    **PROPOSED, "asked_on": pl.Date, "answered": pl.Boolean, "calls": pl.Int64,
}  # fmt: skip
TOLD: Final[dict[str, type[pl.DataType]]] = {
    "parcel": pl.String, "service": pl.String, "level": pl.String, "code": pl.String, "words": pl.String,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Audit:
    """What carriers said, beside what our book says."""

    quotes: pl.DataFrame
    """See `QUOTED`."""
    asked: pl.DataFrame
    """The proposals that were put, see `ASKED`: whether the carrier `answered`, priced or not, and the `calls` it cost."""
    told: pl.DataFrame
    """Every message of carriers and of the line, and why a sample was not asked or not compared: see `TOLD`."""
    unread: Mapping[str, int]
    """By carrier and place in its replies, how many values nobody read."""
    buckets: Mapping[str, Bucket]
    """What is left of each quota."""
    parcels: pl.DataFrame
    """The parcels asked for as rows of `tables.Parcels`, dated the day they were quoted."""

    @property
    def off(self) -> pl.DataFrame:
        """By service and charge: samples, our_cents, off_cents and the share they are off, dearest first."""
        return (
            self.quotes.group_by("service", "charge")
            .agg(
                pl.col("quote").n_unique().cast(pl.Int64).alias("samples"),
                pl.sum("our_cents"),
                pl.sum("off_cents"),
            )
            .with_columns(
                pl.when(pl.col("our_cents") > 0).then(pl.col("off_cents") / pl.col("our_cents")).alias("off_share")
            )
            .sort(pl.col("off_cents").abs(), "service", "charge", descending=[True, False, False])
        )


def ask(plan: AuditPlan, sources: Mapping[str, RateSource], buckets: Mapping[str, Bucket], *, now: datetime) -> Audit:
    """Put the plan's questions, dearest first, until each carrier's calls are spent.

    A refusal is a row of `told`, never an exception. A carrier that says its quota is spent, or does not know us, is not
    asked again in this run.
    """
    refuse_naive(now, "now")
    left = dict(buckets)
    quotes: list[dict[str, Any]] = []
    put: list[dict[str, Any]] = []
    told: list[dict[str, Any]] = []
    unread: dict[str, int] = {}
    ended: dict[str, str] = {}
    for sample, proposed in zip(plan.samples, plan.proposed.iter_rows(named=True), strict=True):
        carrier = sample.carrier
        cannot = ended.get(carrier) or _cannot(carrier, sources, left, now)
        if cannot:
            told.append(_said(sample, Message("note", "not_asked", cannot)))
            continue
        reply = sources[carrier].rates(sample.parcel)
        left[carrier] = left[carrier].take(reply.calls, now)
        told += [_said(sample, message) for message in reply.messages]
        ends = [m.words for m in reply.messages if m.code in ENDS]
        if ends:
            ended[carrier] = f"{carrier} takes no more questions: {ends[0]}"
        for place, times in reply.unread.items():
            unread[f"{carrier}: {place}"] = unread.get(f"{carrier}: {place}", 0) + times
        rate = _chosen(reply, sample.service)
        compared = [] if rate is None else _compared(sample, rate)
        why = _not_comparable(reply, rate)
        if why:
            told.append(_said(sample, Message("warning", "not_compared", f"{carrier} {why}")))
            compared = []
        quotes += compared
        put.append(
            proposed | {"asked_on": sample.parcel.ship_on, "answered": not _unheard(reply), "calls": reply.calls}
        )
    rows = pl.DataFrame(quotes, schema=QUOTED)
    return Audit(
        rows,
        pl.DataFrame(put, schema=ASKED),
        pl.DataFrame(told, schema=TOLD),
        dict(sorted(unread.items())),
        left,
        _parcels(
            [s for s in plan.samples if quote_id(s.parcel.parcel, s.service, s.parcel.ship_on) in set(rows["quote"])]
        ),
    )


class Heard(Protocol):
    """Quotes and their parcels: one audit, or all that are kept."""

    @property
    def quotes(self) -> pl.DataFrame: ...

    @property
    def parcels(self) -> pl.DataFrame: ...


def as_invoices(audit: Heard, quotes: pl.DataFrame | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Quotes as rows of `tables.Invoices`, and their parcels as rows of `tables.Parcels`: what drift is found in.

    Keep them apart from real invoices where money is added up: an audit asks for the dearest strata, so its sums are no
    measure of what was spent, and a quote is not yet a bill.
    """
    said = (audit.quotes if quotes is None else quotes).filter(pl.col("live_cents") != 0)
    rows = said.with_columns(pl.int_range(1, pl.len() + 1).over("quote").alias("line")).select(
        pl.col("quote").alias("invoice"),
        "line",
        pl.col("quote").alias("parcel"),
        "service",
        "charge",
        pl.col("asked_on").alias("invoiced_on"),
        pl.col("asked_on").alias("shipped_on"),
        pl.col("live_cents").alias("cents"),
        "zone",
        "billed_g",
        pl.lit(OURS).alias("currency"),
    )
    return rows.cast({name: c.dtype for name, c in Invoices.columns().items()}), audit.parcels


def quote_id(parcel: str, service: str, on: date) -> str:
    """The name of a live quote: the same parcel, service and day have the same one.

    Examples
    --------
    >>> quote_id("P-1", "ups:ground", date(2026, 3, 2))
    'audit-2026-03-02-7473c157937a'
    """
    return f"audit-{on}-{hashlib.sha256(f'{parcel} {service} {on}'.encode()).hexdigest()[:12]}"


def _cannot(carrier: str, sources: Mapping[str, RateSource], left: Mapping[str, Bucket], now: datetime) -> str:
    if carrier not in sources or carrier not in left:
        return f"nobody asks {carrier} live"
    if left[carrier].calls(now) < MOST_CALLS:
        return f"{carrier}'s quota is spent until {left[carrier].next_at(now):%Y-%m-%d %H:%M} UTC or later"
    return ""


def _not_comparable(reply: RatesReply, rate: LiveRate | None) -> str:
    if rate is None:
        return "did not price this service"
    if any(message.code == MADE_UP for message in reply.messages):
        return "answered from its test environment, whose prices are made up"
    return "" if rate.currency == OURS else f"priced in {rate.currency}, not {OURS}"


def _unheard(reply: RatesReply) -> bool:
    """Whether the carrier never got to the question: then the stratum stays unchecked and is asked again."""
    said = {message.code for message in reply.messages if message.level == "error"}
    return bool(said & UNHEARD) or any(code.startswith("http_5") for code in said)


def _said(sample: Sample, message: Message) -> dict[str, Any]:
    words = f"{message.about}: {message.words}" if message.about else message.words
    return {"parcel": sample.parcel.parcel, "service": sample.service, "level": message.level, "code": message.code, "words": words}  # fmt: skip


def _chosen(reply: RatesReply, service: str) -> LiveRate | None:
    """The price of the service: what was negotiated, else by list; the first where a carrier names several."""
    of = [rate for rate in reply.rates if rate.service == service]
    return next((rate for rate in of if rate.basis == "negotiated"), of[0] if of else None)


def _compared(sample: Sample, rate: LiveRate) -> list[dict[str, Any]]:
    """One row a charge that either side names; a base and its discount are one, as on our cards."""
    live: dict[str, int] = {}
    codes: dict[str, str] = {}
    for charge in rate.charges:
        name = "base" if charge.name in PARTS_OF_BASE else charge.name
        live[name] = live.get(name, 0) + charge.cents
        codes.setdefault(name, charge.code)
    ours: dict[str, int] = {}
    for term in sample.our_quote.terms:
        # What invoices taught belongs to the charge it is about: a decision would use both.
        name = term.name.removeprefix(CORRECTION)
        ours[name] = ours.get(name, 0) + int(term.cents)
    shared = {
        "quote": quote_id(sample.parcel.parcel, sample.service, sample.parcel.ship_on),
        "parcel": sample.parcel.parcel,
        "service": sample.service,
        "basis": rate.basis,
        "asked_on": sample.parcel.ship_on,
        "zone": rate.zone,
        "our_zone": sample.our_quote.zone,
        "billed_g": rate.billed_g,
        "our_billed_g": sample.our_quote.billable_g,
        "stale": sample.our_quote.stale,
    }
    names = [*dict.fromkeys([*ours, *live])]
    return [
        shared
        | {
            "charge": name,
            "live_cents": live.get(name, 0),
            "our_cents": ours.get(name, 0),
            "off_cents": live.get(name, 0) - ours.get(name, 0),
            "code": codes.get(name, ""),
        }
        for name in names
        if live.get(name, 0) or ours.get(name, 0)
    ]


def _parcels(samples: list[Sample]) -> pl.DataFrame:
    rows = [
        {
            "parcel": quote_id(s.parcel.parcel, s.service, s.parcel.ship_on),
            "shipment": "",
            "service": s.service,
            "origin": "",
            "origin_postal_code": s.parcel.origin.postal_code,
            "destination_postal_code": s.parcel.destination.postal_code,
            "residential": s.parcel.destination.residential,
            "shipped_on": s.parcel.ship_on,
            "weight_g": s.parcel.weight_g,
            "length_mm": s.parcel.length_mm,
            "width_mm": s.parcel.width_mm,
            "height_mm": s.parcel.height_mm,
            "hazmat": s.parcel.hazmat,
            "value_cents": s.parcel.value_cents,
        }
        for s in samples
    ]
    return pl.DataFrame(rows, schema={name: column.dtype for name, column in Parcels.columns().items()})
