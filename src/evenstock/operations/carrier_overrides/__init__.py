"""Carrier overrides: proposed where a carrier fails, adopted or rejected by a person, and over by themselves."""

from evenstock.operations.carrier_overrides.answer import adopt_override, end_override, reject_override
from evenstock.operations.carrier_overrides.keeping import standing
from evenstock.operations.carrier_overrides.proposal import WEEKS, Proposal, Standing, State, Worth, rule_of
from evenstock.operations.carrier_overrides.propose import Proposed, propose_overrides

__all__ = [
    "WEEKS",
    "Proposal",
    "Proposed",
    "Standing",
    "State",
    "Worth",
    "adopt_override",
    "end_override",
    "propose_overrides",
    "reject_override",
    "rule_of",
    "standing",
]
