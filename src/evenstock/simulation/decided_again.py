"""Decides again what was decided, over stock rebuilt from the books' own movements, and compares byte for byte.

What decided is what decides again: `route_order`, over a store in memory. The record names each input by its digest, so an
input that could not be rebuilt shows by its digest and is named; nothing is claimed then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from evenstock.domain import (
    Account,
    Bucket,
    Cause,
    DecisionRecord,
    LotId,
    Movement,
    MovementId,
    NodeId,
    OrderId,
    Outcome,
    Reservation,
    ReservationId,
    ReservationLine,
    Sku,
    StockBalance,
    Units,
)
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.decisions import RESERVATION, behind
from evenstock.operations.personal_data.erasing import erased
from evenstock.operations.places import places_of
from evenstock.operations.ports import Slot, Store, Transaction
from evenstock.operations.roll_out import RollOut
from evenstock.operations.route_order import route_order
from evenstock.operations.substitution import Substitutes, skus_of
from evenstock.policy import CompiledPolicy
from evenstock.routing.candidates import slot_days
from evenstock.routing.network import ShippingNetwork
from evenstock.storage.memory import MemoryStore

_LOOK_BACK: Final = timedelta(days=30)
"""No reservation holds a place for longer."""
_INPUTS: Final = {
    "network": "the network, its rates or transit times were replaced since",
    "policy": "the rules were replaced since",
    "knowledge": "beliefs, scenarios, gate or damage were learned anew since",
    "prices": "the prices in force then were replaced since",
    "stock": "stock, buffers, quotas or places as they were then do not follow from the movements alone",
    "code": "another version of the program decided it",
}


@dataclass(frozen=True, slots=True)
class DecidedAgain:
    """A decision beside the one that the same inputs give now."""

    missing: tuple[str, ...]
    """What could not be rebuilt, in words; where there is any, nothing was compared."""
    digest: str
    digest_again: str = ""
    """Empty where nothing was compared."""

    @property
    def comparable(self) -> bool:
        return not self.missing

    @property
    def equal(self) -> bool:
        return self.digest == self.digest_again

    @property
    def sentence(self) -> str:
        if self.missing:
            return f"It cannot be decided again here: {'; '.join(self.missing)}."
        if self.equal:
            return "Decided again from the same inputs, it is the same byte for byte."
        return "Decided again from the same inputs, it came out otherwise: report this."


def decide_again(
    store: Store,
    network: ShippingNetwork,
    policy: CompiledPolicy,
    record: DecisionRecord,
    *,
    stage: RollOut | None = None,
    substitutes: Substitutes | None = None,
) -> DecidedAgain:
    """Decide it again as it was asked the first time. Reads every movement of the books once; changes nothing."""
    seen = record.digest()
    with store.reading() as books:
        order = books.order(record.order)
        if order is None:
            return DecidedAgain(("the order was decided in shadow and not kept",), seen)
        done = erased(books, record.order)
        if done is not None:
            return DecidedAgain((f"what the order said of a person was erased on {done.erased_at[:10]}",), seen)
        if not record.id.startswith("route-"):
            return DecidedAgain(("a person decided it: it follows from no input",), seen)
        now = record.decided_at
        skus = sorted({line.sku for line in order.lines} | set(skus_of(order, substitutes) if substitutes else ()))
        before = _before(books.movement_frame(), record)
        taken = _places_taken(books, network, before, now) if network.capped else []
        buffers = [row for row in books.balances(skus) if row.buffer]
        prices = books.prices(skus, now)
    twin = _twin(before.filter(pl.col("sku").is_in(list(map(str, skus)))), buffers, taken, now)
    with twin.transaction() as made:
        made.put_prices(prices)
    wish = RouteOrder(order, now, shadow=False)
    again = route_order(twin, network, policy, wish, stage=stage, substitutes=substitutes).record
    missing = _differing(record, again)
    return DecidedAgain(tuple(missing), seen, "" if missing else again.digest())


def _differing(record: DecisionRecord, again: DecisionRecord) -> list[str]:
    """Inputs that are not the same, in words."""
    there, here = asdict(record.inputs), asdict(again.inputs)
    missing = [why for name, why in _INPUTS.items() if there[name] != here[name]]
    if not missing and record.id != again.id:
        missing.append("it was asked otherwise: after an exception, with nodes or services left out, or proven")
    if not missing and (record.outcome is Outcome.SHADOW) != (again.outcome is Outcome.SHADOW):
        missing.append("the roll-out was at another stage")
    return missing


def _before(movements: pl.DataFrame, record: DecisionRecord) -> pl.DataFrame:
    """Movements recorded before the decision's own; before its moment where it has none."""
    numbered = movements.with_row_index("number")
    own = numbered.filter(pl.col("because") == f"{record.id}{RESERVATION}")
    last = pl.col("number") < own["number"].min() if own.height else pl.col("recorded_at") <= record.decided_at
    return numbered.filter(last).drop("number")


def _places_taken(books: Transaction, network: ShippingNetwork, before: pl.DataFrame, now: datetime) -> list[Slot]:
    """Places in days that reservations held then, by the decisions that made them."""
    available, reserved = Bucket.AVAILABLE.value, Bucket.RESERVED.value
    recent = before.filter(pl.col("because").str.ends_with(RESERVATION) & (pl.col("recorded_at") > now - _LOOK_BACK))
    made = recent.filter(pl.col("destination_bucket") == reserved)["because"].unique(maintain_order=True)
    back = set(
        recent.filter((pl.col("source_bucket") == reserved) & (pl.col("destination_bucket") == available))["because"]
    )
    days, found = set(slot_days(now)), []
    for name in made:
        decided = behind(books, ReservationId(name)) if name not in back else None
        if decided is not None and decided.choice is not None:
            found += [place for place in places_of(network, decided.choice) if place.day in days]
    return found


def _twin(
    movements: pl.DataFrame, buffers: Iterable[StockBalance], taken: Sequence[Slot], now: datetime
) -> MemoryStore:
    twin = MemoryStore()
    with twin.transaction() as books:
        books.post([_movement(row) for row in movements.iter_rows(named=True)], now)
        for row in buffers:
            books.set_buffer(row.sku, row.node, row.buffer, row.lot)
        if taken:
            sku, node = Sku("what others hold"), NodeId("elsewhere")
            outside = Account(sku, node, Bucket.OUTSIDE, cause=Cause.OPENING)
            opening = Movement(
                MovementId("others"), Units(1), outside, Account(sku, node, Bucket.AVAILABLE), now, "others"
            )
            books.post([opening], now)
            held = Reservation(
                ReservationId("others"),
                OrderId("others"),
                (ReservationLine(sku, node, Units(1)),),
                now,
                now + _LOOK_BACK,
            )
            books.reserve(held, taken)
    return twin


def _movement(row: dict[str, Any]) -> Movement:
    def account(end: str) -> Account:
        return Account(
            Sku(row["sku"]), NodeId(row[f"{end}_node"]), Bucket(row[f"{end}_bucket"]), LotId(row["lot"]),
            Cause(row[f"{end}_cause"]),
        )  # fmt: skip

    return Movement(
        MovementId(row["id"]), Units(row["units"]), account("source"), account("destination"), row["occurred_at"],
        row["because"], MovementId(row["reverses"]) if row["reverses"] else None,
    )  # fmt: skip
