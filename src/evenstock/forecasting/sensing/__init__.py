"""Demand as it comes in: how far a day has gone, what it says of the level, and whether demand has truly shifted."""

from evenstock.forecasting.sensing.detector import RATIOS
from evenstock.forecasting.sensing.false_alarms import Thresholds, thresholds
from evenstock.forecasting.sensing.groups import Groups, node_groups, sku_groups
from evenstock.forecasting.sensing.profile import DayProfile, day_profile
from evenstock.forecasting.sensing.seen import Seen
from evenstock.forecasting.sensing.shift import ALERTS, shifts
from evenstock.forecasting.sensing.update import updated
from evenstock.forecasting.sensing.watched import followed, watched, watched_totals

__all__ = [
    "ALERTS",
    "RATIOS",
    "DayProfile",
    "Groups",
    "Seen",
    "Thresholds",
    "day_profile",
    "followed",
    "node_groups",
    "shifts",
    "sku_groups",
    "thresholds",
    "updated",
    "watched",
    "watched_totals",
]
