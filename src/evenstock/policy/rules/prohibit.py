"""What the law of the trade forbids: customs, embargoes, goods under bond, limits of a country.

Parameters: `actions` (what is forbidden), `article` (the law and its article, with its number, which every refusal names),
and conditions as `refuse` has them. A country or a bond that is unknown counts as the one that is forbidden. It holds at
every scope, before every other rule, wherever it is listed, and nothing in the policy loosens it.
"""

from __future__ import annotations

import re
from typing import Final

from evenstock.policy.autonomy.conditions import HOLDING
from evenstock.policy.autonomy.line import Autonomy, Line, line_of
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.ruling import Ruling

PARAMETERS: Final = (
    Parameter("actions", "actions", "what is forbidden", required=True, phrase=""),
    Parameter("article", "text", "the law and its article, between quotes", required=True, phrase="under"),
    *HOLDING,
)
ALWAYS_LAW: Final = True


class Prohibit(Ruling):
    __slots__ = ("_line",)

    def __init__(self, given: Given) -> None:
        self._line = line_of(given, Autonomy.PROHIBIT)

    def line(self) -> Line | None:
        return self._line


def compile_rule(given: Given, network: Network) -> Ruling:
    del network
    article = given.text("article")
    if not re.search(r"[^\W\d]", article) or not re.search(r"\d", article):
        raise ValueError(
            f"rule {given.rule.id} (prohibit): {article!r} names no article; write the law and its number, such as"
            ' under "Regulation (EU) 952/2013, Art. 237"'
        )
    return Prohibit(given)
