"""How long a parcel takes, and how likely it arrives in time."""

from evenstock.freight.transit.lateness import delivered_by, late_probabilities, late_probability
from evenstock.freight.transit.model import LEVEL_HALF_LIFE_DAYS, LONGEST_DAYS, TransitModel, ZoneOf, learn
from evenstock.freight.transit.reliability import Reliability, calibration, promise_reliability
from evenstock.freight.transit.scans import Scans, local_day, read

__all__ = [
    "LEVEL_HALF_LIFE_DAYS",
    "LONGEST_DAYS",
    "Reliability",
    "Scans",
    "TransitModel",
    "ZoneOf",
    "calibration",
    "delivered_by",
    "late_probabilities",
    "late_probability",
    "learn",
    "local_day",
    "promise_reliability",
    "read",
]
