"""What is not done here, with or without a person.

Parameters: `actions` (what is refused), and conditions on the place, on who acts, on the goods and on what lies beyond a
bound (`value above`, `units above`, `confidence below`, `data older than`; what is unknown lies beyond). As law no more
specific scope loosens it; as a wish (soft) such a scope may. Of the law of the trade, use `prohibit`.
"""

from __future__ import annotations

from typing import Final

from evenstock.policy.autonomy.conditions import HOLDING
from evenstock.policy.autonomy.line import Autonomy, Line, line_of
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.ruling import Ruling

PARAMETERS: Final = (
    Parameter("actions", "actions", "what is refused", required=True, phrase=""),
    *HOLDING,
)


class RefuseAction(Ruling):
    __slots__ = ("_line",)

    def __init__(self, given: Given) -> None:
        self._line = line_of(given, Autonomy.REFUSE)

    def line(self) -> Line | None:
        return self._line


def compile_rule(given: Given, network: Network) -> Ruling:
    del network
    return RefuseAction(given)
