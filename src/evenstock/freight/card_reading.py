"""Reads rate cards, and refuses what cannot be right: each complaint names the cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any, Final

import polars as pl

from evenstock import tables
from evenstock.freight.card import Card
from evenstock.freight.correction import BASE, FUEL, Correction
from evenstock.freight.discount import Discount
from evenstock.freight.rows import refuse, rows, whole
from evenstock.freight.surcharge import WHOLE_BP, Surcharge

CardKey = tuple[str, date]
FAR: Final = 10**12
"""Differences may be below zero, but hardly by ten thousand million."""


def cards(
    rate_cards: pl.DataFrame,
    rates: pl.DataFrame,
    surcharges: pl.DataFrame | None,
    discounts: pl.DataFrame | None = None,
) -> tuple[list[Card], tuple[str, ...]]:
    """Cards with their breaks, surcharges and discounts, by service and day; and what is odd though lawful.

    Raises
    ------
    ValueError
        With every problem found, each naming its cell.
    """
    problems: list[str] = []
    found = _terms(rate_cards, problems)
    breaks = _breaks(rates, found, problems)
    charges = _charges(surcharges, found, problems)
    tiers = _tiers(discounts, found, problems)
    notes: list[str] = []
    complete: list[Card] = []
    before: Card | None = None
    for key in sorted(found):
        card = replace(
            found[key],
            breaks=breaks.get(key, {}),
            surcharges=tuple(charges.get(key, [])),
            discounts=tuple(tiers.get(key, [])),
        )
        before = before if before and before.service == card.service else None
        if not card.breaks and before:
            card = replace(
                card,
                breaks=before.breaks,
                surcharges=card.surcharges or before.surcharges,
                discounts=card.discounts or before.discounts,
            )
        elif not card.breaks:
            problems.append(f"rates: {_named(key)} has no rate at all; add its rows or remove its card")
        else:
            problems += _holes(key, card)
            notes += _oddities(key, card, before)
        complete.append(card)
        before = card
    refuse(problems)
    return complete, tuple(notes)


def check_names(
    cards: Iterable[Card], fuel_rules: Collection[str], areas: Collection[str], known: Mapping[str, bool]
) -> None:
    """Refuse cards that name a fuel rule, a list of areas or a currency that is not there.

    Parameters
    ----------
    known : by currency of a card, whether there is a rate of exchange.

    Raises
    ------
    ValueError
        With every such name and the card it stands on.
    """
    problems: list[str] = []
    for card in cards:
        named = _named((card.service, card.valid_from))
        if card.fuel_rule and card.fuel_rule not in fuel_rules:
            problems.append(f"rate_cards: {named} has fuel_rule {card.fuel_rule!r}; fuel_rules has no such row, add it")
        if not known[card.currency]:
            problems.append(f"rate_cards: {named} is in {card.currency}; exchange_rates has no row for it, add one")
        problems += [
            f"surcharges: {named} {s.name} names the area_list {s.area_list!r}; delivery_areas has no row of it, add them"
            for s in card.surcharges
            if s.area_list and s.area_list not in areas
        ]
    refuse(list(dict.fromkeys(problems)))


def corrections(
    frame: pl.DataFrame | None, cards: Iterable[Card]
) -> tuple[dict[str, list[Correction]], tuple[str, ...]]:
    """Corrections by service, the latest first; and those of a charge that no card of the service has.

    Raises
    ------
    ValueError
        With every cell that cannot be right.
    """
    problems: list[str] = []
    notes: list[str] = []
    charges: dict[str, set[str]] = {}
    for card in cards:
        charges.setdefault(card.service, {BASE, FUEL}).update(s.name for s in card.surcharges)
    found: dict[str, dict[tuple[str, date], Correction]] = {}
    for row, values in rows(frame, tables.RateCorrections, "rate_corrections", problems):
        service, charge = values["service"], values["charge"]
        where = f"rate_corrections row {row}, {_named((service, values['valid_from']))} {charge}"
        if charge not in charges.get(service, ()):
            notes.append(f"{where}: no card of the service has such a charge; nothing is corrected")
        if (charge, values["valid_from"]) in found.get(service, {}):
            problems.append(f"{where}: stands twice; keep one")
        cents, share = (whole(values[column], f"{where}: {column}", -FAR, problems) for column in ("cents", "share_bp"))
        try:
            one = Correction(charge, values["valid_from"], values["valid_to"], cents, share, values["because"])
        except ValueError as error:
            problems.append(f"{where}: {error}")
            continue
        found.setdefault(service, {})[charge, one.valid_from] = one
    refuse(problems)
    latest = {s: sorted(of.values(), key=lambda c: c.valid_from, reverse=True) for s, of in found.items()}
    return latest, tuple(notes)


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
        divisor, minimum, fuel, heaviest, longest, dim_above, spend = (
            whole(values[column], f"{where}: {column}", low, problems)
            for column, low in (
                ("dim_divisor_mm3_per_g", 0),
                ("minimum_cents", 0),
                ("fuel_bp", 0),
                ("max_weight_g", 1),
                ("max_longest_mm", 0),
                ("dim_above_mm3", 0),
                ("weekly_spend_cents", 0),
            )
        )
        days, holidays = _pickups(values, where, problems)
        most = values["shipments_per_day"]
        found[key] = Card(
            *key, values["valid_to"], divisor, minimum, fuel, heaviest, longest, days, holidays,
            shipments_per_day=most if most is None else whole(most, f"{where}: shipments_per_day", 0, problems),
            fuel_rule=values["fuel_rule"], currency=values["currency"], dim_above_mm3=dim_above, weekly_spend_cents=spend,
            mode=values["mode"],
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
        if values["surcharge"] in {BASE, FUEL, *(c.name for c in charges.get(key, []))}:
            problems.append(f"{where}: the name is taken; give each charge its own")
        above, cents, share = (
            whole(values[column], f"{where}: {column}", 0, problems) for column in ("above", "cents", "share_bp")
        )
        try:
            charge = Surcharge(
                values["surcharge"], str(values["applies"]), above, cents, share, values["area_list"], str(values["homes"]),
                values["first_day"], values["last_day"], values["fuel_applies"], values["dearest_of"],
            )  # fmt: skip
        except ValueError as error:
            problems.append(f"{where}: {error}")
            continue
        charges.setdefault(key, []).append(charge)
    return charges


def _tiers(
    discounts: pl.DataFrame | None, found: dict[CardKey, Card], problems: list[str]
) -> dict[CardKey, list[Discount]]:
    tiers: dict[CardKey, dict[tuple[int, int, int], Discount]] = {}
    for row, values in rows(discounts, tables.Discounts, "discounts", problems):
        key = values["service"], values["valid_from"]
        where = f"discounts row {row}, {_named(key)} zone {values['zone']}"
        if key not in found:
            problems.append(f"{where}: no rate card begins that day; add it to rate_cards")
        zone, above, spend, off = (
            whole(values[column], f"{where}: {column}", 0, problems)
            for column in ("zone", "above_g", "spend_above_cents", "discount_bp")
        )
        if off >= WHOLE_BP:
            problems.append(f"{where}: discount_bp is {off}; a discount leaves something, give less than {WHOLE_BP}")
        tier = zone, above, spend
        if tier in tiers.setdefault(key, {}):
            problems.append(f"{where} above {above} g and {spend} cents a week: stands twice; keep one")
        tiers[key][tier] = Discount(zone, above, spend, off)
    return {key: [of[tier] for tier in sorted(of)] for key, of in tiers.items()}


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
