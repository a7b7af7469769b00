"""What is done without a person: an envelope around some actions.

Parameters: `actions` (what may be done), and conditions on the place, on who acts, on the goods and on how much
(`value at most`, `units at most`), how sure (`confidence at least`) and how fresh (`data younger than`). What is unknown
lies outside. Where a more specific scope has an envelope for an action, it takes the place of the envelopes above it: what
lies outside all envelopes of the scope is decided by a person.
"""

from __future__ import annotations

from typing import Final

from evenstock.policy.autonomy.conditions import FREEING
from evenstock.policy.autonomy.line import Autonomy, Line, line_of
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.ruling import Ruling

PARAMETERS: Final = (
    Parameter("actions", "actions", "what may be done without a person", required=True, phrase=""),
    *FREEING,
)
ALWAYS_LAW: Final = True


class Automatic(Ruling):
    __slots__ = ("_line",)

    def __init__(self, given: Given) -> None:
        self._line = line_of(given, Autonomy.AUTOMATIC)

    def line(self) -> Line | None:
        return self._line


def compile_rule(given: Given, network: Network) -> Ruling:
    del network
    return Automatic(given)
