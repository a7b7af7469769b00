"""How carriers did, by service, lane and week: with counts, with intervals, and with what is not yet known left open."""

from evenstock.freight.scorecard.advertised import KEPT, advertised_against_actual
from evenstock.freight.scorecard.card import KEYS, LEAST_DUE, LEVEL, By, scorecard
from evenstock.freight.scorecard.changes import BEFORE_WEEKS, RECENT_WEEKS, Worth, changes
from evenstock.freight.scorecard.coverage import coverage
from evenstock.freight.scorecard.means import Means, nested_means
from evenstock.freight.scorecard.outcomes import CLAIM_DAYS, NEEDED, OPTIONAL, SETTLED_DAYS, Outcomes, read, tier
from evenstock.freight.scorecard.shares import Shares, nested_shares
from evenstock.freight.scorecard.tiers import tier_costs

__all__ = [
    "BEFORE_WEEKS",
    "CLAIM_DAYS",
    "KEPT",
    "KEYS",
    "LEAST_DUE",
    "LEVEL",
    "NEEDED",
    "OPTIONAL",
    "RECENT_WEEKS",
    "SETTLED_DAYS",
    "By",
    "Means",
    "Outcomes",
    "Shares",
    "Worth",
    "advertised_against_actual",
    "changes",
    "coverage",
    "nested_means",
    "nested_shares",
    "read",
    "scorecard",
    "tier",
    "tier_costs",
]
