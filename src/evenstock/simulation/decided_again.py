"""Decides again what was decided, over stock rebuilt from the books' own movements, and compares byte for byte.

What decided is what decides again: `route_order`, over a store in memory. The record names each input by its digest, so an
input that could not be rebuilt shows by its digest and is named; nothing is claimed then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
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
    Outcome,
    Sku,
    StockBalance,
    Units,
)
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.decisions import RESERVATION
from evenstock.operations.ports import Store
from evenstock.operations.roll_out import RollOut
from evenstock.operations.route_order import route_order
from evenstock.operations.substitution import Substitutes, skus_of
from evenstock.policy import CompiledPolicy
from evenstock.routing.network import ShippingNetwork
from evenstock.storage.memory import MemoryStore

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
        if not record.id.startswith("route-"):
            return DecidedAgain(("a person decided it: it follows from no input",), seen)
        now = record.decided_at
        skus = sorted({line.sku for line in order.lines} | set(skus_of(order, substitutes) if substitutes else ()))
        movements = _before(books.movement_frame(), record, skus)
        buffers = [row for row in books.balances(skus) if row.buffer]
        prices = books.prices(skus, now)
    twin = _twin(movements, buffers, now)
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


def _before(movements: pl.DataFrame, record: DecisionRecord, skus: Iterable[Sku]) -> pl.DataFrame:
    """Movements of these items recorded before the decision's own; before its moment where it has none."""
    numbered = movements.with_row_index("number")
    own = numbered.filter(pl.col("because") == f"{record.id}{RESERVATION}")
    last = pl.col("number") < own["number"].min() if own.height else pl.col("recorded_at") <= record.decided_at
    return numbered.filter(last & pl.col("sku").is_in(sorted(map(str, skus)))).drop("number")


def _twin(movements: pl.DataFrame, buffers: Iterable[StockBalance], now: datetime) -> MemoryStore:
    twin = MemoryStore()
    with twin.transaction() as books:
        books.post([_movement(row) for row in movements.iter_rows(named=True)], now)
        for row in buffers:
            books.set_buffer(row.sku, row.node, row.buffer, row.lot)
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
