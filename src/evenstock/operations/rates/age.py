"""How old every card, index and table is, what a decision would use today, and what is or soon will be out of date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import polars as pl

from evenstock.freight.checking.fuel import usual_step
from evenstock.freight.checking.overwriting import UNDATED
from evenstock.freight.currency import EXPECTED_DAYS as EXCHANGE_DAYS
from evenstock.freight.fuel import FuelBook
from evenstock.freight.rates import RateBook
from evenstock.operations.network import rates_from_frames
from evenstock.operations.rates.corrections import ended
from evenstock.operations.rates.in_force import IMPORTS, ImportedRates
from evenstock.operations.rates.refusals import Refusal

SOON_DAYS: Final = 30
PUBLISHED_DAYS: Final = 3
"""Days after an index's day by which its price is out."""
ENDING_DAYS: Final = 7
"""Days before its end at which a correction is told."""
OLD_DAYS: Final = 400
"""Terms of freight and trucks are agreed anew every year."""


@dataclass(frozen=True, slots=True)
class Age:
    """One thing that rates come from."""

    kind: str
    """card, fuel, fuel index, exchange, ltl tariff, ltl contract, truckload, table, correction, refusal or source."""
    name: str
    since: date | None
    """First day of what is in force."""
    days: int | None
    until: date | None
    """Its last day, as far as it is known."""
    used: str
    """What a decision would use today."""
    stale: str = ""
    """What is out of date today; empty where nothing is."""
    soon: str = ""
    """What will be within 30 days."""
    holes: str = ""
    """What it does not cover, though others do."""

    @property
    def attention(self) -> bool:
        return bool(self.stale or self.soon)


def ages(
    frames: Mapping[str, pl.DataFrame],
    on: date,
    *,
    rates: ImportedRates | None = None,
    refusals: tuple[Refusal, ...] = (),
) -> list[Age]:
    """Everything that prices freight, as it stands on a day: cards by service, then fuel, exchange, freight, corrections.

    Parameters
    ----------
    frames : the tables in force, see `evenstock.operations.rates.in_force.with_rates`.
    """
    book = rates_from_frames(frames)
    found = list(_cards(book, frames, on)) if book else []
    found += [*_fuel(frames, on), *_indexes(frames, on), *_exchange(frames, on), *_freight(frames, on)]
    found += [*_undated(frames, rates, on), *_corrections(frames, rates, on)]
    found += [
        Age("refusal", one.source, one.at.date(), (on - one.at.date()).days, None, "what served before", one.sentence)
        for one in refusals
    ]
    return found


def _cards(book: RateBook, frames: Mapping[str, pl.DataFrame], on: date) -> Iterator[Age]:
    zones = _zones(frames)
    cards = frames["rate_cards"]
    for service in book.services:
        card, later = book.card(service, on), on + timedelta(days=SOON_DAYS)
        first: date = cards.filter(pl.col("service") == service)["valid_from"].min()  # type: ignore[assignment]
        if card is None:
            soon = f"{service}: its first card begins on {first}"
            yield Age("card", service, None, None, None, "nothing: the service is not offered", "", soon)
            continue
        next_card = book.card(service, later)
        stale = card.stale(on)
        soon = "" if stale or next_card is None else next_card.stale(later)
        missing = sorted(zones - set(card.breaks))
        holes = f"no rate for zone {', '.join(map(str, missing))}" if missing else ""
        later_cards = cards.filter((pl.col("service") == service) & (pl.col("valid_from") > on))
        follows: date | None = later_cards["valid_from"].min()  # type: ignore[assignment]
        used = f"card of {card.valid_from}, {len(card.breaks)} zones to {card.max_weight_g / 1000:,.1f} kg"
        used += f"; the next begins on {follows}" if follows else ""
        days = (on - card.valid_from).days
        yield Age("card", service, card.valid_from, days, card.valid_to, used, stale, soon, holes)


def _zones(frames: Mapping[str, pl.DataFrame]) -> set[int]:
    """Zones that parcels from the nodes can be in: those of the chart, else those that any card rates."""
    chart = frames.get("zones")
    if chart is not None and chart.height:
        return set(chart["zone"].to_list())
    return set(frames["rates"]["zone"].to_list())


