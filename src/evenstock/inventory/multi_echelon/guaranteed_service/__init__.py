"""Where to hold safety stock when every stage of a network keeps the service time it promises."""

from evenstock.inventory.multi_echelon.guaranteed_service.network import Demand, Link, Network, Stage
from evenstock.inventory.multi_echelon.guaranteed_service.place import Placement, place
from evenstock.inventory.multi_echelon.guaranteed_service.program import place_by_program
from evenstock.inventory.multi_echelon.guaranteed_service.stage_time import StageTime, cases, fixed, normal

__all__ = [
    "Demand",
    "Link",
    "Network",
    "Placement",
    "Stage",
    "StageTime",
    "cases",
    "fixed",
    "normal",
    "place",
    "place_by_program",
]
