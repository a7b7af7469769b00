"""Holds invoices, and quotes that carriers gave live, against our quotes: what drifted since when, for how much a week, kept with what would correct it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

import dataframely as dy
import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock import tables
from evenstock.domain import Event, refuse_naive
from evenstock.freight.drift import Drift, Series, drifts, parts, series_of, weeks
from evenstock.freight.drift.detect import FALSE_ALARMS
from evenstock.freight.rates import RateBook
from evenstock.operations.audit_rates import as_invoices, kept_audits
from evenstock.operations.company import Company
from evenstock.operations.network import rates_from_frames
from evenstock.operations.ports import Snapshots, Store
from evenstock.operations.rates.corrections import ended
from evenstock.operations.rates.in_force import imported_rates
from evenstock.operations.rates.live_quotes import (
    INVOICED,
    LIVE,
    OUTWEIGHED,
    outweighed,
    quoted_a_week,
    told_live,
    weekly_of,
)
from evenstock.operations.rates.quote_invoices import LEFT_OUT, QuotedInvoices, quote_invoices

POINTER: Final = "rate drifts"
"""Pointer of what was found last."""
LATELY_DAYS: Final = 28
KEPT: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "drift": pl.String, "service": pl.String, "charge": pl.String, "cause": pl.String, "since": pl.Date,
    "since_earliest": pl.Date, "since_latest": pl.Date, "found_on": pl.Date, "until": pl.Date, "level": pl.Float64,
    "low": pl.Float64, "high": pl.Float64, "parcels": pl.Int64, "cents_a_week": pl.Int64, "sentence": pl.String,
    "advice": pl.String, "corrects": pl.String, "cents": pl.Int64, "share_bp": pl.Int64, "days": pl.Int64,
    "card_from": pl.Date, "fuel_from": pl.Date, "source": pl.String,
}  # fmt: skip
"""One row a drift; `corrects`, `cents`, `share_bp` and `days` are the correction proposed, null where there is none.

