"""Whether rate tables may serve: every cell, every version against the one before it, and nothing written over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from evenstock import tables
from evenstock.freight.checking import cards, fuel, ltl
from evenstock.freight.checking.cells import cells
from evenstock.freight.checking.finding import Finding
from evenstock.freight.checking.overwriting import overwrites
from evenstock.tables import with_defaults

_OF_CARDS: Final = ("rate_cards", "rates", "surcharges", "discounts")


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """What is to be said of tables before they serve."""

    frames: Mapping[str, pl.DataFrame]
    """The tables with every column of the dictionary; without those that have a wrong cell."""
    wrong: tuple[Finding, ...]
    """Nobody can accept these."""
    doubtful: tuple[Finding, ...]
    """A person may accept these with a reason."""
    changes: pl.DataFrame
    """Values of cards that differ from the card before, largest first, see `cards.CHANGES`."""


def check_rates(
    new: Mapping[str, pl.DataFrame],
    before: Mapping[str, pl.DataFrame],
    today: date,
    replaced: frozenset[str] = frozenset(),
) -> Checked:
    """Hold rate tables against the dictionary, against themselves, and against those that serve.

    Parameters
    ----------
    new
        Tables by name; columns with a default may be left out.
    before
        The tables that serve, with every column.
    today
        Versions that began by then take no further rows.
    replaced
        Tables without dates that shall take the place of what there is: their keys may change.
    """
    wrong = [finding for table, frame in new.items() for finding in cells(table, frame)]
    broken = {finding.table for finding in wrong}
    frames = {table: _typed(table, frame) for table, frame in new.items() if table not in broken}
    for table, frame in frames.items():
        there = None if table in replaced else before.get(table)
        wrong += overwrites(table, frame, there, today)
    changed = pl.DataFrame(schema=cards.CHANGES)
    doubtful: list[Finding] = []
    if not broken & set(_OF_CARDS) and set(_OF_CARDS) & set(frames):
        ours, theirs = _cards(frames), _cards(before)
        orphans = _without_card(ours, theirs)
        wrong += orphans
        doubtful += [*cards.monotone(ours.rates), *cards.jumps(ours.rates)]
        covered = cards.coverage(ours, theirs)
        wrong += [finding for finding in covered if not finding.doubtful]
        doubtful += [finding for finding in covered if finding.doubtful]
        changed = cards.changes(ours, theirs)
        doubtful += cards.sane(changed)
    beyond = _beyond_cards(frames, before, today)
    wrong += [finding for finding in beyond if not finding.doubtful]
    doubtful += [finding for finding in beyond if finding.doubtful]
    return Checked(frames, tuple(wrong), tuple(doubtful), changed)


def _beyond_cards(frames: Mapping[str, pl.DataFrame], before: Mapping[str, pl.DataFrame], today: date) -> list[Finding]:
    found: list[Finding] = []
    for table, frame in frames.items():
        there = before.get(table)
        match table:
            case "fuel_index":
                found += fuel.index(frame, there, today)
            case "fuel_tables":
                found += fuel.fuel_table(frame, there)
            case "exchange_rates":
                found += fuel.exchange(frame, there)
            case "ltl_tariffs":
                found += ltl.tariff(frame, there)
            case "ltl_contracts":
                found += ltl.terms(table, frame, there, ("minimum_cents",))
            case "accessorials":
                found += ltl.terms(table, frame, there, ("cents",))
            case "truckload_rates":
                found += ltl.terms(table, frame, there, ("mile_cents", "minimum_cents"))
            case _:
                pass
    return found


def _without_card(ours: cards.Cards, theirs: cards.Cards) -> list[Finding]:
    """Rates, surcharges and discounts of which no card begins that day, neither in the file nor among those that serve."""
    key = ["service", "valid_from"]
    known = pl.concat([ours.rate_cards.select(key), theirs.rate_cards.select(key)]).unique()
    found = []
    for table, frame in (("rates", ours.rates), ("surcharges", ours.surcharges), ("discounts", ours.discounts)):
        for service, day in frame.select(key).unique().join(known, on=key, how="anti").sort(key).iter_rows():
            where = f"{service} from {day}"
            found.append(Finding(table, where, "", "no rate card begins that day", "add it to rate_cards"))
    return found


def _cards(frames: Mapping[str, pl.DataFrame]) -> cards.Cards:
    return cards.Cards(
        *(_typed(name, frames[name]) if name in frames else _empty(name) for name in _OF_CARDS)
    )  # fmt: skip


def _empty(table: str) -> pl.DataFrame:
    return pl.DataFrame(schema={name: spec.dtype for name, spec in tables.INPUT[table].columns().items()})


def _typed(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    schema = tables.INPUT[table]
    return with_defaults(schema, frame).select(pl.col(name).cast(spec.dtype) for name, spec in schema.columns().items())