def _fuel(frames: Mapping[str, pl.DataFrame], on: date) -> Iterator[Age]:
    names = ("fuel_rules", "fuel_tables", "fuel_index", "fuel_overrides")
    if "fuel_rules" not in frames:
        return
    book = FuelBook.from_frames(**{name: frames[name] for name in names if name in frames})
    for rule in book.rules:
        rate = book.rate(rule, on)
        since = rate.index_day
        posted = f"posted: {rate.because}" if rate.index_day is None else ""
        used = f"{rate.bp / 100:.2f} %, " + (
            posted or f"${(rate.mills or 0) / 1000:.3f} of {since} in the table of {rate.table_from}"
        )
        days = None if since is None else (on - since).days
        yield Age("fuel", rule, since or rate.table_from, days, None, used, rate.stale)


def _indexes(frames: Mapping[str, pl.DataFrame], on: date) -> Iterator[Age]:
    prices = frames.get("fuel_index")
    if prices is None:
        return
    known = prices.filter(pl.col("date") <= on).sort("date")
    groups = known.partition_by("fuel_index", "region", as_dict=True)
    for (index, region), rows in sorted(groups.items(), key=lambda item: tuple(map(str, item[0]))):
        days: list[date] = rows["date"].to_list()
        last, step = days[-1], usual_step(days)
        due = last + timedelta(days=step)
        late = (on - due).days - PUBLISHED_DAYS
        stale = (
            f"{index} in {region}: no price since {last}; one is due every {step} days, so that {-(-late // step)} are missing"
            if late > 0
            else ""
        )
        used = f"${rows['mills'][-1] / 1000:.3f} of {last}; the next is due on {due}"
        yield Age("fuel index", f"{index} in {region}", last, (on - last).days, None, used, stale)


def _exchange(frames: Mapping[str, pl.DataFrame], on: date) -> Iterator[Age]:
    table = frames.get("exchange_rates")
    if table is None:
        return
    for (currency,), rows in sorted(
        table.filter(pl.col("date") <= on).sort("date").partition_by("currency", as_dict=True).items()
    ):
        last: date = rows["date"][-1]
        days = (on - last).days
        stale = f"{currency}: its rate is {days} days old; import exchange_rates" if days > EXCHANGE_DAYS else ""
        yield Age("exchange", str(currency), last, days, None, f"{rows['micros'][-1] / 1_000_000:.4f}", stale)


def _freight(frames: Mapping[str, pl.DataFrame], on: date) -> Iterator[Age]:
    for kind, table, column in (
        ("ltl tariff", "ltl_tariffs", "tariff"),
        ("ltl contract", "ltl_contracts", "service"),
        ("truckload", "truckload_rates", "service"),
    ):
        rows = frames.get(table)
        if rows is None:
            continue
        begun = rows.filter(pl.col("valid_from") <= on).group_by(column).agg(pl.max("valid_from")).sort(column)
        for name, since in begun.iter_rows():
            days = (on - since).days
            fix = "ask for this year's"
            stale = f"{name}: its {kind} is {days} days old; {fix}" if days > OLD_DAYS else ""
            near = days + SOON_DAYS > OLD_DAYS
            soon = f"{name}: its {kind} will be {OLD_DAYS} days old; {fix}" if near and not stale else ""
            yield Age(kind, name, since, days, None, f"version of {since}", stale, soon)


def _undated(frames: Mapping[str, pl.DataFrame], rates: ImportedRates | None, on: date) -> Iterator[Age]:
    """Tables without dates: since when is known where they were taken in beside the network."""
    taken = pl.DataFrame(schema=IMPORTS) if rates is None else rates.imports
    for table in sorted(UNDATED):
        rows = frames.get(table)
        if rows is None or rows.is_empty():
            continue
        at: datetime | None = taken.filter(pl.col("table") == table)["at"].max()  # type: ignore[assignment]
        since = None if at is None else at.date()
        days = None if since is None else (on - since).days
        yield Age("table", table, since, days, None, f"{rows.height:,} rows" + ("" if since else ", with the network"))


def _corrections(frames: Mapping[str, pl.DataFrame], rates: ImportedRates | None, on: date) -> Iterator[Age]:
    if rates is None:
        return
    for row in rates.adopted.sort("service", "charge", "valid_from").iter_rows(named=True):
        last, because = ended(row, frames)
        if last < on:
            continue
        adds = f"{row['share_bp'] / 100:+.2f} %" if row["share_bp"] else f"{row['cents'] / 100:+.2f} each"
        name = f"{row['correction']} {row['service']} {row['charge']}"
        soon = f"{name} ends on {last}: {because}" if (last - on).days < ENDING_DAYS else ""
        days = (on - row["valid_from"]).days
        yield Age("correction", name, row["valid_from"], days, last, f"{adds}, by {row['by']}", "", soon)
