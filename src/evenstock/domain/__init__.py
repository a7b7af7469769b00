"""What the words mean: frozen dataclasses, standard library only, one noun a file."""

from evenstock.domain.account import ON_HAND, Account, Bucket, Cause
from evenstock.domain.action import CERTAIN, ActionKind, IntendedAction
from evenstock.domain.actor import ActorKind, Role
from evenstock.domain.approval import ApprovalRequest, RequestState, Says, Vote
from evenstock.domain.balance import StockBalance, promisable
from evenstock.domain.canonical import canonical_json, digest, plain
from evenstock.domain.case import Case, CaseKind, CaseState
from evenstock.domain.costs import Costs
from evenstock.domain.decision import Commitment, Confidence, DecisionRecord, Inputs, Layer, Outcome, Propensity
from evenstock.domain.event import Event
from evenstock.domain.item import Item
from evenstock.domain.lane import Lane
from evenstock.domain.moments import refuse_naive, rfc3339
from evenstock.domain.movement import Movement
from evenstock.domain.names import (
    UNTRACKED,
    CaseId,
    Cents,
    DecisionId,
    Grams,
    LineId,
    LotId,
    Millimetres,
    MovementId,
    NodeId,
    OrderId,
    PlanId,
    ReservationId,
    ServiceId,
    Sku,
    TransferId,
    Units,
)
from evenstock.domain.node import WEEKDAYS, Node, NodeKind
from evenstock.domain.observation import StockObservation
from evenstock.domain.order import Order, OrderLine, Promise, ServiceLevel, ShipTo
from evenstock.domain.plan import Barred, Candidate, CostTerm, OrderPlan, OrderShipment, ShippedLine
from evenstock.domain.policy import Policy, Rule
from evenstock.domain.price import ROUTING_SCOPES, CapacityPrice, Price
from evenstock.domain.quota import Quota
from evenstock.domain.reservation import Reservation, ReservationLine, ReservationState
from evenstock.domain.stock_plan import (
    Alternative,
    CurveDay,
    HeldLine,
    LineOutcome,
    PlanOutcome,
    PlanState,
    Played,
    PurchaseLine,
    Rival,
    TransferLine,
    TransferPlan,
    Way,
)
from evenstock.domain.stock_target import StockTarget
from evenstock.domain.supply import Supply
from evenstock.domain.transfer import TRANSFER_STEPS, TransferOrder, TransferOrderLine, TransferState
from evenstock.domain.verdict import Allow, NeedsApproval, Refuse, Verdict

__all__ = [
    "CERTAIN",
    "ON_HAND",
    "ROUTING_SCOPES",
    "TRANSFER_STEPS",
    "UNTRACKED",
    "WEEKDAYS",
    "Account",
    "ActionKind",
    "ActorKind",
    "Allow",
    "Alternative",
    "ApprovalRequest",
    "Barred",
    "Bucket",
    "Candidate",
    "CapacityPrice",
    "Case",
    "CaseId",
    "CaseKind",
    "CaseState",
    "Cause",
    "Cents",
    "Commitment",
    "Confidence",
    "CostTerm",
    "Costs",
    "CurveDay",
    "DecisionId",
    "DecisionRecord",
    "Event",
    "Grams",
    "HeldLine",
    "Inputs",
    "IntendedAction",
    "Item",
    "Lane",
    "Layer",
    "LineId",
    "LineOutcome",
    "LotId",
    "Millimetres",
    "Movement",
    "MovementId",
    "NeedsApproval",
    "Node",
    "NodeId",
    "NodeKind",
    "Order",
    "OrderId",
    "OrderLine",
    "OrderPlan",
    "OrderShipment",
    "Outcome",
    "PlanId",
    "PlanOutcome",
    "PlanState",
    "Played",
    "Policy",
    "Price",
    "Promise",
    "Propensity",
    "PurchaseLine",
    "Quota",
    "Refuse",
    "RequestState",
    "Reservation",
    "ReservationId",
    "ReservationLine",
    "ReservationState",
    "Rival",
    "Role",
    "Rule",
    "Says",
    "ServiceId",
    "ServiceLevel",
    "ShipTo",
    "ShippedLine",
    "Sku",
    "StockBalance",
    "StockObservation",
    "StockTarget",
    "Supply",
    "TransferId",
    "TransferLine",
    "TransferOrder",
    "TransferOrderLine",
    "TransferPlan",
    "TransferState",
    "Units",
    "Verdict",
    "Vote",
    "Way",
    "canonical_json",
    "digest",
    "plain",
    "promisable",
    "refuse_naive",
    "rfc3339",
]
