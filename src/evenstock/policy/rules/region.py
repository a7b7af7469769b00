"""A name for countries, at which rules about autonomy can be placed. Each country is a region by itself.

Parameters: `name` (what the region is called), `members` (its countries). It is named for good: it takes no days.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from evenstock.policy.autonomy.line import Region
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.ruling import Ruling

PARAMETERS: Final = (
    Parameter("name", "text", "what the region is called", required=True, phrase=""),
    Parameter("members", "countries", "its countries", required=True, phrase="of"),
)
ALWAYS_LAW: Final = True


class Named(Ruling):
    __slots__ = ("_region",)

    def __init__(self, given: Given) -> None:
        self._region = Region(given.rule.id, given.text("name"), given.names("members"))

    def region(self) -> Region | None:
        return self._region


def compile_rule(given: Given, network: Network) -> Ruling:
    del network
    rule = given.rule
    if rule.valid_from != date.min or rule.valid_to != date.max:
        # On a day without its region, a rule placed there would speak of nothing: a refusal would let everything pass.
        raise ValueError(f"rule {rule.id} (region): a region is named for good; leave out from and until")
    return Named(given)