`source` is `invoiced` or `quoted live`; of a live one `parcels` are quotes."""
WEEKS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "drift": pl.String, "week": pl.Date, "parcels": pl.Int64, "quoted": pl.Float64, "off": pl.Float64,
    "share": pl.Float64,
}  # fmt: skip
LATELY: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "service": pl.String, "charge": pl.String, "cause": pl.String, "parcels": pl.Int64, "quoted_cents": pl.Int64,
    "off_cents": pl.Int64, "source": pl.String,
}  # fmt: skip
DEAREST: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "parcel": pl.String, "service": pl.String, "charge": pl.String, "cause": pl.String, "shipped_on": pl.Date,
    "cents": pl.Int64,
}  # fmt: skip
_DEAREST: Final = 50


@dataclass(frozen=True, slots=True, eq=False)
class DriftReport:
    """What invoices and live quotes say of our quotes."""

    drifts: pl.DataFrame
    """See `KEPT`: those that last first, dearest first."""
    weeks: pl.DataFrame
    """The level of each by week of shipping, see `WEEKS`."""
    lately: pl.DataFrame
    """What the latest 28 days differ by, drifted or not, invoiced first, dearest first: service, charge, cause, parcels,
    quoted_cents, off_cents, source. An audit asks for the dearest parcels: its cents are no measure of what is spent."""
    left_out: pl.DataFrame
    """Invoiced parcels and live quotes that could not be compared: because, parcels, cents, first."""
    dearest: pl.DataFrame
    """Single charges of the latest 28 days billed furthest beyond their quotes, to be claimed or explained, see `DEAREST`."""
    outweighed: pl.DataFrame
    """Drifts of live quotes for which invoices speak already, see `live_quotes.OUTWEIGHED`."""
    parcels: int
    """Invoiced parcels compared."""
    quotes: int
    """Live quotes compared."""
    series: int
    as_of: date
    false_alarms: float
    new: tuple[str, ...]
    """Drifts that last and that the run before did not know."""
    digest: str


def hold_invoices(
    store: Store,
    snapshots: Snapshots,
    company: Company,
    *,
    as_of: date,
    now: datetime,
    false_alarms: float = FALSE_ALARMS,
) -> DriftReport:
    """Compare every invoice known by `as_of`, and every live quote that audits kept, with our quotes of the same parcels.

    Quotes are those of the cards in force when a parcel left, without corrections; what an adopted correction already
    adds counts as no drift. Where both speak of one thing invoices win: they say what was billed. What was found is kept.

    Raises
    ------
    ValueError
        If neither invoices with their parcels nor live quotes are there, if the network has no rate cards, or nothing
        could be compared.
    """
    refuse_naive(now, "now")
    frames = {name: frame for name, frame in company.tables.items() if name != "rate_corrections"}
    book = rates_from_frames(frames)
    billed, live = _sides(store, snapshots, company, book, as_of)
    with store.reading() as books:
        rates = imported_rates(books, snapshots)
        seen = books.pointer(POINTER)
    adopted = [] if rates is None else list(rates.adopted.iter_rows(named=True))
    before = pl.DataFrame(schema=KEPT) if seen is None else _with_source(snapshots.read(seen)["drifts"])
    series = len(billed.series) + len(live.series)
    found: dict[str, list[Drift]] = {}
    for side in (billed, live):
        found[side.source] = drifts(
            side.series,
            {(one.service, one.charge, one.cause): _added(one, adopted, frames) for one in side.series},
            year=as_of.year,
            # All are watched together: the same evidence makes an alarm on either side.
            false_alarms=false_alarms * max(len(side.series), 1) / max(series, 1),
            weekly=side.weekly,
        )
    unspoken, lost = outweighed([told_live(drift) for drift in found[LIVE]], billed.held)
    found[LIVE] = unspoken
    found = {name: _named_as_before(of, before.filter(pl.col("source") == name)) for name, of in found.items()}
    known = set(before["drift"])
    every = sorted(
        ((drift, source) for source, of in found.items() for drift in of),
        key=lambda one: (one[0].until is not None, one[1] != INVOICED, -abs(one[0].cents_a_week)),
    )
    new = [drift for drift, _ in every if drift.until is None and drift.id not in known]
    report = DriftReport(
        pl.DataFrame([_row(drift, book_from(company, drift.service, as_of), of) for drift, of in every], schema=KEPT),
        pl.concat([_weeks(found[side.source], side.series) for side in (billed, live)]),
        pl.concat([_lately(side.series, as_of, side.source) for side in (billed, live)]),
        pl.concat([billed.held.left_out, _told_live(live.held.left_out)]),
        _dearest(billed.split, billed.held.parcels, as_of),
        lost,
        billed.held.parcels.height,
        live.held.parcels.height,
        series,
        as_of,
        false_alarms,
        tuple(drift.id for drift in new),
        "",
    )
    return _keep(store, snapshots, report, new, now)


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """What one source says, beside our quotes."""

    source: str
    held: QuotedInvoices
    split: pl.DataFrame
    series: list[Series]
    weekly: Mapping[tuple[str, str, str], float]
    """What the levels are shares of, where the series' own sums are no measure of it."""


def _sides(
    store: Store, snapshots: Snapshots, company: Company, book: RateBook | None, as_of: date
) -> tuple[_Side, _Side]:
    """Invoices and live quotes; either may be empty, not both."""
    invoices, sent = company.table("invoices"), company.table("parcels")
    audits = kept_audits(store, snapshots)
    asked = audits.quotes.filter(pl.col("asked_on") <= as_of)
    if asked.is_empty() and (invoices is None or sent is None):
        lacking = "invoices" if invoices is None else "parcels"
        raise ValueError(
            f"no {lacking}: import a table named {lacking}; drift holds invoices against quotes of the same parcels,"
            " and the live quotes that `evenstock rates audit --ask` keeps"
        )
    if book is None:
        raise ValueError("the network has no rate cards, so nothing was quoted; import rate_cards and rates")
    if invoices is None or sent is None:
        invoices, sent = _no_rows(tables.Invoices), _no_rows(tables.Parcels) if sent is None else sent
    held = quote_invoices(invoices, sent, book, as_of=as_of)
    answers = quote_invoices(*as_invoices(audits, asked), book, as_of=as_of)
    if held.parcels.is_empty() and answers.parcels.is_empty():
        out = pl.concat([held.left_out, _told_live(answers.left_out)])
        told = "; ".join(f"{n:,} parcels: {because}" for because, n in out.select("because", "parcels").rows())
        raise ValueError(f"no invoice could be compared with a quote: {told or 'there is none by ' + str(as_of)}")
    live = _side(LIVE, answers)
    weekly = quoted_a_week(sent, book, as_of) if live.series else {}
    keys = [(one.service, one.charge, one.cause) for one in live.series]
    spent = {key: cents for key in keys if (cents := weekly_of(key, weekly)) is not None}
    return _side(INVOICED, held), replace(live, weekly=spent)


