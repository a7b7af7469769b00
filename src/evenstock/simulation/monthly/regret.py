"""The regret of a period's decisions by cause, from the books: what was believed as it was kept, what was true as it came out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from evenstock.domain import Case, CaseKind, NodeId, Order, OrderId, Sku
from evenstock.operations.deciding import Decide, decide_order
from evenstock.operations.exceptions.answer import order_of
from evenstock.operations.outcomes.foretold import ForetoldAndCame, Says
from evenstock.operations.outcomes.recommendation import Became
from evenstock.operations.outcomes.sources.order_reviews import became
from evenstock.operations.outcomes.told import Told
from evenstock.policy import CompiledPolicy
from evenstock.routing.candidates import Candidates
from evenstock.routing.decide import Decision
from evenstock.routing.network import ShippingNetwork
from evenstock.simulation.habit import nearest
from evenstock.simulation.replay.bound import SWEEPS, Certificate, certify, lawful, worth_there
from evenstock.simulation.replay.causes import SAMPLE, Believed, ByCause, Truth, regret_by_cause
from evenstock.simulation.replay.chunks import chunks, item_numbers
from evenstock.simulation.replay.from_books import past_from_books
from evenstock.simulation.replay.ledger import Ledger, by_cause, in_hindsight, law_alone
from evenstock.simulation.replay.lives import Prices
from evenstock.simulation.replay.past import Past, Shelf

WITHIN: Final = timedelta(days=14)
"""Units that a pick or a count missed within so long after a decision were missing when it was made."""
NEAREST: Final = "nearest node"
"""What people did before: the nearest node that has the whole order, else the nearest in turn."""


@dataclass(frozen=True, slots=True)
class Regret:
    """The period's regret, and what it was measured with."""

    by_cause: ByCause
    ledger: Ledger
    """All orders, from what was done down to the certified bound."""
    certificate: Certificate
    share_bp: Mapping[str, int]
    """Services whose invoices surely differ from their cards, with by how much."""
    missing_shelves: int
    """Shelves of which a pick or a count showed too few units."""
    changed: int
    """Orders that a person shipped otherwise."""
    notes: tuple[str, ...]


def regret_of(
    told: Told,
    foretold: ForetoldAndCame,
    *,
    sample: int = SAMPLE,
    sweeps: int = SWEEPS,
    baselines: Mapping[str, Decide] | None = None,
    timed: Callable[[Decide], Decide] = lambda decide: decide,
    tick: Callable[[int, int], None] = lambda _done, _of: None,
) -> Regret | None:
    """Decide a sample of the period's orders again, and split what they cost too much; None without orders or rate cards.

    Days are counted by UTC here, as stock is: orders of the first and last hours of a month elsewhere may fall out of it.

    Parameters
    ----------
    baselines
        Other ways of deciding by name, beside `NEAREST`, asked about the same orders.
    timed
        Wraps the production decision, to measure what it takes.
    tick
        Told how many orders are judged, of how many.
    """
    network = told.company.network
    if network.rates is None:
        return None
    past = past_from_books(told.store, told.period.first, told.period.last, network.items)
    if not past.orders:
        return None
    shipping, law = told.company.shipping, law_alone(network)
    share_bp = invoiced(foretold)
    charged = _charged(shipping, share_bp, told)
    certificate = hindsight(past, charged, law, sweeps=sweeps)
    missing, shelves = missing_units(told)
    changed = changed_by(told)
    count, seen = min(sample, len(past.orders)), 0

    def one_more(number: int) -> None:
        nonlocal seen
        seen += number
        tick(seen, count)

    # Timed, the decision is another function: it is told so, lest the search be taken for one that proves less.
    believed = Believed(shipping, network.policy, lambda order: _prices(told, order), decide_order, changed)
    truth = Truth(charged, law, in_hindsight(certificate, charged), missing)
    ways = {NEAREST: nearest, OURS: timed(_ours), **(baselines or {})}
    found = regret_by_cause(past, believed, truth, sample=sample, baselines=ways, tick=one_more)
    if not found.judged:
        return None
    split = by_cause(found, certificate, worth_there(past, charged, certificate.price))
    return Regret(found, split, certificate, share_bp, shelves, len(changed), past.notes)


OURS: Final = "cheapest now"
"""The same search blind to what a unit may be worth tomorrow."""


def _ours(found: Candidates, network: ShippingNetwork, policy: CompiledPolicy, read: object) -> Decision:
    return decide_order(found, network, policy, read)  # type: ignore[arg-type]


def hindsight(past: Past, network: ShippingNetwork, law: CompiledPolicy, *, sweeps: int = SWEEPS) -> Certificate:
    """The certified bound of the past, and the prices of units that prove it."""
    batches = [lawful(chunk) for chunk in chunks(past.orders, network, law, item_numbers(network))]
    return certify(past, network, batches, sweeps=sweeps)


def invoiced(foretold: ForetoldAndCame) -> Mapping[str, int]:
    """By how much each service was invoiced above what was foretold, in hundredths of a percent, where that is sure."""
    return {
        one.segment: round((one.ratio - 1.0) * 10_000)
        for one in foretold.money
        if one.what == "freight" and one.segment and one.says in (Says.MORE, Says.LESS)
    }


def _charged(shipping: ShippingNetwork, share_bp: Mapping[str, int], told: Told) -> ShippingNetwork:
    known = {service: share for service, share in share_bp.items() if service in shipping.book.services and share}
    if not known:
        return shipping
    first, last = told.period.first - WITHIN, told.period.last + WITHIN
    book = shipping.book.as_invoiced(known, first, last)
    made = ShippingNetwork(shipping.nodes, shipping.items, book, shipping.costs, f"{shipping.digest}+as invoiced")
    made.known = shipping.known
    return made


def _prices(told: Told, order: Order) -> Prices:
    """In force when the order was decided."""
    with told.store.reading() as books:
        rows = books.prices(sorted({line.sku for line in order.lines}), order.placed_at)
    return {(row.sku, row.node): int(row.cents) for row in rows}


def missing_units(told: Told) -> tuple[Callable[[Shelf, datetime], int], int]:
    """Units that the record had too many at a moment, as far as the next short pick within `WITHIN` shows; and the shelves."""
    found: dict[Shelf, dict[datetime, int]] = {}
    frame = told.table("short_picks")
    for row in [] if frame is None else frame.iter_rows(named=True):
        at = row["picked_at"]
        found.setdefault((Sku(row["sku"]), NodeId(row["node"])), {})[at] = row["wanted"] - row["found"]
    with told.store.reading() as books:
        cases = [case for case in books.cases(kind=CaseKind.SHORT_PICK) if case.about.startswith("stock:")]
    for case in cases:
        shelf = Sku(case.fact("sku")), NodeId(case.fact("node"))
        at = datetime.fromisoformat(case.fact("picked_at"))
        found.setdefault(shelf, {})[at] = int(case.fact("wanted")) - int(case.fact("found"))
    known = {shelf: sorted(seen.items()) for shelf, seen in found.items()}

    def missing(shelf: Shelf, at: datetime) -> int:
        seen = known.get(shelf)
        if seen is None:
            return 0
        n = bisect_left(seen, (at.astimezone(UTC), 0))
        return seen[n][1] if n < len(seen) and seen[n][0] - at <= WITHIN else 0

    return missing, len(known)


def changed_by(told: Told) -> Mapping[OrderId, str]:
    """Orders of the period whose plan a person changed in the queue."""
    return {order_of(case): case.closed_by for case in told.cases if _changed(case)}


def _changed(case: Case) -> bool:
    return case.kind is CaseKind.REVIEW and became(case) is Became.EDITED
