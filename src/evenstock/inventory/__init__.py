"""What we truly have: beliefs beside records, buffers for their doubt, reconciliation, and what to count first."""

from evenstock.inventory.accuracy import RecordAccuracy, learn_accuracy
from evenstock.inventory.assumptions import Assumptions
from evenstock.inventory.beliefs import believe
from evenstock.inventory.buffer import EMPTY_AT, LEVEL, USUAL_DELAY_MINUTES, safety_buffer
from evenstock.inventory.count_list import CountCosts, count_list
from evenstock.inventory.evidence import Evidence
from evenstock.inventory.phantom import cancel_log_ratio, phantom_probability, pick_log_ratio
from evenstock.inventory.reconcile import Reconciliation, reconcile

__all__ = [
    "EMPTY_AT",
    "LEVEL",
    "USUAL_DELAY_MINUTES",
    "Assumptions",
    "CountCosts",
    "Evidence",
    "Reconciliation",
    "RecordAccuracy",
    "believe",
    "cancel_log_ratio",
    "count_list",
    "learn_accuracy",
    "phantom_probability",
    "pick_log_ratio",
    "reconcile",
    "safety_buffer",
]
