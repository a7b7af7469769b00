"""Decision 2: what stock should do tonight."""

from evenstock.rebalancing.explain import frame, transfer_lines
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Lanes, Problem
from evenstock.rebalancing.solve import solve
from evenstock.rebalancing.worth.evaluate import Outcome, Rerouting, evaluate
from evenstock.rebalancing.worth.prices import price_rows, unit_prices
from evenstock.rebalancing.worth.solution import Solution, settle
from evenstock.rebalancing.worth.spill import shortage_cents

__all__ = [
    "Lanes",
    "Moves",
    "Outcome",
    "Problem",
    "Rerouting",
    "Solution",
    "evaluate",
    "frame",
    "price_rows",
    "settle",
    "shortage_cents",
    "solve",
    "transfer_lines",
    "unit_prices",
]
