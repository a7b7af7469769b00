"""What if: the same evening with something changed, side by side on the same fresh paths."""

from evenstock.rebalancing.scenarios.compare_scenarios import Paired, Side, compare_scenarios
from evenstock.rebalancing.scenarios.demand import DemandTimes, Launch
from evenstock.rebalancing.scenarios.money import CostTimes
from evenstock.rebalancing.scenarios.policy import CoverBandsWanted, FloorDays, LaneClosed
from evenstock.rebalancing.scenarios.situation import Change, Situation
from evenstock.rebalancing.scenarios.supply import Budget, Docks, LeadDays, NodeClosed

__all__ = [
    "Budget",
    "Change",
    "CostTimes",
    "CoverBandsWanted",
    "DemandTimes",
    "Docks",
    "FloorDays",
    "LaneClosed",
    "Launch",
    "LeadDays",
    "NodeClosed",
    "Paired",
    "Side",
    "Situation",
    "compare_scenarios",
]
