"""How long suppliers take, how well they keep their word, and what that means for stock."""

from evenstock.freight.lead_times.demand import LeadTimeDemand, demand_over_lead_time
from evenstock.freight.lead_times.model import LeadTimeModel, learn
from evenstock.freight.lead_times.receipts import LONGEST_DAYS, Purchases, read
from evenstock.freight.lead_times.reliability import SupplierReliability, supplier_reliability

__all__ = [
    "LONGEST_DAYS",
    "LeadTimeDemand",
    "LeadTimeModel",
    "Purchases",
    "SupplierReliability",
    "demand_over_lead_time",
    "learn",
    "read",
    "supplier_reliability",
]
