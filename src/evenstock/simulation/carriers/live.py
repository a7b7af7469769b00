"""A quarter of the brand while a carrier fails: nobody acts, an oracle was told, or evenings are looked at and a person adopts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np
import polars as pl

from evenstock.domain import Rule
from evenstock.freight.failing import Evidence, Failing, Now, Usual, detect, now, reached, usual
from evenstock.freight.failing.now import SHARES
from evenstock.operations.carrier_overrides.proposal import WEEKS, Form, Proposal, rule_of
from evenstock.operations.carrier_overrides.propose import PROBATION_DAYS
from evenstock.operations.carrier_overrides.worth_of import Best, Worlds, failing_network, with_rules, worth_of
from evenstock.simulation.carriers.brand import FORTNIGHT, HISTORY_BLOCKS, QUARTER, Brand, Plans
from evenstock.simulation.carriers.failures import (
    DAYS,
    USUALLY_LOST,
    Failure,
    Flags,
    Floats,
    Ints,
    Pattern,
    Sent,
    fate,
)

PERSON_DAYS: Final = 1
"""A proposal of one morning is adopted in the course of the day, and counts for orders of the next."""
LOOKED_ON: Final = 21
LEARN_EVERY: Final = 7
"""Days after which what is usual is learned again."""
LOOKED_BACK: Final = 151
EPOCH: Final = date(1970, 1, 1)
SOME_MOMENT: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the quarter's orders cost and how many came late."""

    cents: int
    """Freight and handling, late orders and lost goods."""
    late: int
    """Orders late or lost."""
    orders: int


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """A failing that was found, and what a person was told."""

    day: int
    """Of the quarter, on whose morning."""
    failing: Failing
    best: Best
    expected: Now
    right: bool
    """Whether it is about the failure that there is."""

    @property
    def proposed(self) -> bool:
        return self.best.worth is not None and self.best.worth.cents > 0


@dataclass(frozen=True, slots=True)
class Acted:
    """A quarter with evenings looked at."""

    told: tuple[Told, ...]
    outcome: Outcome


