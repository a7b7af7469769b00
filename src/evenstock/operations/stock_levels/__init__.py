"""What each item should have at each node, where it stands, and what to order."""

from evenstock.operations.stock_levels.levels import PATHS, FoundLevels, stock_levels
from evenstock.operations.stock_levels.outlook import outlook
from evenstock.operations.stock_levels.placement import Placed, placement

__all__ = ["PATHS", "FoundLevels", "Placed", "outlook", "placement", "stock_levels"]
