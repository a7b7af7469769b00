"""Who may do what by himself: envelopes of money, units, confidence and data age, inherited from scope to scope."""

from evenstock.policy.autonomy.effective import EffectiveLine
from evenstock.policy.autonomy.line import Autonomy, Line, Place, Region
from evenstock.policy.autonomy.table import Judgement

__all__ = ["Autonomy", "EffectiveLine", "Judgement", "Line", "Place", "Region"]
