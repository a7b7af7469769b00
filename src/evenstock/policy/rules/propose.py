"""What a person decides about, whoever proposes it.

Parameters: `actions` (what is proposed), `people` (how many different people must agree; one where it is left out: `by 2 people`
asks for four eyes), `role` (who decides), and conditions on the place, on who acts, on the goods and on
what lies beyond a bound (`value above`, `units above`, `confidence below`, `data older than`; what is unknown lies beyond).
As law no more specific scope sets free what it speaks of; as a wish (soft) such a scope may.
"""

from __future__ import annotations

from typing import Final

from evenstock.policy.autonomy.conditions import HOLDING
from evenstock.policy.autonomy.line import Autonomy, Line, line_of
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.ruling import Ruling

PARAMETERS: Final = (
    Parameter("actions", "actions", "what is proposed", required=True, phrase=""),
    Parameter("people", "count", "how many different people must agree", phrase="by", unit="people"),
    Parameter("role", "text", "who decides", required=True, phrase="for"),
    *HOLDING,
)


class Propose(Ruling):
    __slots__ = ("_line",)

    def __init__(self, given: Given) -> None:
        self._line = line_of(given, Autonomy.PROPOSE)

    def line(self) -> Line | None:
        return self._line


def compile_rule(given: Given, network: Network) -> Ruling:
    del network
    return Propose(given)
