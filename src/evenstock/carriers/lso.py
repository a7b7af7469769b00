"""Lone Star Overnight (LSO), by file: its rate tables, and the scans it exports.

No contract of an interface is published, so nothing could be checked against one.
"""

from __future__ import annotations

from typing import Final

from evenstock.carriers._access import Access
from evenstock.carriers._by_file import FiledCarrier, by_file

SERVICES: Final = {"lso:ground": "Ground", "lso:early_overnight": "Early Overnight", "lso:economy": "Economy Next Day"}


def open_with(access: Access) -> FiledCarrier:
    """All services of the rate book that begin with lso."""
    return by_file("lso", access)
