"""What decisions foretold against what came: freight, lateness, missing stock; and the weights that outcomes suggest.

Nothing is applied: a proposal says the number, its interval, how many cases it rests on and how to adopt it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date
from math import isnan, sqrt
from typing import Any, Final

import numpy as np
import polars as pl
from scipy.special import gammaincinv

from evenstock.distributions.proportions import wilson
from evenstock.domain import Costs, DecisionRecord, OrderId, Outcome
from evenstock.learning.paired_bootstrap import LEAST_BLOCKS, loss_ratio
from evenstock.routing.explain import by_term

FREIGHT: Final = ("base freight", "fuel", "surcharges")
"""Terms that a carrier's invoice pays."""
LEAST_CASES: Final = 20
"""With fewer cases nothing is proposed."""
PRIOR_CASES: Final = 50
"""Weight of the number in force beside what was seen: a proposal moves by n / (n + 50) of the way."""
SEED: Final = 4


@dataclass(frozen=True, slots=True)
class Foretold:
    """One thing decisions foretold, summed over the cases where the outcome is known."""

    what: str
    unit: str
    """`cents`, `orders` or `units`."""
    foretold: float
    actual: float
    cases: int
    low: float
    """Of actual over foretold, 95 %; nan where too few cases."""
    high: float
    sentence: str

    @property
    def ratio(self) -> float:
        return self.actual / self.foretold if self.foretold else float("nan")

    @property
    def honest(self) -> bool:
        """Whether one lies within the interval; true where nobody can tell."""
        return isnan(self.low) or self.low <= 1.0 <= self.high


@dataclass(frozen=True, slots=True)
class Proposal:
    """A number of the costs table that outcomes suggest."""

    cost: str
    now: int
    proposed: int
    low: int
    high: int
    cases: int
    because: str


@dataclass(frozen=True, slots=True)
class OutcomeReview:
    """A period's decisions held against what came."""

    first: date
    last: date
    orders: int
    """Orders decided in the period whose plan was executed."""
    foretold: tuple[Foretold, ...]
    by_service: tuple[Foretold, ...]
    """Freight by service, the dearest deviation first."""
    proposals: tuple[Proposal, ...]
    notes: tuple[str, ...] = field(default=())


def review_outcomes(
    decisions: Iterable[DecisionRecord],
    tables: Mapping[str, pl.DataFrame | None],
    costs: Costs,
    *,
    first: date,
    last: date,
) -> OutcomeReview:
    """Hold the executed decisions of a period against shipments, claims and short picks.

    Parameters
    ----------
    decisions
        In the order recorded; of an order decided again the last counts.
    tables
        `shipments`, `claims` and `short_picks` by name, with the columns of the data dictionary; None where not imported.
    """
    made = {
        record.order: record
        for record in decisions
        if record.outcome in (Outcome.EXECUTED, Outcome.AWAITS_APPROVAL)
        and record.choice is not None
        and first <= record.decided_at.astimezone(UTC).date() <= last
    }
    shipped = _rows(tables.get("shipments"))
    claims = _rows(tables.get("claims"))
    begun = min((record.decided_at for record in made.values()), default=None)
    picks = [
        row
        for row in _rows(tables.get("short_picks"))
        if begun is not None and row["picked_at"] >= begun and row["picked_at"].date() <= last
    ]
    notes = [
        f"no table {name}: {what} cannot be reviewed; import it"
        for name, what in (("shipments", "freight and lateness"), ("claims", "the cost of what goes wrong"))
        if tables.get(name) is None
    ]
    freight, services = _freight(made, shipped)
    lateness, late = _lateness(made, shipped)
    told = [one for one in (freight, lateness, _phantom(made, picks, costs)) if one is not None]
    proposals = _proposals(made, late, claims, picks, costs) if tables.get("claims") is not None else []
    return OutcomeReview(first, last, len(made), tuple(told), tuple(services), tuple(proposals), tuple(notes))


def _rows(frame: pl.DataFrame | None) -> list[dict[str, Any]]:
    return [] if frame is None else frame.rows(named=True)


def _freight(
    made: Mapping[OrderId, DecisionRecord], shipped: Sequence[dict[str, Any]]
) -> tuple[Foretold | None, list[Foretold]]:
    """Foretold freight against invoices, where every parcel of an order's node and service is invoiced."""
    paid: dict[tuple[str, str, str], int | None] = {}
    for row in shipped:
        if row["order"] in made and not row["reship"]:
            key = (row["order"], row["node"], row["service"])
            before = paid.get(key, 0)
            paid[key] = None if row["cents"] is None or before is None else before + row["cents"]
    pairs: list[tuple[str, str, int, int]] = []
    for name, record in made.items():
        assert record.choice is not None
        foretold: dict[tuple[str, str, str], int] = {}
        for shipment in record.choice.shipments:
            key = (name, shipment.candidate.node, shipment.candidate.service)
            cents = sum(term.cents for term in shipment.terms if term.name in FREIGHT)
            foretold[key] = foretold.get(key, 0) + cents
        pairs += [
            (name, key[2], cents, actual) for key, cents in foretold.items() if (actual := paid.get(key)) is not None
        ]
    if not pairs:
        return None, []
    whole = _ratio("freight", pairs)
    services = [
        _ratio(service, [pair for pair in pairs if pair[1] == service])
        for service in sorted({pair[1] for pair in pairs})
    ]
    return whole, sorted(services, key=lambda one: -abs(one.actual - one.foretold))


