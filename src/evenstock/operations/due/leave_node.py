"""Routes what waits at a node that is down elsewhere, or goes on doing so after it was cut short."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from evenstock.domain import Case
from evenstock.operations.exceptions.node_down import leave_node
from evenstock.operations.run_due import Workplace

NAME: Final = "leave_node"


def act(at: Workplace, case: Case, now: datetime) -> Case:
    """Open until the node ships again."""
    return leave_node(at.store, at.network, at.policy, case, now)
