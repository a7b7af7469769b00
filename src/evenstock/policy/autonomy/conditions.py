"""When a line about autonomy speaks: where the action is, who does it, what it moves, how sure and how fresh we are.

Every condition given must hold; within one condition any of its names is enough. Conditions that free an action and those
that hold it back are different words, so that more money, less confidence or older data can never set an action free.
"""

from __future__ import annotations

from typing import Final

from evenstock.policy.parameters import Parameter

WHERE: Final = (
    Parameter("regions", "texts", "regions, or countries, of the nodes it places the rule at", phrase="region is"),
    Parameter("channels", "texts", "channels it places the rule at", phrase="channel is"),
    Parameter("at_nodes", "nodes", "nodes it places the rule at", phrase="node is"),
    Parameter("categories", "categories", "product groups it places the rule at", phrase="category is"),
)
"""What places a rule in the order of company, region, channel, node, category."""
WHO: Final = (
    Parameter("actors", "actors", "kinds of actors it speaks of", phrase="actor is"),
    Parameter("roles", "roles", "roles of the actor it speaks of", phrase="role is"),
)
GOODS: Final = (
    Parameter("origin_countries", "countries", "countries where the goods leave", phrase="origin country is"),
    Parameter("destination_countries", "countries", "countries where the goods go", phrase="destination country is"),
    Parameter("bonded", "text", "whether goods lie under bond: yes or no", phrase="bonded is"),
)
WITHIN: Final = (
    Parameter("max_value_cents", "cents", "most money", phrase="value at most"),
    Parameter("max_units", "whole", "most units", phrase="units at most"),
    Parameter("min_confidence", "share", "least confidence", phrase="confidence at least"),
    Parameter("younger_than", "seconds", "age that the oldest data must not reach", phrase="data younger than"),
)
"""Bounds inside which an action is free: what is unknown lies outside."""
BEYOND: Final = (
    Parameter("above_value_cents", "cents", "money above which it speaks", phrase="value above"),
    Parameter("above_units", "whole", "units above which it speaks", phrase="units above"),
    Parameter("below_confidence", "share", "confidence below which it speaks", phrase="confidence below"),
    Parameter("older_than", "seconds", "age of the oldest data above which it speaks", phrase="data older than"),
)
"""Bounds beyond which an action is held back: what is unknown lies beyond."""
FREEING: Final = (*WHERE, *WHO, *GOODS, *WITHIN)
HOLDING: Final = (*WHERE, *WHO, *GOODS, *BEYOND)
ACTION_WHEN: Final = (*WHERE, *WHO, *GOODS, *WITHIN, *BEYOND)
