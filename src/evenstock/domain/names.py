"""The names and whole numbers that must never be mixed."""

from __future__ import annotations

from typing import NewType

Sku = NewType("Sku", str)
NodeId = NewType("NodeId", str)
LotId = NewType("LotId", str)
OrderId = NewType("OrderId", str)
LineId = NewType("LineId", str)
MovementId = NewType("MovementId", str)
ReservationId = NewType("ReservationId", str)
DecisionId = NewType("DecisionId", str)
PlanId = NewType("PlanId", str)
CaseId = NewType("CaseId", str)
TransferId = NewType("TransferId", str)
ServiceId = NewType("ServiceId", str)
"""A carrier's service, `carrier:service`, such as `ups:ground`."""

Units = NewType("Units", int)
Cents = NewType("Cents", int)
Grams = NewType("Grams", int)
Millimetres = NewType("Millimetres", int)

UNTRACKED = LotId("")
"""The lot of an item that is not tracked by lot."""