def outcome(brand: Brand, chosen: Sequence[Plans], failures: Sequence[Failure]) -> Outcome:
    """Of orders placed on the days of the quarter, each day by its own plans; `chosen` has one entry a day."""
    cents = late_orders = count = 0
    for t, plans in enumerate(chosen):
        rows = np.flatnonzero(brand.day == t % FORTNIGHT)
        sent, of, shipment = _sent(brand, plans, rows, HISTORY_BLOCKS + t // FORTNIGHT)
        days, lost = fate(brand.ways, sent, failures)
        due = brand.morning + FORTNIGHT * (t // FORTNIGHT) + brand.due[of]
        late = np.zeros(len(brand.orders), np.bool_)
        late[of[(sent.handed_over + days > due) | lost]] = True
        served = rows[plans.service[rows, 0] >= 0]
        cents += int(plans.paid[rows].sum()) + int(late.sum()) * int(brand.network.costs.late_order_cents)
        cents += int(plans.goods[of, shipment][lost].sum())
        late_orders += int(late.sum())
        count += served.size
    return Outcome(cents, late_orders, count)


def told_from_the_start(brand: Brand, failure: Failure) -> list[Plans]:
    """Plans of each day when routing knows from the first day of the failure what it makes of its lane, and when it ends."""
    areas = [k for k, name in enumerate(brand.ways.areas) if name.startswith(failure.areas)]
    rows = np.flatnonzero(np.isin(brand.area, areas))
    network = failing_network(brand.frames, None, truth(brand, failure), None)
    other = brand.plans.where(brand.decide(rows.tolist(), network, brand.network.policy), rows)
    first, last = failure.first - brand.morning, failure.last - brand.morning
    return [other if first <= t <= last else brand.plans for t in range(QUARTER)]


def truth(brand: Brand, failure: Failure) -> Now:
    """Days and harm of a failing lane as the simulation draws them, incidents apart."""
    ways, rows = brand.ways, []
    harm: dict[tuple[str, str, str], int] = {}
    book = brand.network.rates
    assert book is not None
    dock = {str(node.id): node.postal_code for node in brand.network.nodes.values()}[failure.origin]
    for place in ways.areas:
        zone = book.zone(dock, place + "01")
        if not place.startswith(failure.areas) or zone is None:
            continue
        for service in failure.services:
            s, o, a = ways.services.index(service), ways.origins.index(failure.origin), ways.areas.index(place)
            lost = 0.15 if failure.pattern is Pattern.LOSING else USUALLY_LOST
            harm[service, failure.origin, place] = round((lost - USUALLY_LOST) * 1_000_000)
            share = np.diff(ways.chances[s, zone], prepend=0.0)
            share = (1 - ways.odd[s, o, a]) * share + ways.odd[s, o, a] * np.roll(share, 1)
            for weekday in range(7):
                rows += _rows((service, failure.origin, place), weekday, _failed(share, weekday, failure.pattern), lost)
    shares = pl.DataFrame(rows, schema=SHARES, orient="row")
    return Now(shares, shares, harm)


def act(
    brand: Brand, failures: Sequence[Failure], *, begin: int = 1, until_told: bool = True, weeks: int = WEEKS
) -> Acted:
    """Look at parcels every evening from day `begin` on; what is proposed is adopted, and ends after its weeks.

    With `until_told`, evenings are looked at until `LOOKED_ON` days after the latest right proposal, and again from its
    end on: what those between would tell falsely is counted where nothing fails.
    """
    chosen: list[Plans] = []
    told: list[Told] = []
    acts: list[tuple[Told, int, int]] = []
    made: dict[tuple[Told, ...], Plans] = {(): brand.plans}
    held = _history(brand)
    normal: Usual | None = None
    quiet = (QUARTER, QUARTER)
    for t in range(QUARTER):
        if t >= begin and not quiet[0] < t < quiet[1]:
            evidence = held.evidence(brand, t)
            if normal is None or t % LEARN_EVERY == 0:
                normal = usual(evidence, excluded=_since(evidence, told))
            for one in _look(brand, failures, evidence, normal, told, t, weeks):
                told.append(one)
                if one.proposed:
                    first = t + PERSON_DAYS
                    acts.append((one, first, first + 7 * weeks - 1))
                if one.right and until_told:
                    quiet = t + LOOKED_ON, t + PERSON_DAYS + 7 * weeks
        in_force = tuple(one for one, first, last in acts if first <= t <= last)
        chosen.append(_under(brand, in_force, made))
        held = held.with_day(brand, chosen[-1], t, failures)
    return Acted(tuple(told), outcome(brand, chosen, failures))


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """Parcels so far, with what became (or will become) of each."""

    sent: tuple[Sent, ...]
    days: tuple[Ints, ...]
    lost: tuple[Flags, ...]
    promised: tuple[Ints, ...]

    def with_day(self, brand: Brand, plans: Plans, t: int, failures: Sequence[Failure]) -> _Held:
        """With the parcels of the orders placed on day `t` of the quarter, which may lie before it."""
        block = HISTORY_BLOCKS + t // FORTNIGHT
        rows = np.flatnonzero(brand.day == t % FORTNIGHT)
        sent, of, _ = _sent(brand, plans, rows, block)
        days, lost = fate(brand.ways, sent, failures)
        due = brand.morning + FORTNIGHT * (block - HISTORY_BLOCKS) + brand.due[of]
        promised = np.where(brand.due[of] < 10_000, np.maximum(due - sent.handed_over, 0), -1)
        return _Held((*self.sent, sent), (*self.days, days), (*self.lost, lost), (*self.promised, promised))

    def evidence(self, brand: Brand, t: int) -> Evidence:
        """What is known of them on the morning of day `t`."""
        morning = brand.morning + t
        handed = np.concatenate([sent.handed_over for sent in self.sent])
        kept = np.flatnonzero((handed < morning) & (handed >= morning - LOOKED_BACK))

        def column(of: Sequence[Ints]) -> Ints:
            return np.concatenate(list(of))[kept]

        handed, days, lost = handed[kept], column(self.days), np.concatenate(self.lost)[kept]
        came = ~lost & (handed + days < morning)
        return Evidence(
            EPOCH + timedelta(days=morning), brand.ways.services, brand.ways.origins, brand.ways.areas,
            column([sent.service for sent in self.sent]), column([sent.origin for sent in self.sent]),
            column([sent.area for sent in self.sent]), column([sent.zone for sent in self.sent]), handed,
            np.where(came, days, morning - 1 - handed), came, column(self.promised), np.zeros(kept.size, np.bool_),
            np.zeros(kept.size, np.bool_),
        )  # fmt: skip


def _history(brand: Brand) -> _Held:
    """Parcels before the quarter, when nothing failed."""
    held = _Held((), (), (), ())
    for t in range(-FORTNIGHT * HISTORY_BLOCKS, 0):
        held = held.with_day(brand, brand.plans, t, ())
    return held


def _look(
    brand: Brand,
    failures: Sequence[Failure],
    evidence: Evidence,
    normal: Usual,
    told: Sequence[Told],
    t: int,
    weeks: int,
) -> list[Told]:
    """What an evening tells."""
    known = [one.failing for one in told if t <= one.day + PERSON_DAYS + 7 * weeks - 1]
    over = [(one, one.day + PERSON_DAYS + 7 * weeks) for one in told if one.proposed]
    ended = {one.failing.key: one.failing for one, end in over if end <= t <= end + PROBATION_DAYS}
    # What was proposed anew since is no longer on probation.
    watched = [failing for key, failing in ended.items() if key not in {one.key for one in known}]
    found = []
    for failing in detect(evidence, known=known, watched=watched, normal=normal):
        right = any(_about(failing, failure) and brand.morning + t > failure.first for failure in failures)
        expected = now(evidence, normal, failing)
        found.append(Told(t, failing, _best(brand, expected, failing), expected, right))
    return found


def _best(brand: Brand, expected: Now, failing: Failing) -> Best:
    """For which orders it pays, by those of the fortnight."""
    worlds = Worlds(brand.shipping, failing_network(brand.frames, None, expected, None))
    policies = brand.network.policy, with_rules(brand.policy, [_rule(failing, Best(None), 0)], brand.network)
    return worth_of(brand.orders, failing, worlds, policies, brand.choose)


def _rule(failing: Failing, best: Best, number: int) -> Rule:
    proposal = Proposal(
        f"{number:012d}", failing, SOME_MOMENT, best.worth, best.instead, best.classes, best.min_value_cents, best.form
    )
    return rule_of(proposal, date.min, date.max, "simulation")


def _under(brand: Brand, acts: tuple[Told, ...], made: dict[tuple[Told, ...], Plans]) -> Plans:
    """Plans under these overrides; only orders to the places that they name are decided again."""
    if acts not in made:
        rules = [_rule(one.failing, one.best, k) for k, one in enumerate(acts) if one.best.form is Form.RULE]
        prefixes = tuple(area for one in acts for area in one.failing.areas)
        areas = [k for k, name in enumerate(brand.ways.areas) if name.startswith(prefixes)]
        rows = np.flatnonzero(np.isin(brand.area, areas))
        network, priced = brand.shipping, [one.expected for one in acts if one.best.form is Form.PRICE]
        if priced:
            lanes = ["service", "origin", "destination"]
            shares = priced[-1].shares
            for one in priced[-2::-1]:
                # Of two that speak of one lane the later counts.
                shares = pl.concat([one.shares.join(shares.select(lanes).unique(), on=lanes, how="anti"), shares])
            harm = {lane: share for one in priced for lane, share in one.harm_millionths.items()}
            network = failing_network(brand.frames, None, Now(shares, shares, harm), None)
        policy = with_rules(brand.policy, rules, brand.network)
        made[acts] = brand.plans.where(brand.decide(rows.tolist(), network, policy), rows)
    return made[acts]


def _sent(brand: Brand, plans: Plans, rows: Ints, block: int) -> tuple[Sent, Ints, Ints]:
    """Parcels of these orders in a block, with the order and the place of each in its plan."""
    of, shipment = np.nonzero(plans.service[rows] >= 0)
    of = rows[of]
    handed = brand.morning + FORTNIGHT * (block - HISTORY_BLOCKS) + plans.ship[of, shipment]
    return (
        Sent(
            plans.service[of, shipment], plans.origin[of, shipment], brand.area[of], plans.zone[of, shipment], handed,
            brand.luck[block, of, shipment],
        ),
        of,
        shipment,
    )  # fmt: skip


def _since(evidence: Evidence, told: Sequence[Told]) -> Flags:
    """Parcels of failings told before, since they began."""
    out = np.zeros(len(evidence), np.bool_)
    for one in told:
        out |= reached(evidence, one.failing) & (evidence.handed_over >= (one.failing.since - EPOCH).days)
    return out


def _about(failing: Failing, failure: Failure) -> bool:
    """Whether what was told is about a failure."""
    return (
        failing.origin == failure.origin
        and bool({*failing.services} & {*failure.services})
        and any(a.startswith(failure.areas) or b.startswith(a) for a in failing.areas for b in failure.areas)
    )


def _rows(
    lane: tuple[str, str, str], weekday: int, share: Floats, lost: float
) -> list[tuple[str, str, str, int, int, float]]:
    share = (1.0 - lost) * share
    share[-1] += lost
    share = share / share.sum()
    return [(*lane, weekday, int(day), float(share[day])) for day in np.flatnonzero(share > 0)]


def _failed(share: Floats, weekday: int, pattern: Pattern) -> Floats:
    """Shares by day as a failure makes them, lost parcels apart."""
    moved = np.zeros(DAYS)
    for day in np.flatnonzero(share > 0).tolist():
        arrives, wait = (weekday + day) % 7, 0
        if pattern is Pattern.SLOWER:
            wait = 2
        elif pattern is Pattern.NO_WEEKENDS:
            wait = {5: 2, 6: 1}.get(arrives, 0)
        moved[min(day + wait, DAYS - 1)] += share[day]
    return moved
