"""Reads rate frames, and refuses what cannot be right: each complaint names the cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenstock import tables
from evenstock.freight.card import Card
from evenstock.freight.ladder import Surcharge
from evenstock.freight.rows import refuse, rows, whole
from evenstock.freight.zones import area

_SHARE_TOLERANCE: Final = 1e-6
CardKey = tuple[str, date]


def cards(
    rate_cards: pl.DataFrame, rates: pl.DataFrame, surcharges: pl.DataFrame | None
) -> tuple[list[Card], tuple[str, ...]]:
    """Cards with their breaks and surcharges, by service and day; and what is odd though lawful.

    Raises
    ------
    ValueError
        With every problem found, each naming its cell.
    """
    problems: list[str] = []
    found = _terms(rate_cards, problems)
    breaks = _breaks(rates, found, problems)
    charges = _charges(surcharges, found, problems)
    notes: list[str] = []
    complete: list[Card] = []
    before: Card | None = None
    for key in sorted(found):
        card = replace(found[key], breaks=breaks.get(key, {}), surcharges=tuple(charges.get(key, [])))
        before = before if before and before.service == card.service else None
        if not card.breaks and before:
            card = replace(card, breaks=before.breaks, surcharges=card.surcharges or before.surcharges)
        elif not card.breaks:
            problems.append(f"rates: {_named(key)} has no rate at all; add its rows or remove its card")
        else:
            problems += _holes(key, card)
            notes += _oddities(key, card, before)
        complete.append(card)
        before = card
    refuse(problems)
    return complete, tuple(notes)


def chart(zones: pl.DataFrame | None) -> dict[tuple[str, str], int]:
    """Zone by origin and destination area."""
    if zones is None:
        return {}
    problems: list[str] = []
    found: dict[tuple[str, str], int] = {}
    for row, values in rows(zones, tables.Zones, "zones", problems):
        pair = area(values["origin_zip3"]), area(values["destination_zip3"])
        zone = whole(values["zone"], f"zones row {row}, {pair[0]} to {pair[1]}: zone", 0, problems)
        if found.setdefault(pair, zone) != zone:
            problems.append(f"zones row {row}: {pair[0]} to {pair[1]} is both zone {found[pair]} and {zone}; keep one")
    refuse(problems)
    return found


def centroids(places: pl.DataFrame | None) -> dict[str, tuple[float, float]]:
    """Latitude and longitude by area, in degrees."""
    if places is None:
        return {}
    problems: list[str] = []
    found = {}
    for row, values in rows(places, tables.Places, "places", problems):
        point = float(values["latitude"]), float(values["longitude"])
        if not (abs(point[0]) <= 90 and abs(point[1]) <= 180):
            problems.append(f"places row {row}, {values['zip3']}: {point} is nowhere on earth; give degrees")
        found[area(values["zip3"])] = point
    refuse(problems)
    return found


def shares(transit: pl.DataFrame | None) -> dict[tuple[str, int], NDArray[np.float64]]:
    """Share of parcels by whole calendar days, by service and zone; read-only arrays."""
    if transit is None:
        return {}
    problems: list[str] = []
    days: dict[tuple[str, int], dict[int, float]] = {}
    for row, values in rows(transit, tables.Transit, "transit", problems):
        share = float(values["probability"])
        if not 0.0 <= share <= 1.0:
            problems.append(
                f"transit row {row}, {values['service']} zone {values['zone']}: {share} is no share of parcels"
            )
        days.setdefault((values["service"], int(values["zone"])), {})[int(values["days"])] = share
    found = {
        (service, zone): _share(by_day, f"transit: shares of {service} zone {zone}", problems)
        for (service, zone), by_day in days.items()
    }
    refuse(problems)
    return found


ANY_DAY: Final = -1
"""Stands for the weekday of hand-over where a table is a mean over all."""


def learned_shares(tables_by: pl.DataFrame | None, *names: str) -> dict[tuple[Any, ...], NDArray[np.float64]]:
    """Tables as learned from scans, by these columns and the weekday of hand-over (ANY_DAY without one); read-only arrays.

    Examples
    --------
    >>> frame = pl.DataFrame({"service": "c:s", "zone": 2, "weekday": 4, "days": [3, 4], "probability": [0.5, 0.5]})
    >>> learned_shares(frame, "service", "zone")
    {('c:s', 2, 4): array([0. , 0. , 0. , 0.5, 0.5])}
    """
    if tables_by is None or tables_by.is_empty():
        return {}
    if "weekday" not in tables_by.columns:
        tables_by = tables_by.with_columns(weekday=pl.lit(ANY_DAY))
    keys = [*names, "weekday"]
    problems: list[str] = []
    found = {}
    grouped = tables_by.group_by(keys, maintain_order=True).agg("days", "probability")
    for *key, days, probability in grouped.select(*keys, "days", "probability").iter_rows():
        where = f"transit: shares of {' '.join(map(str, key))}"
        found[tuple(key)] = _share(dict(zip(days, probability, strict=True)), where, problems)
    refuse(problems)
    return found


def _share(by_day: Mapping[int, float], where: str, problems: list[str]) -> NDArray[np.float64]:
    """Share of each day from 0 on; a sum that is not 1 is a problem."""
    share = np.zeros(max(by_day) + 1)
    for day, of_day in by_day.items():
        share[day] = of_day
    if not abs(share.sum() - 1.0) <= _SHARE_TOLERANCE:
        problems.append(f"{where} add up to {share.sum():.6f}; they must make 1")
    share.flags.writeable = False
    return share


def _terms(rate_cards: pl.DataFrame, problems: list[str]) -> dict[CardKey, Card]:
    found: dict[CardKey, Card] = {}
    for row, values in rows(rate_cards, tables.RateCards, "rate_cards", problems):
        key = values["service"], values["valid_from"]
        where = f"rate_cards row {row}, {_named(key)}"
        if key in found:
            problems.append(f"{where}: stands twice; keep one")
            continue
        if values["valid_to"] is not None and values["valid_to"] < values["valid_from"]:
            problems.append(f"{where}: ends on {values['valid_to']}, before it begins")
        divisor, minimum, fuel, heaviest, longest = (
            whole(values[column], f"{where}: {column}", low, problems)
            for column, low in (
                ("dim_divisor_mm3_per_g", 0),
                ("minimum_cents", 0),
                ("fuel_bp", 0),
                ("max_weight_g", 1),
                ("max_longest_mm", 0),
            )
        )
        days, holidays = _pickups(values, where, problems)
        most = values["shipments_per_day"]
        found[key] = Card(
            *key, values["valid_to"], divisor, minimum, fuel, heaviest, longest, days, holidays,
            shipments_per_day=most if most is None else whole(most, f"{where}: shipments_per_day", 0, problems),
        )  # fmt: skip
    return found


def _pickups(values: Mapping[str, Any], where: str, problems: list[str]) -> tuple[frozenset[int], frozenset[date]]:
    """Weekdays, Monday 0 to Sunday 6, and holidays of the carrier; what cannot be read is a problem and limits nothing."""
    days, holidays = values["pickup_days"], [part.strip() for part in values["pickup_holidays"].split(";")]
    if not days or not set(days) <= set("1234567"):
        problems.append(f"{where}: pickup_days is {days!r}; write some of 1 (Monday) to 7 (Sunday)")
        days = "1234567"
    closed = set()
    for holiday in filter(None, holidays):
        try:
            closed.add(date.fromisoformat(holiday))
        except ValueError:
            problems.append(f"{where}: pickup_holidays has {holiday!r}; write days as 2026-11-26, separated by ;")
    return frozenset(int(digit) - 1 for digit in days), frozenset(closed)


def _breaks(
    rates: pl.DataFrame, found: dict[CardKey, Card], problems: list[str]
) -> dict[CardKey, dict[int, list[tuple[int, int]]]]:
    cells: dict[CardKey, dict[int, dict[int, int]]] = {}
    for row, values in rows(rates, tables.Rates, "rates", problems):
        key = values["service"], values["valid_from"]
        where = f"rates row {row}, {_named(key)} zone {values['zone']} up to {values['max_weight_g']} g"
        if key not in found:
            problems.append(f"{where}: no rate card begins that day; add it to rate_cards")
            continue
        zone = whole(values["zone"], f"{where}: zone", 0, problems)
        end = whole(values["max_weight_g"], f"{where}: max_weight_g", 1, problems)
        cents = whole(values["cents"], f"{where}: cents", 1, problems)
        zone_cells = cells.setdefault(key, {}).setdefault(zone, {})
        if end in zone_cells:
            problems.append(f"{where}: stands twice; keep one")
        zone_cells[end] = cents
    return {key: {zone: sorted(ends.items()) for zone, ends in sorted(by.items())} for key, by in cells.items()}


def _charges(
    surcharges: pl.DataFrame | None, found: dict[CardKey, Card], problems: list[str]
) -> dict[CardKey, list[Surcharge]]:
    charges: dict[CardKey, list[Surcharge]] = {}
    for row, values in rows(surcharges, tables.Surcharges, "surcharges", problems):
        key = values["service"], values["valid_from"]
        where = f"surcharges row {row}, {_named(key)} {values['surcharge']}"
        if key not in found:
            problems.append(f"{where}: no rate card begins that day; add it to rate_cards")
        if values["surcharge"] in {"base", "fuel", *(c.name for c in charges.get(key, []))}:
            problems.append(f"{where}: the name is taken; give each charge its own")
        above = whole(values["above"], f"{where}: above", 0, problems)
        cents = whole(values["cents"], f"{where}: cents", 0, problems)
        try:
            charges.setdefault(key, []).append(Surcharge(values["surcharge"], str(values["applies"]), above, cents))
        except ValueError as error:
            problems.append(f"{where}: {error}")
    return charges


def _holes(key: CardKey, card: Card) -> list[str]:
    """A zone missing between two others was lost on the way: a parcel would silently find no rate."""
    zones = sorted(card.breaks)
    return [
        f"rates: {_named(key)} has zones {low} and {high} but no row for zone {low + 1}; add it"
        for low, high in pairwise(zones)
        if high == low + 2
    ]


def _oddities(key: CardKey, card: Card, before: Card | None) -> list[str]:
    notes = []
    for zone, breaks in card.breaks.items():
        cheaper = [(lighter, heavier) for lighter, heavier in pairwise(breaks) if heavier[1] < lighter[1]]
        if cheaper:
            (g, cents), (more_g, fewer_cents) = cheaper[0]
            notes.append(
                f"rates: {_named(key)} zone {zone}: {more_g} g cost {fewer_cents} cents, less than {g} g at {cents}"
                + (f", and so at {len(cheaper) - 1} more breaks" if len(cheaper) > 1 else "")
            )
    most = Counter(tuple(g for g, _ in breaks) for breaks in card.breaks.values()).most_common(1)[0][0]
    for zone, breaks in card.breaks.items():
        missing = sorted(set(most) - {g for g, _ in breaks})
        if missing:
            notes.append(
                f"rates: {_named(key)} zone {zone} lacks {len(missing)} breaks that most zones have, first {missing[0]} g;"
                " such parcels pay the next break"
            )
    dropped = sorted(set(before.breaks if before else {}) - set(card.breaks))
    return notes + [f"rates: {_named(key)} no longer has zone {zone}, which the card before it had" for zone in dropped]


def _named(key: CardKey) -> str:
    return f"{key[0]} from {key[1]}"
