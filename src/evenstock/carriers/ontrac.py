"""OnTrac, by file: its rate tables, and the scans it exports.

Its interface is told to customers only, so no contract is at hand against which a question could be checked.
"""

from __future__ import annotations

from typing import Final

from evenstock.carriers._access import Access
from evenstock.carriers._by_file import FiledCarrier, by_file

SERVICES: Final = {"ontrac:ground": "Ground", "ontrac:sunrise": "Sunrise", "ontrac:gold": "Sunrise Gold"}


def open_with(access: Access) -> FiledCarrier:
    """All services of the rate book that begin with ontrac."""
    return by_file("ontrac", access)
