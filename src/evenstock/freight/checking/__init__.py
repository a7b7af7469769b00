"""Whether new rate tables are sane: what is wrong, what is doubtful, and what changes."""

from evenstock.freight.checking.check import Checked, check_rates
from evenstock.freight.checking.finding import Finding

__all__ = ["Checked", "Finding", "check_rates"]