def _side(source: str, held: QuotedInvoices) -> _Side:
    split = parts(held.bills, held.quotes, held.known)
    return _Side(source, held, split, series_of(split, held.parcels, held.charges), {})


def _no_rows(table: type[dy.Schema]) -> pl.DataFrame:
    return pl.DataFrame(schema={name: column.dtype for name, column in table.columns().items()})


def _told_live(left_out: pl.DataFrame) -> pl.DataFrame:
    return left_out.with_columns(pl.format("{}: {}", pl.lit(LIVE), "because").alias("because"))


def _with_source(drifts_kept: pl.DataFrame) -> pl.DataFrame:
    """Drifts as kept; before live quotes were looked at every drift was of invoices."""
    if "source" in drifts_kept.columns:
        return drifts_kept
    return drifts_kept.with_columns(pl.lit(INVOICED).alias("source"))


def latest_report(store: Store, snapshots: Snapshots) -> DriftReport | None:
    """What was found last; None where nobody has looked yet."""
    with store.reading() as books:
        seen = books.pointer(POINTER)
    if seen is None:
        return None
    kept = snapshots.read(seen)
    about = kept["about"].row(0, named=True)
    return DriftReport(
        _with_source(kept["drifts"]), kept["weeks"], _with_source(kept["lately"]), kept["left_out"], kept["dearest"],
        kept.get("outweighed", pl.DataFrame(schema=OUTWEIGHED)), about["parcels"], about.get("quotes", 0), about["series"],
        about["as_of"], about["false_alarms"], (), seen,
    )  # fmt: skip


def book_from(company: Company, service: str, on: date) -> tuple[date | None, date | None]:
    """First day of the card in force, and of the fuel table or posted surcharge that it takes its fuel from."""
    cards = company.tables["rate_cards"].filter((pl.col("service") == service) & (pl.col("valid_from") <= on))
    if cards.is_empty():
        return None, None
    card = cards.sort("valid_from").row(-1, named=True)
    days: list[date] = []
    rules = company.tables.get("fuel_rules")
    rule = card.get("fuel_rule", "")
    if rule and rules is not None:
        named = rules.filter(pl.col("rule") == rule)["fuel_table"]
        for table, column, wanted in (
            ("fuel_tables", "fuel_table", named),
            ("fuel_overrides", "rule", pl.Series([rule])),
        ):
            if table in company.tables:
                rows = company.tables[table].filter(
                    pl.col(column).is_in(wanted.implode()) & (pl.col("valid_from") <= on)
                )
                days += rows["valid_from"].to_list()
    return card["valid_from"], max(days, default=None)


def _named_as_before(found: list[Drift], before: pl.DataFrame) -> list[Drift]:
    """Drifts under the names they had: more invoices may move the day on which one is thought to have begun."""
    names: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in before.iter_rows(named=True):
        names.setdefault((row["service"], row["charge"], row["cause"]), []).append(row)
    named = []
    for drift in found:
        there = names.get((drift.service, drift.charge, drift.cause.value), [])
        same = next(
            (
                row
                for row in there
                if row["since_earliest"] <= drift.since_latest and drift.since_earliest <= row["since_latest"]
            ),
            None,
        )
        if same is not None:
            there.remove(same)
        named.append(drift if same is None else replace(drift, id=same["drift"]))
    return named


