"""Model versions, gates, drift, champion and challenger: what any model that learns is held to, whatever it speaks of."""

from evenstock.learning.champions import ChampionRecord, Deed, line_of_succession
from evenstock.learning.gates import Gate, Outcome, at_least, within
from evenstock.learning.judging import judge
from evenstock.learning.rolling_back import LiveDay, LiveWindow, should_roll_back
from evenstock.learning.versions import ModelVersion

__all__ = [
    "ChampionRecord",
    "Deed",
    "Gate",
    "LiveDay",
    "LiveWindow",
    "ModelVersion",
    "Outcome",
    "at_least",
    "judge",
    "line_of_succession",
    "should_roll_back",
    "within",
]