def _ratio(what: str, pairs: Sequence[tuple[str, str, int, int]]) -> Foretold:
    foretold = np.array([pair[2] for pair in pairs], np.float64)
    actual = np.array([pair[3] for pair in pairs], np.float64)
    block = np.unique([pair[0] for pair in pairs], return_inverse=True)[1].astype(np.int64)
    said = loss_ratio(actual, foretold, block, seed=SEED)
    total, paid = float(foretold.sum()), float(actual.sum())
    more = f"{100 * (paid / total - 1):+.1f} %" if total else "nothing was foretold"
    return Foretold(
        what, "cents", total, paid, len(pairs), said.low, said.high,
        f"{what}: foretold {total / 100:,.2f}, invoiced {paid / 100:,.2f} ({more}) over {len(pairs):,} shipments",
    )  # fmt: skip


def _lateness(
    made: Mapping[OrderId, DecisionRecord], shipped: Sequence[dict[str, Any]]
) -> tuple[Foretold | None, dict[OrderId, bool]]:
    """Late orders expected against late orders seen, where every shipment's delivery is known."""
    arrived: dict[str, list[date | None]] = {}
    for row in shipped:
        if row["order"] in made:
            arrived.setdefault(row["order"], []).append(row["delivered_on"])
    late: dict[OrderId, bool] = {}
    expected, variance = 0.0, 0.0
    for name, days in arrived.items():
        record = made[OrderId(name)]
        known = [day for day in days if day is not None]
        assert record.choice is not None
        if record.commitment is None or len(known) < max(len(days), len(record.choice.shipments)):
            continue
        late[record.order] = max(known) > record.commitment.deliver_by
        chance = 1.0 - record.commitment.now_millionths / 1_000_000
        expected += chance
        variance += chance * (1.0 - chance)
    if not late:
        return None, late
    seen, cases = sum(late.values()), len(late)
    low, high = wilson(seen, cases)
    scale = cases / expected if expected else float("nan")
    said = f"late orders: expected {expected:.1f} of {cases:,}, seen {seen:,}"
    if variance and abs(seen - expected) > 3 * sqrt(variance):
        said += "; far from chance: learn transit times again (`evenstock learn transit`)"
    enough = cases >= LEAST_BLOCKS and expected > 0
    nan = float("nan")
    bounds = (low * scale, high * scale) if enough else (nan, nan)
    return Foretold("late orders", "orders", expected, seen, cases, *bounds, said), late


def _phantom(made: Mapping[OrderId, DecisionRecord], picks: Sequence[dict[str, Any]], costs: Costs) -> Foretold | None:
    """Units expected missing at the shelf against units that pickers did not find."""
    terms = [by_term(record.choice).get("phantom stock", 0) for record in made.values() if record.choice is not None]
    if not costs.short_pick_cents or not (any(terms) or picks):
        return None
    expected = sum(terms) / costs.short_pick_cents
    missing = sum(row["wanted"] - row["found"] for row in picks)
    # A count of rare things: exact limits of its Poisson mean (Garwood 1936); half a quantile of chi-square, as a gamma's.
    low = float(gammaincinv(missing, 0.025)) if missing else 0.0
    high = float(gammaincinv(missing + 1, 0.975))
    scale = 1.0 / expected if expected else float("nan")
    return Foretold(
        "missing units", "units", expected, missing, len(picks), low * scale, high * scale,
        f"missing units: expected {expected:.1f}, {missing:,} not found in {len(picks):,} short picks",
    )  # fmt: skip


def _proposals(
    made: Mapping[OrderId, DecisionRecord],
    late: Mapping[OrderId, bool],
    claims: Sequence[dict[str, Any]],
    picks: Sequence[dict[str, Any]],
    costs: Costs,
) -> list[Proposal]:
    """The weights that can be read off outcomes: a late order, a second parcel, a unit that is not there."""
    paid: dict[str, dict[str, int]] = {}
    for row in claims:
        kinds = paid.setdefault(row["kind"], {})
        kinds[row["order"]] = kinds.get(row["order"], 0) + row["cents"]
    found = []
    after_late = [paid.get("late", {}).get(name, 0) for name, was in late.items() if was]
    found.append(_mean("late_order_cents", costs.late_order_cents, after_late, "claims for lateness per late order"))
    split = [
        (len(record.choice.shipments) - 1, paid.get("split", {}).get(name, 0))
        for name, record in made.items()
        if record.choice is not None and len(record.choice.shipments) > 1
    ]
    each = [cents / extra for extra, cents in split]
    because = "claims about split deliveries per shipment after the first"
    found.append(_mean("extra_shipment_cents", costs.extra_shipment_cents, each, because))
    missing = sum(row["wanted"] - row["found"] for row in picks)
    if missing >= LEAST_CASES:
        cents = list(paid.get("missing", {}).values())
        spread = cents + [0] * max(0, missing - len(cents))
        because = "claims for missing goods per unit not found"
        found.append(_mean("short_pick_cents", costs.short_pick_cents, spread, because))
    return [one for one in found if one is not None]


def _mean(cost: str, now: int, cents: Sequence[float], because: str) -> Proposal | None:
    """The mean of what was seen, drawn to the number in force by as much as cases are few; None where they do not differ."""
    if len(cents) < LEAST_CASES:
        return None
    values = np.array(cents, np.float64)
    drawn = np.random.default_rng(SEED).multinomial(values.size, np.full(values.size, 1 / values.size), size=2_000)
    low, high = np.quantile(drawn @ values / values.size, [0.025, 0.975])
    if low <= now <= high:
        return None
    mean, weight = float(values.mean()), values.size / (values.size + PRIOR_CASES)
    proposed = round(now + weight * (mean - now))
    return Proposal(
        cost, now, proposed, round(low), round(high), values.size,
        f"{because}: {mean / 100:,.2f} on average over {values.size:,} cases"
        f" (95 %: {low / 100:,.2f} to {high / 100:,.2f}); {now / 100:,.2f} is in force",
    )  # fmt: skip