def _added(series: Series, adopted: list[dict[str, Any]], frames: dict[str, pl.DataFrame]) -> npt.NDArray[np.float64]:
    """Share of each block's quotes that corrections in force added."""
    found = np.zeros(len(series.first))
    key = (series.service, series.charge, series.cause)
    for row in adopted:
        if (row["service"], row["about"], row["cause"]) != key:
            continue
        last = ended(row, frames)[0]
        for k, day in enumerate(series.first):
            if row["valid_from"] <= day <= last:
                cents = row["share_bp"] / 10_000 * series.charged[k] + row["cents"] * series.parcels[k]
                found[k] += cents / series.quoted[k]
    return found


def _row(drift: Drift, learned_from: tuple[date | None, date | None], source: str) -> dict[str, Any]:
    one = drift.correction
    return {
        "drift": drift.id, "service": drift.service, "charge": drift.charge, "cause": drift.cause.value,
        "since": drift.since, "since_earliest": drift.since_earliest, "since_latest": drift.since_latest,
        "found_on": drift.found_on, "until": drift.until, "level": drift.level, "low": drift.low, "high": drift.high,
        "parcels": drift.parcels, "cents_a_week": drift.cents_a_week, "sentence": drift.sentence,
        "advice": drift.advice, "corrects": one and one.charge, "cents": one and one.cents,
        "share_bp": one and one.share_bp, "days": one and one.days, "card_from": learned_from[0],
        "fuel_from": learned_from[1], "source": source,
    }  # fmt: skip


def _weeks(found: list[Drift], series: list[Series]) -> pl.DataFrame:
    of = {(one.service, one.charge, one.cause): one for one in series}
    frames = [
        weeks(of[drift.service, drift.charge, drift.cause.value]).with_columns(pl.lit(drift.id).alias("drift"))
        for drift in found
    ]
    empty = pl.DataFrame(schema=WEEKS)
    return pl.concat([empty, *(frame.select(*WEEKS).cast(empty.schema) for frame in frames)])


def _lately(series: list[Series], as_of: date, source: str) -> pl.DataFrame:
    rows = []
    for one in series:
        late = np.array([(as_of - day).days < LATELY_DAYS for day in one.last])
        off = round(float(one.whole[late].sum()))
        if off:
            parcels, quoted = int(one.parcels[late].sum()), round(float(one.quoted[late].sum()))
            rows.append(
                {"service": one.service, "charge": one.charge, "cause": one.cause, "parcels": parcels,
                 "quoted_cents": quoted, "off_cents": off, "source": source}
            )  # fmt: skip
    found = pl.DataFrame(rows, schema=LATELY)
    return found.sort(pl.col("off_cents").abs(), "service", "charge", "cause", descending=[True, False, False, False])


def _dearest(split: pl.DataFrame, parcels: pl.DataFrame, as_of: date) -> pl.DataFrame:
    late = parcels.filter(pl.col("shipped_on") > as_of - timedelta(days=LATELY_DAYS))
    above = split.filter(pl.col("cents") > 0).join(late, on="parcel")
    ordered = above.sort("cents", "parcel", "charge", "cause", descending=[True, False, False, False])
    return ordered.head(_DEAREST).select(*DEAREST)


def _keep(store: Store, snapshots: Snapshots, report: DriftReport, new: list[Drift], now: datetime) -> DriftReport:
    about = pl.DataFrame(
        {
            "as_of": [report.as_of],
            "parcels": [report.parcels],
            "quotes": [report.quotes],
            "series": [report.series],
            "false_alarms": [report.false_alarms],
        }
    )
    kept = snapshots.take(
        {"drifts": report.drifts, "weeks": report.weeks, "lately": report.lately, "about": about,
         "left_out": report.left_out.select(*LEFT_OUT), "dearest": report.dearest,
         "outweighed": report.outweighed}
    )  # fmt: skip
    events = [
        Event(
            f"rate-drift:{drift.id}", "RateDrifted", f"rate-drift:{drift.id}", now,
            {"service": drift.service, "charge": drift.charge, "cents_a_week": drift.cents_a_week, "because": drift.sentence},
        )
        for drift in new
    ]  # fmt: skip
    with store.transaction() as books:
        books.point(POINTER, kept, now)
        books.publish(events)
    return replace(report, digest=kept)
